# ruff: noqa: INP001 - a script, run by its path
"""How well the product tells who answered: persons, voicemail, menus, queues, screening, tones.

    python benchmarks/answers.py --sounds /usr/share/asterisk/sounds/en --json

makes clips of real prompts (Asterisk's English sounds), of the practice voices and of sentences
spoken by the practice voice, and varies loudness, noise, speed and pauses by a seed. Every clip
goes through the product's own classifier as a call's sound does; utterances are found and
recognised by the practice ears (Silero, Moonshine). Odd seeds are held out: the phrases and limits
were never changed for them. Printed: the confusion matrices, how many persons were taken for
machines, and how long after the end of the first words (or of the tone) the verdict stood.
"""

import argparse
import asyncio
import json
import sys
import wave
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soxr

from benchmarks.answer_texts import ASTERISK, SPOKEN
from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.answer_watch import AnswerWatch
from opendeep.audio_processing_service.call_sound import CallSound
from opendeep.practice.exchange_sounds import load_clips, sound
from opendeep.practice.speech import SpeechEngines, SpeechStopped, load_engines

Signal = npt.NDArray[np.float64]

WORDS_SECONDS: Final = 0.3
"""So long after a turn's end its words are known."""
SILENCE_MS: Final = 700
"""The turn detection that the product asks for."""
_RATE: Final = pcm.SAMPLE_RATE
_MACHINES: Final = frozenset(["voicemail", "menu", "queue", "screening", "fax", "out_of_service"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One answered call: who it is, what it sounds like, and when its first words are over."""

    kind: str
    name: str
    signal: Signal
    first_end_ms: int
    held_out: bool


def tones(seconds: float, *hertz: float, level: float = 6000.0) -> Signal:
    """Return a mix of tones."""
    times = np.arange(int(seconds * _RATE)) / _RATE
    mix = np.sum([np.sin(2 * np.pi * hz * times) for hz in hertz], axis=0)
    return np.asarray(mix * level / len(hertz))


def pause(seconds: float) -> Signal:
    """Return silence."""
    return np.zeros(int(seconds * _RATE))


def sit(rng: np.random.Generator) -> Signal:
    """Return the three tones, in one of their variants."""
    low = rng.choice([913.8, 985.2])
    middle = rng.choice([1370.6, 1428.5])
    lengths = rng.choice([0.276, 0.38], size=2)
    return np.concatenate((tones(lengths[0], low), tones(lengths[1], middle), tones(0.38, 1776.7)))


def asterisk_prompt(folder: Path, name: str) -> Signal:
    """Read one of Asterisk's prompts."""
    with wave.open(str(folder / f"{name}.wav"), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
        rate = file.getframerate()
    return samples if rate == _RATE else np.asarray(soxr.resample(samples, rate, _RATE))


def of_mulaw(mulaw: bytes) -> Signal:
    """Decode µ-law."""
    return np.frombuffer(pcm.mulaw_to_pcm(mulaw), "<i2").astype(np.float64)


async def raw_clips(folder: Path, engines: SpeechEngines) -> list[tuple[str, str, list[Signal]]]:
    """Return kind, name and parts of every clip before it is varied; the first part counts."""
    clips: list[tuple[str, str, list[Signal]]] = []
    for kind, rows in ASTERISK.items():
        for names in rows:
            parts = [asterisk_prompt(folder, name) for name in names]
            clips.append((kind, "+".join(names), [np.concatenate(parts)]))
    for kind, texts in SPOKEN.items():
        for text in texts:
            voice = await engines.synthesizer.speak(text)
            spoken = np.asarray(soxr.resample(voice, 24_000, _RATE), np.float64) * 12_000
            clips.append((kind, text[:40], [spoken]))
    people = {"adam", "bella", "emma", "eric", "fenrir", "michael", "onyx"}
    for clip_id, clip in load_clips().items():
        speaker, _, line = clip_id.partition("/")
        if speaker in people and line != "voicemail":
            clips.append(("person", clip_id, [of_mulaw(clip.mulaw)]))
    return clips


def tone_clips(rng: np.random.Generator, folder: Path) -> Iterator[tuple[str, str, list[Signal]]]:
    """Yield answers that begin with tones."""
    yield "fax", "ced", [tones(3.0, 2100)]
    yield "out_of_service", "sit", [sit(rng), asterisk_prompt(folder, "ss-noservice")]
    greeting = of_mulaw(load_clips()["bella/greeting"].mulaw)
    ringing = sound("ringback", 2.0)
    yield "person", "ringing first", [np.concatenate((of_mulaw(ringing), pause(1), greeting))]
    yield "person", "key first", [np.concatenate((tones(0.3, 697, 1209), pause(0.5), greeting))]
    yield "person", "music first", [np.concatenate((of_mulaw(sound("music", 4.0)), greeting))]


def lossy(signal: Signal, loss: float, rng: np.random.Generator) -> Signal:
    """Lose frames of 20 ms, one or two at a time, as a network without concealment does."""
    frames = len(signal) // pcm.FRAME_SAMPLES
    lost = rng.random(frames) < loss / 1.5
    lost |= np.roll(lost, 1) & (rng.random(frames) < 0.5)  # noqa: PLR2004 - every other is a pair
    kept = np.repeat(~lost, pcm.FRAME_SAMPLES)
    return signal * np.concatenate((kept, np.ones(len(signal) - len(kept), bool)))


def varied(
    kind: str, name: str, parts: list[Signal], rng: np.random.Generator, *, held_out: bool
) -> Clip:
    """Put a clip on a line: its own loudness, noise, speed, pauses; a voicemail gets its beep."""
    first, *rest = parts
    speed = rng.uniform(0.93, 1.08)
    if kind in {"person", "voicemail", "menu", "queue", "screening"} and "first" not in name:
        first = np.asarray(soxr.resample(first, _RATE, _RATE / speed))
    lead = pause(rng.uniform(0.1, 1.5))
    if kind == "voicemail":
        beep = tones(rng.uniform(0.25, 1.0), rng.choice([440, 620, 800, 1000, 1400]))
        rest = [pause(rng.uniform(0, 0.6)), beep, *rest]
    whole = np.concatenate((lead, first, *rest, pause(4.0)))
    gain = 10 ** (rng.uniform(-18, 0) / 20) * 12_000 / max(float(np.abs(whole).max()), 1.0)
    whole = whole * gain
    noise = rng.normal(0, 12_000 * 10 ** (rng.uniform(-65, -42) / 20), len(whole))
    if rng.random() < 0.5:  # noqa: PLR2004 - half of the lines rumble instead of hissing
        noise = np.convolve(noise, np.ones(8) / 3, "same")
    return Clip(
        kind=kind,
        name=name,
        signal=np.clip(whole + noise, -32_000, 32_000),
        first_end_ms=(len(lead) + len(first)) * 1000 // _RATE,
        held_out=held_out,
    )


async def classify(clip: Clip, engines: SpeechEngines) -> tuple[str, int]:
    """Return the product's verdict and the ms from the end of the first words to it."""
    line = CallSound(None)
    watch = AnswerWatch(line)
    ear = engines.new_ear(silence_ms=SILENCE_MS)
    samples = clip.signal.astype("<i2").tobytes()
    words: list[tuple[int, str]] = []
    now_ms = 0
    for start in range(0, len(samples) - 319, 320):
        frame = samples[start : start + 320]
        now_ms += pcm.FRAME_MS
        line.hear(frame)
        for event in ear.hear(pcm.pcm_to_mulaw(frame)):
            if isinstance(event, SpeechStopped):
                text = await engines.transcriber.transcribe(event.pcm16k)
                words.append((now_ms + int(WORDS_SECONDS * 1000), text))
        if now_ms % 100 == 0:
            watch.look(now_ms)
        while words and words[0][0] <= now_ms:
            watch.said(words.pop(0)[1], now_ms)
    for _, text in words:
        watch.said(text, now_ms)
    return watch.answer.value, max(watch.decided_ms - clip.first_end_ms, 0)


def figures(results: list[tuple[Clip, str, int]]) -> dict[str, Any]:
    """Return the figures of one half."""
    matrix: dict[str, Counter[str]] = {}
    for clip, verdict, _ in results:
        matrix.setdefault(clip.kind, Counter())[verdict] += 1
    persons = matrix.get("person", Counter())
    wrong = sum(count for verdict, count in persons.items() if verdict in _MACHINES)
    machines = [(clip, verdict) for clip, verdict, _ in results if clip.kind != "person"]
    delays = [delay for clip, verdict, delay in results if verdict != "unknown"]
    return {
        "clips": len(results),
        "confusion": {kind: dict(row.most_common()) for kind, row in sorted(matrix.items())},
        "person_taken_for_machine": round(wrong / max(sum(persons.values()), 1), 4),
        "machine_known": round(
            sum(clip.kind == verdict for clip, verdict in machines) / max(len(machines), 1), 4
        ),
        "undecided": sum(verdict == "unknown" for _, verdict, _ in results),
        "decision_ms": {
            "p50": int(np.percentile(delays, 50)),
            "p95": int(np.percentile(delays, 95)),
            "max": max(delays),
        },
    }


async def measure(folder: Path, *, rounds: int, differences: bool, loss: float) -> dict[str, Any]:
    """Make the clips, classify them, and count."""
    engines = load_engines()
    results: list[tuple[Clip, str, int]] = []
    try:
        raw = await raw_clips(folder, engines)
        for seed in range(2 * rounds):
            rng = np.random.default_rng(seed)
            rows = [*raw, *(row for _ in range(3) for row in tone_clips(rng, folder))]
            # Each clip's words belong to one half only.
            half = [row for index, row in enumerate(rows) if index % 2 == seed % 2]
            for kind, name, parts in half:
                clip = varied(kind, name, parts, rng, held_out=seed % 2 == 1)
                if loss:
                    clip = replace(clip, signal=lossy(clip.signal, loss, rng))
                verdict, delay = await classify(clip, engines)
                results.append((clip, verdict, delay))
                if differences and verdict != kind and not clip.held_out:
                    sys.stderr.write(f"{kind} taken for {verdict}: {name}\n")
    finally:
        engines.close()
    return {
        "benchmark": "answers",
        "loss": loss,
        "tuned": figures([result for result in results if not result[0].held_out]),
        "held_out": figures([result for result in results if result[0].held_out]),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--sounds", type=Path, default=Path("/usr/share/asterisk/sounds/en"))
    parser.add_argument("--rounds", type=int, default=1, help="variations of each clip")
    parser.add_argument("--differences", action="store_true", help="tell wrong tuned clips")
    parser.add_argument("--loss", type=float, default=0.0, help="part of the frames that is lost")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    args = parser.parse_args()
    if not (args.sounds / "vm-intro.wav").is_file():
        sys.exit(f"No prompts in {args.sounds}: install asterisk-core-sounds-en-wav.")
    found = asyncio.run(
        measure(args.sounds, rounds=args.rounds, differences=args.differences, loss=args.loss)
    )
    sys.stdout.write(json.dumps(found, indent=None if args.json else 2) + "\n")


if __name__ == "__main__":
    main()
