"""The port to a real-time voice AI: what a call needs of it, whoever makes it.

OpenAI Realtime is the first implementation. Another one (full duplex, or a local cascade of ears,
model and mouth) fits without a change to the audio handler: what it cannot do, it says in its
:class:`VoiceCapabilities`.

Audio is 8 kHz µ-law on both sides of the port; the implementation converts. Events are given to
the listener at once, on the loop, in order; the listener must not block.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

import msgspec

from opendeep.audio_processing_service.playout import Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A function that the AI may call; ``parameters`` is a JSON schema."""

    name: str
    description: str
    parameters: dict[str, object]


class PastSpeaker(Enum):
    """Who a turn of the past belongs to; NOTE is what the AI was told beside the talk."""

    AGENT = "agent"
    CALLEE = "callee"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTurn:
    """What was said before the session began; of the AI only what was heard."""

    speaker: PastSpeaker
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceConfig:
    """What a voice session begins with.

    Attributes:
        instructions: the whole system prompt.
        language: BCP 47 tag of the conversation.
        voice: the voice's name, or None for the implementation's own choice.
        tools: what the AI may call.
        history: the conversation so far, where this session takes over from a lost one.
        resume_handle: what :attr:`VoiceAgent.resume_handle` of the lost session said; a provider
            that still has the conversation needs no history.
    """

    instructions: str
    language: str = "en"
    voice: str | None = None
    tools: tuple[ToolSpec, ...] = ()
    history: tuple[PastTurn, ...] = ()
    resume_handle: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceCapabilities:
    """What an implementation can do.

    Attributes:
        truncates: ``interrupt`` takes unheard words out of the AI's memory.
        speaks_verbatim: ``say`` speaks the text word for word.
        takes_hints: ``hint`` reaches the AI in mid-call.
        hears_turns: speech starts and stops are told.
        answers_probes: ``probe`` is answered by a :class:`SignOfLife`.
    """

    truncates: bool = True
    speaks_verbatim: bool = True
    takes_hints: bool = True
    hears_turns: bool = True
    answers_probes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseStarted:
    """The AI begins to answer; ``tag`` is that of :meth:`VoiceAgent.say`, or None."""

    response_id: str
    tag: str | None = None


class AgentAudio(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Speech of the AI, 8 kHz µ-law; ``received_ms`` is counted from the provider's bytes.

    Not a dataclass as the others are: it is made fifty times a second, and costs a sixth.
    """

    response_id: str
    item_id: str
    content_index: int
    mulaw: bytes
    received_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAudioDone:
    """Nothing more comes for this part; told once."""

    response_id: str
    item_id: str
    content_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTranscript:
    """Words that the AI says: a piece, or the whole text of the part where ``final``."""

    item_id: str
    content_index: int
    text: str
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseEnded:
    """The AI has made its answer, which may still wait to be played.

    ``status`` is ``completed``, ``cancelled``, ``failed`` or ``incomplete``.
    """

    response_id: str
    status: str
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSpeechStarted:
    """The callee began to speak; ms of the audio that was sent in this session."""

    item_id: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSpeechStopped:
    """The callee stopped speaking; ms of the audio that was sent in this session."""

    item_id: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerTranscript:
    """What the callee said; empty where nothing could be understood. May come late."""

    item_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRequested:
    """The AI calls a function; told once per ``tool_call_id``. ``arguments`` is unchecked JSON."""

    response_id: str
    tool_call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOfLife:
    """The provider confirmed something; it is there and follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnds:
    """The provider ends the session in so many seconds, whatever happens."""

    in_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceFailed:
    """The session is over and cannot go on; the last event.

    ``retryable``: a new session may well work.
    """

    reason: str
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceLost:
    """The session was lost in mid-call and another one is being opened (``KeptVoice`` only).

    ``owed``: an answer was asked for, or was being made.
    """

    reason: str
    owed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceRestored:
    """Another session has taken over (``KeptVoice`` only).

    Attributes:
        sent_ms: how much of the callee's earlier audio it was given.
        planned: nothing was lost: the old session was about to end.
    """

    sent_ms: int
    planned: bool


VoiceEvent = (
    ResponseStarted
    | AgentAudio
    | AgentAudioDone
    | AgentTranscript
    | ResponseEnded
    | CallerSpeechStarted
    | CallerSpeechStopped
    | CallerTranscript
    | ToolRequested
    | SignOfLife
    | SessionEnds
    | VoiceFailed
    | VoiceLost
    | VoiceRestored
)
VoiceListener = Callable[[VoiceEvent], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceUsage:
    """What a session used so far; money in US dollars, tokens by kind."""

    cost_usd: float = 0.0
    tokens: dict[str, int] = field(default_factory=dict[str, int])


class VoiceAgent(Protocol):
    """One voice session.

    All methods but ``start`` and ``close`` return at once, do nothing once the session has ended,
    and take effect in the order of the calls.
    """

    @property
    def capabilities(self) -> VoiceCapabilities:
        """What this implementation can do."""
        ...

    @property
    def resume_handle(self) -> str | None:
        """What a new session needs to take over this one at the provider's; None: a history."""
        ...

    async def start(self, config: VoiceConfig, listener: VoiceListener) -> None:
        """Open the session; it is ready when this returns. Call it once.

        Until :meth:`answer_turns` says otherwise the AI speaks only when told to.

        Raises:
            VoiceUnavailableError: unreachable, refused, or not ready in time.
        """
        ...

    def send_caller_audio(self, mulaw: bytes) -> None:
        """Send the callee's audio, 8 kHz µ-law, gapless from the first call on."""
        ...

    def answer_turns(self, *, automatic: bool) -> None:
        """Let the AI answer by itself when the callee stopped speaking, or not."""
        ...

    def say(self, text: str, *, tag: str) -> None:
        """Speak ``text`` word for word as soon as no other answer is being made."""
        ...

    def respond(self) -> None:
        """Ask for one answer as soon as none is being made; several wishes become one."""
        ...

    def hint(self, text: str) -> None:
        """Tell the AI what the user wants it to know, and let it act on it."""
        ...

    def note(self, text: str, *, respond: bool) -> None:
        """Tell the AI what happened beside the talk, and ask for an answer if ``respond``."""
        ...

    def tool_result(self, tool_call_id: str, output: dict[str, Any], *, respond: bool) -> None:
        """Give a function's result, and ask for an answer if ``respond``."""
        ...

    def interrupt(self, heard: Sequence[Heard], *, cancel: bool) -> None:
        """Stop the present answer and tell how much of each unfinished part was heard.

        No audio of that answer is told any more, and the provider makes no more of it.

        Args:
            heard: every part whose audio was told and that was not played to its end, in order.
            cancel: also drop wishes for answers that were not begun; not when the callee spoke.
        """
        ...

    def ask_again(self) -> None:
        """Give up an answer that does not come, and ask for it anew."""
        ...

    def probe(self) -> None:
        """Ask for a :class:`SignOfLife`; nothing where the capability is missing."""
        ...

    def usage(self) -> VoiceUsage:
        """Tell what the session used so far."""
        ...

    async def close(self) -> None:
        """End the session; idempotent, also before ``start`` and after a failure."""
        ...


class SteadyVoice(VoiceAgent, Protocol):
    """A voice that outlives its sessions, and says how it is doing."""

    @property
    def owed(self) -> bool:
        """Whether an answer was asked for, or is being made, while the callee is silent."""
        ...

    @property
    def lost(self) -> bool:
        """Whether there is no session at the moment."""
        ...

    @property
    def progress(self) -> int:
        """A count that changes with everything that the provider tells."""
        ...

    @property
    def sounds(self) -> int:
        """A count that changes with all speech that the provider sends."""
        ...

    def renew(self, reason: str) -> None:
        """Give the session up for lost, and open another one."""
        ...


class VoiceAgentFactory(Protocol):
    """Makes a session for each call."""

    def __call__(self) -> VoiceAgent:
        """Return a session that has not been started."""
        ...
