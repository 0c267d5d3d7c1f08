"""What really happened at the callee's end: the truth that practice calls are judged by."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Ender = Literal["callee", "caller", "exchange"]
"""Who ended a call: the callee, OpenDeep's side (AMI or AudioSocket), or the exchange itself."""


@dataclass(slots=True, kw_only=True)
class SaidLine:
    """One sentence that the callee began; times in ms from the answer.

    ``complete`` is False where the callee was interrupted or the call ended.
    """

    text: str
    start_ms: int
    end_ms: int
    complete: bool


@dataclass(slots=True, kw_only=True)
class CalleeRecord:
    """One call as its callee lived it; filled while the call goes on.

    Attributes:
        number: as dialled.
        dd: the callee, ``00`` to ``17``, ``99``, ``7000``, or empty for an unallocated number.
        call_id: what the AudioSocket was named with, if it came to that.
        heard: what the callee understood, one entry an utterance.
        said: what the callee said.
        booked: the appointment agreed on: ``day`` (English), ``time`` (24 h) and ``name``.
        obtained: what the caller gave away although it must not (callee 16); right when empty.
        dtmf: the keys that reached the callee.
        safe_message: whether the dialplan's own message was played, the media server being gone.
        cause: the hang-up cause that the exchange reported (Q.850), None while the call lives.
    """

    number: str
    dd: str
    call_id: str | None = None
    heard: list[str] = field(default_factory=list)
    said: list[SaidLine] = field(default_factory=list)
    booked: dict[str, str] | None = None
    obtained: list[str] = field(default_factory=list)
    dtmf: str = ""
    answered: bool = False
    hung_up_by: Ender | None = None
    safe_message: bool = False
    cause: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain data, for JSON."""
        return asdict(self)
