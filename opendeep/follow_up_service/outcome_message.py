"""What a target is told of a task: its state and outcome, as the API shows them; no transcript."""

import json
from typing import Any

from opendeep.common.data_models import TaskStatus
from opendeep.database.models import Task

EVENTS = {
    TaskStatus.COMPLETED: "task.completed",
    TaskStatus.FAILED: "task.failed",
    TaskStatus.UNRESOLVED: "task.unresolved",
    TaskStatus.CANCELLED: "task.cancelled",
    TaskStatus.CANCELLED_DND: "task.cancelled_dnd",
    TaskStatus.AWAITING_USER: "task.awaiting_user",
}


def payload_of(task: Task) -> dict[str, Any]:
    """Return the task as a message tells it."""
    outcome = task.outcome or {}
    return {
        "task_id": task.id,
        "campaign_id": task.campaign_id,
        "title": task.title,
        "status": task.status.value,
        "status_reason": task.status_reason,
        "business_name": task.business_name,
        "contact_name": task.contact_name,
        "version": task.version,
        "attempts": task.current_attempt_count,
        "outcome": {
            name: outcome.get(name) for name in ("verdict", "summary", "agreed", "promises")
        }
        if outcome
        else None,
        "changed_at": task.updated_at.isoformat(),
    }


def is_same(told: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether a message would say what the one before said: the version alone is no news."""
    return _news(told) == _news(json.loads(json.dumps(now)))


def _news(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: payload[name] for name in payload if name not in {"version", "changed_at"}}


def mail_of(payload: dict[str, Any]) -> tuple[str, str]:
    """Return the subject and the words of an e-mail about the same."""
    outcome = payload.get("outcome") or {}
    state = str(payload["status"]).replace("_", " ")
    title = " ".join(str(payload["title"]).split())
    lines = [
        f"{title}: {state}.",
        str(outcome.get("summary") or payload.get("status_reason") or ""),
        *(f"- {name}: {value}" for name, value in (outcome.get("agreed") or {}).items()),
        "",
        "You get this because this address is on OpenDeep's settings page; take it off there.",
    ]
    return f"{state.capitalize()}: {title}"[:150], "\n".join(line for line in lines)
