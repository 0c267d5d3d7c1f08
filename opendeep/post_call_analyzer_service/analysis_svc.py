"""Judges every finished call exactly once, and decides what becomes of its task.

A call is claimed with a lease, like a task, so two analyzers never work on one. A model that is
down or talks nonsense defers the analysis; it is never replaced by a guess.

=======================  ====================  ================================================
Acquired                 where                 released
=======================  ====================  ================================================
bus subscription         ``_loop``             when ``run`` ends
claim on a call          ``_claim``            stored, deferred, or given back by ``_analyse``;
                                               after a crash when ``run`` begins anew, at the
                                               latest by the end of its lease
one task per call        ``run``               the nursery, at the latest when ``run`` ends
=======================  ====================  ================================================
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog

from opendeep.common.clock import Clock
from opendeep.common.data_models import TaskStatus
from opendeep.common.errors import ConflictError, ModelUnavailableError
from opendeep.common.event_bus import EventBus
from opendeep.common.lifecycle import Nursery, finish_within
from opendeep.common.wake_loop import WakeLoop
from opendeep.database.engine import Database
from opendeep.database.models import Call
from opendeep.database.repositories import Calls, SystemCalls, Tasks
from opendeep.llm_integrations.text_model import TextModel
from opendeep.post_call_analyzer_service.call_judge import CallJudge
from opendeep.post_call_analyzer_service.call_record import CallRecord, load_record
from opendeep.post_call_analyzer_service.outcome_writer import store_judgement

log = structlog.get_logger(__name__)

_GIVE_BACK_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyzerConfig:
    """How the analyzer works.

    Attributes:
        node: this process's name in claims; no two analyzers may have the same at once.
        batch: calls analysed side by side.
        lease_seconds: how long a claim holds; a dead analyzer's calls are free after that.
        model_seconds: the longest wait for the model; less than the lease.
        first_pause_seconds: the pause after the model failed once; it doubles each time, up to
            ``longest_pause_seconds``.
    """

    node: str = "main"
    poll_seconds: float = 5.0
    batch: int = 8
    lease_seconds: float = 120.0
    model_seconds: float = 90.0
    first_pause_seconds: float = 15.0
    longest_pause_seconds: float = 1800.0


class PostCallAnalyzerService:
    """Wakes on ``Wakeup("calls_to_analyse")`` and by itself, and judges the calls that are over."""

    def __init__(
        self,
        *,
        database: Database,
        bus: EventBus,
        model: TextModel,
        clock: Clock,
        config: AnalyzerConfig | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._config = config or AnalyzerConfig()
        self._judge = CallJudge(model=model, clock=clock, model_seconds=self._config.model_seconds)
        self._loop = WakeLoop(
            bus, works={"calls_to_analyse"}, poll_seconds=self._config.poll_seconds
        )
        self._busy = 0

    @property
    def name(self) -> str:
        """The service's name in logs and in ``/readyz``."""
        return "post_call_analyzer"

    def stop(self) -> None:
        """Ask :meth:`run` to return soon; what is not judged by then is given back."""
        self._loop.stop()

    async def run(self) -> None:
        """Analyse calls until :meth:`stop`.

        Raises:
            UnavailableError: the database or the bus is away.
        """
        async with self._database.transaction() as tx:
            await SystemCalls(tx).release_analysis_claims(self._config.node)
        async with Nursery("analyzer") as nursery:
            await self._loop.run(partial(self._start_claimed, nursery))

    async def _start_claimed(self, nursery: Nursery) -> None:
        for call in await self._claim():
            self._busy += 1
            nursery.start(self._analyse(call), name=call.id)

    async def _claim(self) -> list[Call]:
        free = self._config.batch - self._busy
        if free <= 0:
            return []
        async with self._database.transaction() as tx:
            return await SystemCalls(tx).claim_for_analysis(
                now=self._clock.now(),
                claimed_by=self._config.node,
                limit=free,
                lease_seconds=self._config.lease_seconds,
            )

    async def _analyse(self, call: Call) -> None:
        try:
            await self.analyse_call(call)
        except asyncio.CancelledError:
            give_back = self._postpone(call, seconds=0.0)
            await finish_within(_GIVE_BACK_SECONDS, give_back, name=f"give_back:{call.id}")
            raise
        finally:
            self._busy -= 1
            self._loop.wake()

    async def analyse_call(self, call: Call) -> TaskStatus | None:
        """Judge one claimed call; return what its task became, None where that did not change.

        Raises:
            UnavailableError: the database is away.
        """
        record = await load_record(self._database, call)
        try:
            judgement = await self._judge.judge(record)
            became = await store_judgement(self._database, record, judgement)
        except ModelUnavailableError as error:
            await self._defer(record, error)
            return None
        except ConflictError:
            log.info("call_was_analysed_meanwhile", call_id=call.id)
            return None
        log.info(
            "call_analysed",
            call_id=call.id,
            task_id=call.task_id,
            cause=record.cause.value,
            verdict=judgement.analysis.verdict.value,
            task_status=became,
        )
        return became

    async def _defer(self, record: CallRecord, error: ModelUnavailableError) -> None:
        """Keep the call for later; the user reads why the task waits."""
        call = record.call
        seconds = self._pause_seconds(call.analysis_tries)
        log.warning("analysis_deferred", call_id=call.id, seconds=seconds, reason=error.message)
        await self._postpone(call, seconds=seconds, reason=error.message)

    def _pause_seconds(self, tries: int) -> float:
        doubled = self._config.first_pause_seconds * 2.0 ** min(max(tries - 1, 0), 20)
        return min(doubled, self._config.longest_pause_seconds)

    async def _postpone(self, call: Call, *, seconds: float, reason: str | None = None) -> None:
        async with self._database.transaction() as tx:
            try:
                await Calls(tx, call.user_id).defer_analysis(
                    call.id, until=tx.now() + timedelta(seconds=seconds)
                )
                if reason is not None:
                    await Tasks(tx, call.user_id).change(
                        call.task_id,
                        expected={TaskStatus.AWAITING_ANALYSIS},
                        status_reason=f"The call is over; its analysis waits. {reason}",
                    )
            except ConflictError:
                log.info("call_was_analysed_meanwhile", call_id=call.id)
