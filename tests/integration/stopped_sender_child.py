"""A process that stands still between the commit of an attempt and its Originate.

It stops itself by SIGSTOP where the argument says, and prints what became of the Originate.
Arguments: the listener's port, ``commit`` or ``write``, the lease in seconds.
"""

import asyncio
import os
import signal
import sys

import uvloop

from opendeep.call_processor_service import placement
from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_link import AmiConfig, AmiLink, AmiUnavailableError
from opendeep.common.clock import SystemClock


class StoppingAction(AmiAction):
    """An action that stops the process while it is turned into bytes: the last step but one."""

    def encode(self, action_id: str) -> bytes:
        """Stand still until somebody lets the process go on."""
        data = super().encode(action_id)
        os.kill(os.getpid(), signal.SIGSTOP)
        return data


async def main(port: int, where: str) -> str:
    """Take a lease, stand still where told, and try to write."""
    config = AmiConfig(
        host="127.0.0.1",
        port=port,
        username="u",
        secret="s",  # noqa: S106 - of a listener that checks none
        connect_seconds=60,
        action_seconds=0.5,
    )
    link = await AmiLink.open(config, on_events=lambda _: None)
    lease = placement.SendLease.begin(SystemClock())
    kind = StoppingAction if where == "write" else AmiAction
    action = kind.originate(
        channel="PJSIP/+12125550100@trunk",
        channel_id="od-1",
        context="opendeep",
        exten="media",
        timeout_ms=1000,
        variables={},
    )
    if where == "commit":
        os.kill(os.getpid(), signal.SIGSTOP)
    try:
        await link.request(lease.limit(action))
    except AmiUnavailableError as error:
        return f"{error.message} {error.outcome_unknown}"
    finally:
        link.abort("over")
    return "answered"


if __name__ == "__main__":
    placement.SEND_LEASE_SECONDS = float(sys.argv[3])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.write(runner.run(main(int(sys.argv[1]), sys.argv[2])))
