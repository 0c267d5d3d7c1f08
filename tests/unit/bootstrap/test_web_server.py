"""The port of the pages."""

import socket
from contextlib import closing

import pytest

from opendeep.bootstrap.web_server import take_port
from opendeep.common.errors import UnavailableError

pytestmark = pytest.mark.enable_socket


def test_a_free_port_is_taken_and_nobody_is_let_in_yet():
    """The port is ours at once; a client is refused until the application runs."""
    with (
        closing(take_port("127.0.0.1", 0)) as listener,
        socket.socket() as client,
        pytest.raises(ConnectionRefusedError),
    ):
        client.connect(listener.getsockname())


def test_a_taken_port_is_told_with_the_remedy():
    """A port in use is one line that names the setting."""
    with closing(take_port("127.0.0.1", 0)) as first:
        first.listen()
        with pytest.raises(UnavailableError, match=r"is taken.*WEB_PORT"):
            take_port(*first.getsockname())


def test_an_address_of_another_machine_is_told_with_the_reason():
    """An address that is not ours is not called taken."""
    with pytest.raises(UnavailableError, match="cannot be used"):
        take_port("192.0.2.1", 0)
