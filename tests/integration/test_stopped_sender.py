"""A process that is stopped (SIGSTOP) before its Originate, and goes on when it is too late."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

STOPPED_SECONDS = 0.6


class Listener:
    """Takes one connection, and what is written to it."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(60)
        self.port = self._server.getsockname()[1]
        self.heard = b""
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            connection.sendall(b"Asterisk Call Manager/11.0.0\r\n")
            while data := self._read(connection):
                self.heard += data

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        try:
            return connection.recv(65536)
        except ConnectionResetError:
            return b""

    def close(self) -> None:
        """Wait for the end of the connection."""
        self._thread.join()
        self._server.close()


@pytest.mark.parametrize(
    ("where", "lease_seconds", "told"),
    [
        ("commit", STOPPED_SECONDS / 2, "OpenDeep was held up. False"),
        ("write", STOPPED_SECONDS / 2, "OpenDeep was held up. False"),
        ("write", 3600, "did not answer Originate in time. True"),
    ],
)
def test_a_stopped_process_writes_nothing_late(where: str, lease_seconds: float, told: str) -> None:
    """Stopped for longer than its lease, it writes not a byte; within it, all of them."""
    listener = Listener()
    command = [sys.executable, "-m", "tests.integration.stopped_sender_child"]
    with subprocess.Popen(
        [*command, str(listener.port), where, str(lease_seconds)], stdout=subprocess.PIPE, text=True
    ) as child:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        time.sleep(STOPPED_SECONDS)
        child.send_signal(signal.SIGCONT)
        assert child.stdout is not None
        assert told in child.stdout.read()
    listener.close()
    assert (b"Originate" in listener.heard) is told.endswith("True")
