"""One campaign for many contacts: a plan with one template task, filled from a file's lines.

A file is data, never instructions to anybody: it gives values for the ``{column}`` fields that the
user wrote into the template, each one short line of plain text. Lines that cannot be used are told,
with the reason, and stop nobody else's.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opendeep.common.data_models import CampaignPlan, PlanTask
from opendeep.common.errors import Fault, InvalidInputError, PlanInvalidError
from opendeep.task_manager.plan_validation import json_faults, names_number

CONTACTS_MOST = 10_000
_CELL_MOST_CHARACTERS = 1000
_FIELD = re.compile(r"\{([^{}]{1,80})\}")
_FORMULA = ("=", "@", "\t")
_SAMPLE = {
    "title": "-",
    "phone_number": "+12125550100",
    "goal": "-",
    "success_criteria": "-",
    "sources": [{"field": "phone_number", "from": "user", "reference": ""}],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A line of the file that became no task; ``line`` as an editor counts it."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledPlan:
    """The plan with a task for each line that could be used, and the lines that could not."""

    plan: CampaignPlan
    rejected: tuple[Rejected, ...]


def fill_plan(
    raw_plan: object, data: bytes, now: datetime, *, countries: frozenset[str] = frozenset()
) -> FilledPlan:
    """Fill a plan's template task from each line of a CSV file.

    Takes seconds for thousands of lines: call it in a thread.

    Args:
        raw_plan: decoded JSON: a campaign plan with one task, whose texts may hold ``{column}``.
        data: the file: UTF-8, a header line, at most :data:`CONTACTS_MOST` lines.
        now: the present instant.
        countries: those that may be called, as ``number_fault`` takes them.

    Raises:
        PlanInvalidError: the plan itself has faults, or no line could be used.
        InvalidInputError: the file is no such CSV.
    """
    plan, template = _template_of(raw_plan, now)
    columns, lines = _lines_of(data)
    unknown = sorted(_fields_of(template) - set(columns))
    if unknown:
        message = f"The file has no column {unknown[0]}; its columns are {', '.join(columns)}."
        raise PlanInvalidError((Fault(path="tasks[0]", code="unknown_column", message=message),))
    pattern = _Template(plan=plan, task=template, now=now, countries=countries)
    tasks: list[PlanTask] = []
    rejected: list[Rejected] = []
    seen: dict[tuple[str, str], int] = {}
    for line, cells in lines:
        found = _task_of(pattern, cells, line)
        if isinstance(found, PlanTask):
            first = seen.setdefault((found.phone_number, found.goal.casefold()), line)
            if first == line:
                tasks.append(found)
                continue
            found = f"It repeats line {first}: the same number with the same goal."
        rejected.append(Rejected(line=line, reason=found))
    if not tasks:
        why = f" Line {rejected[0].line}: {rejected[0].reason}" if rejected else ""
        message = f"No line of the file can be used.{why}"
        raise PlanInvalidError((Fault(path="tasks", code="empty", message=message),))
    filled = CampaignPlan.model_validate({**plan, "tasks": []}).model_copy(update={"tasks": tasks})
    return FilledPlan(plan=filled, rejected=tuple(rejected))


def _template_of(raw: object, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    if not isinstance(raw, Mapping):
        fault = Fault(path="", code="not_an_object", message="The plan must be a JSON object.")
        raise PlanInvalidError((fault,))
    tasks = raw.get("tasks")
    if not isinstance(tasks, list) or len(tasks) != 1 or not isinstance(tasks[0], Mapping):
        message = "The plan must have exactly one task: the template for every line."
        raise PlanInvalidError((Fault(path="tasks", code="not_a_template", message=message),))
    faults = json_faults({**raw, "tasks": [_SAMPLE]}, now)
    if faults:
        raise PlanInvalidError(faults)
    return dict(raw), dict(tasks[0])


def _lines_of(data: bytes) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError("The file is not UTF-8 text.", code="not_utf8") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [name.strip() for name in next(reader, [])]
        if not any(columns):
            raise InvalidInputError(
                "The file's first line must name its columns.", code="no_header"
            )
        if len(set(columns)) != len(columns) or not all(columns):
            raise InvalidInputError(
                "The file names a column twice, or not at all.", code="duplicate_columns"
            )
        rows: list[tuple[int, list[str]]] = []
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((reader.line_num, row))
            if len(rows) > CONTACTS_MOST:
                raise InvalidInputError(
                    f"The file has more than {CONTACTS_MOST} lines: divide it.", code="too_many"
                )
    except csv.Error as error:
        message = f"The file is no CSV at line {reader.line_num}: {error}."
        raise InvalidInputError(message, code="not_csv") from error
    cells = ((line, dict(zip(columns, row, strict=False))) for line, row in rows)
    return columns, cells


@dataclass(frozen=True, slots=True, kw_only=True)
class _Template:
    plan: Mapping[str, Any]
    task: Mapping[str, Any]
    now: datetime
    countries: frozenset[str]


def _task_of(template: _Template, cells: Mapping[str, str], line: int) -> PlanTask | str:
    """Return a line's task, or why it has none."""
    wanted = _fields_of(template.task)
    for name in sorted(wanted):
        fault = _cell_fault(cells.get(name, ""))
        if fault is not None:
            return f"{name}: {fault}"
    task = _filled(template.task, {name: cells.get(name, "").strip() for name in wanted})
    sources = task.get("sources") or []
    if isinstance(sources, list) and not any(
        isinstance(source, Mapping) and names_number(str(source.get("field"))) for source in sources
    ):
        origin = {"field": "phone_number", "from": "user", "reference": f"imported, line {line}"}
        task["sources"] = [*sources, origin]
    if isinstance(others := task.get("alternative_numbers"), list):
        task["alternative_numbers"] = [number for number in others if number != ""]
    task = {name: value for name, value in task.items() if value != "" or name in _SAMPLE}
    faults = json_faults(
        {**template.plan, "tasks": [task]}, template.now, countries=template.countries
    )
    if faults:
        return faults[0].message
    return PlanTask.model_validate(task)


def _cell_fault(cell: str) -> str | None:
    if len(cell) > _CELL_MOST_CHARACTERS:
        return f"The cell is longer than {_CELL_MOST_CHARACTERS} characters."
    if cell.startswith(_FORMULA):
        return "The cell is a formula."
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"} for letter in cell):
        return "The cell holds line breaks or characters that cannot be seen."
    return None


def _fields_of(value: object) -> set[str]:
    """Return the columns that a template names."""
    match value:
        case str():
            return {name.strip() for name in _FIELD.findall(value)}
        case Mapping():
            return {name for part in value.values() for name in _fields_of(part)}
        case list():
            return {name for part in value for name in _fields_of(part)}
        case _:
            return set()


def _filled(value: Any, cells: Mapping[str, str]) -> Any:
    match value:
        case str():
            return _FIELD.sub(lambda field: cells[field[1].strip()], value)
        case Mapping():
            return {name: _filled(part, cells) for name, part in value.items()}
        case list():
            return [_filled(part, cells) for part in value]
        case _:
            return value
