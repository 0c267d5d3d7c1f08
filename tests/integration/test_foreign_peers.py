"""Our Realtime client against servers that no one here wrote."""

import asyncio
import json
from pathlib import Path

import pytest

from opendeep.audio_processing_service import pcm, voice_agent
from opendeep.audio_processing_service.call_tools import TOOLS
from opendeep.audio_processing_service.openai_realtime_client import (
    OpenAIRealtimeClient,
    RealtimeConfig,
)
from tests.integration.foreign_peers import aimock, speech_to_speech

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]
NOTED = {"name": "note_fact", "arguments": json.dumps({"name": "day", "value": "Tuesday"})}
FIXTURES = json.dumps(
    {
        "fixtures": [
            {"match": {"toolResultContains": "noted"}, "response": {"content": "I noted that."}},
            {"match": {"userMessage": "Tuesday"}, "response": {"toolCalls": [NOTED]}},
            {"match": {}, "response": {"content": "Hello, this is an AI calling for Ada."}},
        ]
    }
)
LOUD = b"\x10\x60" * 80


class Talk:
    """One session and what it told."""

    def __init__(self, url: str, **fields: object) -> None:
        config = RealtimeConfig(url=url, api_key="key", priced=False, **fields)  # type: ignore[arg-type]
        self.voice = OpenAIRealtimeClient(config)
        self.told: list[voice_agent.VoiceEvent] = []
        self._told = asyncio.Event()

    def listen(self, event: voice_agent.VoiceEvent) -> None:
        """Keep an event."""
        self.told.append(event)
        self._told.set()

    async def start(self, *history: voice_agent.PastTurn) -> None:
        """Open the session."""
        config = voice_agent.VoiceConfig(instructions="Be kind.", tools=TOOLS, history=history)
        await self.voice.start(config, self.listen)

    def of(self, kind: type) -> list[voice_agent.VoiceEvent]:
        """Return the events of one type."""
        return [event for event in self.told if isinstance(event, kind)]

    async def until(self, kind: type, count: int) -> list[voice_agent.VoiceEvent]:
        """Wait for so many events of one type."""
        async with asyncio.timeout(20):
            while len(self.of(kind)) < count:
                self._told.clear()
                await self._told.wait()
        return self.of(kind)


def past(text: str) -> voice_agent.PastTurn:
    """Return something that the callee said."""
    return voice_agent.PastTurn(speaker=voice_agent.PastSpeaker.CALLEE, text=text)


async def test_aimock(tmp_path: Path) -> None:
    """Configuration, history, fixed words with their tag, a function call and its result."""
    async with aimock(tmp_path, FIXTURES) as url:
        talk = Talk(url)
        await talk.start()
        talk.voice.say("Hello.", tag="disclosure-1")
        (ended,) = await talk.until(voice_agent.ResponseEnded, 1)
        assert isinstance(ended, voice_agent.ResponseEnded)
        assert (ended.tag, ended.status) == ("disclosure-1", "completed")
        await talk.voice.close()

        talk = Talk(url)
        await talk.start(past("Tuesday is fine."))
        talk.voice.respond()
        (call,) = await talk.until(voice_agent.ToolRequested, 1)
        assert isinstance(call, voice_agent.ToolRequested)
        assert (call.name, call.arguments) == (NOTED["name"], NOTED["arguments"])
        talk.voice.tool_result(call.tool_call_id, {"status": "noted"}, respond=True)
        ends = await talk.until(voice_agent.ResponseEnded, 2)
        assert [getattr(end, "status", "") for end in ends] == ["completed", "completed"]
        assert len(talk.of(voice_agent.ToolRequested)) == 1
        talk.voice.probe()
        await talk.until(voice_agent.SignOfLife, 1)
        assert not talk.of(voice_agent.VoiceFailed)
        await talk.voice.close()


async def test_speech_to_speech() -> None:
    """A spoken conversation: turns of the caller, speech at 24 kHz, a function call, a new turn."""
    async with speech_to_speech() as url:
        talk = Talk(url, output_format="audio/pcm")
        await talk.start()
        talk.voice.say("Hello.", tag="disclosure-1")
        (ended,) = await talk.until(voice_agent.ResponseEnded, 1)
        assert isinstance(ended, voice_agent.ResponseEnded)
        assert ended.tag == "disclosure-1"
        audio = [e for e in talk.told if isinstance(e, voice_agent.AgentAudio)]
        assert sum(len(piece.mulaw) for piece in audio) == pytest.approx(8000, rel=0.02)
        assert max(pcm.energy_dbfs(piece.mulaw) for piece in audio) > -20
        talk.voice.answer_turns(automatic=True)
        await _speak(talk.voice)
        (said,) = await talk.until(voice_agent.CallerTranscript, 1)
        assert isinstance(said, voice_agent.CallerTranscript)
        assert said.text == "Tuesday, please."
        (call,) = await talk.until(voice_agent.ToolRequested, 1)
        assert isinstance(call, voice_agent.ToolRequested)
        await talk.until(voice_agent.ResponseEnded, 2)
        talk.voice.tool_result(call.tool_call_id, {"status": "noted"}, respond=True)
        await talk.until(voice_agent.ResponseEnded, 3)
        assert not talk.of(voice_agent.VoiceFailed)
        await talk.voice.close()


async def _speak(voice: voice_agent.VoiceAgent) -> None:
    for frame in range(120):
        voice.send_caller_audio(LOUD if 10 <= frame < 60 else pcm.MULAW_SILENCE_FRAME)
        await asyncio.sleep(0.02)
