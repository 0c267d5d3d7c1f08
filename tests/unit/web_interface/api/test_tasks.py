"""Tasks over HTTP."""

import httpx

from tests.unit.web_interface.fakes import World


async def test_a_task_is_shown_with_its_attempts(world: World, client: httpx.AsyncClient) -> None:
    """The task carries its plan's words, its state and a line for each attempt."""
    campaign_id, task_id = await world.campaign()
    call = await world.begin_call(task_id)
    shown = (await client.get(f"/api/tasks/{task_id}")).json()
    assert shown["campaign_id"] == campaign_id
    assert shown["status"] == "in_progress"
    assert shown["current_attempt_count"] == 1
    assert shown["facts"]["service"] == "dental cleaning"
    (attempt,) = shown["calls"]
    assert (attempt["id"], attempt["status"]) == (call.id, "initiating")


async def test_lists_filter_by_campaign_and_status(world: World, client: httpx.AsyncClient) -> None:
    """Both filters narrow the list, and a value that cannot be is refused."""
    campaign_id, _ = await world.campaign("+12025550100", "+12025550113")
    await world.campaign("+12025550107")
    url = f"/api/tasks?campaign_id={campaign_id}"
    assert len((await client.get("/api/tasks")).json()["items"]) == 3
    assert len((await client.get(url)).json()["items"]) == 2
    assert (await client.get(f"{url}&status=failed")).json()["items"] == []
    assert (await client.get("/api/tasks?status=odd")).status_code == 422
    assert (await client.get("/api/tasks?campaign_id=0")).status_code == 422
    part = (await client.get("/api/tasks?limit=2")).json()
    rest = (await client.get(f"/api/tasks?limit=2&cursor={part['next_cursor']}")).json()
    assert len(rest["items"]) == 1


async def test_hold_until_a_time_or_until_resumed(world: World, client: httpx.AsyncClient) -> None:
    """Hold takes a time with a zone, or none; a time without a zone is refused."""
    _, task_id = await world.campaign()
    url = f"/api/tasks/{task_id}/hold"
    held = await client.post(url, json={"until": "2030-01-31T09:00:00+01:00"})
    assert held.json()["next_action_time"] == "2030-01-31T08:00:00Z"
    assert (await client.post(url)).json()["next_action_time"] is None
    assert world.task_actions.held_until[1] is None
    assert (await client.post(url, json={"until": "2030-01-31T09:00:00"})).status_code == 422


async def test_retry_resume_and_cancel(world: World, client: httpx.AsyncClient) -> None:
    """Each action answers with the changed task; one that does not fit is a conflict."""
    _, task_id = await world.campaign()
    url = f"/api/tasks/{task_id}"
    assert (await client.post(f"{url}/resume")).status_code == 409
    await client.post(f"{url}/hold")
    assert (await client.post(f"{url}/resume")).json()["status"] == "pending"
    assert (await client.post(f"{url}/retry")).json()["status"] == "pending"
    assert (await client.post(f"{url}/cancel")).json()["status"] == "cancelled"
    assert (await client.post(f"{url}/cancel")).status_code == 409
    assert (await client.post(f"{url}/explode")).status_code == 404


async def test_another_users_task_is_not_found(world: World, client: httpx.AsyncClient) -> None:
    """Whatever another user does with a task's address, it is not found and not changed."""
    _, task_id = await world.campaign(user="alice")
    url = f"/api/tasks/{task_id}"
    for action in ("retry", "hold", "resume", "cancel"):
        assert (await client.post(f"{url}/{action}")).status_code == 404
    assert (await client.get(url)).status_code == 404
    shown = await client.get(url, headers={"x-opendeep-user": "alice"})
    assert shown.json()["status"] == "pending"
