"""The other side of ``benchmarks/ami.py``: a manager that answers at once and replays events.

A process of its own. It listens on a free port of loopback, prints the port, and serves one
connection after the other, as plainly as it can, so that the client is what is measured. Every
action is answered with success; ``Action: Replay`` is followed by the bytes of the first file, as
often as its ``Count`` says, and ``Action: Originate`` by all events of one call, those of the
second file with the ``ChannelId`` that was asked for.

    python benchmarks/ami_rig/peer.py TRAFFIC CALL
"""

import re
import socket
import sys
from pathlib import Path
from typing import Final

_READ_BYTES: Final = 262_144
_ACTION_ID: Final = re.compile(rb"ActionID: ([^\r]*)\r", re.IGNORECASE)
_COUNT: Final = re.compile(rb"Count: ([0-9]+)\r", re.IGNORECASE)
_ANSWER: Final = b"Response: Success\r\nActionID: %s\r\n"
_REST: Final = {
    b"Originate": b"Message: Originate successfully queued\r\n\r\n",
    b"Login": b"Message: Authentication accepted\r\n\r\n"
    b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n",
    b"CoreSettings": b"AsteriskVersion: 22.10.1\r\n\r\n",
    b"ListCommands": b"".join(
        name + b": (Priv: call,all)\r\n"
        for name in (
            b"Originate Hangup PlayDTMF Status CoreShowChannels "
            b"Redirect Setvar Bridge AbsoluteTimeout"
        ).split()
    )
    + b"\r\n",
}
_CALL_ID: Final = re.compile(rb"od-[0-9a-f-]{36}")
_CHANNEL_ID: Final = re.compile(rb"ChannelId: ([^\r]*)\r", re.IGNORECASE)
_NAME: Final = re.compile(rb"Action: ([A-Za-z]+)\r", re.IGNORECASE)
_ENDED: Final = b"Event: ReplayEnded\r\nUniqueid: replay-ended\r\n\r\n"


def main() -> None:
    """Serve until killed."""
    traffic, call = (Path(argument).read_bytes() for argument in sys.argv[1:3])
    pieces = _CALL_ID.split(call)
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listening:
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = listening.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    _serve(connection, traffic, pieces)
                except ConnectionError:
                    continue


def _serve(connection: socket.socket, traffic: bytes, call: list[bytes]) -> None:
    connection.sendall(b"Asterisk Call Manager/11.0.0\r\n")
    buffer = b""
    while data := connection.recv(_READ_BYTES):
        *actions, buffer = (buffer + data).split(b"\r\n\r\n")
        connection.sendall(b"".join([_answer(action, call) for action in actions]))
        for action in actions:
            count = _COUNT.search(action + b"\r") if b"Replay" in action else None
            if count is not None:
                for _ in range(int(count[1])):
                    connection.sendall(traffic)
                connection.sendall(_ENDED)


def _answer(action: bytes, call: list[bytes]) -> bytes:
    lines = action + b"\r"
    found, named = _ACTION_ID.search(lines), _NAME.search(lines)
    answer = _ANSWER % (found[1] if found is not None else b"")
    answer += _REST.get(named[1], b"\r\n") if named is not None else b"\r\n"
    channel = _CHANNEL_ID.search(lines)
    return answer if channel is None else answer + channel[1].join(call)


if __name__ == "__main__":
    main()
