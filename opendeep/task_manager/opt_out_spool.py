"""Opt-outs on the disk until the database has them: a wish that was heard outlives the process.

One file for each, in a folder of the data directory that all processes of a machine share. Whoever
hears an opt-out writes the file first, then the rows, then removes the file; whoever is about to
dial settles what others left there. A file that cannot be used is set aside, never dropped.
"""

import asyncio
import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Literal

import structlog
from pydantic import TypeAdapter, ValidationError

from opendeep.common.clock import Clock
from opendeep.common.errors import InvalidInputError, NotFoundError, UnavailableError
from opendeep.common.ids import CallId
from opendeep.database.engine import Database
from opendeep.database.repositories import AuditLog, CallEvents, DndList, SystemCalls, Tasks
from opendeep.database.transaction import Transaction
from opendeep.task_manager.do_not_call import stop_dialling

log = structlog.get_logger(__name__)

_ASKED: Final = "The callee asked not to be called again."
_MOST_CHARACTERS: Final = 500
_KEPT: Final = ".json"
_BEING_WRITTEN: Final = ".part"
_SET_ASIDE: Final = ".bad"
_WRITTEN_WITHIN_SECONDS: Final = 60.0

FoundBy = Literal["phrases", "model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """A callee's wish not to be called again: in which call, in which words, who understood it."""

    call_id: CallId
    words: str = field(repr=False)
    found_by: FoundBy


_FORM: Final = TypeAdapter(OptOut)


async def note_opt_out(tx: Transaction, opt_out: OptOut) -> None:
    """List the callee and cancel what would still dial the number; once for each who found it.

    Raises:
        NotFoundError: there is no such call.
    """
    tx.survive_power_loss()  # The file is removed next.
    call = await SystemCalls(tx).get(opt_out.call_id)
    events = CallEvents(tx, call.user_id)
    for event in await events.list(call.id):
        if event.name == "opted_out" and event.detail.get("found_by") == opt_out.found_by:
            return  # A person may have taken the number off the list since.
    # The call's own number: by now the task may be at another one of its contact.
    number = call.destination or (await Tasks(tx, call.user_id).get(call.task_id)).phone_number
    reason = f"The callee asked not to be called: {opt_out.words[:_MOST_CHARACTERS]}"
    await DndList(tx, call.user_id).add(number, reason, call.id)
    cancelled = await stop_dialling(tx, call.user_id, number, _ASKED)
    found = {"words": opt_out.words, "found_by": opt_out.found_by, "cancelled_tasks": cancelled}
    await events.append(call.id, "opted_out", found)
    await AuditLog(tx, call.user_id).append("dnd_added", {"call_id": call.id})


class OptOutSpool:
    """The opt-outs of a data directory that the database may not have yet.

    Args:
        folder: where the files lie; made when it is needed.
        database: where opt-outs belong.
        clock: tells what was left half written.
    """

    def __init__(self, folder: Path, database: Database, clock: Clock) -> None:
        self._folder = folder
        self._database = database
        self._clock = clock

    async def note(self, opt_out: OptOut) -> None:
        """Keep an opt-out on the disk, commit it, and forget the file; idempotent.

        Raises:
            UnavailableError: the database is away; whoever settles the spool commits it.
            NotFoundError: there is no such call.
        """
        path: Path | None = None
        try:
            path = await asyncio.to_thread(self._keep, opt_out)
        except OSError as error:
            # The database may well be there: then nothing is missing.
            reason = error.strerror or str(error)
            log.error("opt_out_not_spooled", call_id=opt_out.call_id, reason=reason)  # noqa: TRY400 - a disk's fault
        async with self._database.transaction() as tx:
            await note_opt_out(tx, opt_out)
        if path is not None:
            await asyncio.to_thread(_forget, path)

    async def settle(self) -> None:
        """Commit what a process that ended, or the database's absence, left here; idempotent.

        Raises:
            UnavailableError: the database or the folder cannot be used, so that nobody knows who
                must not be called.
        """
        try:
            for path in await asyncio.to_thread(self._waiting):
                await self._settle(path)
        except OSError as error:
            raise UnavailableError(
                f"The opt-outs in {self._folder} cannot be settled: {error.strerror or error}."
            ) from error

    async def _settle(self, path: Path) -> None:
        opt_out = await asyncio.to_thread(_read, path)
        if opt_out is None:
            return
        try:
            async with self._database.transaction() as tx:
                await note_opt_out(tx, opt_out)
        except (NotFoundError, InvalidInputError) as error:
            await asyncio.to_thread(_set_aside, path, error.message)
        except (ValidationError, UnicodeError):
            # Written by hand: it will not become readable, and everybody's calls wait.
            await asyncio.to_thread(_set_aside, path, "The rows of its call cannot be read.")
        else:
            await asyncio.to_thread(_forget, path)
            log.warning("opt_out_settled_late", call_id=opt_out.call_id)

    def _keep(self, opt_out: OptOut) -> Path:
        """Write the file so that it is there whole or not at all, whatever stops us."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{opt_out.call_id}-{opt_out.found_by}{_KEPT}"
        # For its owner alone, as mkstemp makes it.
        descriptor, name = tempfile.mkstemp(suffix=_BEING_WRITTEN, dir=self._folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(opt_out), file)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return path

    def _waiting(self) -> list[Path]:
        with contextlib.suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            return sorted(self._whole(entries))
        return []

    def _whole(self, entries: Iterator[os.DirEntry[str]]) -> Iterator[Path]:
        """Pick what is kept, and what somebody died over while writing it."""
        for entry in entries:
            if entry.name.endswith(_KEPT):
                yield Path(entry.path)
            elif entry.name.endswith(_BEING_WRITTEN):
                with contextlib.suppress(FileNotFoundError):
                    age_seconds = self._clock.now().timestamp() - entry.stat().st_mtime
                    if age_seconds > _WRITTEN_WITHIN_SECONDS:
                        yield Path(entry.path)


def _read(path: Path) -> OptOut | None:
    """Return what a file holds; None where another process settled it, or it was set aside."""
    try:
        return _FORM.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        _set_aside(path, "It is a folder.")
        return None
    except ValidationError as error:
        _set_aside(path, error.errors()[0]["msg"])
        return None


def _set_aside(path: Path, reason: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.rename(path.with_name(path.name + _SET_ASIDE))
        log.error("opt_out_set_aside", file=path.name, reason=reason)


def _forget(path: Path) -> None:
    path.unlink(missing_ok=True)
