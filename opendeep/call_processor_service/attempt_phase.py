"""Where the owner of an attempt stands. Plain data."""

from dataclasses import dataclass, field

from opendeep.call_processor_service.attempt_closing import Unsent
from opendeep.common.data_models import CallCause
from opendeep.common.messages import EndCall


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
        moving: Asterisk may be taking the callee out of our sound, for a transfer.
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
    moving: bool = False
    held_back: EndCall | None = None
    left: bool = False
    dismissed: str = ""
    sent_at: float = 0.0
    answered_at: float = 0.0
    deadline: float = 0.0
    then: CallCause | None = None
    unsent: Unsent = field(default_factory=Unsent)
