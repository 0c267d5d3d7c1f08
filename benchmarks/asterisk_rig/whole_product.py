"""The whole of OpenDeep but its pages, on a real Asterisk and a Realtime server, for the load.

    python -m benchmarks.asterisk_rig.whole_product '{"asterisk_ami_port": 5038, …}'

All services run, composed as ``opendeep serve`` composes them, logging JSON at info. Takes settings
by their names; calling hours are off, which ``opendeep serve`` would refuse with a real Asterisk.
Prints a line of JSON every half second; SIGTERM stops it as it stops the product.
"""

import asyncio
import gc
import json
import signal
import sys
from typing import Any

import uvloop

from opendeep.bootstrap.application import Application, running_application
from opendeep.bootstrap.interpreter import calm_interpreter
from opendeep.common.data_models import CallStatus
from opendeep.common.lifecycle import wait_event
from opendeep.common.logger_setup import setup_logging
from opendeep.config.app_config import AppConfig
from opendeep.database.repositories import SystemCalls

_TELL_SECONDS = 0.5


async def main(settings: dict[str, Any]) -> None:
    """Run until SIGTERM."""
    setup_logging(log_format="json", level="info")
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with running_application(AppConfig(calling_hours_policy="off", **settings)) as product:
        calm_interpreter()  # as ``opendeep serve`` does
        while not await wait_event(stopping, _TELL_SECONDS):
            await _tell(product)
        await _tell(product)


async def _tell(product: Application) -> None:
    began = product.clock.monotonic()
    async with product.database.transaction() as tx:
        live = await SystemCalls(tx).live()
    rows_ms = round((product.clock.monotonic() - began) * 1000, 1)
    talking = sum(call.status is CallStatus.IN_PROGRESS for call in live)
    facts = {"live": len(live), "talking": talking, "rows_ms": rows_ms}
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    gc.collect()
    gc.freeze()  # as the product's command line does once everything is imported
    uvloop.run(main(json.loads(sys.argv[1])))
