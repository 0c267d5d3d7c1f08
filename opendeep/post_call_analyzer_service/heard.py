"""One line of a transcript, as the judges of a call need it."""

from dataclasses import dataclass

from opendeep.common.data_models import Speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardLine:
    """Who said what, and when in the call."""

    seq: int
    speaker: Speaker
    text: str
    start_ms: int = 0
