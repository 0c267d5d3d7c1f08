"""The guards of ``tests/conftest.py`` stand: no foreign host, no task left behind."""

import asyncio
import socket

import pytest

from tests import conftest


def test_foreign_hosts_are_out_of_reach() -> None:
    """A test cannot connect to a machine other than this one (192.0.2.0/24 is for documents)."""
    with socket.socket() as foreign, pytest.raises(UserWarning, match="allowed"):
        foreign.connect(("192.0.2.1", 9))


def test_loopback_is_in_reach() -> None:
    """A test may connect to this machine; nobody listens on this port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            assert client.getpeername()[1] == port


async def test_a_task_left_behind_is_noticed() -> None:
    """The guard fails a test that ends while its task still runs, and names the task."""
    guard = conftest.watch_tasks()
    await anext(guard)
    async with asyncio.TaskGroup() as group:
        left = group.create_task(asyncio.Event().wait(), name="forgotten")
        with pytest.raises(pytest.fail.Exception, match="forgotten"):
            await anext(guard)
        left.cancel()


async def test_the_guard_is_on_for_all(request: pytest.FixtureRequest) -> None:
    """An asynchronous test is watched without asking for it."""
    assert "no_task_left_behind" in request.fixturenames
    assert request.getfixturevalue("no_task_left_behind") is None
