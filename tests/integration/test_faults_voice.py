"""The voice AI fails: refused, mute at the start, gone in mid-call."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import pytest

from opendeep.audio_processing_service.fixed_words import apology, moment
from tests.integration.faults_far_ends import Exchange, FarEnds, far_ends
from tests.integration.faults_product import CALLEE, Json, Product, plan, serving, until

APOLOGY_SECONDS = apology().ms / 1000

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[tuple[FarEnds, Exchange, Product]]:
    """Run the product with an exchange and a voice AI that can be told to fail."""
    async with far_ends() as ends:
        exchange = await ends.open_exchange()
        await ends.open_voice()
        async with serving(folder, ends.settings()) as product:
            yield ends, exchange, product


async def explained(product: Product, task_id: int, seconds: float = 15) -> Json:
    """Check that a task's call ended for the AI's fault and that the task goes on; return it."""
    task = await product.task_in(task_id, "retry_scheduled", seconds)
    assert task["status_reason"] == "The voice AI failed. OpenDeep tries again in 5 minutes."
    assert task["current_attempt_count"] == 1
    call = await product.only_call(task_id)
    assert (call["status"], call["cause"]) == ("ended", "ai_failed")
    return call


def names(call: Json) -> list[str]:
    """Return the names of a call's events."""
    return [event["name"] for event in call["events"]]


async def test_the_voice_closes_in_mid_call(tmp_path: Path) -> None:
    """A voice that does not come back: the callee is told so, then hung up on."""
    async with world(tmp_path) as (ends, exchange, product):
        task_id = await product.confirm(plan(CALLEE))
        call_id = await product.talking(task_id)

        async def disclosed() -> Json | None:
            call = await product.get(f"/api/calls/{call_id}")
            return call if "disclosure_heard" in names(call) else None

        await until(disclosed, "the disclosure was heard", 30)
        closed_at = time.monotonic()
        ends.voice.refusal = HTTPStatus.SERVICE_UNAVAILABLE
        await ends.voice.close_session()
        async with asyncio.timeout(15):
            await exchange.handset.hung_up.wait()
        assert APOLOGY_SECONDS - 0.5 < time.monotonic() - closed_at < APOLOGY_SECONDS + 5
        call = await explained(product, task_id)
        assert "voice_failed" in names(call)
        disclosure, wait, sorry = call["transcript"]
        assert {line["speaker"] for line in call["transcript"]} == {"ai"}
        assert wait["text"] == moment().text
        assert "AI" in disclosure["text"]
        assert sorry["text"] == apology().text
        (record,) = exchange.records
        assert record.hung_up_by == "caller"


async def test_the_voice_comes_back_in_mid_call(tmp_path: Path) -> None:
    """A voice that closes and can be had again goes on in another session, told what was said."""
    async with world(tmp_path) as (ends, exchange, product):
        task_id = await product.confirm(plan(CALLEE))
        call_id = await product.talking(task_id)

        async def event(name: str) -> Json | None:
            call = await product.get(f"/api/calls/{call_id}")
            return call if name in names(call) else None

        await until(lambda: event("disclosure_heard"), "the disclosure was heard", 30)
        await ends.voice.close_session()
        await until(lambda: event("voice_restored"), "the voice is back", 5)
        assert not exchange.handset.hung_up.is_set()
        first, second = ends.voice.peers
        assert second.automatic
        (said, *_), (told, *_) = first.said, second.of("conversation.item.create")
        assert told["item"]["role"] == "assistant"
        assert told["item"]["content"][0]["text"] in said


@pytest.mark.parametrize(
    ("status", "tries"), [(HTTPStatus.UNAUTHORIZED, 1), (HTTPStatus.SERVICE_UNAVAILABLE, 3)]
)
async def test_the_upgrade_is_refused(tmp_path: Path, status: HTTPStatus, tries: int) -> None:
    """A refusal ends the call; one that may pass is tried three times, a wrong key once."""
    async with world(tmp_path) as (ends, exchange, product):
        ends.voice.refusal = status
        call = await explained(product, await product.confirm(plan(CALLEE)))
        assert ends.voice.upgrades == tries
        (failed,) = [event for event in call["events"] if event["name"] == "voice_failed"]
        assert str(int(status)) in failed["detail"]["reason"]
        (record,) = exchange.records
        assert record.hung_up_by == "caller"


async def test_the_session_is_never_confirmed(tmp_path: Path) -> None:
    """A callee is not kept waiting for a voice that never gets ready: 4 s, an apology, the end."""
    async with world(tmp_path) as (ends, exchange, product):
        ends.voice.confirms = False
        task_id = await product.confirm(plan(CALLEE))
        await product.talking(task_id)
        answered_at = time.monotonic()
        async with asyncio.timeout(20):
            await exchange.handset.hung_up.wait()
        assert time.monotonic() - answered_at < 4 + APOLOGY_SECONDS + 2
        await explained(product, task_id)
        assert len(ends.voice.peers) == 1
        (record,) = exchange.records
        assert record.hung_up_by == "caller"
