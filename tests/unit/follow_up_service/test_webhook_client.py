"""The client that sends: judged at each connect, nothing followed, all bounded."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest

from opendeep.follow_up_service import webhook_client
from opendeep.follow_up_service.webhook_client import (
    AddressRules,
    Signed,
    WebhookClient,
    WebhookError,
)
from tests.unit.follow_up_service.receiver import (
    ELSEWHERE,
    GONE,
    local_client,
    loopback_only,
    receiving,
)

MESSAGE = Signed(message_id="m-1", timestamp=1_800_000_000, body=b'{"a":1}', secret="key")  # noqa: S106 - of a test


async def test_a_message_is_signed() -> None:
    """The receiver can prove who sent what, and when, from the headers alone."""
    async with receiving() as receiver:
        await local_client().send(receiver.url, MESSAGE)
    assert receiver.bodies == [{"a": 1}]
    assert receiver.is_signed(0, "key")
    assert not receiver.is_signed(0, "another key")
    assert receiver.headers[0]["opendeep-timestamp"] == "1800000000"


async def test_nothing_is_followed() -> None:
    """A redirect is a failure, wherever it points."""
    async with receiving() as receiver:
        receiver.answer = lambda _: ELSEWHERE
        with pytest.raises(WebhookError, match="redirects are not followed"):
            await local_client().send(receiver.url, MESSAGE)
    assert len(receiver.bodies) == 1


async def test_gone_is_for_ever() -> None:
    """A receiver that says 410 is not tried again."""
    async with receiving() as receiver:
        receiver.answer = lambda _: GONE
        with pytest.raises(WebhookError) as caught:
            await local_client().send(receiver.url, MESSAGE)
    assert not caught.value.retryable


async def test_an_endless_answer_ends() -> None:
    """Of a receiver that answers without end only the status is read."""
    async with receiving() as receiver:
        receiver.answer = lambda _: b"HTTP/1.1 200 OK\r\n\r\n"
        receiver.endless = True
        await local_client().send(receiver.url, MESSAGE)


async def test_a_slow_receiver_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that does not answer in time is a failure that is tried again."""
    monkeypatch.setattr(webhook_client, "_TOTAL_SECONDS", 0.05)

    async def never(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.sleep(0.5)
        finally:
            writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(WebhookError, match="did not answer") as caught:
            await local_client().send(url, MESSAGE)
        await asyncio.sleep(0.5)
    assert caught.value.retryable


async def test_nobody_there_is_tried_again() -> None:
    """A port where nobody listens is a failure that may pass."""
    with pytest.raises(WebhookError, match="cannot be reached") as caught:
        await local_client().send("http://127.0.0.1:1/", MESSAGE)
    assert caught.value.retryable


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let names resolve to these addresses, look-up by look-up; return what was connected to."""
    looked = iter(answers)
    connected: list[str] = []

    async def getaddrinfo(_loop: Any, _host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in next(looked)]

    async def connect(_self: Any, host: str, *_: Any) -> Any:
        connected.append(host)
        raise OSError

    loop = type(asyncio.get_running_loop())
    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr("httpcore.AnyIOBackend.connect_tcp", connect)
    return connected


async def test_a_name_that_turns_inwards_is_refused_at_connect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that was public when it was saved and is private now (rebinding) gets no packet."""
    client = WebhookClient()
    connected = resolving(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    assert await client.check("https://rebind.example.com/") is None
    with pytest.raises(WebhookError, match="public network") as caught:
        await client.send("https://rebind.example.com/", MESSAGE)
    assert not caught.value.retryable
    assert connected == []


async def test_one_private_address_spoils_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a public and a private address is refused, whichever comes first."""
    resolving(monkeypatch, ["93.184.216.34", "10.0.0.1"])
    assert await WebhookClient().check("https://both.example.com/")


async def test_the_judged_address_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address, so that no second look-up can answer differently."""
    connected = resolving(monkeypatch, ["93.184.216.34"])
    with pytest.raises(WebhookError):
        await WebhookClient().send("https://example.com/hook", MESSAGE)
    assert connected == ["93.184.216.34"]


@pytest.mark.parametrize(
    "url", ["http://example.com/", "https://127.0.0.1/", "https://a@127.0.0.1/"]
)
async def test_a_bad_address_is_refused_at_delivery_too(url: str) -> None:
    """What got into the table by another way is not sent to."""
    with pytest.raises(WebhookError) as caught:
        await WebhookClient().send(url, MESSAGE)
    assert not caught.value.retryable


def test_the_exception_of_tests_is_no_setting() -> None:
    """Without composition every rule holds."""
    rules = AddressRules()
    loopback = ipaddress.ip_address("127.0.0.1")
    found: Callable[[Any], str | None] = rules.ip_fault
    assert found(loopback)
    assert loopback_only(loopback) is None
