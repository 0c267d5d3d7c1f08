"""The report in words: by a text model where one answers, else from the figures alone.

The model words what the figures say; a number that is not in the data it was given makes its
whole answer unusable.
"""

import re
from collections.abc import Sequence

from opendeep.campaign_summarizer_service.campaign_report import (
    Narrative,
    ReportTask,
    figures_of,
)
from opendeep.common.data_models import TaskStatus
from opendeep.config.prompt_config import CAMPAIGN_SUMMARY_SYSTEM_PROMPT, in_tag
from opendeep.database.models import Campaign
from opendeep.llm_integrations.text_model import ModelMessage, SystemMessage, UserMessage

SCHEMA_NAME = "campaign_summary"
_TASKS_SHOWN = 100
_STEPS_SHOWN = 10
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

STATUS_WORDS = {
    TaskStatus.PENDING: "waiting for their turn",
    TaskStatus.QUEUED_FOR_CALL: "about to be called",
    TaskStatus.IN_PROGRESS: "being called",
    TaskStatus.AWAITING_ANALYSIS: "being evaluated",
    TaskStatus.RETRY_SCHEDULED: "to be called again",
    TaskStatus.ON_HOLD: "on hold",
    TaskStatus.AWAITING_USER: "waiting for your answer",
    TaskStatus.COMPLETED: "completed",
    TaskStatus.FAILED: "failed",
    TaskStatus.UNRESOLVED: "unresolved",
    TaskStatus.CANCELLED: "cancelled",
    TaskStatus.CANCELLED_DND: "cancelled because the callee must not be called",
}


def plain_narrative(tasks: Sequence[ReportTask]) -> Narrative:
    """Word the report from the figures and from each task's own summary."""
    figures = figures_of(tasks)
    done = figures.counts.get(TaskStatus.COMPLETED, 0)
    others = [
        f"{count} {STATUS_WORDS[status]}"
        for status, count in figures.counts.items()
        if status is not TaskStatus.COMPLETED
    ]
    spoken = f"{figures.answered_calls} of {figures.calls} calls were answered"
    told = [
        f"{task.title}: {text}"
        for task in tasks[:_STEPS_SHOWN]
        if (text := task.summary or task.status_reason)
    ]
    return Narrative(
        headline=f"{done} of {figures.tasks} tasks completed"
        + (f" ({', '.join(others)})." if others else "."),
        summary=" ".join([f"{spoken}.", *told]),
        next_steps=[
            f"{_WHAT_TO_DO[task.status]}: {task.title}"
            for task in tasks
            if task.status in _WHAT_TO_DO
        ][:_STEPS_SHOWN],
    )


_WHAT_TO_DO = {
    TaskStatus.AWAITING_USER: "Answer the question about this task",
    TaskStatus.UNRESOLVED: "Check what came of this task",
    TaskStatus.FAILED: "Decide whether to try this task in another way",
    TaskStatus.ON_HOLD: "Resume this task when it should go on",
}


def narrative_messages(campaign: Campaign, tasks: Sequence[ReportTask]) -> list[ModelMessage]:
    """Put the campaign before the model: the rules, then one user's data as JSON in a tag."""
    data = {
        "title": campaign.title,
        "goal": campaign.goal,
        "language": campaign.language or "en",
        "figures": figures_of(tasks).model_dump(mode="json"),
        "tasks": [_shown(task) for task in tasks[:_TASKS_SHOWN]],
    }
    return [
        SystemMessage(text=CAMPAIGN_SUMMARY_SYSTEM_PROMPT),
        UserMessage(text=in_tag("campaign", data)),
    ]


def _shown(task: ReportTask) -> dict[str, object]:
    fields = {"title", "business_name", "contact_name", "status", "status_reason", "verdict"}
    fields |= {"summary", "agreed", "promises", "next_action_time"}
    shown: dict[str, object] = task.model_dump(mode="json", include=fields)
    shown["attempts"] = len(task.attempts)
    shown["evidence"] = [{"claim": item.claim, "quote": item.quote} for item in task.evidence]
    return shown


def invents_figures(narrative: Narrative, messages: Sequence[ModelMessage]) -> bool:
    """Whether the narrative holds a number that the data does not hold."""
    given = {
        _plain(number)
        for message in messages
        if isinstance(message, UserMessage)
        for run in _NUMBER.findall(message.text)
        for number in (run, *re.findall(r"\d+", run))
    }
    text = " ".join([narrative.headline, narrative.summary, *narrative.next_steps])
    return any(_plain(number) not in given for number in _NUMBER.findall(text))


def _plain(number: str) -> str:
    return number.replace(",", "").lstrip("0") or "0"
