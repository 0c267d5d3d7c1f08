"""The practice recogniser, rules and synthesiser as one voice, without a Realtime server."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Final

import numpy as np
import soxr  # type: ignore[import-untyped]

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.cascade_voice import (
    CascadeParts,
    Saying,
    TalkTurn,
    ToolTurn,
    ToolWish,
)
from opendeep.audio_processing_service.voice_agent import PastSpeaker, PastTurn, VoiceConfig
from opendeep.practice.brain_turns import Say
from opendeep.practice.realtime_items import Item
from opendeep.practice.realtime_mind import moves_for
from opendeep.practice.speech import EAR_RATE, VOICE_RATE, SpeechEngines, sentences

_ROLES: Final = {
    PastSpeaker.AGENT: ("assistant", "output_text"),
    PastSpeaker.CALLEE: ("user", "input_text"),
    PastSpeaker.NOTE: ("system", "input_text"),
}


class LocalEars:
    """The practice recogniser."""

    def __init__(self, engines: SpeechEngines) -> None:
        self._engines = engines

    async def transcribe(self, mulaw: bytes) -> str:
        """Return what was said in a turn of 8 kHz µ-law; empty for noise."""
        samples = np.frombuffer(pcm.mulaw_to_pcm(mulaw), "<i2").astype(np.float32) / 32_768
        return await self._engines.transcriber.transcribe(
            soxr.resample(samples, pcm.SAMPLE_RATE, EAR_RATE)
        )


class LocalMind:
    """The practice rules, which know a task from the instructions."""

    async def answer(
        self, config: VoiceConfig, talk: Sequence[TalkTurn]
    ) -> Sequence[Saying | ToolWish]:
        """Decide what to say and do next."""
        items = [item for number, turn in enumerate(talk) for item in _items(number, turn)]
        tools = [{"name": tool.name} for tool in config.tools]
        return [
            Saying(text=move.text)
            if isinstance(move, Say)
            else ToolWish(name=move.name, arguments=move.arguments)
            for move in moves_for(config.instructions, tools, items)
        ]


class LocalMouth:
    """The practice synthesiser."""

    def __init__(self, engines: SpeechEngines) -> None:
        self._engines = engines

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """Give a text as 8 kHz µ-law, sentence by sentence."""
        for sentence in sentences(text):
            samples = await self._engines.synthesizer.speak_sentence(sentence)
            narrow = soxr.resample(samples, VOICE_RATE, pcm.SAMPLE_RATE)
            linear = (np.clip(narrow, -1.0, 1.0) * 32_767).astype("<i2")
            yield pcm.pcm_to_mulaw(linear.tobytes())


def local_parts(engines: SpeechEngines) -> CascadeParts:
    """Put the practice parts together."""
    return CascadeParts(ears=LocalEars(engines), mind=LocalMind(), mouth=LocalMouth(engines))


def _items(number: int, turn: TalkTurn) -> list[Item]:
    if isinstance(turn, PastTurn):
        role, kind = _ROLES[turn.speaker]
        content = [{"type": kind, "text": turn.text}]
        wire = {"id": f"item-{number}", "type": "message", "role": role, "content": content}
        return [Item(wire=wire)]
    return _call_items(number, turn)


def _call_items(number: int, turn: ToolTurn) -> list[Item]:
    call = {
        "id": f"item-{number}",
        "type": "function_call",
        "call_id": turn.call_id,
        "name": turn.name,
        "arguments": json.dumps(turn.arguments),
    }
    if turn.output is None:
        return [Item(wire=call)]
    output = {
        "id": f"item-{number}-output",
        "type": "function_call_output",
        "call_id": turn.call_id,
        "output": turn.output,
    }
    return [Item(wire=call), Item(wire=output)]
