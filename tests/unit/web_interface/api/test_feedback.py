"""Questions to the user over HTTP."""

import httpx

from opendeep.common import messages
from opendeep.common.data_models import FeedbackKind
from opendeep.common.ids import FeedbackId
from opendeep.common.messages import Message
from opendeep.database.repositories import FeedbackRequests
from tests.unit.web_interface.fakes import World


async def asked(world: World) -> tuple[FeedbackId, str]:
    """Put a question from a live call; return its id and the call's."""
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)
    user_id = await world.user()
    async with world.database.transaction() as tx:
        question = await FeedbackRequests(tx, user_id).create(
            kind=FeedbackKind.LIVE_CALL,
            task_id=task_id,
            call_id=call.id,
            tool_call_id="t1",
            question="Wednesday at nine?",
            options=["Yes", "No"],
        )
    return question.id, call.id


async def test_a_question_is_listed_and_answered(world: World, client: httpx.AsyncClient) -> None:
    """A pending question is listed, its answer goes into the call, and it is answered once."""
    feedback_id, call_id = await asked(world)
    (shown,) = (await client.get("/api/feedback_requests?status=pending")).json()["items"]
    assert (shown["id"], shown["kind"], shown["options"]) == (
        feedback_id,
        "live_call",
        ["Yes", "No"],
    )
    heard: list[Message] = []

    async def take(message: Message) -> None:
        heard.append(message)

    url = f"/api/feedback_requests/{feedback_id}/answer"
    async with world.bus.serve(f"voice_commands:{call_id}", take):
        answer = await client.post(url, json={"answer": " Yes "})
    assert answer.json()["status"] == "answered"
    assert answer.json()["answer"] == "Yes"
    assert heard == [messages.GiveAnswer(tool_call_id="t1", answer="Yes")]
    assert (await client.post(url, json={"answer": "No"})).status_code == 409
    assert (await client.get("/api/feedback_requests?status=pending")).json()["items"] == []


async def test_bad_answers_are_refused(world: World, client: httpx.AsyncClient) -> None:
    """An empty or endless answer is a fault; the question stays pending."""
    feedback_id, _ = await asked(world)
    url = f"/api/feedback_requests/{feedback_id}/answer"
    for body in ({}, {"answer": " "}, {"answer": "x" * 1001}, {"answer": 5}):
        assert (await client.post(url, json=body)).status_code == 422
    assert len((await client.get("/api/feedback_requests")).json()["items"]) == 1


async def test_another_user_cannot_answer(world: World, client: httpx.AsyncClient) -> None:
    """A question of somebody else is neither listed nor found."""
    feedback_id, _ = await asked(world)
    other = {"x-opendeep-user": "alice"}
    assert (await client.get("/api/feedback_requests", headers=other)).json()["items"] == []
    url = f"/api/feedback_requests/{feedback_id}/answer"
    assert (await client.post(url, json={"answer": "Yes"}, headers=other)).status_code == 404
