"""Every fault of a campaign plan, one entry each, so that it can be repaired in one go.

Two sources of plans, one judge: the page and the API send JSON (:func:`parse_plan`), the
assistant and imports have a :class:`CampaignPlan` (:func:`plan_faults`). The shape is checked by
pydantic, the meaning here; a task whose shape is broken is still checked for the rest.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from opendeep.common.data_models import CampaignPlan, PlanTask
from opendeep.common.errors import Fault, PlanInvalidError
from opendeep.task_manager.number_class import number_fault
from opendeep.task_manager.speech_choices import VOICES, primary_language

_FACTS_LIMIT = 20_000
_YEARS_AHEAD = 10
_EARLIEST_TOLERANCE = timedelta(hours=1)
_REQUIRED_TASK_TEXTS = ("title", "phone_number", "goal", "success_criteria")
_REQUIRED_PLAN_TEXTS = ("title", "goal")
Countries = frozenset[str] | None


def parse_plan(raw: object, now: datetime) -> CampaignPlan:
    """Turn decoded JSON into a plan without any fault but, maybe, a country that is not called.

    Raises:
        PlanInvalidError: with every fault of the plan, of shape and of meaning.
    """
    faults = json_faults(raw, now, countries=None)
    if faults:
        raise PlanInvalidError(faults)
    return CampaignPlan.model_validate(raw)


def json_faults(
    raw: object, now: datetime, *, countries: Countries = frozenset()
) -> tuple[Fault, ...]:
    """Return every fault, of shape and of meaning, of decoded JSON that should be a plan.

    Args:
        raw: decoded JSON.
        now: the present instant.
        countries: those that may be called, as ``number_fault`` takes them.
    """
    if not isinstance(raw, Mapping):
        return (_fault("", "not_an_object", "The plan must be a JSON object."),)
    return (*_shape_faults(raw), *_raw_meaning_faults(raw, now, countries))


def plan_faults(
    plan: CampaignPlan, now: datetime, *, countries: Countries = frozenset()
) -> tuple[Fault, ...]:
    """Return every fault of meaning of a plan whose shape is good; empty for a plan to confirm."""
    return (
        *_header_faults(plan.model_dump(include={"title", "goal", "language", "voice"})),
        *_tasks_faults(dict(enumerate(plan.tasks)), now, countries),
        *_empty_faults(len(plan.tasks)),
    )


def require_valid(plan: CampaignPlan, now: datetime, *, countries: Countries = frozenset()) -> None:
    """Refuse a plan that has faults.

    Raises:
        PlanInvalidError: with every fault.
    """
    faults = plan_faults(plan, now, countries=countries)
    if faults:
        raise PlanInvalidError(faults)


def _fault(path: str, code: str, message: str) -> Fault:
    return Fault(path=path, code=code, message=message)


def _shape_faults(raw: Mapping[str, Any]) -> tuple[Fault, ...]:
    try:
        CampaignPlan.model_validate(raw)
    except ValidationError as error:
        return tuple(
            _fault(_path(entry["loc"]), entry["type"], f"{_path(entry['loc'])}: {entry['msg']}.")
            for entry in error.errors(include_url=False, include_input=False)
        )
    return ()


def _path(loc: Sequence[int | str]) -> str:
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _raw_meaning_faults(
    raw: Mapping[str, Any], now: datetime, countries: Countries
) -> Iterator[Fault]:
    yield from _header_faults(raw)
    tasks = raw.get("tasks")
    if not isinstance(tasks, list):
        return
    yield from _empty_faults(len(tasks))
    readable = {index: task for index, task in enumerate(map(_salvage, tasks)) if task is not None}
    yield from _tasks_faults(readable, now, countries)


def _salvage(raw: object) -> PlanTask | None:
    """Read a task as far as its shape allows; fields that cannot be read get harmless values."""
    if not isinstance(raw, Mapping):
        return None
    try:
        return PlanTask.model_validate(raw)
    except ValidationError as error:
        bad = {entry["loc"][0] for entry in error.errors() if entry["loc"]}
    good = {name: value for name, value in raw.items() if name not in bad}
    harmless = {"title": "-", "phone_number": "+12125550100", "goal": "-", "success_criteria": "-"}
    phone_source = {"field": "phone_number", "from": "user", "reference": ""}
    if bad & {"sources", "phone_number"}:
        good["sources"] = [phone_source]
    return PlanTask.model_validate({**harmless, **good})


def _header_faults(raw: Mapping[str, Any]) -> Iterator[Fault]:
    for name in _REQUIRED_PLAN_TEXTS:
        text = raw.get(name)
        if isinstance(text, str) and not text.strip():
            yield _fault(name, "empty", f"The plan's {name} is empty.")
    language = raw.get("language")
    if isinstance(language, str):
        yield from _language_faults("language", language)
    voice = raw.get("voice")
    if isinstance(voice, str) and voice not in VOICES:
        message = f"There is no such voice; choose one of {', '.join(VOICES)}."
        yield _fault("voice", "unknown_voice", message)


def _empty_faults(task_count: int) -> Iterator[Fault]:
    if task_count == 0:
        yield _fault("tasks", "empty", "The plan has no task.")


def _tasks_faults(
    tasks: Mapping[int, PlanTask], now: datetime, countries: Countries
) -> Iterator[Fault]:
    seen: dict[tuple[str, str], int] = {}
    for index, task in tasks.items():
        path = f"tasks[{index}]"
        yield from _text_faults(path, task)
        yield from _number_faults(path, task, countries)
        yield from _source_faults(path, task)
        yield from _time_faults(path, task, now)
        if task.language is not None:
            yield from _language_faults(f"{path}.language", task.language)
        first = seen.setdefault((task.phone_number, task.goal.casefold()), index)
        if first != index and task.goal not in {"", "-"}:
            message = f"Task {index} repeats task {first}: the same number with the same goal."
            yield _fault(path, "duplicate", message)


def _text_faults(path: str, task: PlanTask) -> Iterator[Fault]:
    for name in _REQUIRED_TASK_TEXTS:
        if not getattr(task, name):
            yield _fault(f"{path}.{name}", "empty", f"The task's {name} is empty.")
    if len(json.dumps(task.facts, default=str)) > _FACTS_LIMIT:
        message = f"The facts are longer than {_FACTS_LIMIT} characters."
        yield _fault(f"{path}.facts", "too_long", message)


def _number_faults(path: str, task: PlanTask, countries: Countries) -> Iterator[Fault]:
    fault = number_fault(task.phone_number, countries) if task.phone_number else None
    if fault is not None:
        code = fault.rule_id.removeprefix("number.")
        yield _fault(f"{path}.phone_number", code, fault.message)
    for place, number in enumerate(task.alternative_numbers):
        where = f"{path}.alternative_numbers[{place}]"
        if number in {task.phone_number, *task.alternative_numbers[:place]}:
            yield _fault(where, "duplicate", "The contact's numbers name this one twice.")
        elif fault := number_fault(number, countries):
            yield _fault(where, fault.rule_id.removeprefix("number."), fault.message)


def _source_faults(path: str, task: PlanTask) -> Iterator[Fault]:
    if task.phone_number and not any(names_number(source.field) for source in task.sources):
        message = "The phone number has no source: say whether user, places or search gave it."
        yield _fault(f"{path}.sources", "missing_source", message)


def names_number(field: str) -> bool:
    """Tell whether a source's ``field`` means the task's phone number."""
    return field.rpartition(".")[2] in {"phone_number", "phone"}


def _time_faults(path: str, task: PlanTask, now: datetime) -> Iterator[Fault]:
    if task.time_zone is not None and not is_known_zone(task.time_zone):
        message = "The time zone is no IANA name like Europe/Berlin."
        yield _fault(f"{path}.time_zone", "unknown_zone", message)
    for name in ("earliest", "latest"):
        instant: datetime | None = getattr(task, name)
        if instant is None:
            continue
        if instant.tzinfo is None:
            message = f"The {name} time needs a zone, as in 2030-01-31T14:00:00+01:00."
            yield _fault(f"{path}.{name}", "no_zone", message)
        elif instant.year > now.year + _YEARS_AHEAD:
            message = f"The {name} time is more than {_YEARS_AHEAD} years ahead."
            yield _fault(f"{path}.{name}", "too_far", message)
        elif instant < now - (_EARLIEST_TOLERANCE if name == "earliest" else timedelta()):
            yield _fault(f"{path}.{name}", "past", f"The {name} time is in the past.")
    if _reversed(task):
        message = "The latest time is not after the earliest."
        yield _fault(f"{path}.latest", "before_earliest", message)


def _reversed(task: PlanTask) -> bool:
    earliest, latest = task.earliest, task.latest
    if earliest is None or latest is None or earliest.tzinfo is None or latest.tzinfo is None:
        return False
    return latest <= earliest


def is_known_zone(name: str) -> bool:
    """Tell whether ``name`` is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _language_faults(path: str, language: str) -> Iterator[Fault]:
    if primary_language(language) is None:
        message = "There is no such language; write a tag like en or de-AT."
        yield _fault(path, "unknown_language", message)
