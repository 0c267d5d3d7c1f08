"""What the voice AI is told before a call: one user's data only, and the fixed first words.

The disclosure is composed by code, never by a model: that it is an AI, on whose behalf, and why.
Its wording is versioned, so that a stored call can say which words were spoken.
"""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from opendeep.common.clock import Clock
from opendeep.config.prompt_config import REALTIME_CALL_LLM_BASE_INSTRUCTIONS, in_tag
from opendeep.database.engine import Database
from opendeep.database.models import Profile, Task, User
from opendeep.database.repositories import Profiles
from opendeep.task_manager.number_class import candidate_zones
from opendeep.task_manager.plan_validation import is_known_zone

DISCLOSURE_VERSION = "en-1"
_REASON_MOST_CHARACTERS = 120
_BOOKING = re.compile(r"\b(book|appointment|reserv|schedul|arrang)", re.IGNORECASE)


class CallBriefing:
    """Implements the call side's briefing port."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def brief(self, task: Task, user: User) -> tuple[str, str]:
        """Return the voice AI's instructions and the first words of a call."""
        async with self._database.transaction() as tx:
            profile = await Profiles(tx, user.id).get()
        name = on_whose_behalf(profile, user, task)
        return instructions_for(task, name, self._clock.now()), disclosure_for(task, name)


def on_whose_behalf(profile: Profile, user: User, task: Task) -> str:
    """Return the name to call for: the profile's, the booking's, else the account's."""
    booking = task.facts.get("name_for_booking")
    if profile.display_name:
        return profile.display_name
    if isinstance(booking, str) and booking.strip():
        return booking.strip()
    return "a customer" if user.username == "default" else user.username


def disclosure_for(task: Task, name: str) -> str:
    """Compose the fixed first words: an AI, on whose behalf, and why."""
    reason = _reason(task)
    words = f"Hello, this is an automated AI assistant calling on behalf of {name}. {reason}"
    return f"{words} {task.disclosure}".strip() if task.disclosure else words


def _reason(task: Task) -> str:
    service = task.facts.get("service")
    wish = f"{task.title} {task.goal}"
    if isinstance(service, str) and service.strip() and _BOOKING.search(wish):
        return f"I would like to book {_with_article(service.strip())}."
    title = " ".join(task.title.split()).rstrip(".")[:_REASON_MOST_CHARACTERS]
    return f"I am calling about the following: {title}."


def _with_article(service: str) -> str:
    words = service.lower().split()
    if words[0] in {"a", "an", "the", "some", "my"}:
        return service
    return f"{'an' if words[0][0] in 'aeiou' else 'a'} {service}"


def instructions_for(task: Task, name: str, now: datetime) -> str:
    """Compose the voice AI's whole prompt: the rules, then the task as JSON data."""
    local = now.astimezone(_zone(task))
    data: dict[str, Any] = {
        "on_behalf_of": name,
        "contact_name": task.contact_name,
        "business_name": task.business_name,
        "goal": task.goal or task.title,
        "instructions": task.instructions,
        "facts": task.facts,
        "success_criteria": task.success_criteria,
        "questions_for_callee": task.questions_for_callee,
        "earliest": task.earliest.isoformat() if task.earliest else None,
        "latest": task.latest.isoformat() if task.latest else None,
        "time_zone": task.time_zone,
        "language": task.language or "en",
        "memory": task.inter_call_context,
        "today": local.date().isoformat(),
        "weekday": local.strftime("%A"),
    }
    return f"{REALTIME_CALL_LLM_BASE_INSTRUCTIONS}\n{in_tag('task', data)}"


def _zone(task: Task) -> ZoneInfo:
    """Return the callee's zone: the task's, else the number's first, else UTC."""
    names = [task.time_zone, *candidate_zones(task.phone_number)]
    known = (name for name in names if name and is_known_zone(name))
    return ZoneInfo(next(known, "UTC"))
