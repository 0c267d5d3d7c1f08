"""Calls whose trunk, sound or time fails, and calls side by side; the same on both exchanges."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from opendeep.call_processor_service.reservation import CallLimits
from opendeep.common.data_models import CallCause, CallStatus
from opendeep.common.errors import ConflictError
from opendeep.common.messages import SendDtmf
from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.call_product import ProductConfig, call_product
from tests.integration.asterisk.caller import number
from tests.integration.asterisk.scripted_voice import Script

pytestmark = [pytest.mark.wall_clock, pytest.mark.timeout(90)]

Story = Callable[[ExchangeAddress, Path], Awaitable[None]]


def trunk_fails(
    template: str,
    cause: CallCause,
    hangup_cause: int | None,
    seconds: tuple[float, float],
    words: str,
) -> Story:
    """Make the story of a call over a trunk that fails: never blamed on the callee."""

    async def story(address: ExchangeAddress, folder: Path) -> None:
        config = ProductConfig(template=template, ring_seconds=3)
        async with call_product(folder, address, config) as product:
            found = await product.over(await product.place(number("30")))
            assert (found.call.status, found.call.cause) == (CallStatus.ENDED, cause)
            assert found.call.hangup_cause == hangup_cause
            assert set(found.event_names) <= {"originating", "voice_ready", "ended"}
            assert words in (found.task.status_reason or "")
            assert seconds[0] <= found.seconds <= seconds[1]
            await product.idle()

    return story


async def ends_at_its_time(address: ExchangeAddress, folder: Path) -> None:
    """At the limit the AI takes leave, is played out, and hangs up."""
    config = ProductConfig(template=address.template, max_call_seconds=6)
    async with call_product(folder, address, config) as product:
        found = await product.over(await product.place(number("30")))
        assert found.call.cause is CallCause.TIME_LIMIT
        assert 6 <= found.talk_seconds <= 10
        said = [line.text for line in found.lines if line.speaker.value == "ai"]
        assert said[-1].startswith("I have to end this call now.")
        await product.idle()


def sound_never_comes(*, listens: bool) -> Story:
    """Make the story of a callee who picks up and hears nothing of us: let go in seconds."""

    async def story(address: ExchangeAddress, folder: Path) -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            if listens:
                nobody.listen()
            config = ProductConfig(
                template=address.template, audiosocket=f"127.0.0.1:{nobody.getsockname()[1]}"
            )
            async with call_product(folder, address, config) as product:
                found = await product.over(await product.place(number("30")))
                assert (found.call.status, found.call.cause) == (
                    CallStatus.ENDED,
                    CallCause.AUDIO_FAILED,
                )
                assert "audio_connected" not in found.event_names
                assert found.talk_seconds <= 12
                await product.idle()

    return story


async def two_at_once_of_three(address: ExchangeAddress, folder: Path) -> None:
    """Two slots carry two calls at once; the third begins when one of them has ended."""
    limits = CallLimits(
        max_concurrent_calls=2, max_concurrent_calls_per_user=2, calls_per_second=50
    )
    config = ProductConfig(template=address.template, limits=limits)
    script = Script(words="Thank you. Goodbye.", end_reason="goal_reached")
    async with call_product(folder, address, config) as product:
        tasks = [await product.place(number("30"), script) for _ in range(3)]
        await product.when(tasks[0], "in_progress")
        await product.when(tasks[1], "in_progress")
        assert await product.call_of(tasks[2]) is None
        first, second, third = [(await product.over(task)).call for task in tasks]
        assert first.started_at is not None
        assert second.started_at is not None
        assert third.started_at is not None
        assert first.ended_at is not None
        assert second.ended_at is not None
        assert second.started_at < first.ended_at
        assert third.started_at >= min(first.ended_at, second.ended_at)
        assert {call.cause for call in (first, second, third)} == {CallCause.COMPLETED}
        await product.idle()


async def keys_end_with_the_call(address: ExchangeAddress, folder: Path) -> None:
    """Keys before the answer are refused; a hang-up waits for no key that is still to come."""
    config = ProductConfig(template=address.template)
    async with call_product(folder, address, config) as product:
        task = await product.place(number("39"))
        call = await product.when(task, "ringing")
        with pytest.raises(ConflictError):
            await product.command(call.id, SendDtmf(digits="1"))
        await product.event(task, "audio_connected")
        await product.command(call.id, SendDtmf(digits="12345678" * 4))
        await asyncio.sleep(1)
        asked_at = asyncio.get_running_loop().time()
        await product.hang_up(call.id)
        found = await product.over(task)
        assert asyncio.get_running_loop().time() - asked_at < 2
        assert found.call.cause is CallCause.USER_HUNG_UP
        await product.idle()


STORIES: tuple[Story, ...] = (
    trunk_fails("PJSIP/{number}@mute", CallCause.EXCHANGE_FAILED, 19, (2.8, 6), "check the trunk"),
    trunk_fails("PJSIP/{number}@refused", CallCause.CONGESTION, 34, (0, 5), "no free line"),
    trunk_fails("PJSIP/{number}@unregistered", CallCause.EXCHANGE_FAILED, None, (0, 5), "failed"),
    ends_at_its_time,
    sound_never_comes(listens=True),
    sound_never_comes(listens=False),
    two_at_once_of_three,
    keys_end_with_the_call,
)


async def test_trunks_sound_and_time(address: ExchangeAddress, tmp_path: Path) -> None:
    """Each in an OpenDeep of its own, all at the same exchange at once."""
    async with asyncio.TaskGroup() as group:
        for position, story in enumerate(STORIES):
            folder = tmp_path / str(position)
            folder.mkdir()
            group.create_task(story(address, folder), name=f"story-{position}")
