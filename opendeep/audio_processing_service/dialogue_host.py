"""What a conversation has done for it by the owner of the call's media, and what it notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from opendeep.audio_processing_service import voice_agent
from opendeep.audio_processing_service.playout import PartKey
from opendeep.common.data_models import CallCause
from opendeep.common.ports import MenuStep, SpokenLine

_NO_PART: Final = PartKey("", 0)


class DialogueHost(Protocol):
    """What the dialogue has done for it; every method returns at once."""

    def now_ms(self) -> int:
        """Tell the ms since the answer."""
        ...

    def store(self, line: SpokenLine) -> None:
        """Store a transcript line, in the order of the calls."""
        ...

    def log_event(self, name: str, **detail: object) -> None:
        """Append to the call's event list."""
        ...

    def run_tool(self, request: voice_agent.ToolRequested, *, spoke: bool) -> None:
        """Carry out a function call."""
        ...

    def press_keys(self, keys: str) -> None:
        """Press keys that an earlier call found to be right."""
        ...

    def learn_menu(self, steps: Sequence[MenuStep]) -> None:
        """Remember the way through the number's phone menus; none forgets it."""
        ...

    def opted_out(self, words: str) -> None:
        """Have the callee listed as never to be called again, at once."""
        ...

    def asking_user(self) -> bool:
        """Whether a question to the user is open."""
        ...

    def request_end(self, cause: CallCause, reason: str) -> None:
        """Ask the attempt handler to end the call; told once."""
        ...


@dataclass(slots=True, kw_only=True)
class AnswerInMaking:
    """The answer that is being made, or was made last."""

    response_id: str = ""
    tag: str | None = None
    making: bool = False
    spoke: bool = False
    part: PartKey = _NO_PART

    def part_of(self, audio: voice_agent.AgentAudio) -> PartKey:
        """Name the part of a piece of speech; nearly always it is that of the piece before."""
        part = self.part
        if audio.item_id != part.item_id or audio.content_index != part.content_index:
            part = self.part = PartKey(audio.item_id, audio.content_index)
        return part
