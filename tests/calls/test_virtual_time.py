"""The loop of this folder keeps its promises."""

import asyncio

import async_solipsism
import pytest

from opendeep.common.clock import LoopClock
from tests.calls.conftest import STORY_BEGINS


async def test_an_hour_takes_no_time(story_clock: LoopClock) -> None:
    """Sleeping moves the story's clock by exactly the time slept."""
    story_clock.now()
    await asyncio.sleep(3600)
    assert (story_clock.now() - STORY_BEGINS).total_seconds() == 3600


async def test_two_tasks_talk_over_simulated_tcp() -> None:
    """A server and a client of the same loop exchange bytes without a real socket."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(4))
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 9092):
        reader, writer = await asyncio.open_connection("127.0.0.1", 9092)
        writer.write(b"ping")
        assert await reader.readexactly(4) == b"ping"
        writer.close()
        await writer.wait_closed()


def test_a_hang_is_an_error() -> None:
    """Waiting for what can never happen raises at once."""

    async def hang() -> None:
        await asyncio.Event().wait()

    with (
        asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner,
        pytest.raises(async_solipsism.SleepForeverError),
    ):
        runner.run(hang())
