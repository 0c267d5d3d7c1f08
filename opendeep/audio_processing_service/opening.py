"""How a conversation begins: the callee first, then the disclosure, heard for sure.

A pure state machine: it is told what happens and when (ms since the answer) and says what to do.
The callee's first utterance is waited for, since people and machines answer with one; after
silence the AI speaks first. The disclosure says that an AI calls, on whose behalf and why; when it
was cut off early it is said again at the next chance. A voicemail greeting gets none.
"""

from enum import Enum, auto

from opendeep.audio_processing_service.machine_phrases import Speaker, speaker_of

SILENCE_MS = 2500
TRANSCRIPT_MS = 1200
LONGEST_WAIT_MS = 20_000
LONGEST_DISCLOSURE_MS = 45_000
HEARD_ENOUGH = 0.6
AI_HEARD = 1 / 3
"""So much of it is heard, at least, where the words "an automated AI assistant" were."""
MAX_TRIES = 3


class OpeningAction(Enum):
    """What the handler is to do now."""

    NONE = auto()
    SAY_DISCLOSURE = auto()
    TALK = auto()
    VOICEMAIL = auto()
    FAIL = auto()


class _State(Enum):
    WAITING = auto()
    CALLEE_SPEAKS = auto()
    CALLEE_SPOKE = auto()
    SAYING = auto()
    MACHINE = auto()
    DONE = auto()


class Opening:
    """The opening of one call.

    Attributes:
        tries: how often the disclosure was begun.
        best_heard: the largest part of it that was heard, 0 to 1.
    """

    def __init__(self) -> None:
        self._state = _State.WAITING
        self._since_ms = 0
        self._callee_speaks = False
        self._tries_here = 0
        self.tries = 0
        self.best_heard = 0.0

    @property
    def done(self) -> bool:
        """Whether the opening is over, for good or bad."""
        return self._state is _State.DONE

    def tick(self, now_ms: int) -> OpeningAction:
        """Let time pass; call it at least every 100 ms."""
        waited_ms = now_ms - self._since_ms
        if self._state is _State.SAYING and waited_ms >= LONGEST_DISCLOSURE_MS:
            self._enter(_State.DONE, now_ms)
            return OpeningAction.FAIL
        limits = {
            _State.WAITING: SILENCE_MS,
            _State.CALLEE_SPEAKS: LONGEST_WAIT_MS,
            _State.CALLEE_SPOKE: TRANSCRIPT_MS,
        }
        limit = limits.get(self._state)
        if limit is None or waited_ms < limit:
            return OpeningAction.NONE
        return self._say(now_ms)

    def callee_started(self, now_ms: int) -> None:
        """Note that the callee began to speak."""
        self._callee_speaks = True
        if self._state in {_State.WAITING, _State.CALLEE_SPOKE}:
            self._enter(_State.CALLEE_SPEAKS, now_ms)

    def callee_stopped(self, now_ms: int) -> None:
        """Note that the callee stopped; the words are waited for a little."""
        self._callee_speaks = False
        if self._state is _State.CALLEE_SPEAKS:
            self._enter(_State.CALLEE_SPOKE, now_ms)

    def callee_said(self, text: str, now_ms: int) -> OpeningAction:
        """Take the words of an utterance."""
        if self.done or self._state is _State.MACHINE:
            return OpeningAction.NONE
        if speaker_of(text) is Speaker.VOICEMAIL:
            self._enter(_State.MACHINE, now_ms)
            return OpeningAction.VOICEMAIL
        if self._state is _State.CALLEE_SPOKE:
            return self._say(now_ms)
        return OpeningAction.NONE

    def await_machine(self, now_ms: int) -> None:
        """Say nothing more: a machine is on the line, and somebody else deals with it."""
        self._enter(_State.MACHINE, now_ms)

    def person_came(self, now_ms: int) -> OpeningAction:
        """Note that somebody took the machine's place, who has heard nothing yet."""
        if self._state in {_State.SAYING, _State.DONE}:
            return OpeningAction.NONE
        self._tries_here = 0
        self.best_heard = 0.0
        return self._say(now_ms)

    def begin_anew(self, now_ms: int) -> None:
        """Wait for a first utterance once more: a hold is over and a person may be there."""
        if not self.done:
            self._enter(_State.WAITING, now_ms)

    def disclosure_ended(self, heard: float, now_ms: int) -> OpeningAction:
        """Note how much of the disclosure was heard, when it was played or cut off."""
        if self._state is not _State.SAYING:
            return OpeningAction.NONE
        self.best_heard = max(self.best_heard, heard)
        if heard >= HEARD_ENOUGH:
            self._enter(_State.DONE, now_ms)
            return OpeningAction.TALK
        if self._tries_here >= MAX_TRIES:
            self._enter(_State.DONE, now_ms)
            return OpeningAction.TALK if self.best_heard >= AI_HEARD else OpeningAction.FAIL
        self._enter(_State.CALLEE_SPEAKS if self._callee_speaks else _State.CALLEE_SPOKE, now_ms)
        return OpeningAction.NONE

    def _say(self, now_ms: int) -> OpeningAction:
        self.tries += 1
        self._tries_here += 1
        self._enter(_State.SAYING, now_ms)
        return OpeningAction.SAY_DISCLOSURE

    def _enter(self, state: _State, now_ms: int) -> None:
        self._state = state
        self._since_ms = now_ms
