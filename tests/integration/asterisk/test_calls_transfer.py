"""Handing a callee over, blind and attended, in each way that it can go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.common.data_models import CallCause, CallStatus, TaskStatus
from opendeep.common.errors import ConflictError, InvalidInputError
from opendeep.common.messages import TransferCall
from opendeep.database.models import Task
from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.call_product import (
    CallProduct,
    Outcome,
    ProductConfig,
    call_product,
)
from tests.integration.asterisk.caller import number

pytestmark = [pytest.mark.wall_clock, pytest.mark.timeout(120)]

ECHO, PRESSES_ONE = "30", "31"


@pytest.fixture
async def product(address: ExchangeAddress, tmp_path: Path) -> AsyncIterator[CallProduct]:
    """Run the call side."""
    config = ProductConfig(template=address.template, ring_seconds=5)
    async with call_product(tmp_path, address, config) as running:
        yield running


async def talking(product: CallProduct, dd: str = ECHO) -> Task:
    """Place a call and get through its opening."""
    task = await product.place(number(dd))
    await product.event(task, "disclosure_heard")
    return task


async def transfer(product: CallProduct, task: Task, to: str, mode: str) -> None:
    """Ask for a transfer, as the page does."""
    call = await product.when(task, "in_progress")
    await product.command(call.id, TransferCall(to=to, mode=mode))  # type: ignore[arg-type]


def check_handed_over(found: Outcome, to: str) -> None:
    """Look at the rows of a call that was handed over."""
    assert (found.call.status, found.call.cause) == (CallStatus.ENDED, CallCause.COMPLETED)
    assert found.event("transferred").detail["to"] == to
    assert found.task.status is TaskStatus.AWAITING_ANALYSIS
    assert found.task.status_reason == f"The callee was handed over to {to}."
    assert found.lines[-1].text == f"The callee was handed over to {to}."
    said = [line.text for line in found.lines if line.speaker.value == "ai"]
    assert said[-1] == "One moment, please. I am connecting you."


async def blind_to_an_echo(product: CallProduct) -> None:
    """Blind: the other answers, both talk on without us, and end together."""
    task = await talking(product)
    await transfer(product, task, number(ECHO), "blind")
    found = await product.over(task)
    check_handed_over(found, number(ECHO))
    assert [event.name for event in found.events if "transfer" in event.name] == [
        "transfer_started",
        "transferred",
    ]


async def attended_to_somebody_who_takes_it(product: CallProduct) -> None:
    """Attended: the other presses 1 after the briefing, and both talk on without us."""
    task = await talking(product)
    await transfer(product, task, number(PRESSES_ONE), "attended")
    found = await product.over(task)
    check_handed_over(found, number(PRESSES_ONE))
    assert found.event("leg_key_pressed").detail["digit"] == "1"


def fails(mode: str, dd: str, words: str) -> Callable[[CallProduct], Awaitable[None]]:
    """Make a story of a transfer that comes to nothing, whose words the rows repeat."""

    async def blind(product: CallProduct) -> None:
        task = await talking(product)
        await transfer(product, task, number(dd), mode)
        found = await product.over(task)
        assert (found.call.status, found.call.cause) == (CallStatus.ENDED, CallCause.COMPLETED)
        assert found.event("transfer_failed").detail["why"] == f"{number(dd)} {words}."
        assert found.task.status_reason == (
            f"The callee could not be handed over: {number(dd)} {words}."
        )

    async def attended(product: CallProduct) -> None:
        task = await talking(product)
        await transfer(product, task, number(dd), mode)
        failed = await product.event(task, "transfer_failed")
        assert failed.detail["why"] == f"{number(dd)} {words}."
        # The AI goes on with the callee, who hears so.
        await product.said(task, "I am sorry, I could not connect you.")
        call = await product.when(task, "in_progress")
        await product.hang_up(call.id)
        found = await product.over(task)
        assert found.call.cause is CallCause.USER_HUNG_UP

    return blind if mode == "blind" else attended


def callee_leaves(mode: str) -> Callable[[CallProduct], Awaitable[None]]:
    """Make a story of a callee who hangs up while the other's phone rings: both lines end."""

    async def story(product: CallProduct) -> None:
        task = await product.place(number("33"))
        await product.event(task, "audio_connected")
        await transfer(product, task, number("02"), mode)
        found = await product.over(task)
        assert found.call.cause is CallCause.CALLEE_HUNG_UP
        assert "transfer_started" in found.event_names
        assert "transferred" not in found.event_names

    return story


async def user_hangs_up_while_it_rings(product: CallProduct) -> None:
    """The user ends the call while the other's phone rings: both lines end."""
    task = await talking(product)
    await transfer(product, task, number("02"), "attended")
    await product.event(task, "transfer_started")
    await asyncio.sleep(0.5)
    call = await product.when(task, "in_progress")
    with pytest.raises(ConflictError):
        await transfer(product, task, number(ECHO), "blind")
    await product.hang_up(call.id)
    found = await product.over(task)
    assert found.call.cause is CallCause.USER_HUNG_UP


async def tried_again(product: CallProduct) -> None:
    """After a transfer that failed, another one succeeds."""
    task = await talking(product)
    await transfer(product, task, number("01"), "attended")
    await product.event(task, "transfer_failed")
    await product.said(task, "I am sorry, I could not connect you.")
    await asyncio.sleep(0.2)
    await transfer(product, task, number(ECHO), "blind")
    check_handed_over(await product.over(task), number(ECHO))


async def refused_numbers(product: CallProduct) -> None:
    """Numbers that are never dialled are refused to whoever asks, and nothing happens."""
    task = await talking(product)
    for to in ("911", "+19005550100", "7000", "+12125550100&x", "+1212555010"):
        with pytest.raises(InvalidInputError):
            await transfer(product, task, to, "blind")
    call = await product.when(task, "in_progress")
    await product.hang_up(call.id)
    found = await product.over(task)
    assert not [name for name in found.event_names if "transfer" in name]


STORIES: tuple[Callable[[CallProduct], Awaitable[None]], ...] = (
    blind_to_an_echo,
    attended_to_somebody_who_takes_it,
    tried_again,
    fails("blind", "01", "was busy"),
    fails("blind", "02", "did not answer"),
    fails("blind", "11", "could not be reached: the network had no free line"),
    fails("attended", "01", "was busy"),
    fails("attended", "02", "did not answer"),
    fails("attended", "20", "declined the call"),
    fails("attended", "12", "is not in service"),
    fails("attended", "28", "did not take the call"),
    callee_leaves("blind"),
    callee_leaves("attended"),
    user_hangs_up_while_it_rings,
    refused_numbers,
)


async def test_transfers(product: CallProduct) -> None:
    """Who was connected talks on without us; everybody else is told why, and nothing is left."""
    async with asyncio.TaskGroup() as group:
        for story in STORIES:
            group.create_task(story(product))
    assert await product.live_rows() == 0
    still_talking = await product.channels()
    assert still_talking
    assert all(bridged for _, bridged in still_talking)
    for unique_id, _ in still_talking:
        await product.ami.send_action(AmiAction.hangup(unique_id))
    await product.idle()
