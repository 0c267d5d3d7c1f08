"""Many live calls that ask their users at once, on the real web server, with pages that answer.

The database is SQLite in a file, the server and the WebSockets are the product's own, the
questions go through its desk and its feedback manager. Only the voices are missing: each call's
listener notes when the answer reaches it, as the audio handler's would.
"""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx
from websockets.asyncio.client import connect

from opendeep.bootstrap.web_server import WebServer, take_port
from opendeep.common import messages
from opendeep.common.clock import SystemClock
from opendeep.common.data_models import CallCause, CallStatus, FeedbackStatus, TaskStatus
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import CallId, UserId
from opendeep.common.lifecycle import Nursery
from opendeep.common.messages import GiveAnswer, Message
from opendeep.database.engine import SqlDatabase
from opendeep.database.migrate import upgrade
from opendeep.database.repositories import Calls, Campaigns, FeedbackRequests, SystemUsers, Tasks
from opendeep.task_manager.call_desk import CallDesk
from opendeep.task_manager.feedback_manager_svc import FeedbackConfig, FeedbackManagerService
from tests.unit.task_manager.conftest import campaign_plan, plan_task
from tests.unit.web_interface.fakes import make_world

USERS = ("ada", "bob")


@dataclass(slots=True)
class LiveCall:
    """A call that asks, and what reached it."""

    id: CallId
    user: str
    user_id: UserId
    asked_at: float = 0.0
    question_id: int = 0
    answers: list[tuple[float, str | None]] = field(default_factory=list)


@dataclass(slots=True)
class Figures:
    """Times in seconds, and what the server said to each answer."""

    to_page: list[float] = field(default_factory=list)
    to_call: list[float] = field(default_factory=list)
    replies: Counter[int] = field(default_factory=Counter)
    foreign: Counter[int] = field(default_factory=Counter)
    late: Counter[int] = field(default_factory=Counter)


class Page:
    """One open tab: it hears of questions, may be closed, and comes back where it was."""

    def __init__(self, place: str, user: str, rig: "QuestionsRig", *, name: str) -> None:
        self._place = place
        self._user = user
        self._rig = rig
        self._name = name
        self.last_id: int | None = None
        self.seen: set[int] = set()
        self.opened = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled; answer what comes."""
        after = "" if self.last_id is None else f"&after={self.last_id}"
        async with connect(f"ws://{self._place}/ws/events?user={self._user}{after}") as socket:
            await self._load()
            self.opened.set()
            async for text in socket:
                event = json.loads(text)
                self.last_id = event["id"]
                if event["type"] == "feedback_requested" and event["data"]["status"] == "pending":
                    self._hear(event["data"]["id"], event["data"]["call_id"])

    async def _load(self) -> None:
        """Read what waits, as a page does that has just opened."""
        url = f"http://{self._place}/api/feedback_requests?status=pending&limit=200"
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            reply = await client.get(url, headers={"X-OpenDeep-User": self._user})
        for shown in reply.json()["items"]:
            self.seen.add(shown["id"])

    def _hear(self, question_id: int, call_id: str) -> None:
        if question_id in self.seen:
            return
        self.seen.add(question_id)
        self._rig.heard(question_id, call_id)


class QuestionsRig:
    """The calls, the pages and the server; see the module's head."""

    def __init__(self, database: SqlDatabase, bus: InProcessEventBus, place: str) -> None:
        self._database = database
        self._bus = bus
        self._place = place
        self._clock = SystemClock()
        self.feedback = FeedbackManagerService(database, bus, self._clock, FeedbackConfig())
        self._desk = CallDesk(database, self.feedback)
        self.calls: dict[str, LiveCall] = {}
        self.figures = Figures()
        self._shown: set[int] = set()
        self.all_shown = asyncio.Event()

    async def begin_calls(self, count: int, stack: AsyncExitStack) -> None:
        """Let ``count`` calls be live, half of each user, each with its listener."""
        for user in USERS:
            async with self._database.transaction() as tx:
                user_id = (await SystemUsers(tx).ensure(user)).id
                plan = campaign_plan(*[plan_task() for _ in range(count // len(USERS))])
                campaign = await Campaigns(tx, user_id).create(plan)
                for wanted in plan.tasks:
                    task = await Tasks(tx, user_id).create(campaign.id, wanted)
                    queued = await Tasks(tx, user_id).change(
                        task.id, expected={TaskStatus.PENDING}, status=TaskStatus.QUEUED_FOR_CALL
                    )
                    calls = Calls(tx, user_id)
                    row = await calls.create_attempt(queued)
                    await calls.change(
                        row.id, expected=set(CallStatus), status=CallStatus.IN_PROGRESS
                    )
                    self.calls[row.id] = LiveCall(row.id, user, user_id)
        for call in self.calls.values():
            listen = self._bus.serve(messages.voice_commands(call.id), self._hearer(call))
            await stack.enter_async_context(listen)

    def _hearer(self, call: LiveCall) -> Any:
        async def hear(message: Message) -> None:
            if isinstance(message, GiveAnswer):
                call.answers.append((time.perf_counter(), message.answer))

        return hear

    async def ask(self, call: LiveCall) -> None:
        """Ask the user from a call."""
        call.asked_at = time.perf_counter()
        call.question_id = await self._desk.ask_user(
            call.id, "q1", "Only Wednesday at 9:15 is free. Take it?", ["yes", "no"]
        )

    def heard(self, question_id: int, call_id: str) -> None:
        """Note that a page shows a question."""
        self.figures.to_page.append(time.perf_counter() - self.calls[call_id].asked_at)
        self._shown.add(question_id)
        if len(self._shown) == len(self.calls):
            self.all_shown.set()

    async def hang_up(self, call: LiveCall) -> None:
        """Let the callee hang up."""
        async with self._database.transaction() as tx:
            await Calls(tx, call.user_id).change(
                call.id,
                expected=set(CallStatus),
                status=CallStatus.ENDED,
                cause=CallCause.CALLEE_HUNG_UP,
            )

    async def answer(
        self,
        client: httpx.AsyncClient,
        call: LiveCall,
        words: str,
        *,
        after_seconds: float = 0.0,
    ) -> int:
        """Answer as the call's user; return the status."""
        await asyncio.sleep(after_seconds)
        began = time.perf_counter()
        before = len(call.answers)
        status = await self._post(client, call.user, call.question_id, words)
        if status == httpx.codes.OK and len(call.answers) > before:
            self.figures.to_call.append(call.answers[-1][0] - began)
        return status

    async def answer_as_other(self, client: httpx.AsyncClient, call: LiveCall) -> int:
        """Answer somebody else's question."""
        other = next(user for user in USERS if user != call.user)
        return await self._post(client, other, call.question_id, "yes")

    async def _post(
        self, client: httpx.AsyncClient, user: str, question_id: int, words: str
    ) -> int:
        reply = await client.post(
            f"http://{self._place}/api/feedback_requests/{question_id}/answer",
            json={"answer": words},
            headers={"X-OpenDeep-User": user},
        )
        return reply.status_code

    async def statuses(self) -> Counter[FeedbackStatus]:
        """Count the questions by status."""
        found: Counter[FeedbackStatus] = Counter()
        for user_id in {call.user_id for call in self.calls.values()}:
            async with self._database.transaction() as tx:
                page = await FeedbackRequests(tx, user_id).list(limit=200)
            found.update(asked.status for asked in page.items)
        return found


@asynccontextmanager
async def questions_rig(directory: Path, count: int) -> AsyncIterator[tuple[QuestionsRig, str]]:
    """Serve; begin ``count`` calls."""
    url = f"sqlite:///{directory / 'questions.db'}"
    await asyncio.to_thread(upgrade, url)
    bus = InProcessEventBus()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(SqlDatabase(url, bus, clock=SystemClock()))
        listener = take_port("127.0.0.1", 0)
        place = f"127.0.0.1:{listener.getsockname()[1]}"
        rig = QuestionsRig(database, bus, place)
        server = WebServer(make_world(database, bus, directory).app, listener=listener)
        server.listen()
        nursery = await stack.enter_async_context(Nursery("questions"))
        running = [
            nursery.start(server.run(), name="server"),
            nursery.start(rig.feedback.run(), name="feedback"),
        ]
        await rig.begin_calls(count, stack)
        yield rig, place
        server.stop()
        rig.feedback.stop()
        await asyncio.wait(running)


async def play(directory: Path, count: int, *, spread_seconds: float = 0.0) -> dict[str, Any]:
    """Ask from all calls at once, with pages that close and reopen and two that answer.

    Both answers to a question come in the same moment, those to all of them over
    ``spread_seconds``.
    """
    async with questions_rig(directory, count) as (rig, place), Nursery("pages") as nursery:
        pages = [Page(place, user, rig, name=f"{user}-{n}") for user in USERS for n in (1, 2)]
        open_tabs = {page: nursery.start(page.run(), name="page") for page in pages}
        await asyncio.gather(*(page.opened.wait() for page in pages))
        asking = [nursery.start(rig.ask(call), name="ask") for call in rig.calls.values()]
        await asyncio.sleep(0.05)
        closed = pages[0]
        open_tabs[closed].cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await open_tabs[closed]
        await asyncio.wait(asking)
        closed.opened.clear()
        open_tabs[closed] = nursery.start(closed.run(), name="page again")
        async with asyncio.timeout(30):
            await rig.all_shown.wait()
            await closed.opened.wait()
        await _answer_all(rig, count, spread_seconds)
        for tab in open_tabs.values():
            tab.cancel()
        await asyncio.wait(list(open_tabs.values()))
        return await _figures(rig, pages)


async def _answer_all(rig: QuestionsRig, count: int, spread_seconds: float) -> None:
    calls = list(rig.calls.values())
    gone = calls[:: max(count // 10, 2)]
    for call in gone:
        await rig.hang_up(call)
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        for call in calls[1:4]:
            rig.figures.foreign[await rig.answer_as_other(client, call)] += 1
        late = await asyncio.gather(*(rig.answer(client, call, "yes") for call in gone))
        rig.figures.late.update(late)
        both = [
            rig.answer(client, call, words, after_seconds=spread_seconds * place / len(calls))
            for place, call in enumerate(calls)
            if call not in gone
            for words in ("yes from one tab", "no from the other")
        ]
        rig.figures.replies.update(await asyncio.gather(*both))
    await asyncio.sleep(1.0)  # what is over is taken back by the feedback manager's own loop


async def _figures(rig: QuestionsRig, pages: Sequence[Page]) -> dict[str, Any]:
    figures = rig.figures
    answered = [call for call in rig.calls.values() if any(words for _, words in call.answers)]
    return {
        "questions": len(rig.calls),
        "shown": len(figures.to_page),
        "each_page_saw_all_of_its_user": all(
            len(page.seen) == len(rig.calls) // len(USERS) for page in pages
        ),
        "question_to_page_p50_ms": _ms(figures.to_page, 50),
        "question_to_page_p95_ms": _ms(figures.to_page, 95),
        "answer_to_call_p50_ms": _ms(figures.to_call, 50),
        "answer_to_call_p95_ms": _ms(figures.to_call, 95),
        "answers_taken": figures.replies[200],
        "answers_refused": figures.replies[409],
        "calls_with_exactly_one_answer": sum(
            len([words for _, words in call.answers if words]) == 1 for call in answered
        ),
        "calls_with_more": sum(len(call.answers) > 1 for call in rig.calls.values()),
        "foreign_answers": {str(status): n for status, n in figures.foreign.items()},
        "answers_after_the_hang_up": {str(status): n for status, n in figures.late.items()},
        "statuses": {str(status): n for status, n in (await rig.statuses()).items()},
    }


def _ms(seconds: Sequence[float], percent: int) -> float:
    if len(seconds) < 2:
        return round(max(seconds, default=0.0) * 1000, 1)
    return round(quantiles(seconds, n=100, method="inclusive")[percent - 1] * 1000, 1)
