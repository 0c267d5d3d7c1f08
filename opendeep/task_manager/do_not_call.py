"""Do-not-disturb lists by hand: list a number, take it off, import and export, with an audit.

An entry says who made it and why, and keeps its first reason. No outcome of a call removes one;
taking one off is an act of a person, which the audit log keeps together with what stood there.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from opendeep.common.data_models import CallStatus, TaskStatus
from opendeep.common.errors import ConflictError, InvalidInputError
from opendeep.common.ids import UserId
from opendeep.database.engine import Database
from opendeep.database.models import AddedBy, DndEntry
from opendeep.database.repositories import AuditLog, Calls, DndList, Tasks
from opendeep.database.scopes import PAGE_LIMIT_MOST
from opendeep.database.transaction import Transaction
from opendeep.task_manager.task_states import TaskInput, sources_of

_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_PUNCTUATION = re.compile(r"[\s().-]")
_FORMULA = ("=", "+", "-", "@")
_COLUMNS = ("phone_number", "reason", "added_by", "source_call_id", "created_at")
_MOST_CHARACTERS = 500
LINES_MOST = 10_000
_LISTED_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvFault:
    """A line of a file that was not taken, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file: how many numbers are new, how many were listed already."""

    added: int
    known: int
    faults: tuple[CsvFault, ...]


def e164(text: str) -> str:
    """Return a number in E.164 form, without the punctuation that people write.

    Raises:
        InvalidInputError: it is not ``+`` and 7 to 15 digits.
    """
    number = _PUNCTUATION.sub("", text)
    if _E164.fullmatch(number) is None:
        raise InvalidInputError(
            "Write the number with + and country code, as in +1 202 555 0100.",
            code="invalid_phone_number",
        )
    return number


async def list_number(
    tx: Transaction, user_id: UserId, number: str, reason: str, *, added_by: AddedBy
) -> DndEntry:
    """Put a number on the user's list; one that is on it stays as it is.

    Raises:
        InvalidInputError: it is no number.
    """
    number = e164(number)
    known = await DndList(tx, user_id).contains(number)
    entry = await DndList(tx, user_id).add(number, reason[:_MOST_CHARACTERS], added_by=added_by)
    await stop_dialling(tx, user_id, number, "The number is on your do-not-disturb list.")
    if not known:
        detail = {"phone_number": number, "reason": entry.reason, "added_by": added_by}
        await AuditLog(tx, user_id).append("dnd_added", detail)
    return entry


async def stop_dialling(tx: Transaction, user_id: UserId, number: str, reason: str) -> int:
    """Cancel what would still dial a number, an attempt that was not sent yet included.

    Returns how many tasks. Only what Asterisk was told already goes on: to be hung up, not to be
    undone.
    """
    calls, tasks = Calls(tx, user_id), Tasks(tx, user_id)
    for call in await calls.live():
        if call.destination == number and call.status is CallStatus.INITIATING:
            try:
                await calls.release_unsent(call.id, reason=reason)
            except ConflictError:
                continue  # It was sent at this very moment.
    waiting = sources_of(TaskInput.REFUSE_DND)
    cancelled = await tasks.with_number(number, statuses=waiting)
    for task in cancelled:
        await tasks.change(
            task.id,
            expected=waiting,
            status=TaskStatus.CANCELLED_DND,
            status_reason=reason,
            next_action_time=None,
        )
    return len(cancelled)


async def unlist_number(tx: Transaction, user_id: UserId, number: str, reason: str) -> None:
    """Take a number off the user's list; the audit log keeps the entry and who wanted that why.

    Raises:
        InvalidInputError: it is no number.
        NotFoundError: it is not listed.
    """
    number = e164(number)
    entries = DndList(tx, user_id)
    entry = await entries.find(number)
    await entries.remove(number)
    was = entry.model_dump(mode="json", include=set(_COLUMNS))
    await AuditLog(tx, user_id).append("dnd_removed", {"entry": was, "reason": reason})


async def import_csv(
    database: Database, user_id: UserId, text: str, *, reason: str = ""
) -> Imported:
    """Put every number of a CSV file on the user's list, part by part: others write in between.

    A file that was taken in part is imported again: what is listed stays as it is.

    Args:
        database: where the lists are.
        user_id: whose list.
        text: with a header line that names ``phone_number``, and maybe ``reason``.
        reason: for lines without one.

    Raises:
        InvalidInputError: there is no such header, or the file is too long; nothing is listed.
    """
    rows = list(islice(_rows(text), LINES_MOST + 1))
    if len(rows) > LINES_MOST:
        raise InvalidInputError(
            f"The file has more than {LINES_MOST} lines: divide it.", code="too_many"
        )
    added = 0
    good, faults = _numbers_of(rows, reason)
    for start in range(0, len(good), _LISTED_AT_ONCE):
        async with database.transaction() as tx:
            for number, why in good[start : start + _LISTED_AT_ONCE]:
                if not await DndList(tx, user_id).contains(number):
                    await list_number(tx, user_id, number, why, added_by="import")
                    added += 1
    return Imported(added=added, known=len(good) - added, faults=faults)


def _numbers_of(
    rows: Iterable[tuple[int, dict[str, str | None]]], reason: str
) -> tuple[list[tuple[str, str]], tuple[CsvFault, ...]]:
    """Return the numbers with their reasons, and the lines that have none."""
    good: list[tuple[str, str]] = []
    faults: list[CsvFault] = []
    for line, row in rows:
        try:
            number = e164(row.get("phone_number") or "")
        except InvalidInputError as error:
            faults.append(CsvFault(line=line, reason=error.message))
        else:
            good.append((number, _unquoted(row.get("reason") or "") or reason))
    return good, tuple(faults)


async def export_csv(tx: Transaction, user_id: UserId) -> str:
    """Return the user's list as CSV, oldest entry first; no cell is a formula."""
    entries: list[DndEntry] = []
    cursor: str | None = None
    while True:
        page = await DndList(tx, user_id).list(limit=PAGE_LIMIT_MOST, cursor=cursor)
        entries += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    written = io.StringIO()
    writer = csv.DictWriter(written, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for entry in reversed(entries):
        values = entry.model_dump(mode="json", include=set(_COLUMNS))
        writer.writerow({**values, "reason": quoted_cell(entry.reason)})
    return written.getvalue()


def _rows(text: str) -> Iterator[tuple[int, dict[str, str | None]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        if "phone_number" not in (reader.fieldnames or ()):
            raise InvalidInputError("The file's first line must name the column phone_number.")
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise InvalidInputError(
            f"The file is no CSV at line {reader.line_num}: {error}."
        ) from error


def quoted_cell(cell: str) -> str:
    """Keep a spreadsheet from running what somebody said in a call."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _unquoted(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell.strip()
