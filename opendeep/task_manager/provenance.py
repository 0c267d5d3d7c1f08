"""Where a plan's phone numbers came from: the two-step rule, checked instead of trusted.

A number may enter a plan only if it occurs in a tool's result or in the user's own words. The
``sources`` entry of the number is written here, from what was found, not from what the model says.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import phonenumbers

from opendeep.common.data_models import CampaignPlan, PlanSource, PlanTask
from opendeep.common.errors import Fault
from opendeep.task_manager.plan_validation import names_number

_NUMBER_LIKE = re.compile(r"\+?\(?\d[\d\s().\-/]{4,}\d", re.ASCII)
_REFERENCE_LIMIT = 200
_SHORTEST_LOCAL = 7

Origin = Literal["user", "places", "search"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Something that the assistant was told: by the user, or by a tool."""

    origin: Origin
    text: str


def check_sources(
    plan: CampaignPlan, evidence: Sequence[Evidence]
) -> tuple[CampaignPlan, tuple[Fault, ...]]:
    """Return the plan with proven ``sources``, and a fault for each number without a proof."""
    faults: list[Fault] = []
    tasks = []
    origins = {entry.origin for entry in evidence}
    for index, task in enumerate(plan.tasks):
        path = f"tasks[{index}]"
        proof = _proof(task.phone_number, evidence)
        if proof is None:
            faults.append(_unproven(f"{path}.phone_number"))
        faults += _baseless(path, task, origins)
        faults += [
            _unproven(f"{path}.alternative_numbers[{place}]")
            for place, number in enumerate(task.alternative_numbers)
            if _proof(number, evidence) is None
        ]
        others = [source for source in task.sources if not names_number(source.field)]
        sources = [proof, *others] if proof else others
        tasks.append(task.model_copy(update={"sources": sources}))
    return plan.model_copy(update={"tasks": tasks}), tuple(faults)


def _unproven(path: str) -> Fault:
    return Fault(
        path=path,
        code="unproven",
        message=(
            "The phone number was neither given by the user nor returned by a tool. Look it up "
            "or ask the user; never use one from memory."
        ),
    )


def _baseless(path: str, task: PlanTask, origins: set[Origin]) -> Iterator[Fault]:
    for index, source in enumerate(task.sources):
        if not names_number(source.field) and source.from_ not in origins:
            yield Fault(
                path=f"{path}.sources[{index}]",
                code="unproven",
                message=f"{source.field}: nothing came from {source.from_} in this chat.",
            )


def _proof(number: str, evidence: Sequence[Evidence]) -> PlanSource | None:
    for entry in evidence:
        for found in _NUMBER_LIKE.finditer(entry.text):
            if _same_number(number, found.group()):
                reference = _reference(entry, number, found)
                return PlanSource.model_validate(
                    {"field": "phone_number", "from": entry.origin, "reference": reference}
                )
    return None


def _same_number(number: str, written: str) -> bool:
    """Tell whether ``written``, as a person or a page writes it, is the E.164 ``number``."""
    digits = re.sub(r"\D", "", written)
    if written.lstrip("(").startswith("+"):
        return f"+{digits}" == number
    try:
        national = phonenumbers.national_significant_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False
    if len(national) < _SHORTEST_LOCAL:
        return False
    return digits.lstrip("0") in {national, number.removeprefix("+")}


def _reference(entry: Evidence, number: str, found: re.Match[str]) -> str:
    """Quote the user, or name the tool result's own reference."""
    if entry.origin != "user":
        reference = _result_reference(entry.text, number)
        if reference:
            return reference[:_REFERENCE_LIMIT]
    start = max(0, found.start() - _REFERENCE_LIMIT // 2)
    return entry.text[start : start + _REFERENCE_LIMIT].strip()


def _result_reference(text: str, number: str) -> str | None:
    try:
        decoded: Any = json.loads(text)
    except ValueError:
        return None
    results = decoded.get("results", ()) if isinstance(decoded, dict) else ()
    for result in results:
        if isinstance(result, dict) and result.get("phone_number") == number:
            return str(result.get("reference") or result.get("place_id") or "")
    return None
