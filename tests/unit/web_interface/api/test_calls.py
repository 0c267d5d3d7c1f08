"""Calls and their recordings over HTTP."""

from pathlib import Path

import httpx
import pytest

from opendeep.common.data_models import CallCause, CallStatus, Speaker
from opendeep.common.ids import CallId
from opendeep.database.repositories import CallEvents, Calls
from opendeep.web_interface.api.calls import recording_file
from tests.unit.web_interface.fakes import World

SOUND = bytes(range(256)) * 4


async def ended_call(world: World, recording: str | None) -> CallId:
    """Make a call that is over."""
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)
    user_id = await world.user()
    async with world.database.transaction() as tx:
        await Calls(tx, user_id).change(
            call.id,
            expected={CallStatus.INITIATING},
            status=CallStatus.ENDED,
            cause=CallCause.COMPLETED,
            recording_path=recording,
        )
    return call.id


async def test_a_call_is_shown_with_what_was_said(world: World, client: httpx.AsyncClient) -> None:
    """The call carries its transcript in order, its events, and its task's number."""
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)
    await world.say(call.id, Speaker.CALLEE, "<script>alert(1)</script>", 100)
    await world.say(call.id, Speaker.AI, "Hello.", 2000)
    user_id = await world.user()
    async with world.database.transaction() as tx:
        await CallEvents(tx, user_id).append(call.id, "ringing", {"tries": 1})
    shown = (await client.get(f"/api/calls/{call.id}")).json()
    assert [line["seq"] for line in shown["transcript"]] == [1, 2]
    assert shown["transcript"][0] == {
        "seq": 1,
        "speaker": "callee",
        "text": "<script>alert(1)</script>",
        "start_ms": 100,
        "end_ms": 1100,
    }
    assert shown["events"][0]["name"] == "ringing"
    assert shown["phone_number"] == "+12025550100"
    assert shown["has_recording"] is False


async def test_the_recording_is_served_whole_and_in_ranges(
    world: World, client: httpx.AsyncClient
) -> None:
    """200 without a range, 206 with one, from the start, the middle and the end; 416 beyond."""
    call_id = await ended_call(world, "call.wav")
    (world.config.recordings_dir / "call.wav").write_bytes(SOUND)
    url = f"/api/calls/{call_id}/recording"
    whole = await client.get(url)
    assert (whole.status_code, whole.content) == (200, SOUND)
    assert whole.headers["content-type"] == "audio/wav"
    assert whole.headers["accept-ranges"] == "bytes"
    for asked, start, end in (("0-9", 0, 10), ("500-599", 500, 600), ("-24", 1000, 1024)):
        part = await client.get(url, headers={"range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, SOUND[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/1024"
    beyond = await client.get(url, headers={"range": "bytes=2000-"})
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == "bytes */1024"
    assert beyond.json()["error"]["code"] == "range_not_satisfiable"
    for junk in ("bytes", "pages=1-2", "bytes=", "bytes=9-2"):
        refused = await client.get(url, headers={"range": junk})
        assert refused.status_code == 400
        assert refused.json()["error"]["code"] == "invalid_range"
    assert (await client.get(f"/api/calls/{call_id}")).json()["has_recording"] is True


@pytest.mark.parametrize("stored", [None, "missing.wav", "../secret.wav", "/etc/hostname"])
async def test_no_other_file_is_ever_served(
    world: World, client: httpx.AsyncClient, stored: str | None
) -> None:
    """Without a file inside of the recordings' directory there is no recording."""
    call_id = await ended_call(world, stored)
    (world.config.recordings_dir.parent / "secret.wav").write_bytes(b"secret")
    assert (await client.get(f"/api/calls/{call_id}/recording")).status_code == 404


async def test_a_live_call_has_no_recording_yet(world: World, client: httpx.AsyncClient) -> None:
    """The recording is served once the call is over."""
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)
    user_id = await world.user()
    async with world.database.transaction() as tx:
        await Calls(tx, user_id).change(
            call.id, expected={CallStatus.INITIATING}, recording_path="call.wav"
        )
    assert (await client.get(f"/api/calls/{call.id}/recording")).status_code == 404


async def test_another_users_call_is_not_found(world: World, client: httpx.AsyncClient) -> None:
    """Another user sees neither the call nor its recording; nor does a made-up id exist."""
    call_id = await ended_call(world, "call.wav")
    (world.config.recordings_dir / "call.wav").write_bytes(SOUND)
    other = {"x-opendeep-user": "alice"}
    for path in (f"/api/calls/{call_id}", f"/api/calls/{call_id}/recording", "/api/calls/x"):
        assert (await client.get(path, headers=other)).status_code == 404


def test_an_absolute_path_inside_of_the_directory_is_fine(tmp_path: Path) -> None:
    """A row may name its file by its absolute path."""
    file = tmp_path / "a.wav"
    file.write_bytes(b"x")
    assert recording_file(tmp_path, str(file)) == file
    assert recording_file(tmp_path, "") is None
