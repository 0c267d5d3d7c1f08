"""What OpenDeep relies on in a telephone exchange, asked of an exchange at an address.

The same questions go to the practice exchange and, where one is named, to a real Asterisk with the
dialplan of ``deploy/asterisk``: the practice exchange is only as good as it agrees with it. For a
real one set ``CONFORMANCE_EXCHANGE`` to ``host:port,username,secret,template`` where the template
is as in ``ASTERISK_DIAL_TEMPLATE`` and its callees behave as the practice numbers do.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from opendeep.audio_processing_service import audiosocket_protocol as protocol
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.practice.exchange import ExchangeConfig, PracticeExchange
from opendeep.practice.exchange_sounds import load_clips
from tests.unit.practice.exchange_world import FakeMediaServer, Manager, ToneHearing

REAL_EXCHANGE = "CONFORMANCE_EXCHANGE"
BUSY, NEVER, MACHINE, HURRIED, CONGESTED, UNALLOCATED, SILENT = (
    f"+120155501{dd}" for dd in ("01", "02", "03", "05", "11", "12", "14")
)
CALLEE_TALKS_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeAddress:
    """Where an exchange listens and how it dials."""

    host: str
    port: int
    username: str
    secret: str
    template: str = "PJSIP/{number}@trunk"


@asynccontextmanager
async def practice_exchange() -> AsyncIterator[ExchangeAddress]:
    """Serve the practice exchange with short ringing."""
    config = ExchangeConfig(ring_factor=0.1, wait_factor=0.1, safe_message_seconds=0.2)
    exchange = PracticeExchange(config, hearing=ToneHearing(), clips=load_clips())
    async with exchange.serve():
        yield ExchangeAddress(
            host="127.0.0.1", port=exchange.port, username=config.username, secret=config.secret
        )


_REAL = os.environ.get(REAL_EXCHANGE)  # noqa: TID251 - a test may ask what is there


@pytest.fixture(params=["practice", "asterisk"] if _REAL else ["practice"])
async def address(request: pytest.FixtureRequest) -> AsyncIterator[ExchangeAddress]:
    """Return the exchange under test."""
    if request.param == "practice":
        async with practice_exchange() as found:
            yield found
        return
    where, username, secret, template = (_REAL or "").split(",")
    host, _, port = where.rpartition(":")
    yield ExchangeAddress(
        host=host, port=int(port), username=username, secret=secret, template=template
    )


class Caller:
    """A manager with a media server beside it: what OpenDeep is to an exchange."""

    def __init__(self, address: ExchangeAddress, manager: Manager, media: FakeMediaServer) -> None:
        self._address = address
        self.manager = manager
        self.media = media
        self.media_address = ""

    async def dial(self, number: str, *, channel_id: str = "", timeout_ms: int = 20_000) -> str:
        """Originate; return the channel's id."""
        call_id = str(uuid.uuid4())
        unique_id = channel_id or f"od-{call_id}"
        action = AmiMessage.of(
            ("Action", "Originate"),
            ("ActionID", f"a-{call_id}"),
            ("Channel", self._address.template.format(number=number)),
            ("Context", "opendeep"),
            ("Exten", "media"),
            ("Priority", "1"),
            ("Async", "true"),
            ("Timeout", timeout_ms),
            ("ChannelId", unique_id),
            ("Variable", f"OPENDEEP_CALL_ID={call_id}"),
            ("Variable", f"OPENDEEP_AUDIOSOCKET={self.media_address}"),
        )
        self.manager.write(action.encode())
        queued = await self.manager.until(
            lambda m: m.response != "" and m.action_id == f"a-{call_id}"
        )
        assert queued.get("Message") == "Originate successfully queued"
        return unique_id

    async def hangup_of(self, unique_id: str) -> AmiMessage:
        """Wait for a channel's end."""
        return await self.manager.event("Hangup", Uniqueid=unique_id)

    def about(self, unique_id: str) -> list[str]:
        """Return the names of a channel's own events, in order."""
        return [
            message.event
            for message in self.manager.messages
            if message.event in {"Newchannel", "DialBegin", "DialEnd", "Hangup"}
            and unique_id in {message.get("Uniqueid"), message.get("DestUniqueid")}
        ]


@pytest.fixture
async def caller(address: ExchangeAddress) -> AsyncIterator[Caller]:
    """Log in to the exchange and listen for its AudioSocket."""
    media = FakeMediaServer(ToneHearing())
    server = await asyncio.start_server(media.accept, "127.0.0.1", 0)
    manager = Manager(*await asyncio.open_connection(address.host, address.port))
    found = Caller(address, manager, media)
    found.media_address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    answer = await manager.ask("Login", ("Username", address.username), ("Secret", address.secret))
    assert answer.get("Message") == "Authentication accepted"
    async with server:
        yield found
        await manager.ask("Logoff")
        manager.close()


async def test_the_banner_has_no_empty_line_after_it(address: ExchangeAddress) -> None:
    """The server's first bytes are one line with CRLF, which names the manager's version."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    line = await reader.readline()
    assert line.startswith(b"Asterisk Call Manager/")
    assert line.endswith(b"\r\n")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await reader.read(1)
    writer.close()
    await writer.wait_closed()


async def test_a_wrong_secret_is_refused(address: ExchangeAddress) -> None:
    """Login with a wrong secret answers Error and "Authentication failed"."""
    manager = Manager(*await asyncio.open_connection(address.host, address.port))
    answer = await manager.ask("Login", ("Username", address.username), ("Secret", "wrong"))
    assert (answer.response, answer.get("Message")) == ("Error", "Authentication failed")
    manager.close()


async def test_ping_and_settings(caller: Caller) -> None:
    """Ping answers Pong; CoreSettings names a version; both repeat the ActionID."""
    assert (await caller.manager.ask("Ping")).get("Ping") == "Pong"
    assert (await caller.manager.ask("CoreSettings")).get("AsteriskVersion")
    await caller.manager.event("FullyBooted")


async def test_rights_stop_at_system(caller: Caller) -> None:
    """A manager with originate, call and reporting may not use MixMonitor."""
    answer = await caller.manager.ask("MixMonitor", ("Channel", "x"), ("File", "x.wav"))
    assert answer.response == "Error"


@pytest.mark.parametrize(
    ("number", "status", "cause"),
    [(BUSY, "BUSY", "17"), (CONGESTED, "CONGESTION", "34"), (UNALLOCATED, "NOANSWER", "1")],
)
async def test_failed_calls(caller: Caller, number: str, status: str, cause: str) -> None:
    """The cause is in Hangup and DialEnd; OriginateResponse comes before and says only 0."""
    unique_id = await caller.dial(number)
    hangup = await caller.hangup_of(unique_id)
    assert hangup.get("Cause") == cause
    ended = await caller.manager.event("DialEnd", DestUniqueid=unique_id)
    assert ended.get("DialStatus") == status
    response = await caller.manager.event("OriginateResponse")
    assert (response.get("Response"), response.get("Reason")) == ("Failure", "0")
    messages = caller.manager.messages
    assert messages.index(response) < messages.index(hangup)


async def test_no_answer_ends_at_the_timeout(caller: Caller) -> None:
    """Nobody answers: Originate fails with reason 3 or 0, and the channel is hung up."""
    unique_id = await caller.dial(NEVER, timeout_ms=1500)
    await caller.hangup_of(unique_id)
    response = await caller.manager.event("OriginateResponse")
    assert response.get("Reason") in {"0", "3"}


async def test_the_channel_id_is_the_unique_id_from_the_first_event_on(caller: Caller) -> None:
    """Newchannel carries our id as Uniqueid and Linkedid; it can be listed while it lives."""
    unique_id = await caller.dial(NEVER)
    first = await caller.manager.event("Newchannel", Uniqueid=unique_id)
    assert first.get("Linkedid") == unique_id
    await caller.manager.event("Newstate", Uniqueid=unique_id, ChannelStateDesc="Ringing")
    assert (await caller.manager.ask("Status", ("Channel", unique_id))).response == "Success"
    await caller.manager.ask("CoreShowChannels")
    await caller.manager.event("CoreShowChannel", Uniqueid=unique_id)
    hung_up = await caller.manager.ask("Hangup", ("Channel", unique_id))
    assert hung_up.response == "Success"
    await caller.hangup_of(unique_id)
    assert (await caller.manager.ask("Status", ("Channel", unique_id))).response == "Error"


async def test_a_live_channel_id_cannot_be_used_twice(caller: Caller) -> None:
    """The second Originate with a live id fails with reason 0."""
    unique_id = await caller.dial(NEVER)
    await caller.manager.event("Newchannel", Uniqueid=unique_id)
    await caller.dial(NEVER, channel_id=unique_id)
    refused = await caller.manager.event("OriginateResponse")
    assert (refused.get("Response"), refused.get("Reason")) == ("Failure", "0")
    await caller.manager.ask("Hangup", ("Channel", unique_id))
    await caller.hangup_of(unique_id)


async def test_an_answered_call_brings_its_audio(caller: Caller) -> None:
    """Events come in order, the AudioSocket names the call, and audio comes in 20 ms frames."""
    unique_id = await caller.dial(MACHINE)
    await caller.manager.event("Newstate", Uniqueid=unique_id, ChannelStateDesc="Up")
    answered = await caller.manager.event("OriginateResponse")
    assert (answered.get("Response"), answered.get("Reason")) == ("Success", "4")
    await caller.media.connected.wait()
    await asyncio.sleep(1)
    assert caller.media.identity == unique_id.removeprefix("od-")
    assert 35 <= len(caller.media.audio) / protocol.FRAME_PCM_BYTES <= 65
    assert (await caller.manager.ask("Hangup", ("Channel", unique_id))).response == "Success"
    assert (await caller.hangup_of(unique_id)).get("Cause") == "16"
    assert caller.about(unique_id) == ["Newchannel", "DialBegin", "DialEnd", "Hangup"]
    await caller.media.closed.wait()


async def test_the_callee_hangs_up(caller: Caller) -> None:
    """A callee's own hang-up is cause 16."""
    unique_id = await caller.dial(HURRIED)
    async with asyncio.timeout(CALLEE_TALKS_SECONDS):
        assert (await caller.hangup_of(unique_id)).get("Cause") == "16"


async def test_a_key_is_played_on_an_audiosocket_channel(caller: Caller) -> None:
    """PlayDTMF succeeds while AudioSocket runs, and fails for a channel that is not there."""
    unique_id = await caller.dial(MACHINE)
    await caller.media.connected.wait()
    headers = (("Digit", "2"), ("Duration", "100"))
    played = await caller.manager.ask("PlayDTMF", ("Channel", unique_id), *headers)
    assert played.response == "Success"
    refused = await caller.manager.ask("PlayDTMF", ("Channel", "od-nobody"), *headers)
    assert refused.response == "Error"
    await caller.manager.ask("Hangup", ("Channel", unique_id))
    await caller.hangup_of(unique_id)


@pytest.mark.parametrize("raw", [protocol.dtmf("1"), b"\x10\x00\x00"], ids=["key", "empty audio"])
async def test_frames_that_the_exchange_refuses(caller: Caller, raw: bytes) -> None:
    """A key or an empty frame from our side tears the call down."""
    unique_id = await caller.dial(MACHINE)
    await caller.media.connected.wait()
    caller.media.send(raw)
    async with asyncio.timeout(5):
        await caller.hangup_of(unique_id)


async def test_a_call_without_any_frame_is_dropped_after_two_seconds(caller: Caller) -> None:
    """When neither side sends, the exchange ends the call after 2 s."""
    caller.media.sends_frames = False
    unique_id = await caller.dial(SILENT)
    await caller.media.connected.wait()
    began = asyncio.get_running_loop().time()
    await caller.hangup_of(unique_id)
    assert 1.5 <= asyncio.get_running_loop().time() - began <= 4


async def test_a_closed_socket_lets_the_dialplan_go_on(caller: Caller) -> None:
    """After we close the AudioSocket, the call still ends by itself."""
    unique_id = await caller.dial(MACHINE)
    await caller.media.connected.wait()
    caller.media.hang_up()
    async with asyncio.timeout(CALLEE_TALKS_SECONDS):
        assert (await caller.hangup_of(unique_id)).get("Cause") in {"0", "16"}
