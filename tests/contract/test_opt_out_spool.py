"""An opt-out that was heard is kept on the disk until the database has it."""

import json
import os
import stat
import time
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from opendeep.common.clock import SystemClock
from opendeep.common.data_models import CallStatus, TaskStatus
from opendeep.common.errors import NotFoundError, UnavailableError
from opendeep.common.ids import CallId, new_call_id
from opendeep.database.engine import Database
from opendeep.database.repositories import CallEvents, DndList, Tasks
from opendeep.task_manager.opt_out_spool import OptOut, OptOutSpool
from tests.contract.conftest import NUMBER

WORDS = "Never call me again, Señor 北!"


class AwayDatabase(Database):
    """A database that does not answer."""

    @asynccontextmanager
    async def transaction(self):
        """Refuse."""
        raise UnavailableError("The database does not answer.")
        yield


@pytest.fixture
def folder(tmp_path):
    """Offer the place of the spool, which nobody has made yet."""
    return tmp_path / "data" / "opt_outs"


async def hear(folder, call_id):
    """Hear an opt-out in a process whose database is away, and which then ends."""
    spool = OptOutSpool(folder, AwayDatabase(), SystemClock())
    with pytest.raises(UnavailableError):
        await spool.note(OptOut(call_id=call_id, words=WORDS, found_by="phrases"))


async def events_of(database, call):
    """Read what happened in a call."""
    async with database.transaction() as tx:
        return [event.name for event in await CallEvents(tx, call.user_id).list(call.id)]


async def is_listed(database, user_id):
    """Say whether the callee is on the user's list."""
    async with database.transaction() as tx:
        return await DndList(tx, user_id).contains(NUMBER)


async def test_another_process_lists_who_was_heard_before_the_end(database, seeds, folder):
    """After a stop during an outage, whoever comes next lists the number and cancels its tasks."""
    user = await seeds.user()
    call = await seeds.call(user, CallStatus.IN_PROGRESS)
    queued = await seeds.queued(user)
    await hear(folder, call.id)
    assert not await is_listed(database, user)
    spool = OptOutSpool(folder, database, SystemClock())
    await spool.settle()
    assert await is_listed(database, user)
    async with database.transaction() as tx:
        task = await Tasks(tx, user).get(queued.id)
    assert task.status is TaskStatus.CANCELLED_DND
    assert await events_of(database, call) == ["opted_out"]
    assert list(folder.iterdir()) == []


async def test_an_opt_out_is_committed_once(database, seeds, folder):
    """What was committed and not forgotten yet is not listed again after a person took it off."""
    user = await seeds.user()
    call = await seeds.call(user, CallStatus.IN_PROGRESS)
    spool = OptOutSpool(folder, database, SystemClock())
    await spool.note(OptOut(call_id=call.id, words=WORDS, found_by="phrases"))
    assert list(folder.iterdir()) == []
    async with database.transaction() as tx:
        await DndList(tx, user).remove(NUMBER)
    await hear(folder, call.id)
    await spool.settle()
    assert not await is_listed(database, user)
    assert await events_of(database, call) == ["opted_out"]


async def test_files_are_for_their_owner_alone(folder):
    """The callee's words lie in a file of mode 0600 in a folder of mode 0700, whole."""
    call_id = new_call_id()
    await hear(folder, call_id)
    [path] = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    found = json.loads(path.read_bytes())
    assert found == {"call_id": call_id, "words": WORDS, "found_by": "phrases"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b'{"call_id": "',
        b"[1]",
        b'{"call_id": 5, "words": "", "found_by": "phrases"}',
        b'{"call_id": "11111111-1111-4111-8111-111111111111", "words": "", "found_by": "me"}',
        b'{"call_id": "11111111-1111-4111-8111-111111111111", "words": "", "found_by": []}',
        b'{"call_id": "11111111-1111-4111-8111-111111111111", "words": "x", "found_by": "model"}',
        b'{"call_id": "a\\u0000b", "words": "x", "found_by": "model"}',
        b'{"call_id": "a", "words": "\\ud800", "found_by": "model"}',
        b"[" * 100_000,
    ],
)
async def test_a_file_that_cannot_be_used_is_set_aside(folder, content, database, seeds):
    """What is broken, or of no call, is kept under another name; the good ones are settled."""
    user = await seeds.user()
    call = await seeds.call(user, CallStatus.IN_PROGRESS)
    await hear(folder, call.id)
    (folder / "0.json").write_bytes(content)
    spool = OptOutSpool(folder, database, SystemClock())
    for _ in range(2):
        await spool.settle()
    assert await is_listed(database, user)
    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [
        ("0.json.bad", content)
    ]


async def test_a_folder_in_a_file_s_place_is_set_aside(database, folder):
    """What was never an opt-out keeps nobody from being called."""
    (folder / "0.json").mkdir(parents=True)
    await OptOutSpool(folder, database, SystemClock()).settle()
    assert [path.name for path in folder.iterdir()] == ["0.json.bad"]


async def test_an_opt_out_whose_rows_cannot_be_read_is_set_aside(database, folder, seeds):
    """A row that was written by hand keeps one opt-out from being listed, not all calls."""
    user = await seeds.user()
    call = await seeds.call(user, CallStatus.IN_PROGRESS)
    async with database.transaction() as tx:
        await CallEvents(tx, user).append(call.id, "rang", {})
        await tx.execute(text("UPDATE call_events SET detail = '[]'"))
    await hear(folder, call.id)
    await OptOutSpool(folder, database, SystemClock()).settle()
    [path] = folder.iterdir()
    assert path.name.endswith(".json.bad")


async def test_a_half_written_file_waits_for_its_writer(database, folder):
    """A file that is being written is left alone; one whose writer died is set aside later."""
    folder.mkdir(parents=True)
    part = folder / "x.part"
    part.write_bytes(b'{"call')
    spool = OptOutSpool(folder, database, SystemClock())
    await spool.settle()
    assert part.exists()
    minutes_ago = time.time() - 120  # noqa: TID251 - the file system's clock
    os.utime(part, (minutes_ago, minutes_ago))
    await spool.settle()
    assert [path.name for path in folder.iterdir()] == ["x.part.bad"]


async def test_without_a_disk_the_database_is_told_all_the_same(database, seeds, folder):
    """A folder that cannot be written costs the second copy, not the opt-out."""
    folder.parent.mkdir()
    folder.write_bytes(b"a file in its place")
    user = await seeds.user()
    call = await seeds.call(user, CallStatus.IN_PROGRESS)
    spool = OptOutSpool(folder, database, SystemClock())
    await spool.note(OptOut(call_id=call.id, words=WORDS, found_by="model"))
    assert await is_listed(database, user)
    with pytest.raises(UnavailableError, match="opt_outs"):
        await spool.settle()


async def test_while_the_database_is_away_nothing_is_settled(folder):
    """Who would dial hears that nobody knows, and the file stays."""
    await hear(folder, new_call_id())
    with pytest.raises(UnavailableError):
        await OptOutSpool(folder, AwayDatabase(), SystemClock()).settle()
    assert len(list(folder.iterdir())) == 1


async def test_a_call_that_does_not_exist_is_told_to_who_notes_it(database, folder):
    """An opt-out in no call is an error to its caller and set aside by the next."""
    spool = OptOutSpool(folder, database, SystemClock())
    with pytest.raises(NotFoundError):
        await spool.note(OptOut(call_id=CallId(new_call_id()), words="x", found_by="model"))
    await spool.settle()
    [path] = folder.iterdir()
    assert path.name.endswith(".json.bad")
