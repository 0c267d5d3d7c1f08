"""The user's events: replayed, live, and shown as GET shows their objects."""

import asyncio

import httpx
import pytest

from opendeep.common.data_models import CallStatus, FeedbackKind, Speaker
from opendeep.common.errors import UnavailableError
from opendeep.database.repositories import (
    Calls,
    Campaigns,
    FeedbackRequests,
    UserEvents,
)
from opendeep.web_interface.ui import events_socket
from tests.unit.web_interface.fakes import World
from tests.unit.web_interface.socket_client import connected

SHOWN = {
    "campaign_changed": "/api/campaigns/",
    "task_changed": "/api/tasks/",
    "call_changed": "/api/calls/",
}


async def test_replay_shows_objects_as_get_does(world: World, client: httpx.AsyncClient) -> None:
    """After id 0 comes everything in order, each with its object as GET returns it."""
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)
    await world.say(call.id, Speaker.CALLEE, "Hello?")
    user_id = await world.user()
    async with world.database.transaction() as tx:
        count = len(await UserEvents(tx, user_id).after(0))
    async with connected(world.app, "/ws/events?after=0") as socket:
        events = [await socket.text() for _ in range(count)]
    assert [event["id"] for event in events] == sorted(event["id"] for event in events)
    seen = {event["type"] for event in events}
    assert {*SHOWN, "transcript_line"} <= seen
    for event in events:
        assert set(event) == {"id", "type", "at", "data"}
        if event["type"] in SHOWN:
            shown = await client.get(f"{SHOWN[event['type']]}{event['data']['id']}")
            assert shown.json() == event["data"]
    line = next(event["data"] for event in events if event["type"] == "transcript_line")
    assert (line["call_id"], line["text"]) == (call.id, "Hello?")


async def test_live_events_come_without_old_ones(world: World) -> None:
    """Without ``after`` only what happens from now on is told."""
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)
    async with connected(world.app, "/ws/events") as socket:
        assert socket.status == 101
        await world.say(call.id, Speaker.AI, "Good day.")
        event = await socket.text()
    assert (event["type"], event["data"]["text"]) == ("transcript_line", "Good day.")


async def test_a_reconnect_misses_nothing(world: World) -> None:
    """What happened between two connections is replayed after the last id seen."""
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)
    async with connected(world.app, "/ws/events") as socket:
        await world.say(call.id, Speaker.AI, "One.")
        last = (await socket.text())["id"]
    await world.say(call.id, Speaker.AI, "Two.")
    async with connected(world.app, f"/ws/events?after={last}") as socket:
        await world.say(call.id, Speaker.AI, "Three.")
        told = [(await socket.text())["data"]["text"] for _ in range(2)]
    assert told == ["Two.", "Three."]


async def test_users_hear_of_their_own_objects_only(world: World) -> None:
    """Another user's page hears nothing of it, whatever it replays."""
    await world.campaign()
    async with connected(world.app, "/ws/events?after=0&user=alice") as socket:
        await world.campaign("+12025550107", user="alice")
        event = await socket.text()
        assert event["data"]["title"] == "Dentist"
        alice = await world.user("alice")
        async with world.database.transaction() as tx:
            mine = await UserEvents(tx, alice).after(0)
        assert event["id"] == mine[0].id


async def test_more_events_than_a_batch_come_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replay longer than one batch is read batch by batch."""
    monkeypatch.setattr(events_socket, "_BATCH", 2)
    await world.campaign("+12025550100", "+12025550107", "+12025550108", "+12025550113")
    async with connected(world.app, "/ws/events?after=0") as socket:
        events = [await socket.text() for _ in range(5)]
    assert [event["type"] for event in events].count("task_changed") == 4


async def test_a_lost_message_costs_a_delay_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event whose message never came on the bus is found by looking."""
    monkeypatch.setattr(events_socket, "_LOOK_SECONDS", 0.01)
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)

    async def lose(_channel: str, _message: object) -> None:
        await asyncio.sleep(0)

    async with connected(world.app, "/ws/events") as socket:
        await asyncio.sleep(0.03)  # the first look is over
        monkeypatch.setattr(world.bus, "publish", lose)
        await world.say(call.id, Speaker.AI, "Found.")
        assert (await socket.text())["data"]["text"] == "Found."


async def test_events_of_gone_and_unknown_objects_have_no_data(world: World) -> None:
    """A released call, and an event type that we do not know, are told with null."""
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)
    user_id = await world.user()
    async with world.database.transaction() as tx:
        last = await UserEvents(tx, user_id).last_id()
        await Calls(tx, user_id).release_unsent(call.id)
        await UserEvents(tx, user_id).append("weather_changed", subject_id="x")
    events = await events_socket.read_events(world.services, user_id, last)
    told = {event["type"]: event["data"] for event in events}
    assert told["call_changed"] is None
    assert told["weather_changed"] is None
    assert told["task_changed"]["id"] == task_id


async def test_questions_are_shown_as_get_shows_them(
    world: World, client: httpx.AsyncClient
) -> None:
    """A question between calls is told as check_in, its answer as feedback_answered."""
    _, task_id = await world.campaign()
    user_id = await world.user()
    async with world.database.transaction() as tx:
        last = await UserEvents(tx, user_id).last_id()
        requests = FeedbackRequests(tx, user_id)
        asked = await requests.create(kind=FeedbackKind.CHECK_IN, task_id=task_id, question="On?")
        await requests.answer(asked.id, "Yes")
    events = await events_socket.read_events(world.services, user_id, last)
    (shown,) = (await client.get("/api/feedback_requests")).json()["items"]
    assert [(event["type"], event["data"]) for event in events] == [
        ("check_in", shown),
        ("feedback_answered", shown),
    ]


async def test_a_finished_campaign_is_told(world: World) -> None:
    """The end of a campaign carries the campaign."""
    campaign_id, _ = await world.campaign()
    user_id = await world.user()
    async with world.database.transaction() as tx:
        last = await UserEvents(tx, user_id).last_id()
        campaign = await Campaigns(tx, user_id).get(campaign_id)
        finished = type(campaign.status).FINISHED
        await Campaigns(tx, user_id).set_status(campaign_id, finished)
    (event,) = await events_socket.read_events(world.services, user_id, last)
    assert (event["type"], event["data"]["status"]) == ("campaign_finished", "finished")


async def test_a_failing_database_closes_the_socket_for_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the events cannot be read, the page is told to try again later."""

    async def fail(*_arguments: object) -> list[object]:
        await asyncio.sleep(0)
        raise UnavailableError("The database does not answer.")

    monkeypatch.setattr(events_socket, "read_events", fail)
    async with connected(world.app, "/ws/events?after=0") as socket:
        assert await socket.closed() == (1013, "unavailable")


async def test_a_made_up_place_to_begin_is_refused(world: World) -> None:
    """An ``after`` that is no id, and a name that is none, do not open a socket."""
    for url in ("/ws/events?after=x", "/ws/events?user=%2500"):
        async with connected(world.app, url) as socket:
            assert socket.status in {403, 422}


def test_live_states_are_known() -> None:
    """The call states that the page calls live are the ones that hold a slot."""
    text = (events_socket.__file__ or "").replace("ui/events_socket.py", "static/js/lib/format.js")
    with open(text, encoding="utf-8") as file:  # noqa: PTH123  one small read
        script = file.read()
    live = sorted(status.value for status in CallStatus if status.is_live)
    listed = script.split("const LIVE = new Set([")[1].split("]")[0]
    assert sorted(part.strip().strip('"') for part in listed.split(",")) == live
