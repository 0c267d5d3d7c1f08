"""One conversation: what follows from what is heard, said, asked and from the passing of time.

Synchronous and without I/O of its own: voice events and ticks come in; what needs waiting (tools,
rows, commands) is handed to the :class:`DialogueHost`. The one place that decides that a call
should end; the first cause wins. Times are ms since the answer.
"""

import weakref
from typing import Any, Final

import structlog

from opendeep.audio_processing_service import voice_agent
from opendeep.audio_processing_service.barge_in import FloorAction
from opendeep.audio_processing_service.call_sound import LOOK_FRAMES, CallSound
from opendeep.audio_processing_service.conversation import Conversation
from opendeep.audio_processing_service.dialogue_host import AnswerInMaking, DialogueHost
from opendeep.audio_processing_service.ending import CallEnding
from opendeep.audio_processing_service.floor import Floor
from opendeep.audio_processing_service.hold import Hold, HoldAction
from opendeep.audio_processing_service.holding import BesideTalk
from opendeep.audio_processing_service.opting_out import NOTE, OptingOut
from opendeep.audio_processing_service.overture import Overture
from opendeep.audio_processing_service.phrases import Phrases, phrases_for
from opendeep.audio_processing_service.playout import PartKey
from opendeep.audio_processing_service.silence import LineState, SilenceAction, SilenceRule
from opendeep.audio_processing_service.voice_gaps import TalkParts, VoiceGaps
from opendeep.common.data_models import CallCause
from opendeep.common.ports import CallMediaConfig

log = structlog.get_logger(__name__)

_VOICE_READY_MS: Final = 4000
_NEVER_TOO_LATE: Final = frozenset({"mark_do_not_call", "note_fact"})
_GOODBYE, _HOLD, _STILL_THERE = "goodbye", "hold", "still-there"


class Dialogue:
    """The conversation of one call.

    Args:
        config: what the call is about.
        sound: its audio.
        host: does what needs waiting.

    Attributes:
        gaps: what is done while the voice AI is slow, stuck or gone.
    """

    def __init__(self, config: CallMediaConfig, sound: CallSound, host: DialogueHost) -> None:
        self._config = config
        self._sound = sound
        self._host = host
        self._voice: voice_agent.SteadyVoice | None = None
        self._floor = Floor(sound)
        self._overture = Overture(config, sound, host, weakref.proxy(self))
        self._silence = SilenceRule()
        self._transcript = Conversation()
        self._answer = AnswerInMaking()
        self._ending = CallEnding()
        self._beside = BesideTalk(sound.playout)
        self._hold = Hold(sound)
        self._opting_out = OptingOut()
        opening = self._overture.opening
        talk = TalkParts(self._floor, opening, self._hold, self._beside, self._transcript)
        self.gaps = VoiceGaps(talk, sound, host, config.language, weakref.proxy(self))

    @property
    def _phrases(self) -> Phrases:
        return phrases_for(self._config.language)

    @property
    def awaits_callee(self) -> bool:
        """Whether the text of something that the callee said is still to come."""
        awaited = self._floor.callee_speaks or self._transcript.awaits_callee
        return awaited and self._voice is not None

    def voice_ready(self, voice: voice_agent.SteadyVoice, offset_ms: int) -> None:
        """Begin to talk; ``offset_ms`` is where in the call the voice session's audio begins."""
        self._voice = voice
        self._overture.voice_ready(voice)
        self._hold.offset_ms = offset_ms

    def on_voice_event(self, event: voice_agent.VoiceEvent) -> None:
        """Take an event of the voice AI; none after :meth:`close`, when the host may be gone."""
        if not self._ending.closed:
            self._take(event)

    def _take(self, event: voice_agent.VoiceEvent) -> None:
        if isinstance(event, voice_agent.AgentAudio):
            self._agent_audio(event)
            return
        match event:
            case voice_agent.AgentAudioDone():
                self._sound.playout.complete(PartKey(event.item_id, event.content_index))
            case voice_agent.AgentTranscript():
                key = PartKey(event.item_id, event.content_index)
                self._transcript.agent_text(key, event.text, final=event.final)
            case voice_agent.ResponseStarted() | voice_agent.ResponseEnded():
                self._response(event)
            case voice_agent.CallerSpeechStarted() | voice_agent.CallerSpeechStopped():
                self._callee_turn(event)
            case voice_agent.CallerTranscript():
                self._callee_said(event)
            case voice_agent.ToolRequested():
                if not self._ending.decided or event.name in _NEVER_TOO_LATE:
                    spoke = self._answer.spoke and event.response_id == self._answer.response_id
                    self._host.run_tool(event, spoke=spoke)
            case voice_agent.VoiceFailed():
                self.apologise(event.reason)
            case _:
                self.gaps.session_event(event, self._voice, making=self._answer.making)
        self._give_out_lines(self._host.now_ms())

    def frame_played(self) -> None:
        """Look at what the frame that was just taken began or ended."""
        if self._floor.undecided:
            self._change_floor(self._floor.frame(self._host.now_ms()))
        playout = self._sound.playout
        if not playout.news:
            return
        now_ms = self._host.now_ms()
        for key in playout.take_started():
            self._transcript.agent_started(key, now_ms)
            self._overture.started(key, now_ms)
        for heard in playout.take_finished():
            self._transcript.agent_finished(heard, now_ms)
            self._overture.heard(heard)
        self._give_out_lines(now_ms)

    def tick(self) -> None:
        """Let time pass; call it every ``look_frames`` of the sound while Asterisk is connected."""
        now_ms = self._host.now_ms()
        self._floor.settle(talking=self._talking())
        self._overture.look(now_ms)
        self._give_out_lines(now_ms)
        if self.gaps.look(self._voice, now_ms, leaving=self._ending.decided):
            self._ending.goodbye = False
        if self._ending.decided:
            if self._ending.due(now_ms, talking=self._talking()):
                self.end(CallCause.AI_HUNG_UP, "")
        elif self._sound.ear.fax:
            self.end(CallCause.FAX, "a fax tone")
        elif now_ms >= self._config.max_seconds * 1000:
            self.say_goodbye(CallCause.TIME_LIMIT, self._phrases.goodbye_time)
        elif self._voice is not None:
            self._let_time_pass(self._voice, now_ms)
        elif now_ms >= _VOICE_READY_MS:
            self.apologise("the voice AI was not ready at the answer")

    def end(self, cause: CallCause, reason: str) -> None:
        """Have the call ended now; the first cause that was named counts."""
        ending = self._ending
        ending.decide(cause, reason, self._host.now_ms())
        if not ending.told and ending.cause is not None:
            ending.told = True
            self._host.request_end(ending.cause, ending.reason)

    def end_when_played(self, cause: CallCause, reason: str) -> None:
        """Have the call ended once everything that was said has been played (10 s at most)."""
        self._floor.release()
        if self._ending.decide(cause, reason, self._host.now_ms()) and self._voice is not None:
            self._voice.answer_turns(automatic=False)

    def say_goodbye(self, cause: CallCause, words: str) -> None:
        """Stop whatever is said, take leave, and have the call ended."""
        if self._ending.decided:
            return
        if self._voice is None:
            self.end(cause, "no voice to say goodbye with")
            return
        self._stop_talking(cancel=True)
        self.end_when_played(cause, "said goodbye")
        self._ending.goodbye = True
        self._voice.say(words, tag=_GOODBYE)

    def apologise(self, reason: str) -> None:
        """Have the call ended because there is no voice; a callee who is there is told so."""
        self._host.log_event("voice_failed", reason=reason)
        self._ending.goodbye = False
        if self._ending.decided:  # Words of leave that wait to be played are.
            return
        if not self._sound.frames_out:
            self.end(CallCause.AI_FAILED, reason)
            return
        self._stop_talking(cancel=True)
        self.end_when_played(CallCause.AI_FAILED, reason)
        self.gaps.play_apology()

    def callee_pressed(self, digit: str) -> None:
        """Note a key that the callee pressed."""
        self.note(f"The callee pressed {digit}.")
        self._beside.keypad.press(digit, self._host.now_ms())

    def begin_talk(self) -> None:
        """Let the AI talk: the callee has heard what they have to."""
        self._silence.expect_continuation()
        if self._voice is not None and not (self._ending.decided or self._beside.waits):
            self._voice.answer_turns(automatic=True)

    def break_off(self) -> None:
        """Play nothing more of an answer that was not finished."""
        self._stop_talking(cancel=False)

    def keys_sent(self, keys: str) -> None:
        """Note keys that were pressed for the AI."""
        self.note(f"The AI pressed {keys}.")
        self._overture.keys_pressed(keys)

    def note(self, text: str) -> None:
        """Add a system line to the transcript."""
        self._transcript.system(text, self._host.now_ms())
        self._give_out_lines(self._host.now_ms())

    def ask_to_hold(self) -> None:
        """Tell the callee that something takes a moment."""
        if self._voice is not None:
            self._voice.say(self._phrases.please_hold, tag=_HOLD)

    def hold(self) -> None:
        """Ask the callee to wait while another line is tried, and be quiet."""
        if self._voice is not None and not self._ending.decided:
            self._stop_talking(cancel=True)
            self._beside.hold(self._voice, self._phrases)

    @property
    def hold_heard(self) -> bool:
        """Whether the callee was asked to wait, or cannot be."""
        return self._beside.told and not self._talking()

    def resume(self, text: str) -> None:
        """Go on with a callee who waited in vain; ``text`` says why."""
        if self._voice is not None and not self._ending.decided:
            self._beside.resume(self._voice, self._phrases, text, answer=self._overture.done)

    def hint(self, text: str) -> None:
        """Pass on what the user typed; it becomes part of the transcript."""
        self.note(f"The user said to the AI: {text}")
        if self._voice is not None and not self._ending.decided:
            self._voice.hint(text)

    def tool_result(self, tool_call_id: str, output: dict[str, Any], *, respond: bool) -> None:
        """Give a function's result to the AI."""
        if self._voice is not None:
            wanted = respond and not self._ending.decided
            self._voice.tool_result(tool_call_id, output, respond=wanted)

    def line_closed(self) -> None:
        """Note that Asterisk is gone: what was not played was not heard."""
        self._ending.decide(CallCause.CALLEE_HUNG_UP, "", self._host.now_ms())
        self._ending.told = True
        self._stop_talking(cancel=True)
        if self._voice is not None:
            self._voice.answer_turns(automatic=False)
        self._give_out_lines(self._host.now_ms())

    def close(self) -> None:
        """Give out the last lines."""
        self._ending.closed = True
        self._give_out_lines(self._host.now_ms(), last=True)

    def _give_out_lines(self, now_ms: int, *, last: bool = False) -> None:
        for line in self._transcript.take_lines(now_ms, last=last):
            self._host.store(line)

    def _agent_audio(self, event: voice_agent.AgentAudio) -> None:
        key = self._answer.part_of(event)
        if event.response_id == self._answer.response_id:
            self._answer.spoke = True
            self._overture.audio(key, self._answer.tag)
        if not self._sound.playout.add(key, event.mulaw, event.received_ms):
            log.warning("playout_full")

    def _response(self, event: voice_agent.ResponseStarted | voice_agent.ResponseEnded) -> None:
        if isinstance(event, voice_agent.ResponseStarted):
            too_soon = self._floor.answers_too_soon(self._host.now_ms(), talking=self._talking())
            if too_soon and event.tag is None and self._voice is not None:
                self._voice.interrupt([], cancel=False)
                return
            self._answer = AnswerInMaking(response_id=event.response_id, tag=event.tag, making=True)
            if self._ending.decided and event.tag != _GOODBYE and self._voice is not None:
                self._voice.interrupt([], cancel=True)
            return
        if event.response_id == self._answer.response_id:
            self._answer.making = False
        self._beside.response_ended(event.tag)
        if event.tag == _GOODBYE:
            self._ending.goodbye = False
        self._overture.response_ended(event.tag, spoke=self._answer.spoke)
        if self.gaps.answer_ended(event):
            self.apologise("the voice AI failed to answer")

    def _callee_turn(
        self, event: voice_agent.CallerSpeechStarted | voice_agent.CallerSpeechStopped
    ) -> None:
        now_ms = self._host.now_ms()
        at_ms = min(event.at_ms + self._hold.offset_ms, now_ms)
        if isinstance(event, voice_agent.CallerSpeechStarted):
            self._overture.callee_started()
            action = self._floor.started(
                event.item_id, talking=self._talking(), making=self._answer.making
            )
            self._change_floor(action)
            self._transcript.callee_started(event.item_id, at_ms)
        else:
            self._overture.callee_stopped()
            self._floor.stopped(event.item_id, now_ms, making=self._answer.making)
            self._transcript.callee_stopped(event.item_id, at_ms)

    def _callee_said(self, event: voice_agent.CallerTranscript) -> None:
        now_ms = self._host.now_ms()
        self._transcript.callee_said(event.item_id, event.text, now_ms)
        self._overture.listen(event.text)
        self._heed(event.text)
        if self._floor.undecided:
            greeting = not self._overture.done
            self._change_floor(self._floor.said(event.item_id, event.text, greeting=greeting))
            # A murmur may have been the answer to what the AI went on to ask.
            self._silence.expect_continuation()
        action = self._hold.said(event.text, in_talk=self._overture.done)
        if self._voice is not None and not self._held(action, self._voice, now_ms):
            self._overture.callee_said(event.text)

    def _heed(self, text: str) -> None:
        """Note a wish not to be called again; the AI apologises, where it may speak already."""
        if not self._opting_out.said(text, self._host.now_ms()):
            return
        self._host.opted_out(text)
        if not self._overture.done:
            self.say_goodbye(CallCause.AI_HUNG_UP, self._phrases.opted_out)
        elif self._voice is not None:
            self._voice.note(NOTE, respond=False)

    def _change_floor(self, action: FloorAction) -> None:
        """Give way to the callee where that was decided."""
        if action is FloorAction.NONE or self._ending.decided:
            return
        self._stop_talking(cancel=False)
        if action is FloorAction.ANSWER and self._overture.done and self._voice is not None:
            self._voice.respond()

    def _stop_talking(self, *, cancel: bool) -> None:
        """Play nothing more; take what was not heard out of the AI's memory and the transcript."""
        now_ms = self._host.now_ms()
        self._floor.release()
        heard = self._sound.playout.interrupt()
        if self._voice is not None and (heard or self._answer.making):
            self._voice.interrupt(heard, cancel=cancel)
        self._answer.making = False
        for part in heard:
            self._transcript.agent_cut(part, now_ms)
            self._overture.heard(part)

    def _held(self, action: HoldAction, voice: voice_agent.VoiceAgent, now_ms: int) -> bool:
        """Follow what was decided about a hold; return whether the call is on hold."""
        if action is HoldAction.GIVE_UP:
            self.end(CallCause.SILENCE, "on hold for too long")
        elif action is HoldAction.BEGIN and not self._hold.active:
            self._stop_talking(cancel=True)
        event = self._hold.follow(action, voice, self._overture.opening, now_ms)
        if event is not None:
            self._host.log_event(event)
        if event == "hold_ended":
            self._overture.line_changed()
        return self._hold.active

    def _let_time_pass(self, voice: voice_agent.VoiceAgent, now_ms: int) -> None:
        if self._opting_out.overdue(now_ms):  # Whoever said so may have put us on hold for good.
            self.say_goodbye(CallCause.AI_HUNG_UP, self._phrases.opted_out)
            return
        talking = self._talking()
        if self._held(self._hold.look(now_ms, talking=talking), voice, now_ms):
            return
        self._beside.tell_keys(voice, now_ms, answer=self._overture.done)
        if not self._overture.done:
            self._overture.tick(now_ms)
            return
        if talking and not self._hold.doubtful:  # Who interrupts the AI is heard by the frame.
            self._sound.look_frames = 2 * LOOK_FRAMES
        asking = self._host.asking_user()
        busy = talking or self._floor.callee_speaks
        if self._beside.keep_warm(now_ms, asking=asking, busy=busy):
            voice.say(self._phrases.still_checking, tag=_HOLD)
        line = LineState(
            ai_busy=talking or asking or self.gaps.busy,
            callee_speaks=self._floor.callee_speaks,
            level_dbfs=self._sound.ear.level_dbfs,
        )
        match self._silence.observe(line, now_ms):
            case SilenceAction.NONE:
                pass
            case SilenceAction.CONTINUE:
                voice.respond()
            case SilenceAction.ASK:
                voice.say(self._phrases.still_there, tag=_STILL_THERE)
            case SilenceAction.GIVE_UP:
                self.say_goodbye(CallCause.SILENCE, self._phrases.goodbye_silence)

    def _talking(self) -> bool:
        return self._answer.making or not self._sound.playout.drained
