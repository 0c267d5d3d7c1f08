"""Confirming a plan: once, and with every fault told."""

from typing import Any

import httpx
import pytest

from opendeep.database.repositories import ChatSessions
from tests.unit.web_interface.fakes import DENTIST, World, plan_json

URL = "/api/execute_campaign"


async def test_a_confirmed_plan_becomes_a_campaign(client: httpx.AsyncClient) -> None:
    """A plan of two tasks is a campaign with two tasks in its order."""
    body = {"campaign_plan": plan_json(DENTIST, "+12025550113")}
    answer = await client.post(URL, json=body)
    assert answer.status_code == 201
    made = answer.json()
    tasks = (await client.get(f"/api/tasks?campaign_id={made['campaign_id']}")).json()["items"]
    assert [task["id"] for task in tasks] == made["task_ids"]
    assert [task["phone_number"] for task in tasks] == [DENTIST, "+12025550113"]


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k1"}])
async def test_a_second_confirmation_gives_the_same_ids(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """The same plan with the same key, or without any, is confirmed once: 201, then 200."""
    first = await client.post(URL, json={"campaign_plan": plan_json()}, headers=headers)
    second = await client.post(URL, json={"campaign_plan": plan_json()}, headers=headers)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


async def test_a_key_is_bound_to_its_plan(client: httpx.AsyncClient) -> None:
    """The same key with another plan is a conflict; another user may use the same key."""
    headers = {"Idempotency-Key": "k1"}
    await client.post(URL, json={"campaign_plan": plan_json()}, headers=headers)
    other = {"campaign_plan": plan_json("+12025550113")}
    assert (await client.post(URL, json=other, headers=headers)).status_code == 409
    headers["X-OpenDeep-User"] = "alice"
    assert (await client.post(URL, json=other, headers=headers)).status_code == 201


async def test_a_plan_belongs_to_its_conversation(world: World, client: httpx.AsyncClient) -> None:
    """The same plan in another conversation is another campaign."""
    user_id = await world.user()
    async with world.database.transaction() as tx:
        session = await ChatSessions(tx, user_id).create()
    first = await client.post(URL, json={"campaign_plan": plan_json()})
    body = {"campaign_plan": plan_json(), "session_id": session.id}
    second = await client.post(URL, json=body)
    assert (first.status_code, second.status_code) == (201, 201)


def broken(**changes: Any) -> dict[str, Any]:
    """Return a plan whose first task is changed; None takes a field out."""
    plan: dict[str, Any] = plan_json()
    for name, value in changes.items():
        if value is None:
            del plan["tasks"][0][name]
        else:
            plan["tasks"][0][name] = value
    return plan


@pytest.mark.parametrize(
    ("plan", "paths"),
    [
        ({}, {"title", "goal", "tasks"}),
        ({**plan_json(), "tasks": []}, {"tasks"}),
        (broken(phone_number=None), {"tasks[0].phone_number"}),
        (broken(phone_number="0711 123"), {"tasks[0].phone_number"}),
        (broken(phone_number="+1911"), {"tasks[0].phone_number"}),
        (broken(phone_number="+19005550100"), {"tasks[0].phone_number"}),
        (broken(latest="2001-01-01T00:00:00Z"), {"tasks[0].latest"}),
        (broken(time_zone="Europe/Atlantis"), {"tasks[0].time_zone"}),
        (broken(goal="x" * 1_000_000), {"tasks[0].goal"}),
        (
            broken(max_attempts=99, time_zone="Nowhere"),
            {"tasks[0].max_attempts", "tasks[0].time_zone"},
        ),
        (broken(colour="red"), {"tasks[0].colour"}),
    ],
)  # fmt: skip
async def test_each_fault_of_a_plan_is_one_entry(
    client: httpx.AsyncClient, plan: dict[str, Any], paths: set[str]
) -> None:
    """A plan with faults is refused with one entry for each, and nothing is stored."""
    answer = await client.post(URL, json={"campaign_plan": plan})
    assert answer.status_code == 422
    details = answer.json()["error"]["details"]
    assert {fault["path"] for fault in details} == paths
    assert len(details) == len(paths)
    assert all(fault["code"] and fault["message"] for fault in details)
    assert (await client.get("/api/campaigns")).json()["items"] == []


async def test_what_is_no_plan_is_refused(client: httpx.AsyncClient) -> None:
    """A body without a plan, or with a list for one, has the fault at the plan."""
    for body in ({}, {"campaign_plan": []}):
        answer = await client.post(URL, json=body)
        assert answer.status_code == 422
        assert answer.json()["error"]["details"][0]["path"] == "campaign_plan"
    long_key = {"Idempotency-Key": "k" * 201}
    answer = await client.post(URL, json={"campaign_plan": plan_json()}, headers=long_key)
    assert answer.status_code == 422
