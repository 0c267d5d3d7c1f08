"""Calendar files, notifications, and the overseer's actions over HTTP."""

from datetime import UTC, datetime

import httpx

from opendeep.common.data_models import TaskStatus
from opendeep.common.ids import TaskId
from opendeep.database.repositories import TaskActionLog, Tasks
from tests.unit.web_interface.fakes import World


async def booked(world: World) -> TaskId:
    """Let the user's task be booked for a plain day and time."""
    task_id = (await world.campaign())[1]
    outcome = {"verdict": "success", "agreed": {"date": "2030-01-08", "time": "2:30 PM"}}
    user_id = await world.user()
    async with world.database.transaction() as tx:
        await Tasks(tx, user_id).change(
            task_id, expected=set(TaskStatus), status=TaskStatus.COMPLETED, outcome=outcome
        )
    return task_id


async def test_a_booked_task_has_a_calendar_file(world: World, client: httpx.AsyncClient) -> None:
    """The file comes with its type and a name; a task that booked nothing has none."""
    task_id = await booked(world)
    answer = await client.get(f"/api/tasks/{task_id}/calendar.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert "DTSTART:20300108T143000Z" in answer.text
    other = (await world.campaign("+12025550101"))[1]
    assert (await client.get(f"/api/tasks/{other}/calendar.ics")).status_code == 404


async def test_the_page_and_the_calendar_tell_the_same_time(
    world: World, client: httpx.AsyncClient
) -> None:
    """A task without a zone of its own is booked in the user's, on the page as in the file."""
    task_id = await booked(world)
    await client.put("/api/profile", json={"time_zone": "America/New_York"})
    answer = await client.get(f"/api/tasks/{task_id}/calendar.ics")
    assert "DTSTART:20300108T193000Z" in answer.text
    shown = (await client.get(f"/api/tasks/{task_id}")).json()["appointment_at"]
    assert datetime.fromisoformat(shown) == datetime(2030, 1, 8, 19, 30, tzinfo=UTC)


async def test_targets_are_made_listed_and_removed(world: World, client: httpx.AsyncClient) -> None:
    """An e-mail address has no secret; what is refused says why; another user sees nothing."""
    del world
    body = {"kind": "email", "address": "ada@example.com"}
    made = await client.post("/api/notification_targets", json=body)
    assert (made.status_code, made.json()["secret"]) == (201, None)
    bad = {"kind": "webhook", "address": "https://127.0.0.1/"}
    refused = await client.post("/api/notification_targets", json=bad)
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "address_refused"
    listed = (await client.get("/api/notification_targets")).json()["items"]
    assert [one["address"] for one in listed] == ["ada@example.com"]
    assert "secret" not in listed[0]
    gone = await client.delete(f"/api/notification_targets/{made.json()['id']}")
    assert gone.status_code == 204
    assert (await client.get("/api/notification_deliveries")).json()["items"] == []
    assert (await client.post("/api/notification_deliveries/1/retry")).status_code == 404


async def test_actions_are_listed_and_undone(world: World, client: httpx.AsyncClient) -> None:
    """What the overseer did is shown with its reason and undone once."""
    task_id = (await world.campaign())[1]
    user_id = await world.user()
    async with world.database.transaction() as tx:
        await Tasks(tx, user_id).change(task_id, expected=set(TaskStatus), priority=3)
        await TaskActionLog(tx, user_id).append(
            task_id,
            actor="rules",
            kind="set_priority",
            reason="Because.",
            before={"priority": 5},
            after={"priority": 3},
        )
    [action] = (await client.get(f"/api/tasks/{task_id}/actions")).json()["items"]
    assert (action["reason"], action["status"]) == ("Because.", "done")
    undone = await client.post(f"/api/task_actions/{action['id']}/undo")
    assert undone.json()["status"] == "undone"
    assert (await client.get(f"/api/tasks/{task_id}")).json()["priority"] == 5
    assert (await client.post(f"/api/task_actions/{action['id']}/undo")).status_code == 409
    assert (await client.post(f"/api/task_actions/{action['id']}/accept")).status_code == 409
    assert (await client.post("/api/task_actions/999/dismiss")).status_code == 404
