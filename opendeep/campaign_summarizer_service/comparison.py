"""Callees side by side: what each offered, in a table; the lowest price is found by counting."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from opendeep.campaign_summarizer_service.campaign_report import ReportTask
from opendeep.campaign_summarizer_service.report_words import STATUS_LABELS, plain, words

_COLUMNS_MOST = 6
_ROWS_MOST = 50
_FEWEST_ROWS = 2
_MONEY = re.compile(r"price|cost|fee|rate|quote|amount|total", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?P<currency>[$€£]|usd|eur|gbp)?\s*(?P<number>\d[\d,]*(?:\.\d+)?)(?!\d)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """A callee: its result and its cells, one a column."""

    whom: str
    result: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A table of callees.

    Attributes:
        columns: what was agreed or learned, by name; the most common first.
        lowest: places (row, column) of the lowest price in its column.
        left_out: how many callees had no room.
    """

    columns: tuple[str, ...]
    rows: tuple[ComparisonRow, ...]
    lowest: frozenset[tuple[int, int]]
    left_out: int = 0


def compare(tasks: Sequence[ReportTask]) -> Comparison | None:
    """Put the tasks side by side; None where there is nothing to compare."""
    if len(tasks) < _FEWEST_ROWS:
        return None
    common = Counter(name for task in tasks for name in task.agreed)
    if not common:
        return None
    names = [name for name, _ in common.most_common(_COLUMNS_MOST)]
    shown = tasks[:_ROWS_MOST]
    rows = tuple(
        ComparisonRow(
            whom=task.whom,
            result=STATUS_LABELS[task.status],
            cells=tuple(plain(task.agreed[name]) if name in task.agreed else "" for name in names),
        )
        for task in shown
    )
    lowest = {place for column, name in enumerate(names) for place in _lowest(rows, column, name)}
    return Comparison(
        columns=tuple(words(name) for name in names),
        rows=rows,
        lowest=frozenset(lowest),
        left_out=len(tasks) - len(shown),
    )


def _lowest(rows: Sequence[ComparisonRow], column: int, name: str) -> list[tuple[int, int]]:
    """Return where the lowest amount stands; nowhere unless all are amounts of one currency."""
    if not _MONEY.search(name):
        return []
    amounts = {place: _amount(row.cells[column]) for place, row in enumerate(rows)}
    known = {place: amount for place, amount in amounts.items() if rows[place].cells[column]}
    if len(known) < _FEWEST_ROWS or None in known.values():
        return []
    found = {place: amount for place, amount in known.items() if amount is not None}
    if len({currency for currency, _ in found.values()}) > 1:
        return []
    least = min(number for _, number in found.values())
    return [(place, column) for place, (_, number) in found.items() if number == least]


def _amount(text: str) -> tuple[str, float] | None:
    """Read one amount of money; None where there is none, or more than one."""
    matches = list(_AMOUNT.finditer(text))
    if len(matches) != 1:
        return None
    match = matches[0]
    return (match["currency"] or "").lower(), float(match["number"].replace(",", ""))
