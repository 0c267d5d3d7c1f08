"""Where the owner of an attempt stands. Plain data."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opendeep.call_processor_service.attempt_closing import Unsent
from opendeep.common.data_models import CallCause
from opendeep.common.messages import EndCall

_SOUND_FAILED = frozenset({CallCause.AUDIO_FAILED, CallCause.AI_FAILED, CallCause.SILENCE})


@dataclass(slots=True, kw_only=True)
class AttemptPhase:
    """Where the loop stands; ``deadline`` is the loop's time, and ``then`` what it brings.

    Attributes:
        over: nothing more is waited for.
        stopping: the process ends.
        sent_at: when Originate was sent, in the clock's seconds; ``answered_at`` likewise.
        sent: Originate was or may have been sent.
        linked: events of the channel reach us.
        hanging_up: a Hangup is on its way.
        is_moving: Asterisk may be taking the callee out of our sound, for a transfer.
        held_back: the end that was asked for meanwhile, because the sound failed.
        left: our sound has left the call, for a transfer.
        dismissed: why a callee whom our sound has left hears the dialplan's goodbye.
        then: the cause to end for at the deadline; None ends the waiting.
        unsent: what becomes of the task where Originate was not sent.
    """

    over: bool = False
    stopping: bool = False
    sent: bool = False
    linked: bool = True
    hanging_up: bool = False
    lost: bool = False
    is_moving: bool = False
    held_back: EndCall | None = None
    left: bool = False
    dismissed: str = ""
    sent_at: float = 0.0
    answered_at: float = 0.0
    deadline: float = 0.0
    then: CallCause | None = None
    unsent: Unsent = field(default_factory=Unsent)

    @contextmanager
    def moving(self, end: Callable[[CallCause, str], None]) -> Iterator[None]:
        """Hold ends back whose reason is lost sound, which is a sign that the callee is moved.

        Args:
            end: told the end that was held back, once it is certain that the callee was not.
        """
        self.is_moving = True
        try:
            yield
        finally:
            self.is_moving = False
            held, self.held_back = self.held_back, None
            if held is not None and not self.left:
                end(held.cause, held.reason)

    def holds_back(self, asked: EndCall) -> bool:
        """Keep an end that may only be a sign of the callee's move; return whether it was one."""
        if self.is_moving and asked.cause in _SOUND_FAILED:
            self.held_back = asked
        return self.held_back is asked
