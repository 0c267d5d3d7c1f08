"""The chat: one turn as JSON, or as a stream."""

import json
from typing import Any

import httpx

from opendeep.common.data_models import CampaignPlan, Form, ToolActivity
from opendeep.common.errors import ModelUnavailableError
from opendeep.common.ids import ChatSessionId
from opendeep.database.repositories import ChatSessions
from tests.unit.web_interface.fakes import FakeReply, World, plan_json

FORM = Form.model_validate(
    {"id": "f", "title": "Tell me", "questions": [{"id": "name", "label": "Name?"}]}
)
LOOKED_UP = ToolActivity(tool="search_internet", summary="Searched", ok=True)
STREAM = {"accept": "text/event-stream"}


def turn(**parts: Any) -> FakeReply:
    """Return a scripted turn; the fake fills in the session."""
    return FakeReply(session_id=ChatSessionId(""), reply="Two words", **parts)


def events(text: str) -> list[tuple[str, Any]]:
    """Decode a stream into names and data."""
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in blocks
    ]


async def test_a_turn_comes_as_one_reply(world: World, client: httpx.AsyncClient) -> None:
    """The reply carries the session, the words, the form, the plan and the tools used."""
    plan = CampaignPlan.model_validate(plan_json())
    world.assistant.turns.append(turn(form=FORM, campaign_plan=plan, tool_activity=[LOOKED_UP]))
    answer = await client.post("/api/chat_interaction", json={"message": " hello "})
    assert answer.status_code == 200
    told = answer.json()
    assert told["reply"] == "Two words"
    assert told["form"]["questions"][0]["type"] == "text"
    assert told["tool_activity"] == [{"tool": "search_internet", "summary": "Searched", "ok": True}]
    assert told["campaign_plan"]["tasks"][0]["sources"][0]["from"] == "user"
    assert world.assistant.heard == [(await world.user(), "hello", None)]


async def test_answers_go_on_with_the_session(world: World, client: httpx.AsyncClient) -> None:
    """Form answers with the session's id reach the assistant in the same session."""
    first = (await client.post("/api/chat_interaction", json={"message": "hi"})).json()
    body = {"form_answers": {"name": "Alex"}, "session_id": first["session_id"]}
    second = await client.post("/api/chat_interaction", json=body)
    assert second.json()["session_id"] == first["session_id"]
    assert world.assistant.heard[1][2] == {"name": "Alex"}


async def test_an_empty_interaction_is_refused(client: httpx.AsyncClient) -> None:
    """Without words and without answers there is nothing to do; blank words are a fault."""
    for body in ({}, {"message": "   "}, {"message": None}, {"mesage": "typo"}):
        assert (await client.post("/api/chat_interaction", json=body)).status_code == 422


async def test_somebody_elses_session_is_not_found(world: World, client: httpx.AsyncClient) -> None:
    """A session of another user is not found, before a stream begins."""
    alice = await world.user("alice")
    async with world.database.transaction() as tx:
        session = await ChatSessions(tx, alice).create()
    body = {"message": "hi", "session_id": session.id}
    for headers in ({}, STREAM):
        answer = await client.post("/api/chat_interaction", json=body, headers=headers)
        assert answer.status_code == 404
    assert world.assistant.heard == []


async def test_the_body_may_name_the_user(world: World, client: httpx.AsyncClient) -> None:
    """The username of the body decides whose conversation it is."""
    await client.post("/api/chat_interaction", json={"message": "hi", "username": "alice"})
    assert world.assistant.heard[0][0] == await world.user("alice")


async def test_a_turn_comes_as_a_stream(world: World, client: httpx.AsyncClient) -> None:
    """Tools and words come as they happen; the last event is the whole turn."""
    world.assistant.turns.append(turn(tool_activity=[LOOKED_UP]))
    answer = await client.post("/api/chat_interaction", json={"message": "hi"}, headers=STREAM)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    told = events(answer.text)
    assert [name for name, _ in told] == ["tool", "delta", "delta", "done"]
    assert "".join(data["text"] for name, data in told if name == "delta") == "Two words "
    assert told[-1][1]["reply"] == "Two words"


async def test_a_failing_turn_ends_the_stream_with_an_error(
    world: World, client: httpx.AsyncClient
) -> None:
    """An error after the stream began is its last event, in the errors' shape."""
    away = ModelUnavailableError("The model is away.")
    away.kept_in = "s1"
    world.assistant.turns.append(away)
    answer = await client.post("/api/chat_interaction", json={"message": "hi"}, headers=STREAM)
    assert events(answer.text) == [
        (
            "error",
            {
                "error": {
                    "code": "model_unavailable",
                    "message": "The model is away.",
                    "details": [{"session_id": "s1"}],
                }
            },
        )
    ]
