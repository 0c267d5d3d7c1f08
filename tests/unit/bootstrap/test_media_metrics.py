"""What is told of the calls' sound."""

from types import SimpleNamespace

from prometheus_client import CollectorRegistry, generate_latest

from opendeep.bootstrap.media_metrics import export_media


def test_the_present_counts_are_told() -> None:
    """Each reading tells the calls and the missed frames of that moment."""
    media, registry = SimpleNamespace(calls=2, missed_frames=0), CollectorRegistry()
    export_media(media, registry)
    media.missed_frames = 7
    text = generate_latest(registry).decode()
    assert "opendeep_media_calls 2.0" in text
    assert "opendeep_media_missed_frames 7.0" in text
