"""Far ends that fail on demand, on real sockets: exchange, telephone, voice AI, text AI."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from opendeep.common.lifecycle import Nursery
from opendeep.practice.ai_service import AiServiceConfig, PracticeAiService
from opendeep.practice.browser_phone import PracticeBrowserPhone
from opendeep.practice.exchange import ExchangeConfig, PracticeExchange
from opendeep.practice.exchange_sounds import load_clips
from opendeep.practice.network import SECRET
from opendeep.practice.records import CalleeRecord
from tests.calls.realtime_peer import RealtimePeer
from tests.integration.faults_product import free_port
from tests.unit.practice.exchange_world import ToneHearing
from tests.unit.practice.speech_fakes import fake_engines

REACHED = "7000"


class Handset:
    """The callee's telephone: picks up, keeps silent, and counts what comes.

    Attributes:
        picks_up: whether it is answered when it rings.
    """

    def __init__(self, phone: PracticeBrowserPhone) -> None:
        self._line = phone.register()
        self.picks_up = True
        self.rang = 0
        self.heard_frames = 0
        self.hung_up = asyncio.Event()

    async def run(self) -> None:
        """Take calls until cancelled."""
        while True:
            match await self._line.next_event():
                case "ring":
                    self.rang += 1
                    self.hung_up.clear()
                    if self.picks_up:
                        self._line.answer()
                case "hangup":
                    self.hung_up.set()
                case _:
                    self.heard_frames += 1

    def hang_up(self) -> None:
        """Put the receiver down."""
        self._line.hang_up()


class Exchange:
    """A practice exchange on a port of its own, with a telephone at Test Mode's number."""

    def __init__(self, port: int, *, secret: str = SECRET, safe_message: float = 0.5) -> None:
        phone = PracticeBrowserPhone()
        self._exchange = PracticeExchange(
            ExchangeConfig(port=port, secret=secret, safe_message_seconds=safe_message),
            hearing=ToneHearing(),
            clips=load_clips(),
            browser_phone=phone,
        )
        self.handset = Handset(phone)

    @property
    def records(self) -> list[CalleeRecord]:
        """What was dialled, and how it went at the callee's end."""
        return self._exchange.records

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["Exchange"]:
        """Listen while the block is open."""
        async with self._exchange.serve(), Nursery("handset") as nursery:
            nursery.start(self.handset.run(), name="run")
            yield self


class _ToSocket:
    """Hands a peer's messages to the WebSocket, in order."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[bytes] = asyncio.Queue()

    def message_received(self, payload: bytes, *, final: bool) -> None:
        """Take a message of the peer."""
        assert final
        self.waiting.put_nowait(payload)

    def connection_lost(self, code: int, reason: str) -> None:
        """The socket's own end is enough."""


class VoiceServer:
    """A Realtime server on a WebSocket of another library; the peer's script says what it does.

    Attributes:
        refusal: answered instead of the upgrade, if there is one.
        confirms: whether ``session.update`` is ever answered.
        upgrades: how many clients asked.
        peers: the sessions that were opened, first one first.
    """

    def __init__(self) -> None:
        self.refusal: HTTPStatus | None = None
        self.confirms = True
        self.upgrades = 0
        self.peers: list[RealtimePeer] = []
        self._connections: list[ServerConnection] = []
        self.port = free_port()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["VoiceServer"]:
        """Listen while the block is open."""
        async with serve(
            self._talk, "127.0.0.1", self.port, process_request=self._admit, close_timeout=0.2
        ):
            yield self

    async def close_session(self, code: int = 1011) -> None:
        """Close the latest session in the middle of whatever it does."""
        await self._connections[-1].close(code, "gone")

    def _admit(self, connection: ServerConnection, _request: Request) -> Response | None:
        self.upgrades += 1
        return None if self.refusal is None else connection.respond(self.refusal, "no")

    async def _talk(self, connection: ServerConnection) -> None:
        peer, outgoing = RealtimePeer(), _ToSocket()
        peer.confirm_sessions = self.confirms
        self.peers.append(peer)
        self._connections.append(connection)
        await peer.connect("", {}, outgoing)
        async with Nursery("voice") as nursery:
            nursery.start(self._send(connection, outgoing), name="send")
            try:
                async for message in connection:
                    peer.send(message if isinstance(message, bytes) else message.encode())
            except ConnectionClosed:
                return

    async def _send(self, connection: ServerConnection, outgoing: _ToSocket) -> None:
        try:
            while True:
                await connection.send(await outgoing.waiting.get(), text=True)
        except ConnectionClosed:
            return


class FarEnds:
    """Ports for everything outside; what is not opened refuses connections."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.ami_port = free_port()
        self.text_port = free_port()
        self.audio_port = free_port()
        self.voice = VoiceServer()

    def settings(self, **more: str) -> dict[str, str]:
        """Return the settings that name these far ends; every call goes to the handset."""
        return {
            "ASTERISK_AMI_HOST": "127.0.0.1",
            "ASTERISK_AMI_PORT": str(self.ami_port),
            "ASTERISK_AMI_USERNAME": "opendeep",
            "ASTERISK_AMI_SECRET": SECRET,
            "AUDIOSOCKET_BIND": f"127.0.0.1:{self.audio_port}",
            "APP_TEST_MODE": "true",
            "APP_TEST_MODE_REDIRECT_NUMBER": REACHED,
            "CALLING_HOURS_POLICY": "off",
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.text_port}/v1",
            "OPENAI_REALTIME_URL": f"ws://127.0.0.1:{self.voice.port}/v1/realtime",
            "GOOGLE_API_KEY": "none",
            "GEMINI_BASE_URL": f"http://127.0.0.1:{self.text_port}/gemini",
            "PLACES_BASE_URL": f"http://127.0.0.1:{self.text_port}/places",
            **more,
        }

    async def open_exchange(self, *, safe_message: float = 0.5) -> Exchange:
        """Start the exchange; a callee whose media server died is kept for so many seconds."""
        exchange = Exchange(self.ami_port, safe_message=safe_message)
        return await self._stack.enter_async_context(exchange.serve())

    async def open_voice(self) -> VoiceServer:
        """Start the voice AI."""
        return await self._stack.enter_async_context(self.voice.serve())

    async def open_text(self) -> None:
        """Start the text AI: the practice brain."""
        service = PracticeAiService(AiServiceConfig(port=self.text_port), fake_engines()[0])
        await self._stack.enter_async_context(service.serve())


@asynccontextmanager
async def far_ends() -> AsyncIterator[FarEnds]:
    """Make far ends; those that were opened are closed at the end of the block."""
    async with AsyncExitStack() as stack:
        yield FarEnds(stack)
