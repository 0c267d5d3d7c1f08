"""The real WebSocket driver against a real server of another library, on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from opendeep.audio_processing_service import voice_agent
from opendeep.audio_processing_service.openai_realtime_client import (
    OpenAIRealtimeClient,
    RealtimeConfig,
)
from opendeep.common.errors import VoiceUnavailableError

pytestmark = pytest.mark.integration
VOICE = voice_agent.VoiceConfig(instructions="Be kind.")
UPDATED = json.dumps({"type": "session.updated", "session": {"type": "realtime"}})
Talk = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def server(talk: Talk, **options: object) -> AsyncIterator[str]:
    """Run a server that talks like this to each client; give its address."""
    async with serve(talk, "127.0.0.1", 0, close_timeout=0.2, **options) as running:  # type: ignore[arg-type]
        port = next(iter(running.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/v1/realtime"


def client(url: str, **fields: object) -> OpenAIRealtimeClient:
    """Make a client for this address."""
    return OpenAIRealtimeClient(RealtimeConfig(url=url, api_key="key", **fields))  # type: ignore[arg-type]


class Told:
    """Keeps what a client told."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[voice_agent.VoiceEvent] = asyncio.Queue()
        self.events: list[voice_agent.VoiceEvent] = []

    def listen(self, event: voice_agent.VoiceEvent) -> None:
        """Take an event."""
        self.events.append(event)
        self._queue.put_nowait(event)

    async def next(self) -> voice_agent.VoiceEvent:
        """Wait for the next event."""
        async with asyncio.timeout(5):
            return await self._queue.get()


async def test_a_conversation() -> None:
    """Messages go both ways, fragments are joined, and our close is in good order."""
    seen: list[str] = []
    closed = asyncio.Event()

    async def talk(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.append(connection.request.path)
        seen.append(connection.request.headers["Authorization"])
        async for message in connection:
            seen.append(json.loads(message)["type"])
            if seen[-1] == "session.update":
                await connection.send(UPDATED)
            elif seen[-1] == "input_audio_buffer.append":
                await connection.send(
                    [b'{"type":"response.created",', b'"response":{"id":"r"}}'], text=True
                )
        seen.append(str(connection.close_code))
        closed.set()

    told = Told()
    async with server(talk) as url:
        voice = client(url)
        await voice.start(VOICE, told.listen)
        voice.send_caller_audio(bytes(320))
        await told.next()
        await voice.close()
        async with asyncio.timeout(5):
            await closed.wait()
    assert told.events == [voice_agent.ResponseStarted(response_id="r")]
    assert seen == [
        "/v1/realtime?model=gpt-realtime-2.1",
        "Bearer key",
        "session.update",
        "input_audio_buffer.append",
        "1000",
    ]
    voice.send_caller_audio(bytes(320))


@pytest.mark.parametrize("code", [1001, 4000, None])
async def test_the_server_closes_in_mid_call(code: int | None) -> None:
    """A close of the server's, with any code or none, is a failure that is told once."""

    async def talk(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(UPDATED)
        if code is None:
            connection.transport.abort()
        else:
            await connection.close(code, "expired")

    told = Told()
    async with server(talk) as url:
        voice = client(url, priced=False)
        await voice.start(VOICE, told.listen)
        await told.next()
        await voice.close()
    (event,) = told.events
    assert isinstance(event, voice_agent.VoiceFailed)
    assert str(code or 1006) in event.reason


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(HTTPStatus.UNAUTHORIZED, False), (HTTPStatus.SERVICE_UNAVAILABLE, True)],
)
async def test_a_refused_upgrade(status: HTTPStatus, *, retryable: bool) -> None:
    """An HTTP error instead of the upgrade says whether it is worth trying again."""

    def refuse(connection: ServerConnection, _request: Request) -> Response:
        return connection.respond(status, "no")

    async def talk(_connection: ServerConnection) -> None:
        return

    async with server(talk, process_request=refuse) as url:
        with pytest.raises(VoiceUnavailableError, match=str(int(status))) as caught:
            await client(url).start(VOICE, lambda _event: None)
    assert caught.value.retryable is retryable


async def test_nobody_listens() -> None:
    """An address where nobody listens is unavailable."""

    async def talk(_connection: ServerConnection) -> None:
        return

    async with server(talk) as url:
        pass
    with pytest.raises(VoiceUnavailableError, match="reached"):
        await client(url).start(VOICE, lambda _event: None)


async def test_a_server_that_ignores_our_close() -> None:
    """Closing takes a second at most, whatever the server does."""
    stuck = asyncio.Event()

    async def talk(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(UPDATED)
        connection.transport.pause_reading()
        await stuck.wait()

    async with server(talk) as url:
        voice = client(url)
        await voice.start(VOICE, lambda _event: None)
        async with asyncio.timeout(3):
            await voice.close()
        stuck.set()


async def test_a_server_that_does_not_read() -> None:
    """Caller audio that the network does not take is dropped instead of queued without end."""
    stuck = asyncio.Event()

    async def talk(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(UPDATED)
        connection.transport.pause_reading()
        await stuck.wait()

    async with server(talk) as url:
        voice = client(url)
        await voice.start(VOICE, lambda _event: None)
        connection = voice._connection
        assert connection is not None
        for _ in range(200_000):
            voice.send_caller_audio(bytes(320))
            if not connection.writable:
                break
        assert not connection.writable
        voice.send_caller_audio(bytes(320))
        stuck.set()
        await voice.close()


async def test_a_session_that_is_cancelled_while_it_opens_leaves_no_connection() -> None:
    """Wherever the opening is cancelled, the server sees the connection end, if there was one."""
    seen: list[ServerConnection] = []

    async def talk(connection: ServerConnection) -> None:
        seen.append(connection)
        await connection.recv()
        await connection.send(UPDATED)
        await connection.wait_closed()

    async with server(talk) as url:
        for steps in range(60):
            voice = client(url)
            async with asyncio.TaskGroup() as group:
                opening = group.create_task(voice.start(VOICE, Told().listen))
                for _ in range(steps):
                    await asyncio.sleep(0)
                opening.cancel()
            if not opening.cancelled():
                await voice.close()
        await asyncio.sleep(0.1)  # handshakes that were under way end
        async with asyncio.timeout(1):
            for connection in seen:
                await connection.wait_closed()
