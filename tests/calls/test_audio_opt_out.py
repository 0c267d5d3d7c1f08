"""A callee who asks not to be called again, in whole calls in virtual time."""

import asyncio

import pytest

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.phrases import phrases_for
from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause
from opendeep.common.errors import UnavailableError
from opendeep.practice.exchange_sounds import sound
from tests.calls.audio_world import CALL, AudioWorld
from tests.calls.realtime_peer import Call, Speech

WISH = "I do not want to be called again, please."


@pytest.fixture
def world(story_clock: LoopClock) -> AudioWorld:
    """Return a world that is not open yet."""
    return AudioWorld(story_clock)


async def test_a_wish_that_the_model_misses(world: AudioWorld) -> None:
    """Within a second of the words the number is listed; within ten the call is over."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.answers.append([Speech("And which day would suit you?", ms=1500)])
        await world.callee_says(WISH, item_id="wish")
        asked_at = world.clock.monotonic()
        await asyncio.sleep(0.9)
        assert world.desk.do_not_call == [WISH]
        assert world.desk.opt_outs_found_by == ["phrases"]
        await world.ended.wait()
        assert world.clock.monotonic() - asked_at <= 10
        assert world.end_command is not None
        assert world.end_command.cause is CallCause.AI_HUNG_UP
        await world.server.finish(CALL)
    assert world.desk.said[-1] == ("ai", phrases_for("en").opted_out)


async def test_a_wish_that_the_model_hears_too(world: AudioWorld) -> None:
    """The model's own apology and end of the call stand; the wish is noted by both."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.answers.append(
            [
                Speech("I am sorry. Goodbye.", ms=1000),
                Call("mark_do_not_call", {"words": WISH}, call_id="a"),
                Call("end_call", {"reason": "callee_refused", "summary": "No."}, call_id="b"),
            ]
        )
        await world.callee_says(WISH, item_id="wish")
        await world.ended.wait()
        await world.server.finish(CALL)
    assert sorted(world.desk.opt_outs_found_by) == ["model", "phrases"]
    assert phrases_for("en").opted_out not in str(world.desk.said)


async def test_a_wish_before_the_first_word(world: AudioWorld) -> None:
    """Who says so at once hears that it is noted, and nothing else."""
    async with world.call():
        await asyncio.sleep(0.3)
        await world.callee_says("Stop calling me!", item_id="wish")
        await world.ended.wait()
        await world.server.finish(CALL)
    assert world.desk.do_not_call == ["Stop calling me!"]
    assert world.desk.said[-1] == ("ai", phrases_for("en").opted_out)


async def test_a_wish_while_the_database_is_away(world: AudioWorld) -> None:
    """A wish that could not be written is written again."""
    async with world.call():
        await world.hear_disclosure()
        await world.callee_says("Nothing special.", item_id="c1")
        await asyncio.sleep(1)
        world.desk.errors = [UnavailableError("away")] * 2
        await world.callee_says(WISH, item_id="wish")
        await asyncio.sleep(1)
        assert world.desk.do_not_call == [WISH]
        await world.server.finish(CALL)


async def test_a_wish_that_cannot_be_written_before_the_end(world: AudioWorld) -> None:
    """A wish that the database never took is handed to whoever writes the call's end."""
    async with world.call():
        await world.hear_disclosure()
        world.desk.errors = [UnavailableError("away")] * 99
        await world.callee_says(WISH, item_id="wish")
        report = await world.server.finish(CALL)
    assert world.desk.do_not_call == []
    assert report.opted_out is not None
    assert report.opted_out.text == WISH


async def test_a_wish_of_somebody_who_puts_us_on_hold(world: AudioWorld) -> None:
    """Music after the wish is not waited through: within ten seconds the call is over."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.answers.append([])
        await world.callee_says(WISH, item_id="wish")
        samples = pcm.mulaw_to_pcm(sound("music", 20.0))
        world.end.recording.extend(samples[at : at + 320] for at in range(0, len(samples), 320))
        async with asyncio.timeout(10):
            await world.ended.wait()
        await world.server.finish(CALL)
    assert "hold_began" in world.desk.event_names
