"""A server with the real page and a scripted rest, for the browser tests and for looking at it.

``python -m tests.integration.web_demo --port 8123`` serves it until Ctrl-C: a confirmed plan is
"called" at once by a callee who offers a time that the user must decide on.
"""

import argparse
import asyncio
import math
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn

from opendeep.common.clock import SystemClock
from opendeep.common.data_models import (
    CallCause,
    CallStatus,
    CampaignPlan,
    CampaignStatus,
    FeedbackKind,
    Form,
    Speaker,
    TaskStatus,
    ToolActivity,
)
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import CallId, ChatSessionId, FeedbackId, TaskId, UserId
from opendeep.common.lifecycle import Nursery
from opendeep.common.messages import AudioChunk, GiveAnswer, Message, call_audio, voice_commands
from opendeep.database.engine import MemoryDatabase
from opendeep.database.models import Call
from opendeep.database.repositories import Calls, Campaigns, FeedbackRequests, Tasks
from tests.unit.web_interface.fakes import FakeReply, World, make_world, plan_json

NOTICES = (
    "Practice AI and practice exchange: nobody outside this machine is called.",
    "Calling hours are off.",
)
FORM = Form.model_validate(
    {
        "id": "booking",
        "title": "A few things before I call",
        "questions": [
            {"id": "name", "label": "Under which name should I book?", "type": "text"},
            {
                "id": "phone",
                "label": "Your number, if they ask",
                "type": "phone",
                "required": False,
            },
            {"id": "new", "label": "Are you a new patient?", "type": "boolean"},
            {
                "id": "time",
                "label": "Which time suits you best?",
                "type": "choice",
                "options": ["Early afternoon", "Late afternoon", "Any time"],
            },
        ],
    }
)
_NO_SESSION = ChatSessionId("")
_TONE_SECONDS = 30


def script_of_the_chat() -> list[FakeReply]:
    """Return the assistant's turns: a form, then the plan."""
    plan = plan_json()
    plan["title"] = "Dental cleaning at Bright Smile Dental"
    plan["goal"] = "Book a dental cleaning next week, in the afternoon."
    task = plan["tasks"][0]  # type: ignore[index, call-overload]
    assert isinstance(task, dict)
    task |= {
        "title": "Book the cleaning",
        "sources": [
            {"field": "phone_number", "from": "places", "reference": "Bright Smile Dental, Main St"}
        ],
        "facts": {
            "service": "dental cleaning",
            "preferred_days": "next week",
            "preferred_time": "afternoons",
            "name_for_booking": "Alex Morgan",
        },
        "time_zone": "America/New_York",
    }
    looked_up = ToolActivity(
        tool="get_authoritative_business_info",
        summary="Looked up Bright Smile Dental in the business directory",
        ok=True,
    )
    planned = ToolActivity(tool="propose_campaign_plan", summary="Wrote the plan", ok=True)
    return [
        FakeReply(
            session_id=_NO_SESSION,
            reply="I found Bright Smile Dental. Before I call them, tell me a little more.",
            form=FORM,
            tool_activity=[looked_up],
        ),
        FakeReply(
            session_id=_NO_SESSION,
            reply="Here is the plan. Check the number and the facts, then confirm.",
            campaign_plan=CampaignPlan.model_validate(plan),
            tool_activity=[planned],
        ),
    ]


class DemoCall:
    """One scripted call, step by step."""

    def __init__(self, world: World, user_id: UserId, task_id: TaskId, pace_seconds: float) -> None:
        self._world = world
        self._user_id = user_id
        self._task_id = task_id
        self._pace_seconds = pace_seconds
        self._answered: asyncio.Queue[str | None] = asyncio.Queue()
        self._ms = 0

    async def run(self) -> None:
        """Dial, talk, ask the user, end, analyse, finish the campaign."""
        call = await self._begin()
        async with (
            self._world.bus.serve(voice_commands(call.id), self._take_command),
            Nursery("demo") as nursery,
        ):
            nursery.start(self._hum(call.id), name="hum")
            await self._talk(call.id)
        await self._end(call)

    async def _begin(self) -> Call:
        async with self._world.database.transaction() as tx:
            task = await Tasks(tx, self._user_id).change(
                self._task_id, expected={TaskStatus.PENDING}, status=TaskStatus.QUEUED_FOR_CALL
            )
            call = await Calls(tx, self._user_id).create_attempt(task)
        for status in (CallStatus.ORIGINATING, CallStatus.RINGING, CallStatus.IN_PROGRESS):
            await asyncio.sleep(self._pace_seconds)
            await self._change(call.id, status)
        return call

    async def _change(self, call_id: CallId, status: CallStatus) -> None:
        live = {state for state in CallStatus if state.is_live}
        async with self._world.database.transaction() as tx:
            columns = {CallStatus.ORIGINATING: "started_at", CallStatus.IN_PROGRESS: "answered_at"}
            stamped = {columns[status]: tx.now()} if status in columns else {}
            await Calls(tx, self._user_id).change(call_id, expected=live, status=status, **stamped)

    async def _talk(self, call_id: CallId) -> None:
        await self._say(call_id, Speaker.CALLEE, "Bright Smile Dental, this is Dana. Hello?")
        await self._say(
            call_id,
            Speaker.AI,
            "Hello, this is an automated AI assistant calling on behalf of Alex Morgan, to book a "
            "dental cleaning. Do you have a free time next week, in the afternoon?",
        )
        await self._say(
            call_id,
            Speaker.CALLEE,
            "Afternoons are full next week, I'm afraid. I could offer Wednesday at nine thirty in "
            "the morning. <b>Would that work?</b>",
        )
        await self._say(call_id, Speaker.AI, "One moment please, I will ask.")
        await self._ask(call_id)
        answer = await self._answered.get()
        await self._say(call_id, Speaker.AI, f"Thank you for waiting. {answer}.")
        await self._say(
            call_id, Speaker.CALLEE, "Lovely. Wednesday at nine thirty, for Alex Morgan. Goodbye!"
        )

    async def _say(self, call_id: CallId, speaker: Speaker, text: str) -> None:
        await asyncio.sleep(self._pace_seconds)
        await self._world.say(call_id, speaker, text, self._ms)
        self._ms += 3000

    async def _ask(self, call_id: CallId) -> FeedbackId:
        async with self._world.database.transaction() as tx:
            asked = await FeedbackRequests(tx, self._user_id).create(
                kind=FeedbackKind.LIVE_CALL,
                task_id=self._task_id,
                call_id=call_id,
                tool_call_id="demo",
                question="They only have Wednesday at 9:30 in the morning. Shall I take it?",
                options=["Yes, take it", "No, ask for the week after"],
                expires_at=tx.now() + timedelta(seconds=60),
            )
        return asked.id

    async def _take_command(self, message: Message) -> None:
        if isinstance(message, GiveAnswer):
            self._answered.put_nowait(message.answer)

    async def _hum(self, call_id: CallId) -> None:
        while True:
            await self._world.bus.publish(
                call_audio(call_id), AudioChunk(side="callee", mulaw=bytes([0xFF, 0x80]) * 80)
            )
            await asyncio.sleep(0.02)

    async def _end(self, call: Call) -> None:
        analysis = {
            "verdict": "success",
            "summary": "The cleaning is booked for Wednesday at 9:30.",
            "agreed": {"date": "Wednesday 2 December", "time": "09:30", "name": "Alex Morgan"},
            "promises": [{"what": "Alex comes ten minutes early", "due": "2 December, 09:20"}],
            "next_step": "done",
            "evidence": [
                {
                    "claim": "The time is confirmed.",
                    "quote": "Wednesday at nine thirty, for Alex Morgan.",
                    "seq": 6,
                    "start_ms": 15000,
                }
            ],
            "confidence": 0.94,
            "dnd": False,
        }
        recording = self._world.config.recordings_dir / f"{call.id}.wav"
        write_tone(recording)
        async with self._world.database.transaction() as tx:
            calls = Calls(tx, self._user_id)
            await calls.change(
                call.id,
                expected={CallStatus.IN_PROGRESS},
                status=CallStatus.ENDED,
                cause=CallCause.COMPLETED,
                ended_at=tx.now(),
                cost_usd=0.084,
                recording_path=recording.name,
            )
            await Tasks(tx, self._user_id).change(
                self._task_id,
                expected={TaskStatus.IN_PROGRESS},
                status=TaskStatus.AWAITING_ANALYSIS,
            )
        await asyncio.sleep(self._pace_seconds)
        async with self._world.database.transaction() as tx:
            await Calls(tx, self._user_id).save_analysis(call.id, analysis)
            task = await Tasks(tx, self._user_id).change(
                self._task_id,
                expected={TaskStatus.AWAITING_ANALYSIS},
                status=TaskStatus.COMPLETED,
                status_reason="The cleaning is booked.",
                outcome=analysis,
            )
            assert task.campaign_id is not None
            await Campaigns(tx, self._user_id).set_status(task.campaign_id, CampaignStatus.FINISHED)


def write_tone(path: Path) -> None:
    """Write a stereo WAV whose left side hums."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        frames = bytearray()
        for index in range(8000 * _TONE_SECONDS):
            left = int(3000 * math.sin(2 * math.pi * 220 * index / 8000))
            frames += left.to_bytes(2, "little", signed=True) + b"\x00\x00"
        sound.writeframes(bytes(frames))


async def call_what_is_confirmed(world: World, nursery: Nursery, pace_seconds: float) -> None:
    """Begin a scripted call for the first pending task of each active campaign."""
    begun: set[TaskId] = set()
    user_id = await world.user()
    while True:
        async with world.database.transaction() as tx:
            page = await Tasks(tx, user_id).list(status=TaskStatus.PENDING)
        for task in page.items:
            if task.id not in begun:
                begun.add(task.id)
                call = DemoCall(world, user_id, task.id, pace_seconds)
                nursery.start(call.run(), name=f"call-{task.id}")
        await asyncio.sleep(0.1)


@asynccontextmanager
async def serving(
    port: int, directory: Path, *, pace_seconds: float, calls: bool = True
) -> AsyncIterator[World]:
    """Serve the demo on loopback while the block is open; without ``calls`` nobody is called."""
    bus = InProcessEventBus()
    async with MemoryDatabase(bus, clock=SystemClock()) as database, Nursery("web-demo") as nursery:
        world = make_world(database, bus, directory, notices=NOTICES)
        world.assistant.turns.extend(script_of_the_chat())
        settings = uvicorn.Config(
            world.app, host="127.0.0.1", port=port, log_level="warning", ws_max_size=65536,
            timeout_graceful_shutdown=1, lifespan="off", ws="websockets-sansio",
        )  # fmt: skip
        server = uvicorn.Server(settings)
        serve = nursery.start(server.serve(), name="uvicorn")
        if calls:
            nursery.start(call_what_is_confirmed(world, nursery, pace_seconds), name="calls")
        while not server.started:  # noqa: ASYNC110  uvicorn tells it as a flag only
            await asyncio.sleep(0.02)
        yield world
        server.should_exit = True
        await asyncio.wait([serve])


async def main(port: int) -> None:
    """Serve until Ctrl-C."""
    with TemporaryDirectory() as directory:
        async with serving(port, Path(directory), pace_seconds=1.2):
            await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8123)
    asyncio.run(main(parser.parse_args().port))
