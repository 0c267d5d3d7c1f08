"""Talks that lead nowhere, as whole calls in virtual time."""

import asyncio

from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause
from tests.calls.audio_world import CALL, AudioWorld
from tests.calls.realtime_peer import Speech


async def talk(world: AudioWorld, number: int, ours: str, theirs: str) -> None:
    """Let the callee say something and the AI answer."""
    world.peer.answers.append([Speech(ours, ms=800)])
    await world.callee_says(theirs, item_id=f"turn-{number}")
    await asyncio.sleep(1.5)


async def test_a_callee_who_only_repeats(story_clock: LoopClock) -> None:
    """The AI takes leave and hangs up at the fourth time, and the call's list says why."""
    world = AudioWorld(story_clock)
    async with world.call():
        await world.hear_disclosure()
        for number in range(4):
            assert not world.ended.is_set()
            await talk(world, number, f"Question {number}?", "Press the green button to go on.")
        await world.ended.wait()
        await world.server.finish(CALL)
    assert world.end_command is not None
    assert world.end_command.cause is CallCause.AI_HUNG_UP
    assert "talk_in_circles" in world.desk.event_names
    assert "Goodbye" in world.desk.said[-1][1]


async def test_two_machines_thank_each_other(story_clock: LoopClock) -> None:
    """Two AIs of perfect manners are parted after eight lines of it."""
    world = AudioWorld(story_clock)
    ours, theirs = "Thank you, goodbye", "You are welcome, thanks for calling"
    async with world.call():
        await world.hear_disclosure()
        for number in range(6):
            if world.end_command is None:
                await talk(
                    world, number, f"{ours} {number}.", f"{theirs} {'so very much ' * number}"
                )
        await world.ended.wait()
        await world.server.finish(CALL)
    assert world.end_command is not None
    assert world.end_command.cause is CallCause.AI_HUNG_UP
    assert "talk_in_circles" in world.desk.event_names
