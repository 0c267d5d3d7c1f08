"""Writes one attempt's rows, in the order of its table: the durable side of a call."""

from datetime import timedelta
from typing import Any

from opendeep.call_processor_service import attempt_states
from opendeep.call_processor_service.attempt_end import AttemptEnd
from opendeep.call_processor_service.attempt_states import AttemptInput
from opendeep.call_processor_service.call_pace import CallPace, Token
from opendeep.call_processor_service.call_ports import NumberGate
from opendeep.call_processor_service.dialing import DialTarget
from opendeep.common import messages
from opendeep.common.clock import Clock
from opendeep.common.data_models import (
    CallCause,
    CallStatus,
    CampaignStatus,
    Speaker,
    TaskStatus,
)
from opendeep.common.errors import ConflictError
from opendeep.common.ids import TaskId, channel_id
from opendeep.common.messages import CallEvent, Wakeup
from opendeep.common.ports import SpokenLine
from opendeep.database.engine import Database
from opendeep.database.models import Call
from opendeep.database.repositories import (
    GOAL_MET,
    CallEvents,
    Calls,
    CampaignGoals,
    SystemNodes,
    SystemStops,
    Tasks,
    Transcripts,
)
from opendeep.database.transaction import Transaction

_LIVE = tuple(status for status in CallStatus if status.is_live)
_DUE = (TaskStatus.PENDING, TaskStatus.RETRY_SCHEDULED, TaskStatus.ON_HOLD)
_OWN_FAULTS = frozenset(
    {CallCause.AI_FAILED, CallCause.AUDIO_FAILED, CallCause.EXCHANGE_FAILED, CallCause.LOST}
)


class AttemptReport:
    """The durable side of one attempt.

    Args:
        database: where the rows are.
        call: the attempt's row as it was reserved.
        node: who owns the call from now on.
        gate: asked last, in the transaction that commits the attempt as sent.
    """

    def __init__(self, database: Database, call: Call, *, node: str, gate: NumberGate) -> None:
        self._database = database
        self._gate = gate
        self._call = call
        self._node = node
        self.status = call.status

    async def sent(self, target: DialTarget, pace: CallPace, clock: Clock) -> Token | None:
        """Commit that Originate is about to be sent: from here on, the attempt is used.

        Returns:
            None when the pace does not allow it yet; nothing changed then.

        Raises:
            NotFoundError: somebody released the attempt meanwhile.
            ConflictError: it was sent already, the process was fenced off, or the user stopped
                the task or its campaign, or the callee wants no calls any more.
        """
        async with self._database.transaction() as tx:
            await self._must_still_be_wanted(tx)
            token = await pace.take(tx, clock)
            if token is None:
                return None
            following = attempt_states.next_status(self.status, AttemptInput.SEND)
            await Calls(tx, self._call.user_id).change(
                self._call.id,
                expected={self.status},
                status=following,
                node=self._node,
                asterisk_unique_id=channel_id(self._call.id),
                dialled_number=target.number,
                started_at=token.at,
            )
            await self._tell(tx, following.value, {})
            tx.survive_power_loss()  # An attempt that was dialled is never found undialled.
        self.status = following
        return token

    async def sent_later(self, pace: CallPace, clock: Clock) -> Token | None:
        """Take a new token in the place of one that passed; None as in :meth:`sent`.

        Raises:
            ConflictError: the call's end was committed by somebody else, or see :meth:`sent`.
        """
        async with self._database.transaction() as tx:
            await self._must_still_be_wanted(tx)
            token = await pace.take(tx, clock)
            if token is not None:
                await Calls(tx, self._call.user_id).change(
                    self._call.id, expected={self.status}, started_at=token.at
                )
        return token

    async def _must_still_be_wanted(self, tx: Transaction) -> None:
        call = self._call
        if call.fence and not await SystemNodes(tx).holds(self._node, call.fence):
            raise ConflictError("Another process took this one for dead.")
        if stops := await SystemStops(tx).active(tx.now()):
            raise ConflictError(stops[0].reason)
        task = await Tasks(tx, call.user_id).get(call.task_id)
        if task.status is not TaskStatus.IN_PROGRESS:
            raise ConflictError(f"The task is {task.status}.")
        if task.campaign_id is not None:
            campaign = await CampaignGoals(tx, call.user_id).hold(task.campaign_id)
            if campaign is None or campaign.status is not CampaignStatus.ACTIVE:
                state = "gone" if campaign is None else campaign.status
                raise ConflictError(f"The campaign is {state}.")
            if campaign.goal_met_by not in {None, task.id}:
                raise ConflictError(GOAL_MET)
        if refusal := await self._gate.why_unwanted(tx, task):
            raise ConflictError(refusal)

    async def ringing(self) -> None:
        """Commit that it rings."""
        await self._advance(AttemptInput.RING)

    async def answered(self) -> None:
        """Commit the answer."""
        await self._advance(AttemptInput.ANSWER, answered_at="now")

    async def note(self, name: str, **detail: Any) -> None:
        """Add to the call's list of events, and tell who watches it live."""
        async with self._database.transaction() as tx:
            await self._tell(tx, name, detail)

    async def told(self, text: str, *, at_ms: int) -> None:
        """Add a line of our own to the transcript, for the user and for the analysis."""
        line = SpokenLine(speaker=Speaker.SYSTEM, text=text, start_ms=at_ms, end_ms=at_ms)
        async with self._database.transaction() as tx:
            await Transcripts(tx, self._call.user_id).append(self._call.id, line)

    async def release(self, *, reason: str, retry_seconds: float | None) -> None:
        """Undo the reservation of an attempt whose Originate was not written.

        Args:
            reason: what the user reads.
            retry_seconds: when the task is due again; None holds it for the user.

        Raises:
            NotFoundError: somebody released it before.
            ConflictError: others settled it, or it is not where this process believes it to be.
        """
        async with self._database.transaction() as tx:
            await release_unsent(
                tx, self._call, reason=reason, retry_seconds=retry_seconds, expected=self.status
            )

    async def ended(self, end: AttemptEnd) -> None:
        """Commit the end of the call and hand its task to the analysis, in one transaction.

        Raises:
            ConflictError: the call's end was committed before.
        """
        async with self._database.transaction() as tx:
            await end_call(tx, self._call, end)
        self.status = CallStatus.LOST if end.lost else CallStatus.ENDED

    async def _advance(self, happening: AttemptInput, **columns: Any) -> None:
        following = attempt_states.next_status(self.status, happening)
        if following is self.status:
            return
        async with self._database.transaction() as tx:
            values = {key: tx.now() if value == "now" else value for key, value in columns.items()}
            calls = Calls(tx, self._call.user_id)
            await calls.change(self._call.id, expected={self.status}, status=following, **values)
            await self._tell(tx, following.value, {})
        self.status = following

    async def _tell(self, tx: Transaction, name: str, detail: dict[str, Any]) -> None:
        await CallEvents(tx, self._call.user_id).append(self._call.id, name, detail)
        tx.publish(messages.call_events(self._call.id), CallEvent(name=name))


async def release_unsent(
    tx: Transaction,
    call: Call,
    *,
    reason: str,
    retry_seconds: float | None,
    expected: CallStatus = CallStatus.INITIATING,
) -> None:
    """Delete an attempt that was never sent and restore its task; due again later, or on hold.

    Raises:
        NotFoundError: somebody released it before.
        ConflictError: it was sent.
    """
    task = await Calls(tx, call.user_id).release_unsent(call.id, reason=reason, expected=expected)
    due = None if retry_seconds is None else tx.now() + timedelta(seconds=retry_seconds)
    status = TaskStatus.ON_HOLD if retry_seconds is None else None
    await Tasks(tx, call.user_id).change(
        task.id, expected=_DUE, status=status, next_action_time=due
    )
    tx.publish(messages.WAKEUPS, Wakeup(work="slot_free"))


async def end_call(tx: Transaction, call: Call, end: AttemptEnd) -> None:
    """Write the end of a call, whoever saw it; its task awaits analysis.

    Raises:
        ConflictError: the call's end was committed before.
    """
    calls = Calls(tx, call.user_id)
    recording = end.media.recording_path
    await calls.change(
        call.id,
        expected=_LIVE,
        status=CallStatus.LOST if end.lost else CallStatus.ENDED,
        cause=end.cause,
        hangup_cause=end.facts.hangup_cause,
        hangup_text=end.hangup_text or None,
        disposition="answered" if end.facts.answered else "not_answered",
        ended_at=tx.now(),
        recording_path=None if recording is None else str(recording),
    )
    if end.media.cost_usd:
        await calls.add_cost(call.id, end.media.cost_usd)
    detail = {"cause": end.cause.value, "reason": end.reason, **end.media.usage}
    if end.facts.sip_status:
        detail["sip_status"] = end.facts.sip_status
    await CallEvents(tx, call.user_id).append(call.id, "ended", detail)
    if end.media.opted_out is not None:
        # The database was away when they said so: the analysis lists whom it hears say it.
        await Transcripts(tx, call.user_id).append(call.id, end.media.opted_out)
    tx.publish(messages.call_events(call.id), CallEvent(name="ended", detail=end.cause.value))
    await _hand_to_analysis(tx, call.task_id, call, end)
    tx.publish(messages.WAKEUPS, Wakeup(work="calls_to_analyse"))
    tx.publish(messages.WAKEUPS, Wakeup(work="slot_free"))


async def _hand_to_analysis(tx: Transaction, task_id: TaskId, call: Call, end: AttemptEnd) -> None:
    tasks = Tasks(tx, call.user_id)
    task = await tasks.get(task_id)
    if task.status is not TaskStatus.IN_PROGRESS:
        return  # The user cancelled it, or a callee's wish did, while the call was on.
    reason = attempt_states.EXPLANATIONS[end.cause]
    if end.handed_over:
        reason = end.reason
    elif end.reason and end.cause in _OWN_FAULTS:
        reason = f"{reason} {end.reason}"
    await tasks.change(
        task_id,
        expected={TaskStatus.IN_PROGRESS},
        status=TaskStatus.AWAITING_ANALYSIS,
        status_reason=reason,
    )
