"""What the voice AI is told before a call: one user's data only, and the fixed first words.

The disclosure is composed by code, never by a model, from the table in ``disclosure.py``.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from opendeep.common.clock import Clock
from opendeep.common.data_models import VoicemailPolicy
from opendeep.common.ports import Briefing
from opendeep.config.prompt_config import REALTIME_CALL_LLM_BASE_INSTRUCTIONS, in_tag
from opendeep.database.engine import Database
from opendeep.database.models import FeedbackRequest, Profile, Task, User
from opendeep.database.repositories import (
    CallEvents,
    FeedbackRequests,
    PhoneMenus,
    Profiles,
)
from opendeep.task_manager import disclosure, voicemail_words
from opendeep.task_manager.menu_routes import steps_of
from opendeep.task_manager.number_class import candidate_zones
from opendeep.task_manager.plan_validation import is_known_zone
from opendeep.task_manager.voicemail_words import CALLBACK_FACT, MESSAGE_EVENT

_REASON_MOST_CHARACTERS = 120
_BOOKING = re.compile(
    r"\b(book|appointment|reserv|schedul|arrang|termine?\b|buch(en|ung)|citas?\b|rendez|prenot"
    r"|appuntament|agendar|afspraak|boek(en|ing)|wizyt|rezerw)",
    re.IGNORECASE,
)


class CallBriefing:
    """Implements the call side's briefing port.

    One message is enough: a task that has left one hangs up on the machine from then on.

    Args:
        database: where profiles are.
        clock: what day it is at the callee.
        records_calls: whether calls are recorded, which the callee is told.
    """

    def __init__(self, database: Database, clock: Clock, *, records_calls: bool = False) -> None:
        self._database = database
        self._clock = clock
        self._records_calls = records_calls

    async def brief(self, task: Task, user: User) -> Briefing:
        """Compose the words of a call."""
        async with self._database.transaction() as tx:
            profile = await Profiles(tx, user.id).get()
            menu = await PhoneMenus(tx, user.id).find(task.phone_number)
            answered = (
                await FeedbackRequests(tx, user.id).answered_in_campaign(task.campaign_id)
                if task.campaign_id is not None
                else []
            )
            is_told = await CallEvents(tx, user.id).task_has(task.id, MESSAGE_EVENT)
        name = on_whose_behalf(profile, user, task)
        words = disclosure_for(task, name, is_recorded=self._records_calls)
        number = task.facts.get(CALLBACK_FACT) or profile.facts.get(CALLBACK_FACT)
        language = disclosure.language_of(task.language)
        leaves = task.voicemail is VoicemailPolicy.LEAVE_MESSAGE
        return Briefing(
            instructions=instructions_for(task, name, self._clock.now(), answered),
            disclosure=words,
            voicemail=VoicemailPolicy.HANG_UP if is_told and leaves else task.voicemail,
            known_menus=() if menu is None else steps_of(menu.route),
            voicemail_message=voicemail_words.message(language, words, number),
        )


def on_whose_behalf(profile: Profile, user: User, task: Task) -> str | None:
    """Return the name to call for: the profile's, the booking's, else the account's.

    None where the account is nobody's in particular.
    """
    booking = task.facts.get("name_for_booking")
    if profile.display_name.strip():
        return profile.display_name.strip()
    if isinstance(booking, str) and booking.strip():
        return booking.strip()
    return None if user.username == "default" else user.username


def disclosure_for(task: Task, name: str | None, *, is_recorded: bool) -> str:
    """Compose the fixed first words: an AI, on whose behalf, whether it is recorded, and why."""
    language = disclosure.language_of(task.language)
    words = [disclosure.introduce(language, name)]
    if is_recorded:
        words.append(disclosure.WORDINGS[language].recorded)
    words.append(_reason(task, language))
    if task.disclosure:
        words.append(task.disclosure.strip())
    return " ".join(words)


def _reason(task: Task, language: str) -> str:
    service = task.facts.get("service")
    wish = f"{task.title} {task.goal}"
    if isinstance(service, str) and service.strip() and _BOOKING.search(wish):
        return disclosure.say_booking(language, service.strip())
    title = " ".join(task.title.split()).rstrip(".")[:_REASON_MOST_CHARACTERS]
    return disclosure.say_reason(language, title)


def instructions_for(
    task: Task, name: str | None, now: datetime, answered: Sequence[FeedbackRequest] = ()
) -> str:
    """Compose the voice AI's whole prompt: the rules, then the task as JSON data.

    ``answered`` is what the user decided during other calls of the campaign.
    """
    local = now.astimezone(_zone(task))
    data: dict[str, Any] = {
        "on_behalf_of": name or "a customer",
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
        "voicemail": task.voicemail,
        "memory": task.inter_call_context,
        "remembered_answers": [
            {"question": asked.question, "answer": asked.answer} for asked in answered
        ],
        "today": local.date().isoformat(),
        "weekday": local.strftime("%A"),
    }
    return f"{REALTIME_CALL_LLM_BASE_INSTRUCTIONS}\n{in_tag('task', data)}"


def _zone(task: Task) -> ZoneInfo:
    """Return the callee's zone: the task's, else the number's first, else UTC."""
    names = [task.time_zone, *candidate_zones(task.phone_number)]
    known = (name for name in names if name and is_known_zone(name))
    return ZoneInfo(next(known, "UTC"))
