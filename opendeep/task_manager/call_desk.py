"""What a live call may do in the product beyond sound: implements ``common.ports.CallDesk``.

A call is named by its id alone; its user and task come from its row, so that no caller can write
into somebody else's.
"""

from collections.abc import Sequence
from typing import Literal

from opendeep.common import messages
from opendeep.common.ids import CallId, FeedbackId
from opendeep.common.messages import CallEvent
from opendeep.common.ports import MenuStep, SpokenLine
from opendeep.database.engine import Database
from opendeep.database.log_entries import LoggedEvent, LoggedLine
from opendeep.database.repositories import (
    CallEvents,
    PhoneMenus,
    SystemCalls,
    Tasks,
    UserEvents,
)
from opendeep.task_manager.call_ledger import CallLedger
from opendeep.task_manager.feedback_manager_svc import FeedbackManagerService
from opendeep.task_manager.menu_routes import route_of
from opendeep.task_manager.opt_out_spool import OptOut, OptOutSpool, note_opt_out

_VALUE_MOST_CHARACTERS = 500
_THROUGH = "person_reached"
"""The event of a call that got through a menu, a queue or a screening: its user is told, too."""


class CallDesk:
    """Writes a live call's lines, notes, opt-outs and questions; durable on return.

    Args:
        database: where they go.
        feedback: who puts questions to the user.
        spool: keeps opt-outs while the database is away; None where nothing outlives the process.
    """

    def __init__(
        self,
        database: Database,
        feedback: FeedbackManagerService,
        spool: OptOutSpool | None = None,
    ) -> None:
        self._database = database
        self._feedback = feedback
        self._spool = spool
        self._ledger = CallLedger(database)

    async def store_line(self, call_id: CallId, line: SpokenLine) -> int:
        """Store a transcript line, tell the user's pages; return its ``seq``."""
        return await self._ledger.write(LoggedLine(call_id=call_id, line=line))

    async def store_event(self, call_id: CallId, name: str, detail: dict[str, object]) -> None:
        """Append to the call's event list and tell whoever watches the call."""
        await self._ledger.write(LoggedEvent(call_id=call_id, name=name, detail=dict(detail)))
        if name == _THROUGH:
            async with self._database.transaction() as tx:
                call = await SystemCalls(tx).get(call_id)
                await UserEvents(tx, call.user_id).append("person_reached", subject_id=call_id)

    async def note_fact(self, call_id: CallId, name: str, value: str) -> None:
        """Remember a fact as an event of the call; the analysis carries it on to later calls."""
        async with self._database.transaction() as tx:
            call = await SystemCalls(tx).get(call_id)
            fact = {"name": name[:100], "value": value[:_VALUE_MOST_CHARACTERS]}
            await CallEvents(tx, call.user_id).append(call_id, "fact_noted", fact)
            tx.publish(messages.call_events(call_id), CallEvent(name="fact_noted", detail=name))

    async def mark_do_not_call(
        self, call_id: CallId, words: str, *, found_by: Literal["phrases", "model"]
    ) -> None:
        """Put the callee on the DND list and cancel what would still dial the number."""
        opt_out = OptOut(call_id=call_id, words=words, found_by=found_by)
        if self._spool is not None:
            await self._spool.note(opt_out)
            return
        async with self._database.transaction() as tx:
            await note_opt_out(tx, opt_out)

    async def learn_menu(self, call_id: CallId, steps: Sequence[MenuStep]) -> None:
        """Remember the way through the number's phone menus for the user's next calls."""
        async with self._database.transaction() as tx:
            call = await SystemCalls(tx).get(call_id)
            task = await Tasks(tx, call.user_id).get(call.task_id)
            menus = PhoneMenus(tx, call.user_id)
            if steps:
                await menus.put(task.phone_number, route_of(steps))
            else:
                await menus.remove(task.phone_number)

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
