"""The client's start, end and sending, with a peer in memory."""

import asyncio
import dataclasses

import pytest

from opendeep.audio_processing_service import pcm, voice_agent
from opendeep.audio_processing_service.call_tools import TOOLS
from opendeep.audio_processing_service.openai_realtime_client import (
    OpenAIRealtimeClient,
    RealtimeConfig,
)
from opendeep.audio_processing_service.playout import Heard
from opendeep.common.errors import VoiceUnavailableError
from tests.calls.realtime_peer import RealtimePeer

CONFIG = RealtimeConfig(url="ws://127.0.0.1:9/v1/realtime", api_key="secret", ready_seconds=0.2)
VOICE = voice_agent.VoiceConfig(instructions="Be kind.", tools=TOOLS)


class Caller:
    """A client, its peer and what it told."""

    def __init__(self, config: RealtimeConfig = CONFIG) -> None:
        self.peer = RealtimePeer()
        self.told: list[voice_agent.VoiceEvent] = []
        self.client = OpenAIRealtimeClient(config, self.peer.connect)

    async def start(self) -> "Caller":
        """Start the client's session."""
        await self.client.start(VOICE, self.told.append)
        return self


async def settle() -> None:
    """Let what was sent arrive."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_start_configures_the_session() -> None:
    """The model is in the address, the key in a header, the tools in the session."""
    caller = await Caller().start()
    assert caller.peer.urls == ["ws://127.0.0.1:9/v1/realtime?model=gpt-realtime-2.1"]
    assert caller.peer.headers == {"Authorization": "Bearer secret"}
    session = caller.peer.of("session.update")[0]["session"]
    assert session["audio"]["output"]["voice"] == "marin"
    assert [tool["name"] for tool in session["tools"]] == [tool.name for tool in TOOLS]
    assert "secret" not in repr(CONFIG)
    await caller.client.close()
    await caller.client.close()
    assert caller.told == []


async def test_addresses_with_parameters_and_services_without_keys() -> None:
    """A parameter of the address is kept; no key, no header; the call may choose the voice."""
    config = RealtimeConfig(url="ws://127.0.0.1:9/r?a=b", model="m/1", priced=False)
    caller = Caller(config)
    await caller.client.start(
        voice_agent.VoiceConfig(instructions="", voice="cedar"), caller.told.append
    )
    assert caller.peer.urls == ["ws://127.0.0.1:9/r?a=b&model=m%2F1"]
    assert caller.peer.headers == {}
    assert caller.peer.session["audio"]["output"]["voice"] == "cedar"
    assert caller.client.capabilities.truncates
    await caller.client.close()


async def test_not_ready_in_time() -> None:
    """A server that never confirms the session is unavailable, and its connection is closed."""
    caller = Caller()
    caller.peer.confirm_sessions = False
    with pytest.raises(VoiceUnavailableError, match="in time"):
        await caller.start()
    assert caller.peer.closed


async def test_refused_session() -> None:
    """An error instead of the confirmation is a refusal that is not worth repeating."""
    caller = Caller()
    caller.peer.confirm_sessions = False
    start = asyncio.gather(caller.start(), return_exceptions=True)
    await asyncio.sleep(0)
    caller.peer.error("model_not_found")
    (error,) = await start
    assert isinstance(error, VoiceUnavailableError)
    assert "model_not_found" in error.message
    assert not error.retryable


async def test_closed_or_junk_at_the_start() -> None:
    """A connection that ends, or junk, before the session is ready is told by start alone."""
    for act in ("drop", "junk"):
        caller = Caller()
        caller.peer.confirm_sessions = False
        start = asyncio.gather(caller.start(), return_exceptions=True)
        await asyncio.sleep(0)
        if act == "drop":
            caller.peer.drop()
        else:
            caller.peer.emit(b"junk")
        (error,) = await start
        assert isinstance(error, VoiceUnavailableError)
        assert error.retryable
        assert caller.told == []


async def test_caller_audio_goes_frame_by_frame() -> None:
    """Each frame is sent as it comes, a piece of any length at once."""
    caller = await Caller().start()
    caller.client.send_caller_audio(pcm.MULAW_SILENCE_FRAME)
    assert caller.peer.appended_bytes == 160
    caller.client.send_caller_audio(pcm.MULAW_SILENCE_FRAME * 25)
    assert caller.peer.appended_bytes == 26 * 160
    await caller.client.close()


async def test_caller_audio_may_go_two_frames_at_a_time() -> None:
    """40 ms make one append; while the network is stuck audio is dropped, not queued."""
    caller = await Caller(dataclasses.replace(CONFIG, frames_per_append=2)).start()
    caller.client.send_caller_audio(pcm.MULAW_SILENCE_FRAME)
    assert caller.peer.appended_bytes == 0
    caller.client.send_caller_audio(pcm.MULAW_SILENCE_FRAME)
    assert caller.peer.appended_bytes == 320
    caller.peer.writable = False
    caller.client.send_caller_audio(pcm.MULAW_SILENCE_FRAME * 2)
    assert caller.peer.appended_bytes == 320
    await caller.client.close()
    caller.client.send_caller_audio(pcm.MULAW_SILENCE_FRAME * 2)
    assert caller.peer.appended_bytes == 320


async def test_every_action_reaches_the_server() -> None:
    """Each method of the port becomes the client event for it."""
    caller = await Caller().start()
    client = caller.client
    client.answer_turns(automatic=True)
    client.say("Hello.", tag="t")
    await settle()
    client.respond()
    client.hint("Be quick.")
    client.tool_result("c", {"status": "sent"}, respond=False)
    heard = Heard(item_id="i", content_index=0, heard_ms=5, received_ms=9)
    client.interrupt([heard], cancel=False)
    assert {event["type"] for event in caller.peer.sent} == {
        "session.update",
        "response.create",
        "conversation.item.create",
        "conversation.item.truncate",
    }
    assert caller.peer.automatic
    assert client.usage().tokens["audio_out"] == 15
    assert client.usage().cost_usd > 0
    await client.close()


async def test_nothing_happens_before_start_and_after_the_end() -> None:
    """Methods of a session that is not there do nothing."""
    caller = Caller()
    caller.client.respond()
    caller.client.message_received(b"{}", final=True)
    caller.client.connection_lost(1006, "")
    await caller.client.close()
    assert caller.client.usage().cost_usd == 0
    assert caller.peer.sent == []


@pytest.mark.parametrize("act", ["drop", "junk", "long"])
async def test_the_end_in_mid_call_is_told_once(act: str) -> None:
    """A lost connection or junk in mid-call is a failure that the listener hears once."""
    caller = await Caller().start()
    if act == "drop":
        caller.peer.drop(1011)
    else:
        caller.peer.emit(b"junk" if act == "junk" else b" " * (5 * 1024 * 1024))
    await settle()
    caller.peer.drop()
    caller.client.respond()
    assert [type(event) for event in caller.told] == [voice_agent.VoiceFailed]
    assert caller.peer.of("response.create") == []


async def test_fragments() -> None:
    """A message in two frames is understood like one."""
    caller = await Caller().start()
    caller.client.message_received(b'{"type":"response.crea', final=False)
    caller.client.message_received(b'ted","response":{"id":"r"}}', final=True)
    assert caller.told == [voice_agent.ResponseStarted(response_id="r")]
    await caller.client.close()


async def test_a_model_without_a_price_is_free() -> None:
    """An unknown model counts tokens and no money."""
    caller = await Caller(RealtimeConfig(url="ws://127.0.0.1:9/r", model="unheard-of")).start()
    caller.client.respond()
    await settle()
    assert caller.client.usage().tokens["audio_out"] == 15
    assert caller.client.usage().cost_usd == 0
    await caller.client.close()
