"""A plain manager connection for the benchmark itself: the witness, and calls without OpenDeep."""

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from opendeep.call_processor_service.ami_protocol import AmiMessage, AmiParser

_READ_BYTES = 1 << 16


class Manager:
    """A logged-in connection to an Asterisk's manager, read by a thread of its own.

    Args:
        connection: to the manager's port.
        hear: is told every event, in the reading thread.
    """

    def __init__(self, connection: socket.socket, hear: Callable[[AmiMessage], None]) -> None:
        self._connection = connection
        self._hear = hear
        self._ids = itertools.count(1)
        self._answers: dict[str, AmiMessage] = {}
        self._answered = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def send(self, action: str, *headers: tuple[str, str]) -> str:
        """Send an action; return its id."""
        action_id = str(next(self._ids))
        message = AmiMessage.of(("Action", action), ("ActionID", action_id), *headers)
        self._connection.sendall(message.encode())
        return action_id

    def ask(self, action: str, *headers: tuple[str, str], seconds: float = 10.0) -> AmiMessage:
        """Send an action and wait for its response.

        Raises:
            TimeoutError: none came.
        """
        action_id = self.send(action, *headers)
        with self._answered:
            if not self._answered.wait_for(lambda: action_id in self._answers, seconds):
                raise TimeoutError(f"{action} was not answered.")
            return self._answers.pop(action_id)

    def _read(self) -> None:
        parser = AmiParser(expect_banner=True)
        while data := self._receive():
            for message in parser.receive(data):
                if not isinstance(message, AmiMessage):
                    continue
                if message.response:
                    with self._answered:
                        self._answers[message.action_id] = message
                        self._answered.notify_all()
                else:
                    self._hear(message)

    def _receive(self) -> bytes:
        try:
            return self._connection.recv(_READ_BYTES)
        except OSError:
            return b""


@contextmanager
def logged_in(
    port: int, username: str, secret: str, hear: Callable[[AmiMessage], None]
) -> Iterator[Manager]:
    """Log in while the block is open.

    Raises:
        PermissionError: the manager refuses.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.settimeout(None)
        manager = Manager(connection, hear)
        answer = manager.ask("Login", ("Username", username), ("Secret", secret))
        if not answer.is_success:
            raise PermissionError(answer.get("Message"))
        yield manager
        connection.shutdown(socket.SHUT_RDWR)


class Witness:
    """What came in at the network's end, by number: how often, answered or not, and its cause."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[str, str] = {}
        self._came: dict[str, int] = {}
        self._answered: set[str] = set()
        self._causes: dict[str, int] = {}

    def hear(self, message: AmiMessage) -> None:
        """Take an event of the network."""
        unique_id = message.get("Uniqueid")
        with self._lock:
            match message.event:
                case "UserEvent" if message.get("UserEvent") == "CallCame":
                    number = message.get("Number")
                    self._numbers[unique_id] = number
                    self._came[number] = self._came.get(number, 0) + 1
                case "Newstate" if message.get("ChannelStateDesc") == "Up":
                    self._answered.add(unique_id)
                case "Hangup":
                    number = self._numbers.get(unique_id, "")
                    self._causes[number] = int(message.get("Cause", "0"))
                case _:
                    pass

    def came(self) -> dict[str, int]:
        """Return how many calls came in for each number (digits)."""
        with self._lock:
            return dict(self._came)

    def answered(self) -> set[str]:
        """Return the numbers that picked up."""
        with self._lock:
            return {self._numbers[one] for one in self._answered if one in self._numbers}

    def causes(self) -> dict[str, int]:
        """Return the cause of each number's (last) hang-up at the network's end."""
        with self._lock:
            return dict(self._causes)
