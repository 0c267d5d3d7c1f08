"""panoramisk 1.4 under ``benchmarks/ami.py``: asyncio (here on uvloop), a message an event."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence

import uvloop
from panoramisk import Manager
from panoramisk.message import Message

from benchmarks.ami_rig.figures import Measured, measured

_SECONDS = 300.0
_ROUTING_KEYS = ("uniqueid", "destuniqueid", "actionid")


def replay(port: int, ids: Sequence[str], count: int, wanted: int) -> Measured:
    """Let the peer send its traffic; count what came into the channels' queues."""
    return uvloop.run(_replay(port, ids, count, wanted))


def originates(port: int, number: int, in_flight: int) -> Measured:
    """Ask for calls, so many at once."""
    return uvloop.run(_originates(port, number, in_flight))


async def _connected(port: int) -> Manager:
    manager = Manager(
        host="127.0.0.1",
        port=port,
        username="bench",
        secret="bench",  # noqa: S106
        loop=asyncio.get_running_loop(),
    )
    await manager.connect()
    await manager.authenticated_future
    return manager


async def _replay(port: int, ids: Sequence[str], count: int, wanted: int) -> Measured:
    queues: dict[str, deque[Message]] = {one: deque(maxlen=500) for one in ids}
    ended = asyncio.Event()
    got = 0

    def route(_manager: Manager, event: Message) -> None:
        nonlocal got
        for key in _ROUTING_KEYS:
            queue = queues.get(event.get(key, ""))
            if queue is not None:
                queue.append(event)
                got += 1
                if got == wanted:
                    ended.set()
                return

    manager = await _connected(port)
    manager.register_event("*", route)
    began, used = time.perf_counter(), time.process_time()
    manager.send_action({"Action": "Replay", "Count": count}, as_list=False)
    async with asyncio.timeout(_SECONDS):
        await ended.wait()
    result = measured(began, used)
    _leave(manager)
    return result


async def _originates(port: int, number: int, in_flight: int) -> Measured:
    manager = await _connected(port)

    async def ask(worker: int) -> None:
        for turn in range(number // in_flight):
            call_id = f"{worker:08x}-{turn:04x}-4000-8000-000000000000"
            answer = await manager.send_action(
                {
                    "Action": "Originate",
                    "ActionID": f"od-{call_id}",
                    "Channel": "PJSIP/+12025550123@trunk",
                    "Context": "opendeep",
                    "Exten": "media",
                    "Priority": 1,
                    "Timeout": 30_000,
                    "Async": "true",
                    "ChannelId": f"od-{call_id}",
                    "Variable": [
                        f"OPENDEEP_CALL_ID={call_id}",
                        "OPENDEEP_AUDIOSOCKET=127.0.0.1:9092",
                    ],
                },
                as_list=False,
            )
            if not answer.success:
                raise RuntimeError("refused")

    began, used = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for worker in range(in_flight):
            group.create_task(ask(worker))
    result = measured(began, used)
    _leave(manager)
    return result


def _leave(manager: Manager) -> None:
    # Its own close() would make it connect again.
    manager.pinger.cancel()
    manager.protocol.closed = True
    manager.protocol.transport.abort()
