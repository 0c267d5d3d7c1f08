"""Small ports where service packages meet; each is written for its consumer.

The attempt handler (call_processor_service) uses :class:`CallMedia`; the audio handler
(audio_processing_service) uses :class:`CallDesk`; bootstrap hands over the implementations.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from opendeep.common.data_models import Speaker, VoicemailPolicy
from opendeep.common.ids import CallId, FeedbackId, TaskId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuStep:
    """The keys for one phone menu, which is known by the print of its sound (base64)."""

    keys: str
    sound: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMediaConfig:
    """All that the media of one call needs to know.

    Attributes:
        instructions: the voice AI's whole system prompt, one user's data only.
        disclosure: the fixed first words (an AI, on whose behalf, why), never left to the model.
        recording_path: where the stereo WAV goes, or None for no recording.
        max_seconds: the longest the conversation may last.
        voicemail: what is done about an answering machine.
        voicemail_message: what it is told where a message is left.
        known_menus: the way through the number's phone menus that an earlier call found.
        part_of: the call that this is a second line of, for a transfer; None for a call.
    """

    call_id: CallId
    task_id: TaskId
    user_id: UserId
    instructions: str
    disclosure: str
    language: str = "en"
    voice: str | None = None
    recording_path: Path | None = None
    max_seconds: float = 600.0
    voicemail: VoicemailPolicy = VoicemailPolicy.HANG_UP
    voicemail_message: str = ""
    known_menus: tuple[MenuStep, ...] = ()
    part_of: CallId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """What is composed for one call, of one user's data only.

    Attributes:
        instructions: the voice AI's whole system prompt.
        disclosure: the fixed first words.
        voicemail: what is done about an answering machine.
        voicemail_message: what it is told.
        known_menus: the way through the number's phone menus, if an earlier call found one.
    """

    instructions: str
    disclosure: str
    voicemail: VoicemailPolicy = VoicemailPolicy.HANG_UP
    voicemail_message: str = ""
    known_menus: tuple[MenuStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenLine:
    """One transcript line; times in ms from the answer."""

    speaker: Speaker
    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaReport:
    """What a call's media came to; figures in provider units, money in US dollars.

    Attributes:
        opted_out: the callee's wish not to be called again, where it could not be stored yet;
            whoever stores the call's end stores it, too.
    """

    connected: bool
    voice_ready: bool
    frames_in: int = 0
    frames_out: int = 0
    recording_path: Path | None = None
    cost_usd: float = 0.0
    usage: dict[str, int] = field(default_factory=dict)
    opted_out: SpokenLine | None = field(default=None, repr=False)


class CallMedia(Protocol):
    """A call's media, from before Originate until after hang-up.

    The media side never decides that a call is over: it asks for that with an ``end_call``
    command on ``call_commands:{call_id}``, and the attempt handler ends the call.
    """

    async def prepare(self, config: CallMediaConfig) -> str:
        """Expect Asterisk for this call; return ``host:port`` for its AudioSocket.

        The id is accepted once, from allowed addresses, within its time.

        Raises:
            ConflictError: the call was prepared already.
            UnavailableError: no port, or too many calls.
        """
        ...

    async def open_voice(self, call_id: CallId) -> None:
        """Start opening the voice session, since Originate was accepted; returns at once.

        A failure is told as an ``end_call`` command with cause ``ai_failed``.
        """
        ...

    async def finish(self, call_id: CallId) -> MediaReport:
        """Release everything of the call within 2 s; idempotent, also for unknown calls."""
        ...


class CallDesk(Protocol):
    """What a live call may do in the product beyond sound; every write is durable on return."""

    async def store_line(self, call_id: CallId, line: SpokenLine) -> int:
        """Store a transcript line, tell the user's pages; return its ``seq`` (from 1)."""
        ...

    async def store_event(self, call_id: CallId, name: str, detail: dict[str, object]) -> None:
        """Append to the call's event list (``call_events``)."""
        ...

    async def note_fact(self, call_id: CallId, name: str, value: str) -> None:
        """Remember a fact that the callee gave, for the analysis and for later calls."""
        ...

    async def mark_do_not_call(
        self, call_id: CallId, words: str, *, found_by: Literal["phrases", "model"]
    ) -> None:
        """Put the callee on the user's DND list and cancel what is queued for the number.

        Idempotent but for its event, so that whoever finds it first is known.
        """
        ...

    async def learn_menu(self, call_id: CallId, steps: Sequence[MenuStep]) -> None:
        """Remember the way through the number's phone menus; none forgets it."""
        ...

    async def ask_user(
        self, call_id: CallId, tool_call_id: str, question: str, options: list[str]
    ) -> FeedbackId:
        """Put a question to the user; the answer comes as ``answer`` on ``voice_commands``.

        Idempotent by ``tool_call_id``. At the deadline an answer of None comes.

        Raises:
            ConflictError: a question is pending for this call, or it has had its five.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What the second agent says to the voice AI.

    Attributes:
        answer: what it found or decided, and why.
        say: a draft of what to say to the callee; may be empty.
        certain: whether the task and what was said support it.
    """

    answer: str
    say: str = ""
    certain: bool = True


class CallConsultant(Protocol):
    """The second agent behind a call, which thinks while the voice goes on talking."""

    async def consult(self, call_id: CallId, question: str) -> Advice:
        """Answer a question of a call's voice AI.

        Raises:
            ConflictError: the call has asked as often as it may.
            UnavailableError: there is no answer in time.
        """
        ...


class BrowserPhone(Protocol):
    """The practice number that rings in the user's own browser (``/ws/phone``)."""

    def register(self) -> "BrowserPhoneLine":
        """Offer a page as a phone; the latest page wins."""
        ...


class BrowserPhoneLine(Protocol):
    """One page's phone: it rings, is picked up, and carries 8 kHz µ-law frames of 20 ms."""

    async def next_event(self) -> bytes | str:
        """Wait for ``"ring"``, ``"hangup"`` or a frame of the other side's audio."""
        ...

    def answer(self) -> None:
        """Pick up."""
        ...

    def hang_up(self) -> None:
        """Reject or hang up."""
        ...

    def send_audio(self, mulaw: bytes) -> None:
        """Send the microphone's frame."""
        ...

    def close(self) -> None:
        """Take the phone away."""
        ...
