"""A campaign's final words, counted and copied from its tasks."""

import json
from collections import Counter
from typing import Any, Final

from opendeep.practice.brain_turns import tagged

Json = dict[str, Any]
_MOST_LINES: Final = 5
_NEXT: Final = {
    "awaiting_user": "Answer the open question about {title}.",
    "failed": "Decide whether to try {title} in another way.",
    "unresolved": "Check {title}: the call did not settle it.",
}


def summarise(prompt: str) -> Json:
    """Return the ``campaign_summary`` of the ``<campaign>`` in a prompt."""
    found = tagged(prompt, "campaign")
    try:
        campaign = json.loads(found) if found is not None else {}
    except ValueError:
        campaign = {}
    tasks = _tasks(campaign)
    counts = Counter(str(task.get("status") or "unknown") for task in tasks)
    done = counts.get("completed", 0)
    title = str(_field(campaign, "title") or "The campaign")
    headline = f"{done} of {len(tasks)} tasks completed: {title}"
    lines = [line for task in tasks if (line := _outcome(task))]
    steps = [
        _NEXT[str(task.get("status"))].format(title=task.get("title") or "the task")
        for task in tasks
        if str(task.get("status")) in _NEXT
    ]
    others = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    summary = " ".join(lines[:_MOST_LINES]) or f"Tasks by status: {others or 'none'}."
    return {"headline": headline, "summary": summary, "next_steps": steps[:_MOST_LINES]}


def _field(campaign: object, name: str) -> object:
    return campaign.get(name) if isinstance(campaign, dict) else None


def _tasks(campaign: object) -> list[Json]:
    tasks = _field(campaign, "tasks")
    return [task for task in tasks if isinstance(task, dict)] if isinstance(tasks, list) else []


def _outcome(task: Json) -> str:
    outcome = task.get("outcome")
    summary = outcome.get("summary") if isinstance(outcome, dict) else None
    text = str(summary or task.get("summary") or task.get("status_reason") or "").strip()
    if not text:
        return ""
    return text if text.endswith((".", "!", "?")) else f"{text}."
