"""The application behind a real server: what only the wire shows."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from opendeep.bootstrap.web_server import WebServer, take_port
from opendeep.common.data_models import ToolActivity
from opendeep.common.ids import ChatSessionId
from opendeep.common.lifecycle import Nursery
from tests.integration.web_demo import serving
from tests.unit.web_interface.fakes import FakeReply, World

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[World, str]]:
    """Serve the application; yield its world and its ``host:port``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with serving(port, tmp_path, pace_seconds=1, calls=False) as world:
        yield world, f"127.0.0.1:{port}"


async def test_a_foreign_page_gets_403_before_the_upgrade(served: tuple[World, str]) -> None:
    """The handshake of a foreign, null or other-port origin fails; our own succeeds."""
    _, place = served
    for origin in ("http://evil.test", "null", "http://127.0.0.1:1"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{place}/ws/events", origin=Origin(origin))
        assert refused.value.response.status_code == 403
    async with connect(f"ws://{place}/ws/events", origin=Origin(f"http://{place}")):
        pass


async def test_a_refused_socket_is_no_error_of_the_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A refusal by an HTTP reply leaves no error in the server's log."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await JSONResponse({}, 403)(scope, receive, send)

    listener = take_port("127.0.0.1", 0)
    server = WebServer(refuse, listener=listener)
    place = f"127.0.0.1:{listener.getsockname()[1]}"
    server.listen()
    async with Nursery("test") as nursery:
        serving = nursery.start(server.run(), name="web")
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{place}/ws/events")
        server.stop()
        await serving
    assert refused.value.response.status_code == 403
    assert [line for line in caplog.records if line.levelname in {"ERROR", "WARNING"}] == []


async def test_another_users_call_is_404_before_the_upgrade(served: tuple[World, str]) -> None:
    """Listening in to somebody else's call is not found, as an HTTP status."""
    world, place = served
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://{place}/ws/calls/{call.id}/audio?user=alice")
    assert refused.value.response.status_code == 404
    assert json.loads(refused.value.response.body)["error"]["code"] == "not_found"


async def test_events_arrive_live_and_large_messages_are_refused(
    served: tuple[World, str],
) -> None:
    """A change arrives within a second; a message of 65 KiB closes the connection (1009)."""
    world, place = served
    async with connect(f"ws://{place}/ws/events") as page:
        async with asyncio.timeout(1):
            await world.campaign()
            event = json.loads(await page.recv())
        assert event["type"] == "campaign_changed"
        await page.send("x" * 65 * 1024)
        await page.wait_closed()
        assert page.close_code == 1009


async def test_a_turn_streams_while_it_is_made(served: tuple[World, str]) -> None:
    """The first tool arrives while the assistant still works on the rest."""
    world, place = served
    world.assistant.turns.clear()
    go_on = asyncio.Event()
    used = ToolActivity(tool="search_internet", summary="Searched", ok=True)
    reply = FakeReply(session_id=ChatSessionId(""), reply="Done.", tool_activity=[used])
    world.assistant.turns.append(reply)
    world.assistant.pause_after_tools = go_on
    headers = {"accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(base_url=f"http://{place}") as client,
        client.stream(
            "POST", "/api/chat_interaction", json={"message": "hi"}, headers=headers
        ) as stream,
    ):
        chunks = stream.aiter_text()
        first = await anext(chunks)
        assert first.startswith("event: tool\n")
        assert "event: done" not in first
        go_on.set()
        rest = "".join([chunk async for chunk in chunks])
    assert "event: done" in rest


async def test_a_turn_is_finished_although_the_page_goes_away(served: tuple[World, str]) -> None:
    """The page leaves in mid-turn; the turn ends all the same and the server lives on."""
    world, place = served
    world.assistant.turns.clear()
    go_on = asyncio.Event()
    used = ToolActivity(tool="search_internet", summary="Searched", ok=True)
    reply = FakeReply(session_id=ChatSessionId(""), reply="Done.", tool_activity=[used])
    world.assistant.turns.append(reply)
    world.assistant.pause_after_tools = go_on
    headers = {"accept": "text/event-stream"}
    async with httpx.AsyncClient(base_url=f"http://{place}") as client:
        body = {"message": "hi"}
        async with client.stream(
            "POST", "/api/chat_interaction", json=body, headers=headers
        ) as gone:
            await anext(gone.aiter_text())
        go_on.set()
        async with asyncio.timeout(5):
            await world.assistant.finished.wait()
        assert (await client.get("/healthz")).status_code == 200
