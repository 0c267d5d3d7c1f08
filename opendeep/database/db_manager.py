"""The few questions about calls and tasks that are asked from outside a unit of work."""

from typing import Any

from opendeep.common.clock import Clock, SystemClock
from opendeep.common.data_models import CallStatus
from opendeep.common.ids import CallId, UserId
from opendeep.database.engine import Database
from opendeep.database.models import Call, CallCreate, Task
from opendeep.database.repositories.calls import Calls
from opendeep.database.repositories.dnd_list import DndList
from opendeep.database.repositories.system_calls import SystemCalls
from opendeep.database.repositories.system_tasks import SystemTasks
from opendeep.database.repositories.tasks import Tasks

_DUE_LIMIT = 1000


class DbManager:
    """One transaction a question, over the repositories.

    Args:
        database: an open database.
        clock: what is due now.
    """

    def __init__(self, database: Database, *, clock: Clock | None = None) -> None:
        self._database = database
        self._clock: Clock = clock or SystemClock()

    async def get_due_tasks(self, user_id: UserId | None = None) -> list[Task]:
        """Return due tasks, most urgent first, at most 1,000; of one user, or of all.

        It only looks: the scheduler claims (``SystemTasks.claim_due``).
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if user_id is not None:
                return await Tasks(tx, user_id).due(now=now, limit=_DUE_LIMIT)
            return await SystemTasks(tx).due(now=now, limit=_DUE_LIMIT)

    async def is_on_dnd_list(self, phone_number: str, user_id: UserId) -> bool:
        """Say whether the user listed this number (E.164) as do-not-disturb."""
        async with self._database.transaction() as tx:
            return await DndList(tx, user_id).contains(phone_number)

    async def create_call_attempt(self, request: CallCreate) -> Call:
        """Create the attempt of a queued task.

        Raises:
            NotFoundError: the user has no such task.
            ConflictError: the task is not queued.
        """
        async with self._database.transaction() as tx:
            task = await Tasks(tx, request.user_id).get(request.task_id)
            return await Calls(tx, request.user_id).create_attempt(task)

    async def update_call_status(self, call_id: CallId, status: CallStatus, **columns: Any) -> Call:
        """Move a live call forward and set other columns with it.

        Raises:
            NotFoundError: there is no such call.
            ConflictError: the call is over, or further on already.
            TypeError: there is no such column, or it is not for changing.
        """
        live = [status for status in CallStatus if status.is_live]
        async with self._database.transaction() as tx:
            call = await SystemCalls(tx).get(call_id)
            calls = Calls(tx, call.user_id)
            return await calls.change(call_id, expected=live, status=status, **columns)

    async def get_call_by_id(self, call_id: CallId) -> Call:
        """Return a call of whichever user.

        Raises:
            NotFoundError: there is no such call.
        """
        async with self._database.transaction() as tx:
            return await SystemCalls(tx).get(call_id)
