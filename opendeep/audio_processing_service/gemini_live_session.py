"""What a Gemini Live session means for a call: server messages in, voice events and messages out.

Sans-IO. Gemini has neither ids for its answers nor events for the caller's turns, answers every
turn by itself, and takes words and wishes as turns of the user. So answers are numbered here; the
caller's turns are heard by an ear of our own; an answer that nobody wanted (before the disclosure,
or after an interruption) is not told; and one wish at a time is sent, between two answers.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from opendeep.audio_processing_service import gemini_live_protocol as wire
from opendeep.audio_processing_service import voice_agent
from opendeep.audio_processing_service.caller_ear import CallerEar
from opendeep.audio_processing_service.playout import PartKey
from opendeep.audio_processing_service.realtime_cost import CostMeter
from opendeep.audio_processing_service.realtime_events import (
    CachedTokens,
    InputTokens,
    OutputTokens,
    Usage,
)
from opendeep.audio_processing_service.voice_codec import PCM, SpeechDecoder

_ROLES: Final = {
    voice_agent.PastSpeaker.AGENT: "model",
    voice_agent.PastSpeaker.CALLEE: "user",
    voice_agent.PastSpeaker.NOTE: "user",
}
_MOST_WISHES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """Something to be told to the model between two answers; ``text`` None: go on."""

    text: str | None = None
    tag: str | None = None
    respond: bool = True


_PLAIN: Final = _Wish()


@dataclass(slots=True, kw_only=True)
class _Answer:
    """The answer that is being made."""

    id: str
    wish: _Wish | None
    muted: bool
    text: str = ""
    heard: bool = False

    @property
    def tag(self) -> str | None:
        """The tag of the wish, or None."""
        return None if self.wish is None else self.wish.tag


class GeminiLiveSession:
    """The conversation's state on our side.

    Args:
        send: puts a message on the wire.
        listener: takes voice events.
        meter: counts usage.

    Attributes:
        ready: whether the setup was confirmed.
        resume_handle: with which another connection may take over.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        listener: voice_agent.VoiceListener,
        meter: CostMeter,
    ) -> None:
        self._send = send
        self._emit = listener
        self._meter = meter
        self._decoder: SpeechDecoder | None = None
        self._ear = CallerEar(listener)
        self._wishes: deque[_Wish] = deque(maxlen=_MOST_WISHES)
        self._asked: _Wish | None = None
        self._answer: _Answer | None = None
        self._said: _Answer | None = None
        self._automatic = False
        self._numbers = 0
        self._calls: dict[str, str] = {}
        self.ready = False
        self.resume_handle: str | None = None

    def receive(self, message: bytes) -> None:
        """Take one whole message.

        Raises:
            WireProtocolError: the server sent junk; the session cannot go on.
        """
        told = wire.parse_server_message(message)
        if told.setup_complete is not None:
            self.ready = True
        if told.usage_metadata is not None:
            self._meter.add(usage_of(told.usage_metadata))
        update = told.session_resumption_update
        if update is not None:
            self.resume_handle = update.new_handle if update.resumable else None
        if told.go_away is not None:
            self._emit(voice_agent.SessionEnds(in_seconds=max(told.go_away.seconds, 0.1)))
        if told.tool_call is not None:
            self._tool_calls(told.tool_call)
        if told.server_content is not None:
            self._content(told.server_content)

    # What the call tells.

    def hear(self, mulaw: bytes) -> None:
        """Take the callee's audio, for the beginnings and ends of their turns."""
        self._ear.hear(mulaw)

    def remember(self, history: Sequence[voice_agent.PastTurn]) -> None:
        """Tell the model what was said before this session."""
        if history:
            turns = [(_ROLES[turn.speaker], turn.text) for turn in history]
            self._send(wire.client_content(turns, turn_complete=False))

    def answer_turns(self, *, automatic: bool) -> None:
        """Tell the model's own answers, or not; it makes them in any case."""
        self._automatic = automatic

    def say(self, text: str, tag: str) -> None:
        """Speak a fixed text; its double quotes are left out, since they delimit it."""
        words = text.replace('"', "")
        order = f'Say exactly the following words and nothing else: "{words}"'
        self._wish(_Wish(text=order, tag=tag))

    def respond(self) -> None:
        """Ask for an answer."""
        if _PLAIN not in self._wishes and self._asked is not _PLAIN:
            self._wish(_PLAIN)

    def note(self, text: str, *, respond: bool) -> None:
        """Tell the model something that is not for the callee."""
        self._wish(_Wish(text=f"(For you alone, not said by the callee:) {text}", respond=respond))

    def tool_result(self, call_id: str, output: dict[str, Any], *, respond: bool) -> None:
        """Give a function's result."""
        name = self._calls.get(call_id)
        if name is None:
            return
        if respond and self._asked is None:
            self._asked = _PLAIN  # The model goes on by itself.
        self._send(wire.tool_response(call_id, name, output, respond=respond))

    def interrupt(self, *, cancel: bool) -> None:
        """Tell nothing more of the present answer; the model believes that it was heard."""
        if self._answer is not None:
            self._answer.muted = True
        if cancel:
            self._wishes = deque((w for w in self._wishes if not w.respond), maxlen=_MOST_WISHES)

    def ask_again(self) -> None:
        """Give up the answer that does not come, and ask for it anew."""
        wish = self._asked or (self._answer.wish if self._answer is not None else None) or _PLAIN
        self._end("cancelled")
        self._asked = None
        self._wishes.appendleft(wish)
        self._pump()

    # What the provider tells.

    def _content(self, content: wire.ServerContent) -> None:
        if content.input_transcription is not None:
            self._ear.words(content.input_transcription.text)
        parts = () if content.model_turn is None else content.model_turn.parts
        for part in parts:
            if part.inline_data is not None:
                self._audio(self._begin(), part.inline_data)
        if content.output_transcription is not None:
            # It lags behind the speech, also beyond the end of the generation.
            self._words(self._answer or self._said, content.output_transcription.text)
        if content.interrupted or content.generation_complete or content.turn_complete:
            self._ear.flush()
            self._end("cancelled" if content.interrupted else "completed")
            if content.interrupted or content.turn_complete:
                self._finish_words()
            self._pump()

    def _begin(self) -> _Answer:
        if self._answer is not None:
            return self._answer
        self._ear.flush()
        self._finish_words()
        self._numbers += 1
        wish, self._asked = self._asked, None
        muted = wish is None and not self._automatic
        answer = self._answer = _Answer(id=f"answer-{self._numbers}", wish=wish, muted=muted)
        if not muted:
            self._emit(voice_agent.ResponseStarted(response_id=answer.id, tag=answer.tag))
        return answer

    def _audio(self, answer: _Answer, blob: wire.Blob) -> None:
        if answer.muted:
            return
        if self._decoder is None:
            self._decoder = SpeechDecoder(blob.rate)
            self._decoder.choose(PCM)
        answer.heard = True
        mulaw, ms = self._decoder.decode(PartKey(answer.id, 0), blob.data)
        self._tell_audio(answer, mulaw, ms)

    def _tell_audio(self, answer: _Answer, mulaw: bytes, received_ms: float) -> None:
        self._emit(
            voice_agent.AgentAudio(
                response_id=answer.id,
                item_id=answer.id,
                content_index=0,
                mulaw=mulaw,
                received_ms=received_ms,
            )
        )

    def _words(self, answer: _Answer | None, text: str) -> None:
        if answer is not None and not answer.muted:
            answer.text += text
            self._emit(
                voice_agent.AgentTranscript(
                    item_id=answer.id, content_index=0, text=text, final=False
                )
            )

    def _finish_words(self) -> None:
        said, self._said = self._said, None
        if said is not None and said.heard and not said.muted:
            self._emit(
                voice_agent.AgentTranscript(
                    item_id=said.id, content_index=0, text=said.text, final=True
                )
            )

    def _end(self, status: str) -> None:
        answer, self._answer = self._answer, None
        if answer is None:
            return
        self._said = answer
        tail = b"" if self._decoder is None else self._decoder.finish()
        if answer.heard and not answer.muted:
            if tail:
                self._tell_audio(answer, tail, 0.0)
            done = voice_agent.AgentAudioDone(
                response_id=answer.id, item_id=answer.id, content_index=0
            )
            self._emit(done)
        if answer.wish is not None or not answer.muted:
            ended = voice_agent.ResponseEnded(response_id=answer.id, status=status, tag=answer.tag)
            self._emit(ended)

    def _tool_calls(self, calls: wire.ToolCall) -> None:
        answer = self._begin()
        for call in calls.function_calls:
            if call.id in self._calls:
                continue
            self._calls[call.id] = call.name
            self._emit(
                voice_agent.ToolRequested(
                    response_id=answer.id,
                    tool_call_id=call.id,
                    name=call.name,
                    arguments=msgspec.json.encode(call.args).decode(),
                )
            )
        # The model waits for the results; what it says then is another answer.
        self._end("completed")

    def _wish(self, wish: _Wish) -> None:
        self._wishes.append(wish)
        self._pump()

    def _pump(self) -> None:
        """Send what waits, up to the next wish for an answer: the model takes one at a time."""
        while self._wishes and self._answer is None and self._asked is None:
            wish = self._wishes.popleft()
            turns = [] if wish.text is None else [("user", wish.text)]
            if wish.respond:
                self._asked = wish
            self._send(wire.client_content(turns, turn_complete=wish.respond))


def usage_of(usage: wire.UsageMetadata) -> Usage:
    """Say Gemini's usage in the words of the cost meter; text is all that is not audio."""

    def split(details: Sequence[wire.ModalityTokens]) -> tuple[int, int]:
        audio = sum(entry.token_count for entry in details if entry.modality == "AUDIO")
        return sum(entry.token_count for entry in details) - audio, audio

    text_in, audio_in = split(usage.prompt_tokens_details)
    text_cached, audio_cached = split(usage.cache_tokens_details)
    text_out, audio_out = split(usage.response_tokens_details)
    return Usage(
        input_token_details=InputTokens(
            text_tokens=text_in,
            audio_tokens=audio_in,
            cached_tokens_details=CachedTokens(text_tokens=text_cached, audio_tokens=audio_cached),
        ),
        output_token_details=OutputTokens(text_tokens=text_out, audio_tokens=audio_out),
    )
