"""A voice AI put together from ears, a mind and a mouth, without any Realtime server.

The callee's turns are heard by our own ear and written by a recogniser; a text model decides what
to say or do; a synthesiser speaks it, sentence by sentence. Answers are made one at a time by one
worker, in the order in which they were asked for.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import msgspec
import structlog

from opendeep.audio_processing_service import pcm, voice_agent
from opendeep.audio_processing_service.caller_ear import CallerEar
from opendeep.audio_processing_service.conversation import cut_text, heard_fraction
from opendeep.audio_processing_service.playout import Heard, PartKey
from opendeep.common.errors import OpenDeepError
from opendeep.common.lifecycle import Nursery

log = structlog.get_logger(__name__)

_LONGEST_TURN_BYTES: Final = 30_000 * pcm.MULAW_BYTES_PER_MS
_BEFORE_BYTES: Final = 300 * pcm.MULAW_BYTES_PER_MS
_MOST_WISHES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """The mind wants this said."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolWish:
    """The mind wants a function called."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolTurn:
    """A function that was called; ``output`` is JSON, None until it came."""

    call_id: str
    name: str
    arguments: dict[str, Any]
    output: str | None = None


TalkTurn = voice_agent.PastTurn | ToolTurn


class Ears(Protocol):
    """Speech to text."""

    async def transcribe(self, mulaw: bytes) -> str:
        """Return what was said in a turn of 8 kHz µ-law; empty for noise."""
        ...


class Mind(Protocol):
    """A text model that knows its task from the configuration."""

    async def answer(
        self, config: voice_agent.VoiceConfig, talk: Sequence[TalkTurn]
    ) -> Sequence[Saying | ToolWish]:
        """Decide what to say and do next; nothing is an answer, too.

        Raises:
            OpenDeepError: it cannot be reached, or failed.
        """
        ...


class Mouth(Protocol):
    """Text to speech."""

    def speak(self, text: str) -> AsyncIterator[bytes]:
        """Give a text as 8 kHz µ-law, piece by piece as it is made."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeParts:
    """What a cascade is made of; shared by all calls."""

    ears: Ears
    mind: Mind
    mouth: Mouth


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """An answer that was asked for: fixed words, or None for the mind's own."""

    text: str | None = None
    tag: str | None = None


@dataclass(slots=True, kw_only=True)
class _Talk:
    """What the session knows; ``spoken`` says where in ``turns`` the whole text of a part is."""

    turns: list[TalkTurn] = field(default_factory=list[TalkTurn])
    spoken: dict[PartKey, tuple[int, str]] = field(default_factory=dict[PartKey, tuple[int, str]])


def _agent(text: str) -> voice_agent.PastTurn:
    return voice_agent.PastTurn(speaker=voice_agent.PastSpeaker.AGENT, text=text)


class CascadeVoice:
    """A :class:`~opendeep.audio_processing_service.voice_agent.VoiceAgent` for one call.

    Args:
        parts: ears, mind and mouth.
    """

    def __init__(self, parts: CascadeParts) -> None:
        self._parts = parts
        self._config = voice_agent.VoiceConfig(instructions="")
        self._listener: voice_agent.VoiceListener | None = None
        self._stack = AsyncExitStack()
        self._nursery: Nursery | None = None
        self._ear = CallerEar(self._heard)
        self._turn = bytearray()
        self._speaks = False
        self._automatic = False
        self._wishes: deque[_Wish] = deque(maxlen=_MOST_WISHES)
        self._wished = asyncio.Event()
        self._talk = _Talk()
        self._numbers = 0
        self._cut = False

    @property
    def capabilities(self) -> voice_agent.VoiceCapabilities:
        """It forgets what was not heard, and has no provider to be probed."""
        return voice_agent.VoiceCapabilities(answers_probes=False)

    @property
    def resume_handle(self) -> str | None:
        """The next session needs the conversation."""
        return None

    async def start(
        self, config: voice_agent.VoiceConfig, listener: voice_agent.VoiceListener
    ) -> None:
        """Begin; there is nothing to wait for."""
        self._config, self._listener = config, listener
        self._talk.turns.extend(config.history)
        nursery = Nursery("cascade", on_failure=self._part_failed)
        self._nursery = await self._stack.enter_async_context(nursery)
        nursery.start(self._work(), name="worker")

    async def close(self) -> None:
        """End the session; idempotent."""
        self._listener = self._nursery = None
        await self._stack.aclose()

    def send_caller_audio(self, mulaw: bytes) -> None:
        """Hear the callee."""
        if self._listener is None:
            return
        self._turn += mulaw
        del self._turn[: -(_LONGEST_TURN_BYTES if self._speaks else _BEFORE_BYTES)]
        self._ear.hear(mulaw)

    def answer_turns(self, *, automatic: bool) -> None:
        """Answer by itself when the callee stopped speaking, or not."""
        self._automatic = automatic

    def say(self, text: str, *, tag: str) -> None:
        """Speak ``text`` word for word as soon as no other answer is being made."""
        self._wish(_Wish(text=text, tag=tag))

    def respond(self) -> None:
        """Ask for one answer as soon as none is being made."""
        if _Wish() not in self._wishes:
            self._wish(_Wish())

    def hint(self, text: str) -> None:
        """Tell the AI what the user wants it to know, and let it act on it."""
        self.note(f"The user you are calling for says, for you alone: {text}", respond=True)

    def note(self, text: str, *, respond: bool) -> None:
        """Tell the AI what happened beside the talk, and ask for an answer if ``respond``."""
        note = voice_agent.PastTurn(speaker=voice_agent.PastSpeaker.NOTE, text=text)
        self._talk.turns.append(note)
        if respond:
            self.respond()

    def tool_result(self, tool_call_id: str, output: dict[str, Any], *, respond: bool) -> None:
        """Give a function's result, and ask for an answer if ``respond``."""
        for place, turn in enumerate(self._talk.turns):
            if isinstance(turn, ToolTurn) and turn.call_id == tool_call_id:
                words = msgspec.json.encode(output).decode()
                self._talk.turns[place] = replace(turn, output=words)
        if respond:
            self.respond()

    def interrupt(self, heard: Sequence[Heard], *, cancel: bool) -> None:
        """Stop the present answer, and keep of what was said what was heard."""
        self._cut = True
        if cancel:
            self._wishes.clear()
        for part in heard:
            if part.key in self._talk.spoken:
                place, text = self._talk.spoken[part.key]
                self._talk.turns[place] = _agent(cut_text(text, heard_fraction(part, text)))

    def ask_again(self) -> None:
        """Nothing: what is slow here would be as slow again."""

    def probe(self) -> None:
        """Nothing: there is no provider."""

    def usage(self) -> voice_agent.VoiceUsage:
        """It costs nothing."""
        return voice_agent.VoiceUsage()

    def _heard(self, event: voice_agent.VoiceEvent) -> None:
        if isinstance(event, voice_agent.CallerSpeechStarted):
            self._speaks = True
        elif isinstance(event, voice_agent.CallerSpeechStopped):
            self._speaks = False
            turn = bytes(self._turn)
            self._turn.clear()
            if self._nursery is not None:
                self._nursery.start(self._understand(event.item_id, turn), name="understand")
        self._tell(event)

    async def _understand(self, item_id: str, turn: bytes) -> None:
        text = await self._parts.ears.transcribe(turn)
        if text:
            said = voice_agent.PastTurn(speaker=voice_agent.PastSpeaker.CALLEE, text=text)
            self._talk.turns.append(said)
        self._tell(voice_agent.CallerTranscript(item_id=item_id, text=text))
        if self._automatic and text:
            self.respond()

    def _wish(self, wish: _Wish) -> None:
        self._wishes.append(wish)
        self._wished.set()

    async def _work(self) -> None:
        while True:
            await self._wished.wait()
            self._wished.clear()
            while self._wishes:
                await self._answer(self._wishes.popleft())

    async def _answer(self, wish: _Wish) -> None:
        self._numbers += 1
        self._cut = False
        response_id = f"answer-{self._numbers}"
        self._tell(voice_agent.ResponseStarted(response_id=response_id, tag=wish.tag))
        status = "completed"
        try:
            moves: Sequence[Saying | ToolWish] = (
                await self._parts.mind.answer(self._config, tuple(self._talk.turns))
                if wish.text is None
                else [Saying(text=wish.text)]
            )
            for number, move in enumerate(moves):
                if not self._cut:
                    await self._move(response_id, number, move)
        except OpenDeepError as error:
            log.warning("cascade_failed", reason=error.message)
            status = "failed"
        if self._cut:
            status = "cancelled"
        self._tell(voice_agent.ResponseEnded(response_id=response_id, status=status, tag=wish.tag))

    async def _move(self, response_id: str, number: int, move: Saying | ToolWish) -> None:
        item_id = f"{response_id}.{number}"
        if isinstance(move, ToolWish):
            call = ToolTurn(call_id=f"call-{item_id}", name=move.name, arguments=move.arguments)
            self._talk.turns.append(call)
            self._tell(
                voice_agent.ToolRequested(
                    response_id=response_id,
                    tool_call_id=call.call_id,
                    name=move.name,
                    arguments=msgspec.json.encode(move.arguments).decode(),
                )
            )
            return
        key = PartKey(item_id, 0)
        self._talk.spoken[key] = (len(self._talk.turns), move.text)
        self._talk.turns.append(_agent(move.text))
        self._tell_words(item_id, move.text, final=False)
        async for mulaw in self._parts.mouth.speak(move.text):
            if self._cut:
                return
            self._tell(
                voice_agent.AgentAudio(
                    response_id=response_id,
                    item_id=item_id,
                    content_index=0,
                    mulaw=mulaw,
                    received_ms=len(mulaw) / pcm.MULAW_BYTES_PER_MS,
                )
            )
        self._tell_words(item_id, move.text, final=True)
        self._tell(
            voice_agent.AgentAudioDone(response_id=response_id, item_id=item_id, content_index=0)
        )

    def _tell_words(self, item_id: str, text: str, *, final: bool) -> None:
        self._tell(
            voice_agent.AgentTranscript(item_id=item_id, content_index=0, text=text, final=final)
        )

    def _part_failed(self, _name: str, _error: BaseException) -> None:
        self._tell(voice_agent.VoiceFailed(reason="a part of the voice failed", retryable=True))

    def _tell(self, event: voice_agent.VoiceEvent) -> None:
        if self._listener is not None:
            self._listener(event)
