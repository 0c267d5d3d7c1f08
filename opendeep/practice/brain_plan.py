"""From what is known of a wish to questions, a campaign plan and the closing words."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from opendeep.practice.brain_goals import Goal, spoken_goal
from opendeep.practice.brain_turns import tagged

Json = dict[str, Any]
_TIMES: Final = ("mornings", "afternoons", "evenings", "any time")
_NAME: Final = "name_for_booking"
_LEAVES_MESSAGE: Final = re.compile(
    r"\bleave (?:\w+ ){0,2}(?:message|voice ?mail)\b", re.IGNORECASE
)
_ALIKE: Final = 0.6
_DROPPABLE: Final = ("earliest", "latest", "time_zone", "language", "priority")


def user_of(system: str) -> Json:
    """Read the ``<user>`` in the system prompt; empty where there is none."""
    found = tagged(system, "user")
    if found is None:
        return {}
    try:
        user = json.loads(found)
    except ValueError:
        return {}
    return user if isinstance(user, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that is known when a step is decided; answers of the form win over the message."""

    goal: Goal
    user: Json
    places: list[Json] | None
    answers: Json | None

    def _answer(self, name: str) -> str:
        value = (self.answers or {}).get(name)
        return "" if value is None else str(value).strip()

    @property
    def place(self) -> Json | None:
        """The directory's entry of the business that is meant, if it has one with a number."""
        usable = [place for place in self.places or [] if place.get("phone_number")]
        if not self.goal.business:
            return usable[0] if usable else None
        wanted = _words(self.goal.business)
        for place in usable:
            shared = wanted & _words(str(place.get("name")))
            if wanted and len(shared) / len(wanted) >= _ALIKE:
                return place
        return usable[0] if usable and _is_kind(self.goal.business) else None

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers to call: the user's, the form's, or the directory's."""
        if self.goal.numbers:
            return self.goal.numbers
        typed = re.sub(r"[^\d+]", "", self._answer("phone_number"))
        if typed:
            return (typed if typed.startswith("+") else f"+1{typed[-10:]}",)
        place = self.place
        return (str(place["phone_number"]),) if place is not None else ()

    @property
    def business(self) -> str:
        """The business's name."""
        place = self.place if not self.goal.numbers else None
        return str(place["name"]) if place is not None else self.goal.business

    @property
    def name(self) -> str:
        """Whom the call is for."""
        profile = str(self.user.get("display_name") or "")
        return self._answer(_NAME) or self.goal.name or profile

    @property
    def days(self) -> str:
        """The days that suit."""
        return self._answer("preferred_days") or self.goal.days

    @property
    def time(self) -> str:
        """The time of day that suits."""
        return self._answer("preferred_time") or self.goal.time

    @property
    def service(self) -> str:
        """What is to be booked."""
        return self._answer("service") or self.goal.service


def _words(text: str) -> set[str]:
    noise = {"the", "a", "an", "of", "and", "in", "my", "at"}
    return set(re.findall(r"[a-z0-9]+", text.lower())) - noise


def _is_kind(name: str) -> bool:
    """Whether a business is named by its kind only, as in "a dentist"."""
    return name == name.lower() and len(name.split()) <= 3  # noqa: PLR2004 - "a hair studio"


def form_title(known: Known) -> str:
    """Head the form."""
    place = known.business
    return f"Before I plan the call to {place}" if place else "Before I plan the call"


def questions(known: Known) -> list[Json]:
    """Return what must still be asked, as the form's questions."""
    found: list[Json] = []
    booking = known.goal.is_booking
    if not known.name:
        label = "Which name should the booking be under?" if booking else "Who is calling?"
        found.append(_question(_NAME, label, "text"))
    if booking and not known.service:
        found.append(_question("service", "What should be booked?", "text"))
    if booking and not known.days:
        found.append(_question("preferred_days", "Which days suit you?", "text"))
    if booking and not known.time:
        label = "Which time of day suits you?"
        found.append(_question("preferred_time", label, "choice", options=list(_TIMES)))
    if not known.numbers:
        place = known.goal.business or "the place to call"
        label = f"What is the phone number of {place}?"
        found.append(_question("phone_number", label, "phone"))
    return found


def _question(name: str, label: str, kind: str, **more: object) -> Json:
    return {"id": name, "label": label, "type": kind, "required": True, **more}


def campaign_plan(known: Known) -> Json:
    """Return the plan that fits what is known: one task a number."""
    title = _title(known)
    return {
        "title": title,
        "goal": _goal(known),
        "tasks": [_task(known, number, title) for number in known.numbers],
        "language": str(known.user.get("language") or "en"),
    }


def _title(known: Known) -> str:
    if known.goal.is_booking and known.service:
        where = f" at {known.business}" if known.business else ""
        return f"{known.service[0].upper()}{known.service[1:]}{where}"[:120]
    return spoken_goal(known.goal.text)[:120] or "Phone call"


def _goal(known: Known) -> str:
    if not known.goal.is_booking:
        return spoken_goal(known.goal.text)
    where = f" at {known.business}" if known.business else ""
    when = ", ".join(part for part in (known.days, known.time) if part)
    return f"Book {_article(known.service)}{where}{f', {when}' if when else ''}."


def _article(service: str) -> str:
    if not service:
        return "an appointment"
    return f"{'an' if service[0].lower() in 'aeiou' else 'a'} {service}"


def _task(known: Known, number: str, title: str) -> Json:
    place = known.place if not known.goal.numbers else None
    task: Json = {
        "title": title,
        "phone_number": number,
        "business_name": known.business or None,
        "goal": _goal(known),
        "instructions": _instructions(known),
        "facts": _facts(known),
        "success_criteria": _criteria(known),
        "questions_for_callee": [],
        "max_attempts": 3,
        "sources": _sources(known, place),
    }
    if _LEAVES_MESSAGE.search(known.goal.text):
        task["voicemail"] = "leave_message"
    if place is not None and place.get("time_zone"):
        task["time_zone"] = str(place["time_zone"])
    return {key: value for key, value in task.items() if value is not None}


def _instructions(known: Known) -> str:
    if known.goal.is_booking:
        return (
            "Take a time that fits the preferred days and time. If only other times are free, ask "
            "the user before agreeing. Read back what was agreed."
        )
    return "Be brief and polite, note the answer, and agree to nothing else."


def _facts(known: Known) -> Json:
    if not known.goal.is_booking:
        return {_NAME: known.name} if known.name else {}
    facts = {
        "service": known.service,
        "preferred_days": known.days,
        "preferred_time": known.time,
        _NAME: known.name,
    }
    return {name: value for name, value in facts.items() if value}


def _criteria(known: Known) -> str:
    if not known.goal.is_booking:
        return "The callee has answered the request."
    when = ", ".join(part for part in (known.days, known.time) if part)
    fits = f" that fits: {when}" if when else ""
    return f"The callee confirms a day and a time for {_article(known.service)}{fits}."


def _sources(known: Known, place: Json | None) -> list[Json]:
    words = known.goal.text[:400]
    sources: list[Json] = []
    if place is not None:
        reference = str(place.get("reference") or place.get("place_id") or place.get("name"))
        sources += [
            {"field": name, "from": "places", "reference": reference[:400]}
            for name in ("phone_number", "business_name")
        ]
    else:
        sources.append({"field": "phone_number", "from": "user", "reference": words})
    sources += [{"field": name, "from": "user", "reference": words} for name in _facts(known)]
    return sources


def repaired(plan: Json, faults: list[Json]) -> Json | None:
    """Take out what was refused and can be left out; None where a number or the goal is at fault.

    Args:
        plan: what was proposed.
        faults: each with ``path``.
    """
    paths = [str(fault.get("path")) for fault in faults]
    keys = {path.rpartition(".")[2] for path in paths}
    in_sources = any(".sources" in path for path in paths)
    if not keys or not (keys <= set(_DROPPABLE) or all(".sources" in path for path in paths)):
        return None
    tasks = [
        {key: value for key, value in task.items() if key not in keys} for task in plan["tasks"]
    ]
    if in_sources:
        tasks = [{**task, "sources": []} for task in tasks]
    kept = {key: value for key, value in plan.items() if key not in keys}
    return {**kept, "tasks": tasks}


def closing(known: Known) -> str:
    """Say what happens next."""
    calls = len(known.numbers)
    whom = known.business or ", ".join(known.numbers)
    count = "one call" if calls == 1 else f"{calls} calls"
    return (
        f"The plan is ready: {count} to {whom}. Please check it, then press "
        '"Confirm and Schedule Campaign". If something in the call needs your decision, I will '
        "ask you."
    )
