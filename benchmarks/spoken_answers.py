# ruff: noqa: INP001 - a part of questions.py
"""How soon a user's answer is heard on the line: practice calls, measured at the exchange's side.

Each call is to callee 13, who offers only a morning: the AI asks the user, and is answered when it
waits in silence. What counts is the first loud frame of the AI's next words at the exchange.
"""

import asyncio
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from opendeep.audio_processing_service import pcm
from opendeep.bootstrap.application import Application, running_application
from opendeep.bootstrap.serving import start_logging
from opendeep.common.clock import SystemClock
from opendeep.common.data_models import (
    CampaignPlan,
    FeedbackKind,
    FeedbackStatus,
    PlanSource,
    PlanTask,
    Speaker,
    TaskStatus,
)
from opendeep.common.ids import CallId, UserId
from opendeep.config.app_config import load_config
from opendeep.database.repositories import (
    Calls,
    FeedbackRequests,
    SystemUsers,
    Tasks,
    Transcripts,
)
from opendeep.practice.exchange_media import MediaBridge, MediaEnd

_AREAS: Final = ("212", "415", "312", "617", "303", "305", "206", "404", "512", "702")
_LOUD: Final = 300.0
"""Root mean square of a frame with speech in it; a waiting tone is softer or over by then."""
_BEFORE: Final = timedelta(seconds=0.5)
_QUIET: Final = timedelta(seconds=0.2)
_WAITS_SECONDS: Final = 6.0
"""What the user takes to answer: by then the AI has said that it asks, and the line is quiet."""
_MOST_SECONDS: Final = 400.0
_OPEN: Final = frozenset(
    {
        TaskStatus.PENDING,
        TaskStatus.QUEUED_FOR_CALL,
        TaskStatus.IN_PROGRESS,
        TaskStatus.AWAITING_ANALYSIS,
    }
)


@dataclass
class Tap:
    """When loud frames of the AI reached the exchange, by call."""

    loud: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def install(self) -> None:
        """Listen to every call from now on."""
        run, take = MediaBridge.run, MediaBridge._take_audio  # noqa: SLF001 - where frames arrive
        calls: dict[int, str] = {}
        clock, loud = SystemClock(), self.loud

        async def named(bridge: MediaBridge, address: str, call_uuid: str) -> MediaEnd:
            calls[id(bridge)] = call_uuid
            return await run(bridge, address, call_uuid)

        def heard(bridge: MediaBridge, mulaw: bytes) -> None:
            samples = np.frombuffer(pcm.mulaw_to_pcm(mulaw), "<i2").astype(np.float64)
            if len(samples) and float(np.sqrt(np.mean(samples**2))) > _LOUD:
                loud[calls[id(bridge)]].append(clock.now())
            take(bridge, mulaw)

        MediaBridge.run = named  # type: ignore[method-assign]
        MediaBridge._take_audio = heard  # type: ignore[method-assign]  # noqa: SLF001


def _plan(calls: int) -> CampaignPlan:
    return CampaignPlan(
        title="Spoken answers",
        goal="Book a dental cleaning.",
        tasks=[
            PlanTask(
                title=f"Dental cleaning {number}",
                phone_number=f"+1{_AREAS[number % len(_AREAS)]}5550113",
                business_name="Park Dental",
                goal="Book a dental cleaning next week, in the afternoon.",
                success_criteria="A day and a time are agreed and read back.",
                facts={
                    "service": "dental cleaning",
                    "name_for_booking": "Alex Morgan",
                    "preferred_days": "next week",
                    "preferred_time": "afternoons",
                },
                time_zone="America/Los_Angeles",
                sources=[PlanSource(field="phone_number", from_="user", reference="typed")],
            )
            for number in range(calls)
        ],
    )


async def spoken(calls: int, at_once: int) -> dict[str, Any]:
    """Make the calls, answer each one's question; return how soon the answers were heard."""
    tap = Tap()
    tap.install()
    with tempfile.TemporaryDirectory(prefix="opendeep-spoken-") as folder:
        settings = {
            "opendeep_data_dir": Path(folder),
            "log_level": "error",
            "max_concurrent_calls": at_once,
        }
        config = load_config({}, env_file=None, overrides=settings)
        start_logging(config)
        async with running_application(config) as application:
            async with application.database.transaction() as tx:
                user_id = (await SystemUsers(tx).ensure("spoken")).id
            await application.services.orchestrator.execute_plan(user_id, _plan(calls))
            answered = await _answer_all(application, user_id)
            waits = [
                await _heard_after(application, user_id, call_id, given, tap.loud[call_id])
                for call_id, given in answered.items()
            ]
    return {
        "practice_calls": calls,
        "practice_questions_answered": len(answered),
        "answer_to_spoken_ms": sorted(round(1000 * wait) for wait in waits if wait is not None),
        "answers_never_heard": waits.count(None),
    }


async def _answer_all(application: Application, user_id: UserId) -> dict[CallId, datetime]:
    """Answer each live question a moment after it was put, until every task was called."""
    given: dict[CallId, datetime] = {}
    clock = SystemClock()
    async with asyncio.timeout(_MOST_SECONDS):
        while True:
            async with application.database.transaction() as tx:
                tasks = (await Tasks(tx, user_id).list()).items
                asked = (await FeedbackRequests(tx, user_id).list(FeedbackStatus.PENDING)).items
            for one in asked:
                waited = (clock.now() - one.created_at).total_seconds()
                if one.kind is FeedbackKind.LIVE_CALL and waited >= _WAITS_SECONDS and one.call_id:
                    given[one.call_id] = clock.now()
                    await application.services.feedback.answer(user_id, one.id, "Take it")
            if all(task.status not in _OPEN for task in tasks):
                return given
            await asyncio.sleep(0.05)


async def _heard_after(
    application: Application,
    user_id: UserId,
    call_id: CallId,
    given: datetime,
    loud: list[datetime],
) -> float | None:
    """Return the seconds from the answer to the AI's next words, as the exchange heard them."""
    async with application.database.transaction() as tx:
        call = await Calls(tx, user_id).get(call_id)
        lines = await Transcripts(tx, user_id).lines(call_id)
    begun = call.answered_at
    if begun is None:
        return None
    starts = (
        begun + timedelta(milliseconds=line.start_ms)
        for line in lines
        if line.speaker is Speaker.AI
    )
    said_at = next((at for at in starts if at > given), None)
    if said_at is None:
        return None
    begins = [at for before, at in pairwise(loud) if at - before >= _QUIET]
    first = next((at for at in begins if at >= max(given, said_at - _BEFORE)), None)
    return None if first is None else (first - given).total_seconds()
