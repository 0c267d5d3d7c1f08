"""The real speech engines on a telephone line: what one side says, the other understands."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import soxr  # type: ignore[import-untyped]
from openai import AsyncOpenAI

from opendeep.common.errors import SettingsError
from opendeep.practice.ai_service import AiServiceConfig, PracticeAiService
from opendeep.practice.brain_callee import read
from opendeep.practice.brain_patterns import Intent
from opendeep.practice.exchange_sounds import load_clips
from opendeep.practice.realtime_response import encoded
from opendeep.practice.speech import (
    EAR_RATE,
    SpeechEngines,
    SpeechStarted,
    SpeechStopped,
    decode_mulaw,
    load_engines,
)

pytestmark = pytest.mark.integration

Json = dict[str, Any]
SILENCE = b"\xff" * 8_000
TASK = {
    "on_behalf_of": "Alex Doe",
    "goal": "Book a dental cleaning",
    "facts": {"service": "dental cleaning", "preferred_time": "afternoons"},
}


@pytest.fixture
async def engines() -> AsyncIterator[SpeechEngines]:
    """Load the real engines, or skip by name where this machine has no wheels for them."""
    try:
        engines = load_engines()
    except SettingsError as error:
        pytest.skip(error.message)
    await engines.warm_up()
    yield engines
    engines.close()


async def understood(engines: SpeechEngines, mulaw: bytes) -> list[str]:
    """Return what the ear and the recogniser make of a line's audio, one text an utterance."""
    ear = engines.new_ear()
    heard: list[SpeechStarted | SpeechStopped] = []
    audio = SILENCE + mulaw + SILENCE
    for begin in range(0, len(audio), 160):
        heard += ear.hear(audio[begin : begin + 160])
    utterances = [event.pcm16k for event in heard if isinstance(event, SpeechStopped)]
    return [await engines.transcriber.transcribe(utterance) for utterance in utterances]


def plain(text: str) -> str:
    """Return a text's words without marks."""
    return " ".join(re.findall(r"[a-z]+", text.lower().replace("-", " ")))


@pytest.mark.parametrize(
    "text",
    [
        "So that is Tuesday at two thirty in the afternoon, correct?",
        "Wednesday at nine fifteen in the morning would be perfect.",
        "I would like to book a dental cleaning. Do you have a free time next week?",
    ],
)
async def test_the_voice_is_understood(engines: SpeechEngines, text: str) -> None:
    """What the practice voice says over a telephone line comes back word for word."""
    samples = await engines.synthesizer.speak(text)
    texts = await understood(engines, encoded(samples, "audio/pcmu"))
    assert plain(" ".join(texts)) == plain(text)


@pytest.mark.parametrize(
    ("clip", "intents"),
    [
        ("bella/greeting", {Intent.ASKS_PURPOSE}),
        ("bella/offer", {Intent.OFFER}),
        ("bella/ask_name", {Intent.ASKS_NAME}),
        ("michael/robot_question", {Intent.ROBOT}),
        ("michael/robot_prompt", {Intent.ATTACK}),
        ("michael/robot_card", {Intent.ATTACK}),
        ("michael/robot_others", {Intent.ATTACK}),
        ("emma/offer_morning", {Intent.OFFER}),
        ("fenrir/mm_hm", {Intent.BACKCHANNEL}),
        ("adam/voicemail", {Intent.VOICEMAIL}),
        ("sarah/menu", {Intent.MENU}),
        ("sarah/hold", {Intent.HOLD}),
        ("george/screen", {Intent.SCREENING}),
        ("eric/never_again", {Intent.DO_NOT_CALL}),
        ("onyx/wrong_number", {Intent.WRONG_NUMBER}),
    ],
)
async def test_callees_are_understood(
    engines: SpeechEngines, clip: str, intents: set[Intent]
) -> None:
    """What matters of each callee's words survives the line and the recogniser."""
    texts = await understood(engines, load_clips()[clip].mulaw)
    found = {intent for text in texts for intent in read(text).intents}
    assert intents <= found, texts


async def test_silence_and_tones_are_no_speech(engines: SpeechEngines) -> None:
    """A silent line and a plain tone make no utterance."""
    tone = (b"\x8f" * 8 + b"\x0f" * 8) * 1_000
    assert await understood(engines, SILENCE * 3) == []
    assert [text for text in await understood(engines, tone) if text] == []


async def test_a_spoken_turn_by_openais_client(engines: SpeechEngines) -> None:
    """A caller's clip goes in, a spoken answer that fits comes out, and is intelligible."""
    service = PracticeAiService(AiServiceConfig(), engines)
    async with (
        service.serve(),
        AsyncOpenAI(api_key="k", base_url=service.base_url) as client,
        client.realtime.connect(model="gpt-realtime-2.1") as connection,
    ):
        pcmu: Json = {"format": {"type": "audio/pcmu"}}
        await connection.session.update(
            session={
                "type": "realtime",
                "instructions": f"<task>{json.dumps(TASK)}</task>",
                "audio": {"input": {**pcmu, "transcription": {"model": "x"}}, "output": pcmu},
            }
        )
        audio = load_clips()["bella/greeting"].mulaw + SILENCE
        for begin in range(0, len(audio), 1_600):
            frame = base64.b64encode(audio[begin : begin + 1_600]).decode()
            await connection.input_audio_buffer.append(audio=frame)
        spoken, kinds = b"", set()
        async with asyncio.timeout(60):
            async for event in connection:
                kinds.add(event.type)
                if event.type == "response.output_audio.delta":
                    spoken += base64.b64decode(event.delta)
                if event.type == "response.done":
                    break
        assert "conversation.item.input_audio_transcription.completed" in kinds
        samples = soxr.resample(decode_mulaw(spoken), 8_000, EAR_RATE)
        assert "dental cleaning" in plain(await engines.transcriber.transcribe(samples))
