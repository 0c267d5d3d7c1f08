"""The second agent behind a call, and the bounds of the AI's functions, in virtual time."""

import asyncio

import pytest

from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause
from opendeep.common.errors import OpenDeepError, UnavailableError
from opendeep.common.ids import CallId
from opendeep.common.ports import Advice
from tests.calls.audio_world import CALL, AudioWorld
from tests.calls.realtime_peer import Call, Part


@pytest.fixture
def world(story_clock: LoopClock) -> AudioWorld:
    """Return a world that is not open yet."""
    return AudioWorld(story_clock)


async def ask(world: AudioWorld, *parts: Part) -> None:
    """Let the AI answer the callee's next words like this."""
    world.peer.answers.append(list(parts))
    await world.callee_says("Well.", item_id=f"well-{len(world.peer.sent)}")
    await asyncio.sleep(0.2)


class Consultant:
    """Answers after a while, or not at all."""

    def __init__(self, error: OpenDeepError | None = None) -> None:
        self.asked: list[str] = []
        self.error = error

    async def consult(self, _call_id: CallId, question: str) -> Advice:
        """Think for five seconds."""
        self.asked.append(question)
        await asyncio.sleep(5)
        if self.error is not None:
            raise self.error
        return Advice(answer="Thursday fits.", say="Thursday, please.", certain=True)


async def test_the_second_agent_thinks_while_the_voice_talks(story_clock: LoopClock) -> None:
    """Its advice reaches the AI as text; nobody is asked whether they are still there meanwhile."""
    consultant = Consultant()
    world = AudioWorld(story_clock, consultant=consultant)
    async with world.call():
        await world.hear_disclosure()
        assert "consult" in str(world.peer.session["tools"])
        await ask(world, Call("consult", {"question": "Tuesday or Thursday?"}))
        await asyncio.sleep(6)
        assert consultant.asked == ["Tuesday or Thursday?"]
        assert world.peer.outputs[-1] == {
            "status": "advice", "answer": "Thursday fits.", "say": "Thursday, please.",
            "certain": True,
        }  # fmt: skip
        assert "still there" not in str(world.peer.said)
        consultant.error = UnavailableError("no advice in time")
        await ask(world, Call("consult", {"question": "Again?"}, call_id="call-9"))
        await asyncio.sleep(6)
        assert world.peer.outputs[-1]["status"] == "failed"
        await world.server.finish(CALL)


async def test_nobody_to_consult(world: AudioWorld) -> None:
    """Without a second agent the function is not offered, and a model that invents it is told."""
    async with world.call():
        await world.hear_disclosure()
        assert "consult" not in str(world.peer.session["tools"])
        await ask(world, Call("consult", {"question": "Hm?"}))
        assert world.peer.outputs[-1]["status"] == "invalid"
        await world.server.finish(CALL)


async def test_a_card_number_is_not_pressed(world: AudioWorld) -> None:
    """Whoever asks for it, a card number never becomes keys."""
    async with world.call():
        await world.hear_disclosure()
        await ask(world, Call("send_dtmf", {"digits": "4111111111111111#"}))
        assert world.peer.outputs[-1]["status"] == "invalid"
        assert world.keys == ""
        await world.server.finish(CALL)


async def test_functions_without_end(world: AudioWorld) -> None:
    """Thirty functions a minute are carried out; a model that goes on regardless ends its call."""
    async with world.call():
        await world.hear_disclosure()
        notes = [
            Call("note_fact", {"name": f"n{number}", "value": "v"}, call_id=f"c{number}")
            for number in range(45)
        ]
        world.peer.answers.append([*notes])
        await world.callee_says("Go on.", item_id="go")
        await world.ended.wait()
        await world.server.finish(CALL)
    assert len(world.desk.facts) == 30
    assert world.end_command is not None
    assert world.end_command.cause is CallCause.AI_HUNG_UP
