"""What a live call has written: a line that was spoken, or something that happened."""

from dataclasses import dataclass
from typing import Any

from opendeep.common.ids import CallId
from opendeep.common.ports import SpokenLine


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedLine:
    """A transcript line of a call."""

    call_id: CallId
    line: SpokenLine


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An entry of a call's event list."""

    call_id: CallId
    name: str
    detail: dict[str, Any]
