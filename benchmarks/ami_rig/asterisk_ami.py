"""asterisk-ami 0.1.7 under ``benchmarks/ami.py``: a thread that listens, dictionaries of headers.

Its listener hands every event to one function, which routes as ours does: by ``Uniqueid``, then
``DestUniqueid``, into the queue of the channel. Its buffer of 1 KB is left as it comes: with larger
ones it is slower, since it copies all that is left for each message.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence

from asterisk.ami import AMIClient, Event, SimpleAction

from benchmarks.ami_rig.figures import Measured, measured

_SECONDS = 120.0
ROUTING_HEADERS = ("Uniqueid", "DestUniqueid", "ActionID")


def replay(port: int, ids: Sequence[str], count: int, wanted: int) -> Measured:
    """Let the peer send its traffic; count what came into the channels' queues."""
    queues: dict[str, deque[Event]] = {one: deque(maxlen=500) for one in ids}
    ended = threading.Event()
    got = 0

    def route(event: Event, **_: object) -> None:
        nonlocal got
        keys = event.keys
        for header in ROUTING_HEADERS:
            queue = queues.get(keys.get(header, ""))
            if queue is not None:
                queue.append(event)
                got += 1
                if got == wanted:
                    ended.set()
                return

    client = _client(port)
    client.add_listener(on_event=route)
    began, used = time.perf_counter(), time.process_time()
    client.send_action(SimpleAction("Replay", Count=count))
    if not ended.wait(_SECONDS):
        raise RuntimeError(f"asterisk-ami routed {got} of {wanted} events")
    result = measured(began, used)
    client.disconnect()
    return result


def originates(port: int, number: int, in_flight: int) -> Measured:
    """Ask for calls: so many, then their answers, and again."""
    client = _client(port)
    began, used = time.perf_counter(), time.process_time()
    for turn in range(number // in_flight):
        futures = [client.send_action(_originate(worker, turn)) for worker in range(in_flight)]
        if any(future.response.is_error() for future in futures):
            raise RuntimeError("refused")
    result = measured(began, used)
    client.disconnect()
    return result


def _client(port: int) -> AMIClient:
    client = AMIClient(address="127.0.0.1", port=port)
    if client.login(username="bench", secret="bench").response.is_error():  # noqa: S106
        raise RuntimeError("refused")
    return client


def _originate(worker: int, turn: int) -> SimpleAction:
    call_id = f"{worker:08x}-{turn:04x}-4000-8000-000000000000"
    action = SimpleAction(
        "Originate",
        Channel="PJSIP/+12025550123@trunk",
        Context="opendeep",
        Exten="media",
        Priority=1,
        Timeout=30_000,
        Async="true",
        ChannelId=f"od-{call_id}",
        ActionID=f"od-{call_id}",
    )
    action.variables = {"OPENDEEP_CALL_ID": call_id, "OPENDEEP_AUDIOSOCKET": "127.0.0.1:9092"}
    return action
