"""The report as Markdown, in which no word of a callee is more than text."""

import re
from collections.abc import Iterable, Sequence

from opendeep.campaign_summarizer_service.campaign_report import CampaignReport, ReportTask
from opendeep.campaign_summarizer_service.comparison import Comparison, compare
from opendeep.campaign_summarizer_service.report_words import (
    ATTEMPT_COLUMNS,
    STATUS_LABELS,
    attempt_row,
    clock,
    effort,
    figure_rows,
    footer,
    instants,
    open_items,
    plain,
    promise,
    questions,
    who,
    words,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def render_markdown(report: CampaignReport) -> str:
    """Return the report as Markdown."""
    narrative = report.narrative
    parts = [f"# {_md(report.title)}", f"**{_md(narrative.headline)}**", _md(narrative.summary)]
    parts += _list("What to do now", narrative.next_steps)
    figures = [(name, value) for name, value in figure_rows(report)]
    parts += ["## Figures", _table(("Figure", "Value"), figures)]
    if (side_by_side := compare(report.tasks)) is not None:
        parts += ["## Side by side", _comparison(side_by_side)]
    parts += _list("What is open", open_items(report))
    parts.append("## Tasks")
    parts += [part for task in report.tasks for part in _task(report, task)]
    parts.append(f"_{_md(footer(report))}_")
    return "\n\n".join(part for part in parts if part) + "\n"


def _task(report: CampaignReport, task: ReportTask) -> list[str]:
    reason = task.status_reason if task.status_reason != task.summary else None
    facts = [
        f"Status: **{STATUS_LABELS[task.status]}**",
        *([_md(reason)] if reason else []),
        *(f"{_md(words(name))}: {_md(plain(value))}" for name, value in task.agreed.items()),
        *(f"Promised: {_md(promise(task, index))}" for index in range(len(task.promises))),
        *(f"You were asked: {_md(asked)} — {_md(answer)}" for asked, answer in questions(task)),
        _md(effort(task)),
    ]
    quotes = [
        f"> “{_md(item.quote)}” — {_md(item.claim)} (call {item.call_id}, {clock(item.start_ms)})"
        for item in task.evidence
    ]
    told = instants(report)
    calls = [attempt_row(attempt, told) for attempt in task.attempts]
    return [
        f"### {_md(who(task))}",
        _md(task.summary) if task.summary else "",
        _bullets(facts),
        "\n>\n".join(quotes),
        _table(ATTEMPT_COLUMNS, calls) if calls else "",
    ]


def _comparison(comparison: Comparison) -> str:
    rows = [
        [
            row.whom,
            row.result,
            *(
                f"{cell} (lowest)" if (place, column) in comparison.lowest else cell
                for column, cell in enumerate(row.cells)
            ),
        ]
        for place, row in enumerate(comparison.rows)
    ]
    return _table(("Who", "Result", *comparison.columns), rows)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns)]
    written = [f"| {' | '.join(cells)} |" for cells in lines]
    return "\n".join(written + [f"| {' | '.join(map(_md, cells))} |" for cells in rows])


def _list(title: str, items: Sequence[str]) -> list[str]:
    return [f"## {title}", _bullets(map(_md, items))] if items else []


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items if item)


def _md(value: object) -> str:
    """Take from text whatever Markdown would read as more than text."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))
