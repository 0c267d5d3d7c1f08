"""One thing that ``opendeep doctor`` tried."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was tried and how it went; ``remedy`` is empty when there is nothing to do."""

    name: str
    ok: bool
    message: str
    remedy: str = ""
