"""What the outermost layer does with real requests."""

import json
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from opendeep.web_interface.guards import RequestPolicy
from opendeep.web_interface.middleware import RequestGuard
from tests.unit.web_interface.fakes import World
from tests.unit.web_interface.socket_client import connected

SECURITY = {"x-content-type-options": "nosniff", "x-frame-options": "DENY"}


async def test_a_foreign_page_cannot_place_a_call(client: httpx.AsyncClient) -> None:
    """A POST with a foreign Origin is refused before anything is stored, with security headers."""
    answer = await client.post(
        "/api/execute_campaign", json={}, headers={"origin": "http://evil.test"}
    )
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "foreign_origin"
    assert SECURITY.items() <= dict(answer.headers).items()


async def test_a_foreign_host_name_is_refused(client: httpx.AsyncClient) -> None:
    """A rebound DNS name gets nothing, not even the page."""
    answer = await client.get("/", headers={"host": "evil.test"})
    assert answer.status_code == 403


async def test_a_foreign_page_cannot_open_a_socket(world: World) -> None:
    """A WebSocket with a foreign Origin is refused before it is open."""
    with capture_logs() as logs:
        async with connected(world.app, "/ws/events", {"origin": "http://evil.test"}) as socket:
            assert socket.status == 403
            assert socket.refusal["error"]["code"] == "foreign_origin"
    [line] = logs
    assert (line["event"], line["log_level"]) == ("websocket_refused", "info")
    assert (line["path"], line["status"]) == ("/ws/events", 403)


async def test_a_socket_that_nobody_serves_is_told_in_one_line(world: World) -> None:
    """An unknown address is refused, with one line in the log; an open socket makes none."""
    with capture_logs() as logs:
        async with connected(world.app, "/ws/nothing") as socket:
            assert socket.status != 101
        async with connected(world.app, "/ws/events") as socket:
            assert socket.status == 101
    assert [(line["event"], line["path"]) for line in logs] == [
        ("websocket_refused", "/ws/nothing")
    ]


async def test_a_declared_large_body_is_refused_unread(client: httpx.AsyncClient) -> None:
    """A Content-Length above the limit is answered with 413."""
    answer = await client.post("/api/chat_interaction", json={"message": "x" * 3_000_000})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


async def test_a_growing_body_is_refused_at_the_limit(client: httpx.AsyncClient) -> None:
    """A chunked body that grows above the limit is answered with 413."""

    async def chunks() -> Any:
        for _ in range(40):
            yield b" " * 100_000

    answer = await client.post(
        "/api/chat_interaction", content=chunks(), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413


async def test_one_megabyte_of_text_is_told_as_a_fault(client: httpx.AsyncClient) -> None:
    """A message of 1 MB passes the body limit and is refused as one fault of the request."""
    answer = await client.post("/api/chat_interaction", json={"message": "x" * 1_000_000})
    assert answer.status_code == 422
    (fault,) = answer.json()["error"]["details"]
    assert fault["path"] == "message"
    assert len(answer.text) < 1000


@pytest.mark.parametrize("body", [b'{"message": "a\\u0000b"}', b'{"message": "\x00"}'])
async def test_nul_characters_are_refused(client: httpx.AsyncClient, body: bytes) -> None:
    """A NUL, escaped or plain, is refused, since not every database can hold it."""
    answer = await client.post(
        "/api/chat_interaction", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_text"


@pytest.mark.parametrize(
    "value", [b'"\\ud800"', b'"\\udc00\\ud800"', b"NaN", b"-Infinity", b"1e400"]
)
async def test_what_cannot_be_kept_is_refused(client: httpx.AsyncClient, value: bytes) -> None:
    """Half a surrogate pair and numbers that are none are in no database and no reply."""
    answer = await client.put(
        "/api/profile",
        content=b'{"facts": {"a": [' + value + b"]}}",
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_text"


@pytest.mark.parametrize(
    "value", [rb'"\ud83d\ude00"', rb'"\\ud800"', b'"NaN, Infinity, 1e400"', b"1e308"]
)
async def test_what_looks_odd_and_is_not(client: httpx.AsyncClient, value: bytes) -> None:
    """A whole surrogate pair, and names of odd numbers as text, are fine."""
    answer = await client.put(
        "/api/profile",
        content=b'{"facts": {"a": [' + value + b"]}}",
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 200


async def test_an_odd_body_that_is_no_json(client: httpx.AsyncClient) -> None:
    """What is no JSON is refused as such."""
    answer = await client.put(
        "/api/profile", content=b"NaN]", headers={"content-type": "application/json"}
    )
    assert answer.json()["error"]["code"] == "invalid_request"


async def test_an_escaped_backslash_is_no_nul(client: httpx.AsyncClient) -> None:
    r"""The six characters \u0000 as text, whose backslash is escaped, are fine."""
    answer = await client.post("/api/chat_interaction", json={"message": r"\u0000"})
    assert answer.status_code == 200


async def test_every_reply_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    """Pages, API, errors and static files all carry the policy without inline script."""
    for path in ("/", "/api/tasks", "/nothing", "/static/js/main.js", "/healthz"):
        answer = await client.get(path)
        assert SECURITY.items() <= dict(answer.headers).items()
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy


async def _guarded(scope: Scope, messages: list[Message]) -> tuple[list[str], list[Message]]:
    """Run an application that reads its body twice behind a guard; return what it saw."""
    seen: list[str] = []
    sent: list[Message] = []

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        for _ in range(2):
            message = await receive()
            seen.append(f"{message['type']}:{message.get('body', b'').decode()}")

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    guard = RequestGuard(
        app, policy=RequestPolicy(host="", allowed_origins=()), body_limit_bytes=10
    )
    await guard(scope, receive, send)
    return seen, sent


def _post(**headers: str) -> Scope:
    fields = {"host": "localhost", "content-type": "application/json", **headers}
    return {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
    }


async def test_the_body_is_given_once_and_then_the_disconnect() -> None:
    """The application reads the whole body, then hears that the client left."""
    messages: list[Message] = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"cd", "more_body": False},
        {"type": "http.disconnect"},
    ]
    seen, _ = await _guarded(_post(), messages)
    assert seen == ["http.request:abcd", "http.disconnect:"]


async def test_a_client_that_leaves_while_sending_ends_the_body() -> None:
    """A disconnect in mid-body ends the reading."""
    messages: list[Message] = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.disconnect"},
        {"type": "http.disconnect"},
    ]
    seen, _ = await _guarded(_post(), messages)
    assert seen[0] == "http.request:ab"


async def test_a_nonsense_content_length_does_not_break_the_guard() -> None:
    """A length that is no number is left to the bytes that come."""
    messages: list[Message] = [{"type": "http.request", "body": b"x" * 11, "more_body": False}]
    _, sent = await _guarded(_post(**{"content-length": "ten"}), messages)
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["error"]["code"] == "too_large"


async def test_lifespan_passes_through() -> None:
    """The server's start-up messages reach the application untouched."""
    seen, _ = await _guarded({"type": "lifespan"}, [{"type": "a"}, {"type": "b"}])
    assert seen == ["a:", "b:"]
