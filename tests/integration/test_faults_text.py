"""The text AI is away: the chat says so and forgets nothing; analyses wait for it."""

import asyncio
import sqlite3
from pathlib import Path

import httpx
import pytest

from opendeep.practice.ai_service import AiServiceConfig, PracticeAiService
from tests.integration.faults_far_ends import far_ends
from tests.integration.faults_product import CALLEE, Json, Product, plan, serving, until
from tests.unit.practice.speech_fakes import fake_engines

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

WISH = f"Book me a dental cleaning at Bright Smile Dental next week, afternoons. Call {CALLEE}."
BOOKED = "You are all set. You are booked for Tuesday at two thirty in the afternoon. Goodbye."


async def chat(product: Product, **turn: object) -> httpx.Response:
    """Take a turn in the chat."""
    return await product.http.post("/api/chat_interaction", json=turn)


def check_unavailable(answer: httpx.Response) -> str:
    """Check that a turn failed in a way that a user and a program understand.

    Returns:
        The session that keeps what was said.
    """
    assert answer.status_code == 503, answer.text
    (detail,) = answer.json()["error"]["details"]
    assert answer.json()["error"] == {
        "code": "model_unavailable",
        "message": "The text model cannot be reached.",
        "details": [{"session_id": detail["session_id"]}],
    }
    assert answer.headers["Retry-After"]
    session: str = detail["session_id"]
    return session


def kept(folder: Path, words: str) -> int:
    """Count the stored messages of people, typed or given in a form, that hold these words."""
    with sqlite3.connect(folder / "data" / "opendeep.db") as database:
        rows = database.execute("SELECT message FROM chat_messages ORDER BY id").fetchall()
    database.close()
    return sum(words in row[0] and '"assistant"' not in row[0] for row in rows)


async def test_the_chat(tmp_path: Path) -> None:
    """503 with a reason; words and answers are kept once, and the same again goes on after it."""
    async with far_ends() as ends, serving(tmp_path, ends.settings()) as product:
        first = check_unavailable(await chat(product, message=WISH))
        assert check_unavailable(await chat(product, message=WISH, session_id=first)) == first
        assert kept(tmp_path, WISH) == 1
        streamed = await product.http.post(
            "/api/chat_interaction", json={"message": WISH}, headers={"Accept": "text/event-stream"}
        )
        assert streamed.text.startswith('event: error\ndata: {"error":{"code":"model_unavailable"')

        text = PracticeAiService(AiServiceConfig(port=ends.text_port), fake_engines()[0])
        async with text.serve():
            turn = (await chat(product, message=WISH, session_id=first)).json()
        assert turn["session_id"] == first
        session_id, form = turn["session_id"], turn["form"]
        assert form is not None
        answers = {question["id"]: "Alex Morgan" for question in form["questions"]}

        for _ in range(2):
            check_unavailable(await chat(product, session_id=session_id, form_answers=answers))
        await ends.open_text()
        turn = (await chat(product, session_id=session_id, form_answers=answers)).json()
        assert turn["campaign_plan"]["tasks"][0]["phone_number"] == CALLEE
        assert turn["campaign_plan"]["tasks"][0]["facts"]["name_for_booking"] == "Alex Morgan"
        assert kept(tmp_path, "Alex Morgan") == 1


async def test_the_analysis(tmp_path: Path) -> None:
    """A conversation is not judged without the model: the task waits, says why, and is judged."""
    async with far_ends() as ends:
        exchange = await ends.open_exchange()
        voice = await ends.open_voice()
        async with serving(tmp_path, ends.settings()) as product:
            task_id = await product.confirm(plan(CALLEE))
            call_id = await product.talking(task_id)
            (peer,) = voice.peers
            peer.caller_starts()
            await asyncio.sleep(0.5)
            peer.caller_stops(BOOKED)

            async def said() -> Json | None:
                call = await product.get(f"/api/calls/{call_id}")
                speakers = {line["speaker"] for line in call["transcript"]}
                return call if "callee" in speakers else None

            await until(said, "the callee's words in the transcript")
            exchange.handset.hang_up()
            task = await product.task_when(
                task_id,
                lambda task: task["status"] == "awaiting_analysis" and task["status_reason"],
                "an analysis that waits",
            )
            task = await product.task_when(
                task_id, lambda task: "waits" in task["status_reason"], "the reason of the waiting"
            )
            assert task["status_reason"] == (
                "The call is over; its analysis waits. The text model cannot be reached."
            )
            assert task["outcome"] is None
            call = await product.get(f"/api/calls/{call_id}")
            assert (call["cause"], call["analysis"]) == ("callee_hung_up", None)
            report = await product.get(f"/api/campaigns/{task['campaign_id']}/report?format=json")
            assert report["campaign_id"] == task["campaign_id"]

            await ends.open_text()
            task = await product.task_when(
                task_id, lambda task: task["status"] != "awaiting_analysis", "the analysis", 35
            )
            call = await product.get(f"/api/calls/{call_id}")
            assert call["analysis"]["evidence"][0]["quote"] in BOOKED
            assert task["status"] in {"completed", "retry_scheduled", "failed", "unresolved"}
            assert len(exchange.records) == task["current_attempt_count"] == 1
