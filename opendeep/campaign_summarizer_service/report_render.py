"""The report as Markdown, JSON, CSV and a self-contained page.

What callees and models said is data here too: it is escaped for each format, so that no word can
become a link, a script, or a formula in somebody's spreadsheet.
"""

import csv
import html
import io
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, assert_never

from opendeep.campaign_summarizer_service.campaign_report import (
    CampaignReport,
    ReportFigures,
    ReportTask,
)

_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_MINUTE_SECONDS = 60

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{border:1px solid #8888;padding:.25rem .5rem;"
    "text-align:left}blockquote{border-left:.25rem solid #8888;margin-left:0;padding-left:1rem}"
)


ReportFormat = Literal["md", "json", "csv", "html"]
"""What a report can be had as."""


def render(report: CampaignReport, as_format: ReportFormat) -> str:
    """Return the report in the format asked for."""
    match as_format:
        case "md":
            return render_markdown(report)
        case "json":
            return report.model_dump_json(indent=2)
        case "csv":
            return render_csv(report)
        case "html":
            return render_html(report)
        case _:
            assert_never(as_format)


def render_markdown(report: CampaignReport) -> str:
    """Return the report as Markdown."""
    narrative = report.narrative
    parts = [f"# {_md(report.title)}", f"**{_md(narrative.headline)}**", _md(narrative.summary)]
    if narrative.next_steps:
        parts += ["## What to do now", _bullets(map(_md, narrative.next_steps))]
    figures = [f"| {name} | {_md(value)} |" for name, value in _figure_rows(report.figures)]
    parts += ["## Figures", "\n".join(["| | |", "|---|---|", *figures]), "## Tasks"]
    parts += [part for task in report.tasks for part in _markdown_task(task)]
    parts.append(f"_{_md(_footer(report))}_")
    return "\n\n".join(part for part in parts if part) + "\n"


def _markdown_task(task: ReportTask) -> list[str]:
    facts = [
        f"Status: **{task.status.value}**",
        *([_md(task.status_reason)] if task.status_reason else []),
        *(f"{_md(name)}: {_md(value)}" for name, value in task.agreed.items()),
        *(f"Promised: {_md(_promise(task, index))}" for index in range(len(task.promises))),
        _md(_effort(task)),
    ]
    quotes = [
        f"> “{_md(item.quote)}” — {_md(item.claim)} (call {item.call_id}, {clock(item.start_ms)})"
        for item in task.evidence
    ]
    summary = _md(task.summary) if task.summary and task.summary != task.status_reason else ""
    return [f"### {_md(_who(task))}", summary, _bullets(facts), "\n>\n".join(quotes)]


def render_csv(report: CampaignReport) -> str:
    """Return one line per task, with no cell that a spreadsheet would run as a formula."""
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(_CSV_COLUMNS)
    for task in report.tasks:
        row = (
            task.task_id,
            task.title,
            task.phone_number,
            task.business_name or task.contact_name,
            task.status.value,
            task.status_reason,
            task.verdict.value if task.verdict else None,
            task.summary,
            "; ".join(f"{name}: {value}" for name, value in task.agreed.items()),
            "; ".join(f"{item.quote} ({clock(item.start_ms)})" for item in task.evidence),
            len(task.attempts),
            task.seconds,
            f"{task.cost_usd:.4f}",
        )
        table.writerow([harmless_cell(value) for value in row])
    return file.getvalue()


_CSV_COLUMNS = (
    *("task_id", "title", "phone_number", "contact", "status", "status_reason", "verdict"),
    *("summary", "agreed", "evidence", "attempts", "talk_seconds", "cost_usd"),
)


def harmless_cell(value: object) -> str:
    """Return a cell's text; one that would start a formula gets an apostrophe before it.

    Plain numbers, phone numbers among them, stay as they are.
    """
    text = "" if value is None else str(value)
    if text.startswith(_FORMULA_STARTS) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def render_html(report: CampaignReport) -> str:
    """Return one page without scripts or outside parts."""
    narrative = report.narrative
    rows = "".join(
        f"<tr><th>{_h(name)}</th><td>{_h(value)}</td></tr>"
        for name, value in _figure_rows(report.figures)
    )
    steps = "".join(f"<li>{_h(step)}</li>" for step in narrative.next_steps)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_h(report.title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{_h(report.title)}</h1><p><strong>{_h(narrative.headline)}</strong></p>"
        f"<p>{_h(narrative.summary)}</p>"
        + (f"<h2>What to do now</h2><ul>{steps}</ul>" if steps else "")
        + f"<h2>Figures</h2><table>{rows}</table><h2>Tasks</h2>"
        + "".join(_html_task(task) for task in report.tasks)
        + f"<p><small>{_h(_footer(report))}</small></p></body></html>\n"
    )


def _html_task(task: ReportTask) -> str:
    facts = [f"Status: {task.status.value}", task.status_reason or ""]
    facts += [f"{name}: {value}" for name, value in task.agreed.items()]
    facts += [f"Promised: {_promise(task, index)}" for index in range(len(task.promises))]
    facts.append(_effort(task))
    items = "".join(f"<li>{_h(fact)}</li>" for fact in facts if fact)
    quotes = "".join(
        f"<blockquote>“{_h(item.quote)}”<br><small>{_h(item.claim)} "
        f"(call {_h(item.call_id)}, {clock(item.start_ms)})</small></blockquote>"
        for item in task.evidence
    )
    summary = f"<p>{_h(task.summary)}</p>" if task.summary else ""
    return f"<h3>{_h(_who(task))}</h3>{summary}<ul>{items}</ul>{quotes}"


def _figure_rows(figures: ReportFigures) -> list[tuple[str, str]]:
    states = ", ".join(f"{count} {status.value}" for status, count in figures.counts.items())
    return [
        ("Tasks", f"{figures.tasks} ({states})" if states else str(figures.tasks)),
        ("Calls", f"{figures.calls}, {figures.answered_calls} answered"),
        ("Time talked", duration(figures.seconds)),
        ("Cost", f"${figures.cost_usd:.2f}"),
        ("First call", _instant(figures.first_call_at)),
        ("Last call", _instant(figures.last_call_at)),
    ]


def _effort(task: ReportTask) -> str:
    calls = f"{len(task.attempts)} of {task.max_attempts} attempts"
    return f"{calls}, {duration(task.seconds)} talked, ${task.cost_usd:.2f}"


def _promise(task: ReportTask, index: int) -> str:
    promise = task.promises[index]
    return f"{promise.what} (by {promise.due})" if promise.due else promise.what


def _who(task: ReportTask) -> str:
    whom = task.business_name or task.contact_name
    return (
        f"{task.title} ({whom}, {task.phone_number})"
        if whom
        else (f"{task.title} ({task.phone_number})")
    )


def _footer(report: CampaignReport) -> str:
    kind = "Final report" if report.final else "Running report, not final"
    words = "a text model" if report.narrative_by == "model" else "the figures alone"
    return (
        f"{kind} of {_instant(report.generated_at)}. Words by {words}; every figure is counted "
        "from the calls."
    )


def clock(milliseconds: int) -> str:
    """Return a place in a recording as ``m:ss``."""
    minutes, seconds = divmod(max(milliseconds, 0) // 1000, _MINUTE_SECONDS)
    return f"{minutes}:{seconds:02}"


def duration(seconds: int) -> str:
    """Return a duration for people."""
    minutes, rest = divmod(seconds, _MINUTE_SECONDS)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _instant(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC" if instant else "none"


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items if item)


def _md(value: object) -> str:
    """Take from text whatever Markdown would read as more than text."""
    return _MARKDOWN_SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def _h(value: object) -> str:
    return html.escape(str(value))
