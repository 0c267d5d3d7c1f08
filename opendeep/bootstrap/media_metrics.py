"""What ``/metrics`` tells of the calls' sound in this process."""

from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge


class Media(Protocol):
    """The media of all calls, as far as it is counted."""

    @property
    def calls(self) -> int:
        """How many calls' media are prepared or run."""
        ...

    @property
    def missed_frames(self) -> int:
        """How many frames were not sent, because the process was late."""
        ...


def export_media(media: Media, registry: CollectorRegistry) -> None:
    """Have both told whenever the metrics are read."""
    calls = Gauge("opendeep_media_calls", "Calls whose sound runs here", registry=registry)
    calls.set_function(lambda: media.calls)
    missed = Gauge(
        "opendeep_media_missed_frames",
        "Frames of 20 ms that were not sent since this process was late",
        registry=registry,
    )
    missed.set_function(lambda: media.missed_frames)
