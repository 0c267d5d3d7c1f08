"""Between µ-law and what a provider speaks or hears."""

import numpy as np
import pytest

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.playout import PartKey
from opendeep.audio_processing_service.voice_codec import CallerEncoder, SpeechDecoder
from opendeep.common.errors import WireProtocolError

PART = PartKey("item", 0)
SPEECH = pcm.pcm_to_mulaw((8000 * np.sin(np.arange(8000) * 0.3)).astype("<i2").tobytes())


@pytest.mark.parametrize("name", ["audio/pcmu", "g711_ulaw", "audio/pcma", "g711_alaw"])
def test_what_is_sent_as_g711_comes_back(name: str) -> None:
    """µ-law is untouched; A-law costs as little as its steps, and as many bytes."""
    encoder, decoder = CallerEncoder(), SpeechDecoder()
    encoder.choose(name)
    decoder.choose(name)
    mulaw, ms = decoder.decode(PART, encoder.encode(SPEECH))
    assert (len(mulaw), ms) == (8000, 1000)
    there, back = (np.frombuffer(pcm.mulaw_to_pcm(sound), "<i2") for sound in (SPEECH, mulaw))
    assert np.abs(there.astype(int) - back).max() <= 512


def test_the_codes_of_alaw() -> None:
    """The least, the middle and the largest samples of G.711 A-law."""
    decoder = SpeechDecoder()
    decoder.choose("audio/pcma")
    mulaw, _ = decoder.decode(PART, bytes([0xD5, 0x55, 0xAA, 0x2A]))
    samples = np.frombuffer(pcm.mulaw_to_pcm(mulaw), "<i2").tolist()
    assert samples == pytest.approx([8, -8, 32_256, -32_256], abs=512)


@pytest.mark.parametrize("rate", [16_000, 24_000])
def test_linear_samples_go_through_a_stream(rate: int) -> None:
    """In pieces of any length, a second stays a second, at the rate that was asked for."""
    encoder, decoder = CallerEncoder(rate), SpeechDecoder(rate)
    encoder.choose("audio/pcm")
    decoder.choose("pcm16")
    sent = b"".join(encoder.encode(SPEECH[at : at + 160]) for at in range(0, 8000, 160))
    assert len(sent) == pytest.approx(2 * rate, rel=0.03)
    pieces = [decoder.decode(PART, sent[at : at + 999]) for at in range(0, len(sent), 999)]
    mulaw = b"".join(piece for piece, _ in pieces) + decoder.finish()
    assert sum(ms for _, ms in pieces) == pytest.approx(len(sent) / (2 * rate) * 1000)
    assert len(mulaw) == pytest.approx(8 * sum(ms for _, ms in pieces), abs=16)
    assert decoder.finish() == b""


def test_what_cannot_be_played_is_said() -> None:
    """An unknown format ends the session instead of being played as noise; None changes nothing."""
    decoder = SpeechDecoder()
    decoder.choose(None)
    with pytest.raises(WireProtocolError, match="opus"):
        decoder.choose("audio/opus")
    assert decoder.decode(PART, b"\xff") == (b"\xff", 1 / 8)
