"""OpenDeep's call side in a process of its own, so that a test can kill it at any moment.

``python -m tests.integration.asterisk.call_child FOLDER HOST PORT USERNAME SECRET TEMPLATE
NUMBER…`` places one call for each number, prints the tasks' ids as JSON, and runs until killed.
"""

import asyncio
import json
import sys
from pathlib import Path

from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.call_product import ProductConfig, call_product


async def _run() -> None:
    folder, host, port, username, secret, template, *numbers = sys.argv[1:]
    address = ExchangeAddress(
        host=host, port=int(port), username=username, secret=secret, template=template
    )
    config = ProductConfig(template=template, ring_seconds=20)
    async with call_product(Path(folder), address, config) as product:
        tasks = [await product.place(number) for number in numbers]
        sys.stdout.write(json.dumps([task.id for task in tasks]) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_run())
