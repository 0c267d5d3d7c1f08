"""From a finished call to a judgement: rules where they suffice, the model where words decide.

The order matters: a wish not to be called again comes first and asks no model; then the cause, if
nobody spoke to us; then the model, whose answer the evidence check cuts down to what was said.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import structlog

from opendeep.common.call_back import CallBack
from opendeep.common.clock import Clock
from opendeep.common.data_models import (
    CallAnalysis,
    CallCause,
    Evidence,
    NextStep,
    Speaker,
    TaskStatus,
    Verdict,
)
from opendeep.common.errors import ModelUnavailableError
from opendeep.llm_integrations.text_model import TextModel
from opendeep.post_call_analyzer_service.analysis_schema import (
    SCHEMA_NAME,
    CallAnalysisAnswer,
    to_call_analysis,
)
from opendeep.post_call_analyzer_service.call_back import find_call_back, promised_call_back
from opendeep.post_call_analyzer_service.call_record import (
    CallRecord,
    analysis_messages,
    callee_zone,
)
from opendeep.post_call_analyzer_service.evidence_check import Wanted, check_evidence
from opendeep.post_call_analyzer_service.heard import HeardLine
from opendeep.post_call_analyzer_service.opt_out import find_opt_out
from opendeep.post_call_analyzer_service.outcome_rules import (
    Chances,
    Decision,
    judge_by_analysis,
    judge_by_cause,
    judge_opt_out,
)
from opendeep.post_call_analyzer_service.task_kind import kind_of

log = structlog.get_logger(__name__)

_UNKNOWN_CAUSES = frozenset({CallCause.LOST, CallCause.COMPLETED, CallCause.USER_HUNG_UP})
_NEXT_STEPS = {TaskStatus.RETRY_SCHEDULED: NextStep.RETRY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found about a call, and what its task becomes."""

    analysis: CallAnalysis
    decision: Decision


class CallJudge:
    """Judges calls; writes nothing.

    Args:
        model: asked about conversations only.
        clock: how much of a task's time is left.
        model_seconds: the longest wait for the model.
    """

    def __init__(self, *, model: TextModel, clock: Clock, model_seconds: float) -> None:
        self._model = model
        self._clock = clock
        self._model_seconds = model_seconds

    async def judge(self, record: CallRecord) -> Judgement:
        """Return what came of the call.

        Raises:
            ModelUnavailableError: the model is down, slow, or its answer stayed unusable.
        """
        chances = chances_of(record, self._clock.now())
        opt_out = find_opt_out(record.lines)
        if opt_out is not None or record.listed:
            return _opted_out(opt_out)
        if not record.is_conversation:
            return _without_words(record.cause, chances)
        return await self._judge_words(record, chances)

    async def _judge_words(self, record: CallRecord, chances: Chances) -> Judgement:
        answer = await self._ask(record)
        checked = check_evidence(to_call_analysis(answer), record.lines, wanted_of(record))
        if checked.dropped_quotes or checked.dropped_facts:
            log.warning(
                "analysis_cut_down",
                call_id=record.call.id,
                taken_back=checked.taken_back,
                dropped_quotes=checked.dropped_quotes,
                dropped_facts=len(checked.dropped_facts),
            )
        decision = judge_by_analysis(
            checked.analysis,
            record.cause,
            chances,
            wrong_number=record.wrong_number,
            unanswered=record.open_question,
            call_back=None if checked.taken_back else _call_back_of(record, checked.analysis),
        )
        return Judgement(analysis=checked.analysis, decision=decision)

    async def _ask(self, record: CallRecord) -> CallAnalysisAnswer:
        try:
            async with asyncio.timeout(self._model_seconds):
                answer, usage = await self._model.generate_json_completion_with_tools(
                    analysis_messages(record), CallAnalysisAnswer, schema_name=SCHEMA_NAME
                )
        except TimeoutError as error:
            raise ModelUnavailableError("The text model took too long.") from error
        log.info(
            "analysis_answered",
            call_id=record.call.id,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
        )
        return answer


def _call_back_of(record: CallRecord, analysis: CallAnalysis) -> CallBack | None:
    """Return when the callee asked to be called again, by rules, else by the checked promises."""
    said_at = record.call.ended_at or record.call.started_at
    if said_at is None or analysis.next_step is NextStep.ASK_USER:
        return None
    language = record.task.language or "en"
    found = find_call_back(record.lines, language=language, said_at=said_at)
    callee = {line.seq for line in record.lines if line.speaker is Speaker.CALLEE}
    promises = [made for made in analysis.promises if made.seq in callee]
    return found or promised_call_back(promises, language=language, said_at=said_at)


def wanted_of(record: CallRecord) -> Wanted:
    """Return what the evidence check must know of the task."""
    task = record.task
    known = [*task.facts.values(), task.contact_name, task.business_name]
    begun = record.call.started_at or record.call.answered_at
    return Wanted(
        kind=kind_of(task.goal, task.success_criteria, task.questions_for_callee),
        language=task.language or "en",
        facts=tuple(str(fact) for fact in known if fact),
        called_on=None if begun is None else begun.astimezone(callee_zone(task)).date(),
    )


def chances_of(record: CallRecord, now: datetime) -> Chances:
    """Return what attempts and time the call's task has left."""
    task = record.task
    return Chances(
        attempts_left=task.max_attempts - task.current_attempt_count,
        time_left=None if task.latest is None else task.latest - now,
    )


def _opted_out(line: HeardLine | None) -> Judgement:
    claim = "The callee asked not to be called again."
    decision = judge_opt_out(line.text if line else None)
    evidence = (
        [Evidence(claim=claim, quote=line.text, seq=line.seq, start_ms=line.start_ms)]
        if line
        else []
    )
    analysis = CallAnalysis(
        verdict=Verdict.FAILURE,
        summary=claim,
        next_step=NextStep.GIVE_UP,
        evidence=evidence,
        confidence=1.0,
        dnd=True,
    )
    return Judgement(analysis=analysis, decision=decision)


def _without_words(cause: CallCause, chances: Chances) -> Judgement:
    decision = judge_by_cause(cause, chances)
    analysis = CallAnalysis(
        verdict=Verdict.UNRESOLVED if cause in _UNKNOWN_CAUSES else Verdict.FAILURE,
        summary=decision.reason,
        next_step=_NEXT_STEPS.get(decision.status, NextStep.GIVE_UP),
        confidence=1.0,
    )
    return Judgement(analysis=analysis, decision=decision)
