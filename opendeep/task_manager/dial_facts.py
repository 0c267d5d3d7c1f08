"""What the dialling policy is told, and what it answers: frozen facts that can be stored.

:class:`DialFacts` holds everything that a decision depends on beside the instant, so that a stored
one can be decided again. Only plain values: they go into a row as JSON and come back equal.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator

from opendeep.common.call_back import CallBack
from opendeep.task_manager.opening_hours import OpeningHours

Verdict = Literal["dial", "wait", "refuse"]
BudgetScope = Literal["campaign", "user_day", "day"]


# Decisions of the first versions kept the instants themselves.
Count = Annotated[int, BeforeValidator(lambda kept: len(kept) if isinstance(kept, list) else kept)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentAttempts:
    """Attempts on one number, newest first, each by the instant of its beginning.

    Attributes:
        own: the user's, in the last day; however they ended.
        reached: the user's, in the last 30 days, that were answered or whose fate is unknown.
        everybody: how many of all users in the last day, at most as many as the cap; when others
            called is nobody's business, so their instants are not kept. 0 where users are not
            distinct people.
        in_call: whether one of the user's is on its way or running.
        prefix: the user's of the last minute to numbers that begin like this one.
    """

    own: tuple[datetime, ...] = ()
    reached: tuple[datetime, ...] = ()
    everybody: Count = 0
    in_call: bool = False
    prefix: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A limit on money, in US dollars.

    Attributes:
        spent_usd: what the calls that are over have cost.
        live_calls: calls that are on their way or running, whose cost is not known yet.
    """

    scope: BudgetScope
    cap_usd: float
    spent_usd: float
    live_calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DialFacts:
    """All that the decision depends on; instants are aware.

    Attributes:
        time_zone: the zone that the plan names; see ``dial_policy.zones_of``.
        accounts_listing: how many accounts have the number on their list.
        global_dnd_threshold: from how many on nobody calls it; None where accounts are not
            distinct people (local mode).
        call_back: when the callee of the last call asked to be called again.
        machine_at: when the task's last attempt ended at an answering machine.
        enforce_hours: whether calling hours and frequency caps hold.
        countries: those that may be called (ISO 3166); empty for the default of ``number_fault``.
        is_business: whether the callee is known to be a business.
        opening_hours: the business's, where the task carries them.
        unread: whether an answered call to it is over and not analysed: what it asked is not known.
        budgets: those that are limited.
        estimate_usd: what a call is taken to cost before it is over.
    """

    phone_number: str
    on_user_dnd: bool = False
    accounts_listing: int = 0
    global_dnd_threshold: int | None = None
    attempts_used: int = 0
    max_attempts: int = 3
    time_zone: str | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    call_back: CallBack | None = None
    machine_at: datetime | None = None
    enforce_hours: bool = True
    countries: frozenset[str] = frozenset()
    is_business: bool = False
    opening_hours: OpeningHours | None = None
    recent: RecentAttempts = RecentAttempts()
    unread: bool = False
    budgets: tuple[Budget, ...] = ()
    estimate_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Dial:
    """The call may be placed now."""

    verdict: ClassVar[Verdict] = "dial"
    rule_id: ClassVar[str] = "allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitUntil:
    """The call may be placed at ``until`` (UTC), not before."""

    verdict: ClassVar[Verdict] = "wait"
    until: datetime
    reason: str
    rule_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The call may not be placed unless the facts change."""

    verdict: ClassVar[Verdict] = "refuse"
    reason: str
    rule_id: str

    @property
    def is_dnd(self) -> bool:
        """Whether the callee does not want to be called."""
        return self.rule_id.startswith("dnd.")


Decision = Dial | WaitUntil | Refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """One rule's word that nothing may be dialled before ``until``."""

    until: datetime
    rule_id: str
    reason: str
