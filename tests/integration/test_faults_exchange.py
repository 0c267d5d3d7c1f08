"""The telephone exchange fails: at the login, at the sound, and comes back."""

import asyncio
from pathlib import Path

import pytest

from tests.integration.faults_far_ends import Exchange, far_ends
from tests.integration.faults_product import CALLEE, Product, plan, serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

ROUNDS_WAITED_SECONDS = 2.5


async def exchange_health(product: Product) -> tuple[str, str]:
    """Return the overall status of /readyz and what it says of the exchange."""
    ready = await product.get("/readyz")
    (part,) = [part for part in ready["parts"] if part["name"] == "telephone exchange"]
    assert part["ok"] is (part["detail"] == "")
    return ready["status"], part["detail"]


async def waits_with_a_reason(product: Product, task_id: int) -> None:
    """Check that a task waits undialled and says for what."""
    task = await product.task_when(
        task_id, lambda task: task["status_reason"], "a reason for the waiting"
    )
    await asyncio.sleep(ROUNDS_WAITED_SECONDS)
    task = await product.task(task_id)
    assert task["status"] in {"pending", "queued_for_call"}
    assert task["status_reason"] == (
        "The telephone exchange cannot be reached; the call starts as soon as it is back."
    )
    assert task["current_attempt_count"] == 0
    assert task["calls"] == []


async def test_the_exchange_is_away_at_the_start(tmp_path: Path) -> None:
    """The task says that it waits, and the call is made when the exchange comes."""
    async with far_ends() as ends:
        await ends.open_voice()
        async with serving(tmp_path, ends.settings()) as product:
            status, detail = await exchange_health(product)
            assert status == "degraded"
            assert f"127.0.0.1:{ends.ami_port}" in detail
            task_id = await product.confirm(plan(CALLEE))
            await waits_with_a_reason(product, task_id)

            exchange = await ends.open_exchange()
            await product.talking(task_id, seconds=25)
            assert await exchange_health(product) == ("ok", "")
            assert exchange.handset.rang == len(exchange.records) == 1


async def test_the_login_is_refused(tmp_path: Path) -> None:
    """A wrong secret is told by /readyz, dials nothing, and is tried again until it fits."""
    async with far_ends() as ends:
        await ends.open_voice()
        wrong = Exchange(ends.ami_port, secret="another")  # noqa: S106 - a loopback exchange
        async with serving(tmp_path, ends.settings()) as product:
            async with wrong.serve():
                task_id = await product.confirm(plan(CALLEE))
                await waits_with_a_reason(product, task_id)
                status, detail = await exchange_health(product)
                assert status == "degraded"
                assert "ASTERISK_AMI_SECRET" in detail
            assert wrong.records == []

            exchange = await ends.open_exchange()
            await product.talking(task_id, seconds=25)
            assert len(exchange.records) == 1


async def ends_without_sound(product: Product, seconds: float) -> None:
    """Check that a call whose sound never came is told as such and its task goes on."""
    task_id = await product.confirm(plan(CALLEE))
    task = await product.task_in(task_id, "retry_scheduled", seconds)
    assert task["status_reason"] == "The call's audio failed. OpenDeep tries again in 5 minutes."
    assert task["next_action_time"] is not None
    call = await product.only_call(task_id)
    assert call["status"] == "ended"
    assert call["cause"] == "audio_failed"
    assert call["answered_at"] is not None
    assert call["transcript"] == []


async def test_nobody_listens_where_the_sound_goes(tmp_path: Path) -> None:
    """Asterisk that cannot connect the sound hangs up: audio_failed, and another attempt."""
    async with far_ends() as ends:
        exchange = await ends.open_exchange()
        await ends.open_voice()
        nowhere = ends.settings(AUDIOSOCKET_ADVERTISE="127.0.0.1:9")
        async with serving(tmp_path, nowhere) as product:
            await ends_without_sound(product, 15)
            (record,) = exchange.records
            assert record.answered
            assert record.safe_message


async def test_a_stranger_listens_where_the_sound_goes(tmp_path: Path) -> None:
    """A callee whose sound went elsewhere hears nothing of us: hung up within seconds."""
    async with far_ends() as ends:
        exchange = await ends.open_exchange()
        await ends.open_voice()

        async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(4096):
                pass
            writer.close()

        stranger = await asyncio.start_server(swallow, "127.0.0.1", 0)
        port = stranger.sockets[0].getsockname()[1]
        elsewhere = ends.settings(AUDIOSOCKET_ADVERTISE=f"127.0.0.1:{port}")
        async with stranger, serving(tmp_path, elsewhere) as product:
            await ends_without_sound(product, 15)
            (record,) = exchange.records
            assert record.hung_up_by == "caller"
