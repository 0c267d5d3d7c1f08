"""Before the talk: who answered, and the fixed words that they hear.

A person hears the disclosure, and the proof of it is kept (when, how much, which words). An
answering machine gets what the task wants. A phone menu gets keys, by the way that an earlier call
found or by the AI's choice, and no words of ours; whoever it leads to hears the disclosure. Until
this is over the AI answers nobody by itself.
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Protocol, assert_never

from opendeep.audio_processing_service import answer_watch
from opendeep.audio_processing_service.answer_classifier import Answer
from opendeep.audio_processing_service.back_channels import is_greeting, words_of
from opendeep.audio_processing_service.call_sound import CallSound
from opendeep.audio_processing_service.conversation import heard_fraction
from opendeep.audio_processing_service.dialogue_host import DialogueHost
from opendeep.audio_processing_service.machine_phrases import Speaker, speaker_of
from opendeep.audio_processing_service.menu_trail import MenuTrail
from opendeep.audio_processing_service.opening import Opening, OpeningAction
from opendeep.audio_processing_service.playout import Heard, PartKey
from opendeep.audio_processing_service.voice_agent import VoiceAgent
from opendeep.audio_processing_service.voicemail import Voicemail, VoicemailAction
from opendeep.common.data_models import CallCause, VoicemailPolicy
from opendeep.common.ports import CallMediaConfig

_MESSAGE: Final = "voicemail-message"
_DISCLOSURE: Final = "disclosure"
_QUIET_DBFS: Final = -42.0
_WHOLE: Final = 0.95
_TICK_MS: Final = 100
_MENU_AGAIN: Final = 3
_MENU_MOST: Final = 5
_MENU_QUIET_MS: Final = 10_000
_LEAD_ON: Final = frozenset({Answer.MENU, Answer.SCREENING, Answer.QUEUE})
_RECALLED: Final = (
    "A phone menu answered, and an earlier call has found the way: {keys} was pressed for you. "
    "Wait for a person."
)
_OTHER_CHOICE: Final = (
    "You have heard this phone menu three times. Make another choice, or 0 for a person."
)
_FEWEST_WORDS: Final = 2


@dataclass(slots=True)
class _MenuLine:
    """A phone menu, or what it leads to, on the line.

    Attributes:
        on: whether there is one.
        turn_ms: when the callee's side last began to speak.
        key_ms: when keys were last pressed.
        quiet_ms: how long the line has been quiet.
        forgotten: the way that was known is forgotten.
        heard_to: the position in the callee's audio up to which the trail has heard.
    """

    on: bool = False
    turn_ms: int = 0
    key_ms: int = -1
    quiet_ms: int = 0
    forgotten: bool = False
    heard_to: int = 0


@dataclass(slots=True)
class _Person:
    """A person on the line.

    Attributes:
        speaks: the last words were a person's.
        told: the disclosure was said to a person.
        answered: and they have said something since.
    """

    speaks: bool = False
    told: bool = False
    answered: bool = False


class Stage(Protocol):
    """What the overture has done for it by the conversation."""

    def end(self, cause: CallCause, reason: str) -> None:
        """Have the call ended now."""
        ...

    def end_when_played(self, cause: CallCause, reason: str) -> None:
        """Have the call ended once everything was played."""
        ...

    def begin_talk(self) -> None:
        """Let the AI talk: the disclosure was heard."""
        ...


class Overture:
    """The beginning of one call.

    Args:
        config: what the call is about.
        sound: its audio.
        host: keeps events.
        stage: the conversation.

    Attributes:
        opening: how far the disclosure is.
    """

    def __init__(
        self, config: CallMediaConfig, sound: CallSound, host: DialogueHost, stage: Stage
    ) -> None:
        self.opening = Opening()
        self._config = config
        self._sound = sound
        self._host = host
        self._stage = stage
        self._watch = answer_watch.AnswerWatch(sound)
        self._voicemail = Voicemail(config.voicemail)
        self._voice: VoiceAgent | None = None
        self._trail = MenuTrail(config.known_menus)
        self._menu = _MenuLine()
        self._person = _Person()
        self._parts: dict[PartKey, str] = {}
        self._started_ms: dict[PartKey, int] = {}

    @property
    def done(self) -> bool:
        """Whether the AI may talk."""
        return self.opening.done

    def voice_ready(self, voice: VoiceAgent) -> None:
        """Take the voice that says the fixed words."""
        self._voice = voice

    def look(self, now_ms: int) -> None:
        """Listen to the last tenth of a second; call it every 100 ms, voice or not."""
        rang_ms = self._watch.rang_ms
        self._answered(self._watch.look(now_ms), by_sound=True)
        if self._watch.rang_ms != rang_ms and self._watch.answer in _LEAD_ON:
            self.line_changed()
        if self._voice is not None and not self.done:
            loud = self._sound.last_tenth().level_dbfs > _QUIET_DBFS
            mulaw, self._menu.heard_to = self._sound.heard_since(self._menu.heard_to)
            keys = self._trail.look(mulaw, now_ms, loud=loud)
            if keys:
                self._recall(keys, self._voice, now_ms)
            elif self._trail.stale and not self._menu.forgotten:
                self._menu.forgotten = True
                self._host.learn_menu(())

    def tick(self, now_ms: int) -> None:
        """Let 100 ms pass while no hold is on; only once there is a voice."""
        if self._voicemail.active:
            quiet = self._sound.ear.level_dbfs <= _QUIET_DBFS
            beeped_ms = self._watch.beeped_ms
            self._follow(self._voicemail.tick(now_ms, quiet=quiet, beeped_ms=beeped_ms))
        elif not self.opening.done:
            self._open(self.opening.tick(now_ms))
            self._await_menu(now_ms)

    def callee_started(self) -> None:
        """Note that the callee began to speak."""
        self._menu.turn_ms = self._host.now_ms()
        self._menu.quiet_ms = 0
        self.opening.callee_started(self._menu.turn_ms)

    def callee_stopped(self) -> None:
        """Note that the callee stopped."""
        self.opening.callee_stopped(self._host.now_ms())

    def listen(self, text: str) -> None:
        """Learn from the callee's words who answered; call it before :meth:`callee_said`."""
        if text:
            self._person.speaks = speaker_of(text) is Speaker.PERSON
        self._answered(self._watch.said(text, self._host.now_ms()), by_sound=False)

    def callee_said(self, text: str) -> None:
        """Take the callee's words, if the line is not on hold."""
        if self._voicemail.active:
            if _is_somebody(text):
                self._follow(self._voicemail.person())
            return
        speaker = speaker_of(text)
        if speaker is Speaker.MENU and not self._person.answered:
            self._menu_said(text)
        elif self.done:
            if speaker is Speaker.PERSON and text:
                self._person.told = self._person.answered = True
                self._learn()
        elif not self._menu.on:
            self._open(self.opening.callee_said(text, self._host.now_ms()))
        elif self._menu.turn_ms > self._menu.key_ms:
            self._open(self.opening.person_came(self._host.now_ms()))

    def keys_pressed(self, keys: str) -> None:
        """Note keys that the AI pressed."""
        if self._menu.on:
            self._menu.key_ms = self._host.now_ms()
            self._trail.pressed(keys, self._menu.key_ms)

    def line_changed(self) -> None:
        """Note that somebody else may be on the line, who has heard nothing of ours."""
        if self._person.told or self._voicemail.active or self._voice is None:
            return
        if self.done:
            self._voice.answer_turns(automatic=False)
            self._await_person()

    def audio(self, key: PartKey, tag: str | None) -> None:
        """Note that a part of the AI's speech belongs to fixed words."""
        if tag is not None and tag.startswith((_DISCLOSURE, _MESSAGE)):
            self._parts.setdefault(key, tag)

    def response_ended(self, tag: str | None, *, spoke: bool) -> None:
        """Note that fixed words were made; without a sound where not ``spoke``."""
        if spoke:
            return
        now_ms = self._host.now_ms()
        if tag == self._tag():
            self._open(self.opening.disclosure_ended(0.0, now_ms))
        elif tag == _MESSAGE:
            self._follow(self._voicemail.spoken(now_ms, complete=False))

    def started(self, key: PartKey, now_ms: int) -> None:
        """Note that the first sound of a part was played."""
        if key in self._parts:
            self._started_ms[key] = now_ms

    def heard(self, heard: Heard) -> None:
        """Note how much of a part was heard, when it was played or cut off."""
        tag = self._parts.pop(heard.key, None)
        now_ms = self._host.now_ms()
        started_ms = self._started_ms.pop(heard.key, now_ms)
        if tag == self._tag():
            fraction = heard_fraction(heard, self._config.disclosure)
            self._prove("disclosure_said", self._config.disclosure, fraction, started_ms)
            self._open(self.opening.disclosure_ended(fraction, now_ms))
        elif tag == _MESSAGE:
            fraction = heard_fraction(heard, self._config.voicemail_message)
            self._prove("voicemail_message", self._config.voicemail_message, fraction, started_ms)
            self._follow(self._voicemail.spoken(now_ms, complete=fraction >= _WHOLE))

    def _tag(self) -> str:
        return f"{_DISCLOSURE}-{self.opening.tries}"

    def _prove(self, name: str, words: str, fraction: float, started_ms: int) -> None:
        self._host.log_event(
            name,
            fraction=round(fraction, 3),
            started_ms=started_ms,
            ended_ms=self._host.now_ms(),
            sha256=hashlib.sha256(words.encode()).hexdigest(),
            language=self._config.language,
        )

    def _await_person(self) -> None:
        self._menu.on = True
        self._menu.quiet_ms = 0
        self.opening.await_machine(self._host.now_ms())

    def _recall(self, keys: str, voice: VoiceAgent, now_ms: int) -> None:
        self._await_person()
        self._menu.key_ms = now_ms
        self._host.press_keys(keys)
        voice.note(_RECALLED.format(keys=keys), respond=False)

    def _menu_said(self, text: str) -> None:
        """Let the AI choose, unless the way is known or leads nowhere."""
        if self._voice is None:
            return
        if self.done:
            self._voice.answer_turns(automatic=False)
        self._await_person()
        times = self._trail.menu_said(text)
        if times >= _MENU_MOST:
            self._stage.end(CallCause.AI_HUNG_UP, "a phone menu leads nowhere")
            return
        if times == _MENU_AGAIN:
            self._voice.note(_OTHER_CHOICE, respond=False)
        if not self._trail.followed:
            self._voice.respond()

    def _await_menu(self, now_ms: int) -> None:
        """Speak to a line that has been quiet for long after a menu."""
        if not self._menu.on:
            return
        quiet = self._sound.ear.level_dbfs <= _QUIET_DBFS
        self._menu.quiet_ms = self._menu.quiet_ms + _TICK_MS if quiet else 0
        if self._menu.quiet_ms >= _MENU_QUIET_MS:
            self._open(self.opening.person_came(now_ms))

    def _learn(self) -> None:
        """Have the way remembered that led to a person, if there was a menu at all."""
        found = self._trail.found if self._menu.on else ()
        self._menu.on = False
        self._trail.stop()
        if found and found != self._config.known_menus:
            self._host.learn_menu(found)

    def _answered(self, answer: Answer | None, *, by_sound: bool) -> None:
        """Note who answered; a machine that can be recognised by its sound alone gets no talk."""
        if answer is None:
            return
        self._host.log_event("answered_by", who=answer.value)
        if not by_sound or self.opening.done:
            return
        if answer is Answer.VOICEMAIL:
            self._machine("answered by voicemail tones")
            return
        cause = answer_watch.END_CAUSES.get(answer)
        if cause is not None:
            self._stage.end(cause, f"answered by {answer.value} tones")

    def _machine(self, reason: str) -> None:
        now_ms = self._host.now_ms()
        if self._voice is None and self._config.voicemail is not VoicemailPolicy.HANG_UP:
            return
        action = self._voicemail.found(now_ms, beeped_ms=self._watch.beeped_ms)
        if self._voicemail.active:
            self.opening.await_machine(now_ms)
        self._follow(action, reason)

    def _follow(self, action: VoicemailAction, reason: str = "a voicemail greeting") -> None:
        match action:
            case VoicemailAction.NONE:
                pass
            case VoicemailAction.HANG_UP:
                self._stage.end(CallCause.VOICEMAIL, reason)
            case VoicemailAction.SPEAK:
                if self._voice is not None:
                    self._voice.say(self._config.voicemail_message, tag=_MESSAGE)
            case VoicemailAction.LEAVE:
                self._stage.end_when_played(CallCause.VOICEMAIL, "left a message")
            case VoicemailAction.TALK:
                self._open(self.opening.person_came(self._host.now_ms()))
            case _:
                assert_never(action)

    def _open(self, action: OpeningAction) -> None:
        match action:
            case OpeningAction.NONE:
                pass
            case OpeningAction.SAY_DISCLOSURE:
                if self._voice is not None:
                    self._voice.say(self._config.disclosure, tag=self._tag())
            case OpeningAction.TALK:
                self._person.told = self._person.speaks
                self._host.log_event("disclosure_heard", fraction=self.opening.best_heard)
                if self._menu.on or self._watch.answer in _LEAD_ON:
                    self._host.log_event("person_reached")
                self._stage.begin_talk()
            case OpeningAction.VOICEMAIL:
                self._machine("a voicemail greeting")
            case OpeningAction.FAIL:
                self._stage.end(CallCause.AI_FAILED, "the disclosure could not be said")
            case _:
                assert_never(action)


def _is_somebody(text: str) -> bool:
    """Whether words are a person's who picked up, not a machine's or what noise sounds like."""
    if speaker_of(text) is not Speaker.PERSON:
        return False
    return len(words_of(text)) >= _FEWEST_WORDS or is_greeting(text)
