"""What the call side needs of its neighbours, and what one attempt is made of."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.call_processor_service.call_pace import CallPace
from opendeep.call_processor_service.dialing import DialConfig
from opendeep.call_processor_service.node_membership import Alone, Membership
from opendeep.common.clock import Clock
from opendeep.common.event_bus import EventBus
from opendeep.common.ids import CallId, UserId
from opendeep.common.ports import Briefing, CallMedia
from opendeep.database.engine import Database
from opendeep.database.models import Call, Task, User
from opendeep.database.transaction import Transaction


class CallBriefing(Protocol):
    """Writes what the voice AI is told before a call; task_manager implements it."""

    async def brief(self, task: Task, user: User) -> Briefing:
        """Compose the words of a call, of this user's data only.

        Opens its own transactions. A refusal (:class:`InvalidInputError`) puts the task on hold.
        """
        ...


class DialGate(Protocol):
    """The last judgement before a task's number is dialled; task_manager implements it."""

    async def check(self, tx: Transaction, task: Task, call_id: CallId | None = None) -> str | None:
        """Return None to dial, or the reason not to; runs in the reserving transaction.

        ``call_id`` is the attempt that begins there if the answer is None.

        It may move the task itself (a listed number → ``cancelled_dnd``); a refused task that is
        still queued afterwards is given back.
        """
        ...


class NumberGate(Protocol):
    """The last look at the lists before Originate; task_manager implements it."""

    async def why_unwanted(self, tx: Transaction, task: Task) -> str | None:
        """Return why a task may not be dialled any more, whatever its hours; None if it may."""
        ...


class OptOuts(Protocol):
    """Wishes not to be called that are in no list yet; task_manager implements it."""

    async def settle(self) -> None:
        """List them, before anybody is dialled.

        Raises:
            UnavailableError: they cannot be listed now, so nobody may be dialled.
        """
        ...


class TransferGate(Protocol):
    """The judgement before a callee is handed over to a number; task_manager implements it."""

    async def check_number(self, tx: Transaction, user_id: UserId, number: str) -> str | None:
        """Return None to dial it now, or the reason not to."""
        ...


class NoLists:
    """Lets every task pass."""

    async def why_unwanted(self, tx: Transaction, task: Task) -> str | None:  # noqa: ARG002 - the port's
        """Return None."""
        return None


class NoOptOuts:
    """Nobody's wish waits."""

    async def settle(self) -> None:
        """Do nothing."""


class NoTransfers:
    """Refuses every number."""

    async def check_number(self, tx: Transaction, user_id: UserId, number: str) -> str | None:  # noqa: ARG002 - the port's
        """Return why."""
        return "Calls are not handed over here."


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptConfig:
    """How calls are placed.

    Attributes:
        context: the dialplan context whose extension ``exten`` runs AudioSocket.
        caller_id: ``"Name" <number>``, or None for the trunk's own.
        recordings: the directory of recordings, or None for none.
        pace: how many Originates may be sent within its window.
    """

    dialing: DialConfig
    context: str = "opendeep"
    exten: str = "media"
    caller_id: str | None = None
    ring_seconds: float = 30.0
    max_call_seconds: float = 600.0
    recordings: Path | None = None
    pace: CallPace = field(default_factory=CallPace)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPorts:
    """Whom an attempt works with.

    Attributes:
        ami: the link for calls and their events.
        keys: a link of its own for PlayDTMF, which blocks its link for each key's length, so
            that a Hangup never waits behind it; may be the same.
        opt_outs: settled before each reservation.
        number_gate: looks at the lists for the last time before Originate.
        transfer_gate: judges the numbers that callees are handed over to.
        membership: in whose name calls begin.
    """

    ami: AsteriskAmiClient
    keys: AsteriskAmiClient
    media: CallMedia
    briefing: CallBriefing
    database: Database
    bus: EventBus
    clock: Clock
    opt_outs: OptOuts = field(default_factory=NoOptOuts)
    number_gate: NumberGate = field(default_factory=NoLists)
    transfer_gate: TransferGate = field(default_factory=NoTransfers)
    membership: Membership = field(default_factory=Alone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A reserved attempt: the rows as they were at its reservation."""

    task: Task
    call: Call
    user: User
