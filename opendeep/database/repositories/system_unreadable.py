"""Task rows that cannot be read: mended as far as needed to be shown, and put on hold.

A row may be written by hand (CONTRACT §6), so it may hold what no task can: a list for facts, a
word for a number, a time that is none. Such a row must stop nobody: what cannot be read gives way
to the column's default, its text goes to the owner's audit log, and the task waits on hold for
somebody to look at it, with the reason.
"""

import json
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import Column, Select, Text, cast, func, insert, select, update

from opendeep.common.data_models import TaskStatus
from opendeep.common.errors import InvalidInputError
from opendeep.common.ids import TaskId
from opendeep.database.column_types import JSON_VALUE, UtcDateTime
from opendeep.database.models import Task
from opendeep.database.tables import DUE_STATUSES, audit_log, tasks, users
from opendeep.database.transaction import Transaction, UserEventDraft, translated_errors

log = structlog.get_logger(__name__)

_UNREADABLE = (TypeError, ValueError, InvalidInputError)
"""What a driver, a column type or pydantic says about a value that does not fit."""
_STILL_TO_DIAL = (*DUE_STATUSES, TaskStatus.QUEUED_FOR_CALL)
_IDENTITY = ("id", "user_id")
_FAULT_MOST_CHARACTERS = 120
_HOLD: dict[str, Any] = {
    "status": TaskStatus.ON_HOLD,
    "next_action_time": None,
    "status_before_claim": None,
    "claimed_by": None,
    "claim_expires_at": None,
}


class SystemTaskRows:
    """Reads whole task rows of all users; the transaction must be one that may write."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def read(self, statement: Select[Any]) -> list[Task]:
        """Run a query for whole tasks; rows that cannot be read are set aside.

        Args:
            statement: selects the columns of :class:`Task`, in its order.

        Raises:
            UnavailableError: the database is away.
        """
        try:
            return await self._read(statement)
        except _UNREADABLE:
            found: list[Task] = []
            for task_id in await self._ids(statement):
                one = statement.where(tasks.c.id == task_id)
                try:
                    found += await self._read(one)
                except _UNREADABLE:
                    await self._set_aside(task_id)
                    found += await self._read(one)
            return found

    async def _read(self, statement: Select[Any]) -> list[Task]:
        with translated_errors():
            found = (await self._tx.execute(statement)).mappings()
            return [Task.model_validate(dict(row)) for row in found]

    async def _ids(self, statement: Select[Any]) -> list[TaskId]:
        found = await self._tx.execute(statement.with_only_columns(tasks.c.id))
        return [TaskId(task_id) for task_id in found.scalars()]

    async def _set_aside(self, task_id: TaskId) -> None:
        """Mend the row, keep what stood in it, and hold the task if it was to be dialled."""
        faults = await self._faults(task_id)
        kept = {name: await self._as_text(tasks.c[name], task_id) for name in faults}
        listed = "; ".join(f"{name}: {fault}" for name, fault in faults.items())
        reason = (
            f"The task's row could not be read ({listed}). What stood there is kept in the table "
            "audit_log. Look at the task, then resume it."
        )
        changes: dict[str, Any] = {
            name: _harmless(tasks.c[name]) for name in faults if name not in _IDENTITY
        }
        changes["status_reason"] = reason
        if "version" not in faults:
            changes["version"] = tasks.c.version + 1
        this = tasks.c.id == task_id
        await self._tx.execute(update(tasks).where(this).values(changes))
        dialled_next = tasks.c.status.in_(_STILL_TO_DIAL)
        hold = {**_HOLD, "updated_at": self._tx.now()}
        await self._tx.execute(update(tasks).where(this, dialled_next).values(hold))
        log.warning("unreadable_task_held", task_id=task_id, columns=sorted(faults))
        owner = select(users.c.id).join(tasks, tasks.c.user_id == users.c.id).where(this)
        user_id = (await self._tx.execute(owner)).scalar()
        if user_id is None:
            return
        detail = {"table": "tasks", "key": task_id, "columns": kept}
        entry = {"user_id": user_id, "action": "unreadable_value_replaced", "detail": detail}
        await self._tx.execute(insert(audit_log).values(entry))
        told = UserEventDraft(
            user_id=user_id, type="task_changed", subject_id=str(task_id), data=None
        )
        self._tx.tell(told)

    async def _faults(self, task_id: TaskId) -> dict[str, str]:
        """Say of each column that cannot be read what is wrong with it."""
        values: dict[str, Any] = {}
        faults: dict[str, str] = {}
        for name in Task.model_fields:
            statement = select(tasks.c[name]).where(tasks.c.id == task_id)
            try:
                with translated_errors():
                    values[name] = (await self._tx.execute(statement)).scalar_one()
            except _UNREADABLE as error:
                is_time = isinstance(tasks.c[name].type, UtcDateTime)
                fault = "This is no date and time" if is_time else str(error)
                faults[name] = fault[:_FAULT_MOST_CHARACTERS]
        try:
            Task.model_validate(values)
        except ValidationError as error:
            for entry in error.errors(include_url=False, include_input=False):
                faults.setdefault(str(entry["loc"][0]), entry["msg"])
        return faults

    async def _as_text(self, column: Column[Any], task_id: TaskId) -> str:
        """Return what stands in the column as text, or its bytes in hexadecimal."""
        this = tasks.c.id == task_id
        try:
            with translated_errors():
                statement = select(cast(column, Text)).where(this)
                return str((await self._tx.execute(statement)).scalar_one())
        except _UNREADABLE:
            return str((await self._tx.execute(select(func.hex(column)).where(this))).scalar_one())


def _harmless(column: Column[Any]) -> Any:
    """Return a value that the column can always hold: nothing, its default, or an empty text."""
    default = getattr(column.server_default, "arg", None)
    if column.nullable:
        return None
    if isinstance(default, str) and column.type is JSON_VALUE:
        return json.loads(default)
    return "" if default is None else default
