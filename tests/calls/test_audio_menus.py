"""Phone menus, in whole calls in virtual time."""

import asyncio

import pytest

from opendeep.audio_processing_service import pcm
from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause
from opendeep.common.ports import MenuStep
from opendeep.practice.exchange_sounds import Clip, load_clips, sound
from tests.calls.audio_world import CALL, DISCLOSURE, AudioWorld
from tests.calls.realtime_peer import Call, Speech

CLIPS = load_clips()
MENU, CONNECTING, PERSON = (
    CLIPS["sarah/menu"], CLIPS["sarah/connecting"], CLIPS["bella/greeting"],
)  # fmt: skip


@pytest.fixture
def world(story_clock: LoopClock) -> AudioWorld:
    """Return a world that is not open yet."""
    return AudioWorld(story_clock)


async def play(world: AudioWorld, mulaw: bytes) -> None:
    """Let the callee's line sound like this, to its end or until keys are pressed."""
    samples = pcm.mulaw_to_pcm(mulaw)
    keys = world.keys
    frames = world.end.recording
    frames.extend(samples[start : start + 320] for start in range(0, len(samples) - 319, 320))
    for _ in range(len(frames)):
        if world.keys != keys:
            break
        await asyncio.sleep(0.02)
    frames.clear()


async def say(world: AudioWorld, clip: Clip, item_id: str) -> None:
    """Let a sentence be heard, and its words be known after it."""
    world.peer.caller_starts(item_id)
    await play(world, clip.mulaw)
    await asyncio.sleep(0.7)
    world.peer.caller_stops(clip.text, item_id)
    await asyncio.sleep(0.1)


async def be_connected(world: AudioWorld) -> None:
    """Go from the key on to a person, who answers the disclosure."""
    await say(world, CONNECTING, "connecting")
    await play(world, sound("ringback", 2.0))
    assert world.peer.said == []
    await say(world, PERSON, "person")
    await asyncio.sleep(60 * len(DISCLOSURE) / 1000 + 0.5)
    assert len(world.peer.said) == 1
    assert world.peer.automatic
    world.peer.answers.append([Speech("A cleaning, please.", ms=900)])
    await world.callee_says("Sure, which day would you like?", item_id="reply")
    await asyncio.sleep(1)


async def through_the_menu(world: AudioWorld) -> tuple[MenuStep, ...]:
    """Listen to the menu, choose, and reach a person; return what was learned."""
    await asyncio.sleep(0.3)
    world.peer.answers.append([Call("send_dtmf", {"digits": "2"})])
    await say(world, MENU, "menu")
    await asyncio.sleep(0.2)
    assert world.keys == "2"
    await be_connected(world)
    [learned] = world.desk.menus
    return learned


async def test_a_menu_gets_keys_and_a_person_the_disclosure(world: AudioWorld) -> None:
    """Nothing is said to the menu; the person behind it hears the disclosure; the way is kept."""
    async with world.call():
        learned = await through_the_menu(world)
        assert [step.keys for step in learned] == ["2"]
        await world.server.finish(CALL)
    assert "person_reached" in [name for name, _ in world.desk.events]


async def test_a_known_menu_is_not_listened_to(world: AudioWorld, story_clock: LoopClock) -> None:
    """In the next call the key comes 1.6 s into the menu, and nothing is learned anew."""
    async with world.call():
        learned = await through_the_menu(world)
        await world.server.finish(CALL)
    again = AudioWorld(story_clock)
    async with again.call(known_menus=learned):
        await asyncio.sleep(0.3)
        began = story_clock.monotonic()
        again.peer.caller_starts("menu")
        await play(again, MENU.mulaw)
        assert again.keys == "2"
        assert story_clock.monotonic() - began < 2.2
        again.peer.caller_stops("Welcome to Bright Smile Den", "menu")
        await be_connected(again)
        assert again.desk.menus == []
        await again.server.finish(CALL)
    assert "menu_recalled" in [name for name, _ in again.desk.events]


async def test_a_way_that_fits_no_more_is_forgotten(world: AudioWorld) -> None:
    """Where a person answers instead, nothing is pressed, and the way is forgotten."""
    known = (MenuStep(keys="2", sound="AAAA"),)
    async with world.call(known_menus=known):
        await asyncio.sleep(0.3)
        await say(world, PERSON, "person")
        await asyncio.sleep(0.5)
        assert world.keys == ""
        assert len(world.peer.said) == 1
        assert world.desk.menus == [()]
        await world.server.finish(CALL)


async def test_a_menu_that_repeats_itself(world: AudioWorld) -> None:
    """At the third time the AI is told to choose otherwise; at the fifth the call ends."""
    async with world.call():
        await asyncio.sleep(0.3)
        for times in range(1, 6):
            world.peer.answers.append([Call("send_dtmf", {"digits": "9"}, call_id=f"k{times}")])
            await say(world, MENU, f"menu-{times}")
            notes = str(world.peer.of("conversation.item.create"))
            assert ("Make another choice" in notes) == (times >= 3)
        await world.ended.wait()
        await world.server.finish(CALL)
    assert world.end_command is not None
    assert world.end_command.cause is CallCause.AI_HUNG_UP
    assert world.peer.said == []


async def test_a_quiet_line_behind_a_menu(world: AudioWorld) -> None:
    """Who picks up behind a menu and says nothing is spoken to after ten seconds."""
    async with world.call():
        await asyncio.sleep(0.3)
        world.peer.answers.append([Call("send_dtmf", {"digits": "2"})])
        await say(world, MENU, "menu")
        await asyncio.sleep(9)
        assert world.peer.said == []
        await asyncio.sleep(2)
        assert len(world.peer.said) == 1
        await world.server.finish(CALL)


async def test_a_person_behind_a_screening_hears_the_disclosure_too(world: AudioWorld) -> None:
    """The machine heard it first; whoever answers after the ringing hears it again."""
    async with world.call():
        await asyncio.sleep(0.3)
        await say(world, CLIPS["george/screen"], "screen")
        await asyncio.sleep(60 * len(DISCLOSURE) / 1000 + 0.5)
        assert len(world.peer.said) == 1
        await say(world, CLIPS["george/screen_thanks"], "thanks")
        await play(world, sound("ringback", 2.0))
        await say(world, CLIPS["emma/screened_greeting"], "emma")
        await asyncio.sleep(0.5)
        assert len(world.peer.said) == 2
        await world.server.finish(CALL)
