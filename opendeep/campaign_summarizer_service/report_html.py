"""The report as one page: no script, no outside part, as good on paper as on a telephone."""

import html
from collections.abc import Iterable, Sequence

from opendeep.campaign_summarizer_service.campaign_report import CampaignReport, ReportTask
from opendeep.campaign_summarizer_service.comparison import Comparison, compare
from opendeep.campaign_summarizer_service.report_charts import as_svg, charts_of, status_tone
from opendeep.campaign_summarizer_service.report_style import STYLE
from opendeep.campaign_summarizer_service.report_words import (
    ATTEMPT_COLUMNS,
    STATUS_LABELS,
    VERDICT_LABELS,
    attempt_row,
    clock,
    footer,
    instants,
    open_items,
    plain,
    promise,
    questions,
    tiles,
    words,
)


def render_html(report: CampaignReport) -> str:
    """Return one page without scripts or outside parts."""
    parts = [
        *_head(report),
        _figures(report),
        _section("What to do now", _items(report.narrative.next_steps)),
        _section("What is open", _items(open_items(report))),
        _comparison(compare(report.tasks)),
        _charts(report),
        _section("Task by task", "".join(_task(report, task) for task in report.tasks)),
        f"<footer>{_h(footer(report))}</footer>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_h(report.title)}</title><style>{STYLE}</style></head><body><main>"
        + "".join(parts)
        + "</main></body></html>\n"
    )


def _head(report: CampaignReport) -> Iterable[str]:
    kind = "Final report" if report.final else "Running report"
    goal = f'<p class="goal">{_h(report.goal)}</p>' if report.goal else ""
    yield f'<header><p class="eyebrow">{kind} · {_h(instants(report)(report.generated_at))}</p>'
    yield f"<h1>{_h(report.title)}</h1>{goal}</header>"
    yield (
        f'<section class="lead"><p class="headline">{_h(report.narrative.headline)}</p>'
        f"<p>{_h(report.narrative.summary)}</p></section>"
    )


def _figures(report: CampaignReport) -> str:
    shown = "".join(
        f"<div><dt>{_h(name)}</dt><dd>{_h(value)}</dd></div>"
        for name, value in tiles(report.figures)
    )
    return f'<dl class="tiles">{shown}</dl>'


def _charts(report: CampaignReport) -> str:
    drawn = "".join(
        f"<figure><figcaption>{_h(chart.title)}</figcaption>{as_svg(chart)}</figure>"
        for chart in charts_of(report)
    )
    return _section("In pictures", drawn)


def _comparison(comparison: Comparison | None) -> str:
    if comparison is None:
        return ""
    columns = ("Who", "Result", *comparison.columns)
    rows = [
        [_h(row.whom), _h(row.result)]
        + [
            f"{_h(cell)} <em>lowest</em>" if (place, column) in comparison.lowest else _h(cell)
            for column, cell in enumerate(row.cells)
        ]
        for place, row in enumerate(comparison.rows)
    ]
    left = f"<p>{comparison.left_out} more have no room here.</p>" if comparison.left_out else ""
    return _section("Side by side", _table(columns, rows) + left)


def _task(report: CampaignReport, task: ReportTask) -> str:
    told = instants(report)
    label = STATUS_LABELS[task.status]
    badge = f'<span class="badge {status_tone(task.status)}">{_h(label)}</span>'
    contact = " · ".join(
        part for part in (task.business_name, task.contact_name, task.phone_number) if part
    )
    next_call = (
        f'<p class="next">Next: {_h(told(task.next_action_time))}</p>'
        if task.next_action_time and not task.status.is_final
        else ""
    )
    calls = [[_h(cell) for cell in attempt_row(call, told)] for call in task.attempts]
    return (
        f'<article><div class="top"><div><h3>{_h(task.title)}</h3>'
        f'<p class="contact">{_h(contact)}</p></div>{badge}</div>'
        + _result(task)
        + next_call
        + _facts(task)
        + "".join(_asked(asked, answer) for asked, answer in questions(task))
        + _evidence(task)
        + (_table(ATTEMPT_COLUMNS, calls) if calls else "<p>Not called yet.</p>")
        + "</article>"
    )


def _result(task: ReportTask) -> str:
    verdict = f"<strong>{VERDICT_LABELS[task.verdict]}.</strong> " if task.verdict else ""
    reason = task.status_reason if task.status_reason != task.summary else None
    return (f"<p>{verdict}{_h(task.summary)}</p>" if task.summary else "") + (
        f'<p class="reason">{_h(reason)}</p>' if reason else ""
    )


def _facts(task: ReportTask) -> str:
    pairs = [(words(name), plain(value)) for name, value in task.agreed.items()]
    pairs += [("Promised", promise(task, index)) for index in range(len(task.promises))]
    if not pairs:
        return ""
    rows = "".join(f"<dt>{_h(name)}</dt><dd>{_h(value)}</dd>" for name, value in pairs)
    return f'<dl class="facts">{rows}</dl>'


def _asked(question: str, answer: str) -> str:
    return (
        f'<p class="asked"><span>You were asked</span> {_h(question)} '
        f"<strong>{_h(answer)}</strong></p>"
    )


def _evidence(task: ReportTask) -> str:
    calls = {call.call_id: call.attempt_number for call in task.attempts}
    return "".join(
        f"<blockquote><p>“{_h(item.quote)}”</p><p><small>{_h(item.claim)} · call "
        f"{calls.get(item.call_id, 0)} at {clock(item.start_ms)}</small></p></blockquote>"
        for item in task.evidence
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Make a table of cells that are escaped already; each cell names its column on a telephone."""
    head = "".join(f"<th>{_h(name)}</th>" for name in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-name="{_h(name)}">{f"<span>{cell}</span>" if cell else ""}</td>'
            for name, cell in zip(columns, cells, strict=True)
        )
        + "</tr>"
        for cells in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{_h(title)}</h2>{inside}</section>" if inside else ""


def _items(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{_h(item)}</li>' for item in items)}</ul>" if items else ""


def _h(value: object) -> str:
    return html.escape(str(value))
