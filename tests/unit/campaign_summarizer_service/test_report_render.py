"""The report in each format; no word of a callee becomes more than text."""

import csv
import io
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.campaign_summarizer_service.campaign_report import CampaignReport, Narrative
from opendeep.campaign_summarizer_service.report_csv import harmless_cell
from opendeep.campaign_summarizer_service.report_render import ReportFormat
from opendeep.campaign_summarizer_service.report_render import render as render_bytes
from opendeep.campaign_summarizer_service.report_words import clock, duration
from opendeep.common.data_models import TaskStatus
from tests.unit.campaign_summarizer_service.reports import CALL, a_report, a_task


def render(report: CampaignReport, as_format: ReportFormat) -> str:
    """Return a report in one of the text formats."""
    return render_bytes(report, as_format).decode()


def test_markdown_tells_everything() -> None:
    """Words, figures, each task with its quote, and where in the audio the quote is."""
    text = render(a_report(a_task()), "md")
    assert text.startswith("# Dentist\n\n**Done.**\n\nIt is booked.\n")
    assert "- Go there" in text
    assert "| Cost | $0.25 |" in text
    assert "| Time talked | 1 min 35 s |" in text
    assert "### Dental cleaning (Bright Smile Dental, +12125550100)" in text
    assert f"> “Tuesday it is” — booked (call {CALL}, 1:01)" in text
    assert "- Promised: send a confirmation (by Monday)" in text
    assert "- Promised: wait" in text
    assert "Final report of Mon 2026-11-23 12:00 UTC. Words by a text model" in text


def test_a_running_report_says_so() -> None:
    """A report of an unfinished campaign does not look final, and names nobody it lacks."""
    task = a_task(
        business_name=None, status=TaskStatus.PENDING, summary=None, attempts=[], evidence=[]
    )
    report = a_report(
        task,
        final=False,
        narrative_by="figures",
        narrative=Narrative(headline="H", summary="S", next_steps=[]),
    )
    text = render(report, "md")
    assert "Running report (not final)" in text
    assert "Words by the figures alone" in text
    assert "### Dental cleaning (+12125550100)" in text
    assert "What to do now" not in text
    assert "| First call | none |" in text
    assert "What to do now" not in render(report, "html")


def test_json_is_the_report_itself() -> None:
    """What is written as JSON reads back as the same report."""
    report = a_report(a_task())
    assert CampaignReport.model_validate_json(render(report, "json")) == report


def test_csv_holds_a_line_per_task() -> None:
    """Each task is one line, and its phone number keeps its plus."""
    rows = list(csv.DictReader(io.StringIO(render(a_report(a_task(), a_task()), "csv"))))
    assert len(rows) == 2
    assert rows[0]["phone_number"] == "+12125550100"
    assert rows[0]["evidence"] == "Tuesday it is (1:01)"
    assert rows[0]["cost_usd"] == "0.2500"


def test_csv_names_a_missing_verdict_by_nothing() -> None:
    """A task that nobody judged yet has an empty cell."""
    rows = list(csv.DictReader(io.StringIO(render(a_report(a_task(verdict=None)), "csv"))))
    assert rows[0]["verdict"] == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_starts_a_formula(start: str) -> None:
    """A text that a spreadsheet would run is written as text."""
    assert harmless_cell(f"{start}cmd|'/C calc'!A0").startswith("'")


@given(st.text(max_size=30))
def test_cells_are_harmless_or_numbers(text: str) -> None:
    """No cell starts with a formula's sign unless it is a plain number."""
    cell = harmless_cell(text)
    assert not cell.startswith(("=", "@", "\t", "\r", "\n"))
    assert not cell.startswith(("+", "-")) or cell[1:].replace(".", "").replace(",", "").isdecimal()


NASTY = "<script>alert(1)</script> [x](javascript:1) `a` | # > _b_ *c*\n# head"


class _Tags(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        del attrs
        self.tags.add(tag)


def nasty_report() -> CampaignReport:
    """Make a report whose every text tries to break out."""
    task = a_task(title=NASTY, summary=NASTY, status_reason=NASTY, agreed={NASTY: NASTY})
    evidence = [item.model_copy(update={"quote": NASTY, "claim": NASTY}) for item in task.evidence]
    return a_report(task.model_copy(update={"evidence": evidence}), title=NASTY)


def test_html_holds_no_foreign_tags() -> None:
    """Words of callees appear on the page as they are and do nothing."""
    page = _Tags()
    page.feed(render(nasty_report(), "html"))
    plain = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "strong"}
    plain |= {"ul", "li", "table", "thead", "tbody", "tr", "th", "td", "blockquote", "small"}
    plain |= {"main", "header", "section", "article", "footer", "div", "span", "em"}
    plain |= {"dl", "dt", "dd", "figure", "figcaption", "svg", "rect", "circle", "text"}
    assert page.tags <= plain


def test_markdown_escapes_what_it_would_read() -> None:
    """Words of callees make no link, heading, or tag in Markdown."""
    text = render(nasty_report(), "md")
    assert "<script>" not in text
    assert "[x](" not in text
    assert "\n# head" not in text


def test_a_pdf_holds_words_and_no_markup_of_theirs() -> None:
    """A report with hostile words and every alphabet becomes a PDF, the same each time."""
    report = nasty_report()
    task = report.tasks[0].model_copy(update={"title": "Żółć Жук 東京 한글 \u202e <img src='x'/>"})
    report = report.model_copy(update={"tasks": [task]})
    document = render_bytes(report, "pdf")
    assert document.startswith(b"%PDF-")
    assert document == render_bytes(report, "pdf")


def test_a_pdf_splits_what_no_page_holds() -> None:
    """Hundreds of tasks and a very long text go over many pages."""
    tasks = [a_task(summary="word " * 4000), *(a_task() for _ in range(60))]
    assert render_bytes(a_report(*tasks), "pdf").count(b"/Type /Page\n") > 10


def test_a_pdf_splits_a_row_that_no_page_holds() -> None:
    """A long answer in a narrow column, or one of many lines, takes no report away."""
    long = {f"answer {place}": "word " * 250 for place in range(6)}
    attempt = a_task().attempts[0].model_copy(update={"summary": "line\n" * 300})
    tasks = [a_task(agreed=long, attempts=[attempt]), a_task(agreed={"notes": "line\n" * 300})]
    assert render_bytes(a_report(*tasks), "pdf").startswith(b"%PDF-")


def test_html_without_summaries() -> None:
    """A task without a summary has no empty paragraph."""
    assert "<p></p>" not in render(a_report(a_task(summary=None)), "html")


def test_times_for_people() -> None:
    """Places and durations are written as people write them."""
    assert (clock(61_999), clock(-5), duration(59), duration(60)) == (
        "1:01",
        "0:00",
        "59 s",
        "1 min 0 s",
    )
