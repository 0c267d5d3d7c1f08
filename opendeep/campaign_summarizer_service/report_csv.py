"""The report as CSV: a line per task, with no cell that a spreadsheet would run as a formula."""

import csv
import io
import re

from opendeep.campaign_summarizer_service.campaign_report import CampaignReport, ReportTask
from opendeep.campaign_summarizer_service.report_words import clock, plain, promise, questions

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)

_COLUMNS = (
    *("task_id", "title", "phone_number", "contact", "status", "status_reason", "verdict"),
    *("summary", "agreed", "promises", "asked", "evidence", "next_action_time", "attempts"),
    *("max_attempts", "talk_seconds", "cost_usd"),
)


def render_csv(report: CampaignReport) -> str:
    """Return one line per task."""
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(_COLUMNS)
    for task in report.tasks:
        table.writerow([harmless_cell(value) for value in _row(task)])
    return file.getvalue()


def _row(task: ReportTask) -> tuple[object, ...]:
    return (
        task.task_id,
        task.title,
        task.phone_number,
        task.business_name or task.contact_name,
        task.status.value,
        task.status_reason,
        task.verdict.value if task.verdict else None,
        task.summary,
        "; ".join(f"{name}: {plain(value)}" for name, value in task.agreed.items()),
        "; ".join(promise(task, index) for index in range(len(task.promises))),
        "; ".join(f"{asked} {answer}" for asked, answer in questions(task)),
        "; ".join(f"{item.quote} ({clock(item.start_ms)})" for item in task.evidence),
        task.next_action_time.isoformat() if task.next_action_time else None,
        len(task.attempts),
        task.max_attempts,
        task.seconds,
        f"{task.cost_usd:.4f}",
    )


def harmless_cell(value: object) -> str:
    """Return a cell's text; one that would start a formula gets an apostrophe before it.

    Plain numbers, phone numbers among them, stay as they are. Blanks before a sign do not hide
    it: some programs strip them.
    """
    text = "" if value is None else str(value)
    starts = text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS)
    return f"'{text}" if starts and not _PLAIN_NUMBER.fullmatch(text) else text
