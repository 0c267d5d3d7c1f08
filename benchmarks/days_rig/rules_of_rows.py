"""What must hold on every write, watched by the database itself.

A trigger refuses nothing: services take a refusal for a race and go on, so it would hide what it
found. It notes the violation in a table of its own, in the same transaction: what is rolled back
did no harm.
"""

from collections.abc import Iterable

from sqlalchemy import text

from opendeep.common.data_models import TaskStatus
from opendeep.database.engine import Database
from opendeep.task_manager.oversight_rules import ATTEMPTS_MOST
from opendeep.task_manager.task_states import RESTORED, TABLE

_DUE = (TaskStatus.PENDING, TaskStatus.RETRY_SCHEDULED, TaskStatus.ON_HOLD)
_HELD = "('queued_for_call', 'in_progress', 'awaiting_analysis')"
_OVERSEEN = ("priority", "instructions", "phase", "instructions_version", "nature")


def _moves() -> str:
    """List the moves that the table allows; an undone close goes back to where it was."""
    pairs = set()
    for (status, _), follows in TABLE.items():
        targets: Iterable[TaskStatus] = _DUE if follows is RESTORED else (follows,)
        pairs |= {f"{status.value}>{target.value}" for target in targets}
    pairs |= {f"unresolved>{status.value}" for status in (*_DUE, TaskStatus.AWAITING_USER)}
    return ", ".join(f"'{pair}'" for pair in sorted(pairs))


_CHANGED_WHILE_HELD = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _OVERSEEN)
_TOO_MANY = (
    "NEW.current_attempt_count > NEW.max_attempts AND NEW.status = 'in_progress' "
    f"OR NEW.max_attempts > {ATTEMPTS_MOST}"
)
_ANOTHER_LIVE = (
    "EXISTS (SELECT 1 FROM calls other WHERE other.task_id = NEW.task_id "
    "AND other.id <> NEW.id AND other.status NOT IN ('ended', 'lost'))"
)
_NOT_ITS_TURN = (
    "(SELECT status FROM tasks WHERE id = NEW.task_id) NOT IN ('queued_for_call', 'in_progress')"
)
_LISTED = (
    "EXISTS (SELECT 1 FROM dnd_list d JOIN tasks t ON t.id = NEW.task_id "
    "WHERE d.user_id = NEW.user_id AND d.phone_number = t.phone_number)"
)
_RULES = {
    "a move that no table allows": (
        "tasks",
        "UPDATE",
        "NEW.status <> OLD.status AND (OLD.status || '>' || NEW.status) NOT IN (" + _moves() + ")",
    ),
    "a write without a new version": ("tasks", "UPDATE", "NEW.version <> OLD.version + 1"),
    "a change while a service held it": (
        "tasks",
        "UPDATE",
        f"OLD.status IN {_HELD} AND NEW.status = OLD.status AND ({_CHANGED_WHILE_HELD})",
    ),
    "a claim outside the queue": (
        "tasks",
        "UPDATE",
        "NEW.claimed_by IS NOT NULL AND NEW.status <> 'queued_for_call'",
    ),
    "too many attempts": (
        "tasks",
        "UPDATE",
        _TOO_MANY,
    ),
    "two calls of a task at once": (
        "calls",
        "INSERT",
        _ANOTHER_LIVE,
    ),
    "a call of a task that is not its turn": (
        "calls",
        "INSERT",
        _NOT_ITS_TURN,
    ),
    "a second end of a call": (
        "calls",
        "UPDATE",
        "OLD.status IN ('ended', 'lost') AND NEW.status <> OLD.status",
    ),
    "a second analysis of a call": (
        "calls",
        "UPDATE",
        "OLD.analysis_status = 'done' AND NEW.analysis IS NOT OLD.analysis",
    ),
    "a call to a number whose owner said stop": (
        "calls",
        "INSERT",
        _LISTED,
    ),
}


async def watch(database: Database) -> None:
    """Put the triggers into an empty SQLite database."""
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE sim_violations (rule TEXT, row_id TEXT, was TEXT)"))
        for number, (rule, (table, event, broken)) in enumerate(_RULES.items()):
            was = "OLD.status || ' > ' || NEW.status" if event == "UPDATE" else "NEW.status"
            noted = f"INSERT INTO sim_violations VALUES ('{rule}', NEW.id, {was})"  # noqa: S608 - ours
            head = f"CREATE TRIGGER sim_{number} AFTER {event} ON {table} WHEN {broken}"
            await tx.execute(text(f"{head} BEGIN {noted}; END"))


async def violations(database: Database) -> list[str]:
    """Return what was noted."""
    async with database.transaction() as tx:
        found = await tx.execute(text("SELECT rule, row_id, was FROM sim_violations"))
        return [f"{rule}: {row_id} ({was})" for rule, row_id, was in found.all()]
