"""What the callee hears, and the AI is told, while its voice is slow, stuck or gone."""

from dataclasses import dataclass
from typing import Final, Protocol

from opendeep.audio_processing_service import fixed_words
from opendeep.audio_processing_service.call_sound import CallSound
from opendeep.audio_processing_service.conversation import Conversation
from opendeep.audio_processing_service.dialogue_host import DialogueHost
from opendeep.audio_processing_service.failed_answers import FailedAnswers
from opendeep.audio_processing_service.floor import Floor
from opendeep.audio_processing_service.hold import Hold
from opendeep.audio_processing_service.holding import BesideTalk
from opendeep.audio_processing_service.opening import Opening
from opendeep.audio_processing_service.playout import PartKey
from opendeep.audio_processing_service.voice_agent import (
    PastTurn,
    ResponseEnded,
    SessionEnds,
    SignOfLife,
    SteadyVoice,
    VoiceLost,
    VoiceRestored,
)
from opendeep.audio_processing_service.voice_care import CareAction, VoiceCare, VoiceState

TAKE_OVER: Final = (
    "Your connection to this call was interrupted for a moment. The call goes on: do not greet or "
    "introduce yourself again. You may have missed the callee's last words; if you do not know "
    "what they said, ask them to repeat it."
)

SessionEvent = VoiceLost | VoiceRestored | SignOfLife | SessionEnds


@dataclass(frozen=True, slots=True)
class TalkParts:
    """The parts of a conversation that a change of sessions concerns."""

    floor: Floor
    opening: Opening
    hold: Hold
    beside: BesideTalk
    transcript: Conversation


class Stage(Protocol):
    """The conversation."""

    def break_off(self) -> None:
        """Play nothing more of an answer that was not finished."""
        ...


class VoiceGaps:
    """Bridges the gaps of one call's voice.

    Args:
        talk: the conversation's parts.
        sound: the call's audio.
        host: knows the time and keeps the call's events.
        language: BCP 47 tag of the conversation.
        stage: the conversation; only known weakly, since it owns this.
    """

    def __init__(
        self,
        talk: TalkParts,
        sound: CallSound,
        host: DialogueHost,
        language: str,
        stage: Stage,
    ) -> None:
        self._failures = FailedAnswers()
        self._talk = talk
        self._sound = sound
        self._host = host
        self._language = language
        self._stage = stage
        self._care = VoiceCare()
        self._waits = False
        self._fills = 0

    @property
    def busy(self) -> bool:
        """Whether the callee waits, for the voice AI or for another line."""
        return self._care.trouble or self._talk.beside.waits

    def history(self) -> tuple[PastTurn, ...]:
        """Tell a session that takes over what was said so far."""
        return self._talk.transcript.history()

    def at_rest(self) -> bool:
        """Whether nobody speaks or waits, so that sessions may be exchanged unnoticed."""
        speaks = self._talk.floor.callee_speaks or not self._sound.playout.drained
        return not (speaks or self._host.asking_user() or self._on_hold)

    def look(self, voice: SteadyVoice | None, now_ms: int, *, leaving: bool) -> bool:
        """Let a tenth of a second pass.

        Args:
            voice: the call's voice; None while the first session is awaited.
            now_ms: ms since the answer.
            leaving: the call is being ended; no more is said in place of what does not come.

        Returns:
            Whether words of leave that are still owed should not be waited for.
        """
        action = self._care.look(self._state(voice), now_ms)
        if action is CareAction.FILL and leaving:
            return True
        if action is CareAction.FILL and not self._on_hold:
            self._fills += 1
            self._play(PartKey("moment", self._fills), self._filler())
            self._host.log_event("gap_filled")
        if voice is None or leaving:
            return False
        if self._failures.retry_is_due(now_ms) and not self._on_hold:
            voice.respond()
        if action is CareAction.ASK_AGAIN:
            self._host.log_event("asked_again")
            voice.ask_again()
        elif action is CareAction.PROBE:
            voice.probe()
        elif action is CareAction.RENEW:
            voice.renew("the voice AI fell silent")
        return False

    def answer_ended(self, event: ResponseEnded) -> bool:
        """Note how an answer ended; return whether it was one failure too many."""
        failed, retry = event.status == "failed", event.tag is None
        if failed:
            self._care.hurry()
        return self._failures.ended(failed=failed, retry=retry, now_ms=self._host.now_ms())

    def session_event(
        self, event: SessionEvent, voice: SteadyVoice | None, *, making: bool
    ) -> None:
        """Follow the voice from one session to the next.

        An answer that was not finished is broken off; one that was made is played on.
        """
        if isinstance(event, SignOfLife | SessionEnds):
            return
        if isinstance(event, VoiceLost):
            self._host.log_event("voice_lost", reason=event.reason)
            self._waits = event.owed or self._talk.floor.callee_speaks or self._care.trouble
            if making:
                self._stage.break_off()
            self._talk.opening.callee_stopped(self._host.now_ms())
            self._talk.floor.turn_lost()
            self._talk.transcript.callee_lost()
            return
        self._host.log_event("voice_restored", planned=event.planned)
        self._talk.hold.renewed(self._host.now_ms(), event.sent_ms)
        if voice is not None and self._sound.frames_out and not event.planned:
            answer = self._talk.opening.done and not (self._on_hold or self._host.asking_user())
            voice.note(TAKE_OVER, respond=answer and self._waits)
            self._waits = False

    def play_apology(self) -> None:
        """Have the callee told that the call cannot go on."""
        self._play(fixed_words.APOLOGY, fixed_words.apology(self._language))

    def _filler(self) -> fixed_words.FixedWords:
        """Choose words that say first of all that an AI speaks, where that was not heard yet."""
        if self._talk.opening.done:
            return fixed_words.moment(self._language)
        return fixed_words.introduction(self._language)

    @property
    def _on_hold(self) -> bool:
        return self._talk.hold.active or self._talk.beside.waits

    def _state(self, voice: SteadyVoice | None) -> VoiceState:
        probes = voice is not None and voice.capabilities.answers_probes
        return VoiceState(
            owed=voice is None or voice.owed,
            lost=voice is not None and voice.lost,
            progress=0 if voice is None else voice.progress,
            sounds=0 if voice is None else voice.sounds,
            talking=not self._sound.playout.drained,
            callee_speaks=self._talk.floor.callee_speaks,
            level_dbfs=self._sound.ear.level_dbfs,
            probes=probes and not self._on_hold,
        )

    def _play(self, key: PartKey, words: fixed_words.FixedWords) -> None:
        text = fixed_words.play(self._sound.playout, key, words)
        self._talk.transcript.agent_text(key, text, final=True)
