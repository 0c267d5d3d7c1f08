"""What a Realtime session means for a call: server events in, voice events and client events out.

Sans-IO: ``receive`` takes whole messages; what must be sent goes through the ``send`` callable. The
session decides which audio may be played (only that of the answer being made, never of one that
was interrupted or that nobody knows), takes each function call once, and classes errors by code.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Final, Literal, assert_never

import msgspec
import structlog

from opendeep.audio_processing_service import realtime_events as events
from opendeep.audio_processing_service import realtime_protocol as wire
from opendeep.audio_processing_service import voice_agent
from opendeep.audio_processing_service.playout import Heard, PartKey
from opendeep.audio_processing_service.realtime_cost import CostMeter
from opendeep.audio_processing_service.response_gate import PLAIN, ResponseGate, Wish
from opendeep.audio_processing_service.voice_codec import CallerEncoder, SpeechDecoder

log = structlog.get_logger(__name__)

_DONE_KEPT: Final = 8
_ROLES: Final[dict[voice_agent.PastSpeaker, Literal["system", "user", "assistant"]]] = {
    voice_agent.PastSpeaker.AGENT: "assistant",
    voice_agent.PastSpeaker.CALLEE: "user",
    voice_agent.PastSpeaker.NOTE: "system",
}


class ErrorClass(Enum):
    """What an error of the provider means for the session."""

    BENIGN = "benign"
    BUG = "bug"
    RETRY = "retry"
    FATAL = "fatal"


ACTIVE_RESPONSE: Final = "conversation_already_has_active_response"
ERROR_CLASSES: Final = {
    ACTIVE_RESPONSE: ErrorClass.BENIGN,
    "response_cancel_not_active": ErrorClass.BENIGN,
    "input_audio_buffer_commit_empty": ErrorClass.BENIGN,
    "rate_limit_exceeded": ErrorClass.RETRY,
    "inference_rate_limit_exceeded": ErrorClass.RETRY,
    "server_error": ErrorClass.RETRY,
    "session_expired": ErrorClass.FATAL,
    "insufficient_quota": ErrorClass.FATAL,
    "billing_hard_limit_reached": ErrorClass.FATAL,
    "account_deactivated": ErrorClass.FATAL,
    "invalid_api_key": ErrorClass.FATAL,
    "model_not_found": ErrorClass.FATAL,
    "beta_api_shape_disabled": ErrorClass.FATAL,
}


def error_class(error: events.ErrorDetail) -> ErrorClass:
    """Class an error by its code, else by its type; what is unknown is taken for our bug."""
    for word in (error.code, error.type):
        if word is not None and word in ERROR_CLASSES:
            return ERROR_CLASSES[word]
    return ErrorClass.BUG


class RealtimeSession:
    """The conversation's state on our side.

    Args:
        send: puts a client event on the wire.
        listener: takes voice events.
        meter: counts usage.
        unix_seconds: tells the wall clock, by which the provider says when the session ends.

    Attributes:
        encoder: makes the callee's audio what the server wants to hear.
        ready: whether the first ``session.updated`` came.
        refusal: the error that came before that, or None.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        listener: voice_agent.VoiceListener,
        meter: CostMeter,
        unix_seconds: Callable[[], float],
    ) -> None:
        self._send = send
        self._emit = listener
        self._meter = meter
        self._gate = ResponseGate(send)
        self._unix_seconds = unix_seconds
        self._decoder = SpeechDecoder()
        self.encoder = CallerEncoder()
        self._muted: str | None = None
        self._open_parts: list[PartKey] = []
        self._last_part = PartKey("", 0)
        self._tool_calls: set[str] = set()
        self._ended: list[str] = []
        self.ready = False
        self.refusal: events.ErrorDetail | None = None
        self.failed = False

    def receive(self, message: bytes) -> None:
        """Take one whole message.

        Raises:
            WireProtocolError: the server sent junk; the session cannot go on.
        """
        event = wire.parse_server_event(message)
        if self.failed:
            return
        if type(event) is events.AudioDelta:
            self._audio(event)
        elif event is not None:
            self._handle(event)

    @property
    def doubts_configuration(self) -> bool:
        """Whether the configuration was refused for something in it."""
        return self.refusal is not None and error_class(self.refusal) is ErrorClass.BUG

    def say(self, text: str, tag: str) -> None:
        """Speak a fixed text; its double quotes are left out, since they delimit it."""
        words = text.replace('"', "")
        instructions = f'Say exactly the following words and nothing else: "{words}"'
        self._gate.wish(Wish(tag=tag, instructions=instructions))

    def respond(self) -> None:
        """Ask for an answer."""
        self._gate.wish(PLAIN)

    def hint(self, text: str) -> None:
        """Add the user's words and ask for an answer."""
        note = f"The user you are calling for says, for you alone: {text}"
        self._send(wire.create_message("system", note))
        self._gate.wish(PLAIN)

    def note(self, text: str, *, respond: bool) -> None:
        """Add what happened, and ask for an answer if ``respond``."""
        self._send(wire.create_message("system", text))
        if respond:
            self._gate.wish(PLAIN)

    def tool_result(self, tool_call_id: str, output: dict[str, Any], *, respond: bool) -> None:
        """Give a function's result."""
        text = msgspec.json.encode(output).decode("utf-8")
        self._send(wire.create_function_output(tool_call_id, text))
        if respond:
            self._gate.wish(PLAIN)

    def answer_turns(self, *, automatic: bool) -> None:
        """Switch the server's own answers on or off."""
        self._gate.set_automatic(automatic=automatic)
        self._update_turn_taking()

    def _update_turn_taking(self) -> None:
        self._send(
            wire.turn_taking_update(
                create_response=self._gate.automatic,
                input_format=self.encoder.format,
                output_format=self._decoder.format,
            )
        )

    def probe(self) -> None:
        """Have the server confirm something."""
        self._update_turn_taking()

    def ask_again(self) -> None:
        """Give up the answer that does not come, and ask for it anew."""
        self._mute()
        self._gate.ask_again()

    def remember(self, history: Sequence[voice_agent.PastTurn]) -> None:
        """Add what was said before this session."""
        for turn in history:
            self._send(wire.create_message(_ROLES[turn.speaker], turn.text))

    def interrupt(self, heard: Sequence[Heard], *, cancel: bool) -> None:
        """Take unheard words out of the conversation; play nothing more of the present answer."""
        self._mute()
        if cancel:
            self._gate.forget()
        for part in heard:
            if part.heard_ms <= 0:
                self._send(wire.delete_item(part.item_id))
            else:
                self._send(wire.truncate_item(part.item_id, part.content_index, part.heard_ms))

    def _mute(self) -> None:
        active = self._gate.active
        if active is not None and active != self._muted:
            self._muted = active
            self._open_parts.clear()
            self._decoder.drop()
            # The server is told not to do so by itself: what takes the floor is decided here.
            self._send(wire.cancel_response(active))

    def _handle(self, event: events.ServerEvent) -> None:
        match event:
            case events.AudioDelta():
                self._audio(event)
            case events.AudioDone() | events.AudioTranscriptDelta() | events.AudioTranscriptDone():
                self._part_event(event)
            case events.ResponseCreated() | events.ResponseDone() | events.OutputItemDone():
                self._response_event(event)
            case events.SpeechStarted() | events.SpeechStopped():
                self._turn_event(event)
            case events.TranscriptionCompleted():
                text = event.transcript.strip()
                self._emit(voice_agent.CallerTranscript(item_id=event.item_id, text=text))
            case events.TranscriptionFailed():
                self._emit(voice_agent.CallerTranscript(item_id=event.item_id, text=""))
            case events.SessionCreated() | events.SessionUpdated():
                self._session_event(event)
            case events.ErrorEvent():
                self._error(event.error)
            case _:
                assert_never(event)

    def _session_event(self, event: events.SessionCreated | events.SessionUpdated) -> None:
        if isinstance(event, events.SessionCreated):
            if event.session.expires_at is not None:
                seconds = event.session.expires_at - self._unix_seconds()
                self._emit(voice_agent.SessionEnds(in_seconds=seconds))
            return
        self._decoder.choose(event.session.output_format)
        self.encoder.choose(event.session.input_format)
        if self.ready:
            self._emit(voice_agent.SignOfLife())
        self.ready = True

    def _turn_event(self, event: events.SpeechStarted | events.SpeechStopped) -> None:
        # The gate hears of the stop last: the listener may have something to say first.
        if isinstance(event, events.SpeechStarted):
            self._gate.speech_started()
            at_ms = event.audio_start_ms
            self._emit(voice_agent.CallerSpeechStarted(item_id=event.item_id, at_ms=at_ms))
        else:
            at_ms = event.audio_end_ms
            self._emit(voice_agent.CallerSpeechStopped(item_id=event.item_id, at_ms=at_ms))
            self._gate.speech_stopped()

    def _audible(self, response_id: str) -> bool:
        return response_id == self._gate.active and response_id != self._muted

    def _audio(self, event: events.AudioDelta) -> None:
        response_id = event.response_id
        if response_id != self._gate.active or response_id == self._muted:
            return
        part = self._last_part
        if event.item_id != part.item_id or event.content_index != part.content_index:
            part = self._last_part = PartKey(event.item_id, event.content_index)
        mulaw, received_ms = self._decoder.decode(part, event.delta)
        parts = self._open_parts
        if not (parts and parts[-1] is part) and part not in parts:
            parts.append(part)
        self._emit(
            voice_agent.AgentAudio(
                response_id=response_id,
                item_id=event.item_id,
                content_index=event.content_index,
                mulaw=mulaw,
                received_ms=received_ms,
            )
        )

    def _emit_audio(self, response_id: str, part: PartKey, mulaw: bytes, ms: float) -> None:
        self._emit(
            voice_agent.AgentAudio(
                response_id=response_id,
                item_id=part.item_id,
                content_index=part.content_index,
                mulaw=mulaw,
                received_ms=ms,
            )
        )

    def _part_event(
        self, event: events.AudioDone | events.AudioTranscriptDelta | events.AudioTranscriptDone
    ) -> None:
        if not self._audible(event.response_id):
            return
        part = PartKey(event.item_id, event.content_index)
        if isinstance(event, events.AudioDone):
            self._close_part(event.response_id, part)
            return
        final = isinstance(event, events.AudioTranscriptDone)
        text = event.transcript if isinstance(event, events.AudioTranscriptDone) else event.delta
        self._emit(
            voice_agent.AgentTranscript(
                item_id=part.item_id, content_index=part.content_index, text=text, final=final
            )
        )

    def _close_part(self, response_id: str, part: PartKey) -> None:
        if part not in self._open_parts:
            return
        self._open_parts.remove(part)
        tail = self._decoder.finish()
        if tail:
            self._emit_audio(response_id, part, tail, 0.0)
        self._emit(
            voice_agent.AgentAudioDone(
                response_id=response_id, item_id=part.item_id, content_index=part.content_index
            )
        )

    def _response_event(
        self, event: events.ResponseCreated | events.ResponseDone | events.OutputItemDone
    ) -> None:
        match event:
            case events.ResponseCreated():
                self._response_created(event.response)
            case events.ResponseDone():
                self._response_done(event.response)
            case events.OutputItemDone():
                self._tool_call(event)

    def _response_created(self, response: events.Response) -> None:
        response_id = response.id or ""
        beside = response.conversation_id is None and not self._gate.expects
        if beside or response_id == self._gate.active:
            return  # out of the conversation, or told twice
        self._gate.created(response_id, response.metadata)
        self._decoder.choose(response.output_format)
        self._emit(voice_agent.ResponseStarted(response_id=response_id, tag=self._gate.tag))

    def _response_done(self, response: events.Response) -> None:
        response_id = response.id or ""
        if response_id in self._ended:
            return
        self._ended.append(response_id)
        del self._ended[:-_DONE_KEPT]
        self._meter.add(response.usage)
        tag = self._gate.tag if response_id == self._gate.active else None
        if self._audible(response_id):
            for part in list(self._open_parts):
                self._close_part(response_id, part)
        self._log_failure(response)
        status = response.status or "completed"
        self._emit(voice_agent.ResponseEnded(response_id=response_id, status=status, tag=tag))
        self._gate.done(response_id)
        details = response.status_details
        if details is not None and details.error is not None:
            self._fail_if_fatal(details.error)

    def _log_failure(self, response: events.Response) -> None:
        if response.status in {"failed", "incomplete"}:
            details = response.status_details
            error = details.error if details is not None else None
            log.warning(
                "voice_response_failed",
                status=response.status,
                reason=details.reason if details is not None else None,
                code=error.code if error is not None else None,
            )

    def _tool_call(self, event: events.OutputItemDone) -> None:
        item = event.item
        if item.type != "function_call" or item.status not in {None, "completed"}:
            return
        if not item.call_id or item.call_id in self._tool_calls:
            return
        self._tool_calls.add(item.call_id)
        self._emit(
            voice_agent.ToolRequested(
                response_id=event.response_id,
                tool_call_id=item.call_id,
                name=item.name or "",
                arguments=item.arguments or "{}",
            )
        )

    def _error(self, error: events.ErrorDetail) -> None:
        kind = error_class(error)
        log.info("voice_error_event", code=error.code, type=error.type, error_class=kind.value)
        if not self.ready and self.refusal is None:
            self.refusal = error
        if error.code == ACTIVE_RESPONSE:
            self._gate.refused()
        elif kind is not ErrorClass.FATAL and self._gate.asked(error.event_id):
            # The wish is gone: its owner hears so, and may wish anew.
            tag = self._gate.dropped()
            self._emit(voice_agent.ResponseEnded(response_id="", status="failed", tag=tag))
        self._fail_if_fatal(error)

    def _fail_if_fatal(self, error: events.ErrorDetail) -> None:
        if self.ready and error_class(error) is ErrorClass.FATAL:
            reason = f"The voice service ended the session: {error.code or error.type}."
            self.fail(reason, retryable=error.code == "session_expired")

    def fail(self, reason: str, *, retryable: bool = False) -> None:
        """End the session; the listener hears it once."""
        if not self.failed:
            self.failed = True
            self._emit(voice_agent.VoiceFailed(reason=reason, retryable=retryable))
