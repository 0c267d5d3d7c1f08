"""What a live call may do in the product beyond sound: implements ``common.ports.CallDesk``.

A call is named by its id alone; its user and task come from its row, so that no caller can write
into somebody else's.
"""

from opendeep.common import messages
from opendeep.common.data_models import FeedbackStatus, TaskStatus
from opendeep.common.ids import CallId, FeedbackId
from opendeep.common.messages import CallEvent
from opendeep.common.ports import SpokenLine
from opendeep.database.engine import Database
from opendeep.database.models import Call
from opendeep.database.repositories import (
    AuditLog,
    CallEvents,
    DndList,
    FeedbackRequests,
    SystemCalls,
    Tasks,
    Transcripts,
)
from opendeep.database.transaction import Transaction
from opendeep.task_manager.feedback_manager_svc import FeedbackManagerService
from opendeep.task_manager.task_states import TaskInput, sources_of

NOTES_KEY = "facts_noted"
_VALUE_MOST_CHARACTERS = 500
_NOTES_MOST = 50


class CallDesk:
    """Writes a live call's lines, notes, opt-outs and questions; durable on return."""

    def __init__(self, database: Database, feedback: FeedbackManagerService) -> None:
        self._database = database
        self._feedback = feedback

    async def store_line(self, call_id: CallId, line: SpokenLine) -> int:
        """Store a transcript line, tell the user's pages; return its ``seq``."""
        async with self._database.transaction() as tx:
            call = await SystemCalls(tx).get(call_id)
            stored = await Transcripts(tx, call.user_id).append(call_id, line)
        return stored.seq

    async def store_event(self, call_id: CallId, name: str, detail: dict[str, object]) -> None:
        """Append to the call's event list and tell whoever watches the call."""
        async with self._database.transaction() as tx:
            call = await SystemCalls(tx).get(call_id)
            await CallEvents(tx, call.user_id).append(call_id, name, dict(detail))
            tx.publish(messages.call_events(call_id), CallEvent(name=name))

    async def note_fact(self, call_id: CallId, name: str, value: str) -> None:
        """Remember a fact in the task's context; the newest value of a name counts."""
        async with self._database.transaction() as tx:
            call = await SystemCalls(tx).get(call_id)
            tasks = Tasks(tx, call.user_id)
            task = await tasks.get(call.task_id)
            notes = {**task.inter_call_context.get(NOTES_KEY, {})}
            notes.pop(name[:100], None)
            notes[name[:100]] = value[:_VALUE_MOST_CHARACTERS]
            kept = dict(list(notes.items())[-_NOTES_MOST:])
            await tasks.change(
                task.id,
                expected=set(TaskStatus),
                inter_call_context={**task.inter_call_context, NOTES_KEY: kept},
            )
            await CallEvents(tx, call.user_id).append(call_id, "fact_noted", {"name": name[:100]})

    async def mark_do_not_call(self, call_id: CallId, words: str) -> None:
        """Put the callee on the DND list and cancel what would still dial the number."""
        async with self._database.transaction() as tx:
            call = await SystemCalls(tx).get(call_id)
            task = await Tasks(tx, call.user_id).get(call.task_id)
            reason = f"The callee asked not to be called: {words[:_VALUE_MOST_CHARACTERS]}"
            await DndList(tx, call.user_id).add(task.phone_number, reason, call_id)
            await self._cancel_waiting(tx, call, task.phone_number)
            await CallEvents(tx, call.user_id).append(call_id, "opted_out", {"words": words})
            await AuditLog(tx, call.user_id).append("dnd_added", {"call_id": call_id})

    async def ask_user(
        self, call_id: CallId, tool_call_id: str, question: str, options: list[str]
    ) -> FeedbackId:
        """Put a question to the user; idempotent by ``tool_call_id``."""
        async with self._database.transaction() as tx:
            call = await SystemCalls(tx).get(call_id)
        asked = await self._feedback.ask(
            call.user_id,
            task_id=call.task_id,
            call_id=call_id,
            tool_call_id=tool_call_id,
            question=question,
            options=options,
        )
        return asked.id

    async def close_call(self, call_id: CallId) -> None:
        """Take back a question that the ended call cannot use any more."""
        async with self._database.transaction() as tx:
            call = await SystemCalls(tx).get(call_id)
            requests = FeedbackRequests(tx, call.user_id)
            pending = await requests.pending_for_call(call_id)
            if pending is not None and pending.status is FeedbackStatus.PENDING:
                await requests.cancel(pending.id)

    @staticmethod
    async def _cancel_waiting(tx: Transaction, call: Call, phone_number: str) -> None:
        tasks = Tasks(tx, call.user_id)
        waiting = sources_of(TaskInput.REFUSE_DND)
        for other in await tasks.with_number(phone_number, statuses=waiting):
            await tasks.change(
                other.id,
                expected=waiting,
                status=TaskStatus.CANCELLED_DND,
                status_reason="The callee asked not to be called again.",
                next_action_time=None,
            )
