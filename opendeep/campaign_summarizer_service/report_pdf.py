"""The report as PDF, with reportlab. Every word is escaped before its small markup reads it.

The same report makes the same bytes: a document that is sent twice can be compared.
"""

import io
from collections.abc import Sequence
from typing import Any, assert_never

from reportlab.graphics.shapes import Circle, Drawing, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    HRFlowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from opendeep.campaign_summarizer_service import pdf_fonts
from opendeep.campaign_summarizer_service.campaign_report import CampaignReport, ReportTask
from opendeep.campaign_summarizer_service.comparison import Comparison, compare
from opendeep.campaign_summarizer_service.pdf_fonts import markup
from opendeep.campaign_summarizer_service.report_charts import (
    WIDTH,
    Box,
    Chart,
    Dot,
    Label,
    Shape,
    charts_of,
    status_tone,
)
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

_COLOURS = {
    "text": HexColor("#1f2421"),
    "muted": HexColor("#5d645f"),
    "line": HexColor("#e0ddd3"),
    "accent": HexColor("#0f6b5c"),
    "good": HexColor("#1c6b3a"),
    "warn": HexColor("#855200"),
    "bad": HexColor("#a3281f"),
    "busy": HexColor("#2b5a94"),
    "off": HexColor("#8a8d85"),
}
_MARGIN = 20 * mm
_FRAME_PADDING = 6.0
_INNER = A4[0] - 2 * _MARGIN - 2 * _FRAME_PADDING
_CELL_CHARACTERS_MOST = 1500
_WHOLE_CELL_CHARACTERS_MOST = 400
"""A row of longer cells may be split between pages, since it might be higher than one."""
_CHART_FONT_SIZE = 8.5
_CHART_SHARE = 0.8


def _style(name: str, size: float, *, bold: bool = False, **more: Any) -> ParagraphStyle:
    values: dict[str, Any] = {"textColor": _COLOURS["text"], **more}
    font = pdf_fonts.BOLD if bold else pdf_fonts.REGULAR
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=size * 1.42, **values)


_EYEBROW = _style("eyebrow", 8.5, bold=True, textColor=_COLOURS["accent"])
_TITLE = _style("title", 20, bold=True, spaceAfter=3)
_MUTED = _style("muted", 9, textColor=_COLOURS["muted"])
_HEADLINE = _style("headline", 12.5, bold=True, spaceBefore=2)
_SECTION = _style("section", 12, bold=True, spaceBefore=14, spaceAfter=5)
_NAME = _style("name", 11, bold=True)
_BODY = _style("body", 9.5)
_SMALL = _style("small", 8)
_SMALL_MUTED = _style("small-muted", 8, textColor=_COLOURS["muted"])
_NUMBER = _style("number", 13, bold=True)
_QUOTE = _style("quote", 9.5, leftIndent=9, spaceBefore=2)
_SOURCE = _style("source", 8, leftIndent=9, textColor=_COLOURS["muted"])
_BULLET = _style("bullet", 9.5, leftIndent=11, bulletIndent=1, spaceAfter=1.5)


def render_pdf(report: CampaignReport) -> bytes:
    """Return the report as a PDF on A4."""
    file = io.BytesIO()
    pdf_fonts.register()
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=18 * mm,
        bottomMargin=20 * mm,
        title=report.title[:200],
        author="OpenDeep",
        invariant=1,
    )
    note = footer(report)

    def foot(canvas: Canvas, _document: object) -> None:
        canvas.setFont(pdf_fonts.REGULAR, 7)
        canvas.setFillColor(_COLOURS["muted"])
        canvas.drawString(_MARGIN + _FRAME_PADDING, 12 * mm, note)
        canvas.drawRightString(
            A4[0] - _MARGIN - _FRAME_PADDING, 12 * mm, str(canvas.getPageNumber())
        )

    document.build(_story(report), onFirstPage=foot, onLaterPages=foot)
    return file.getvalue()


def _story(report: CampaignReport) -> list[Flowable]:
    kind = "Final report" if report.final else "Running report"
    narrative = report.narrative
    story: list[Flowable] = [
        _text(f"{kind} · {instants(report)(report.generated_at)}", _EYEBROW),
        _text(report.title, _TITLE),
        *([_text(report.goal, _MUTED)] if report.goal else []),
        Spacer(1, 8),
        HRFlowable(width="100%", thickness=1.2, color=_COLOURS["accent"], spaceAfter=5),
        _text(narrative.headline, _HEADLINE),
        _text(narrative.summary, _BODY),
        Spacer(1, 8),
        _tiles(report),
        *_list("What to do now", narrative.next_steps),
        *_list("What is open", open_items(report)),
    ]
    if (side_by_side := compare(report.tasks)) is not None:
        story += [_text("Side by side", _SECTION), _comparison(side_by_side)]
    for place, chart in enumerate(charts_of(report)):
        title = [_text("In pictures", _SECTION)] if place == 0 else []
        story.append(
            KeepTogether([*title, _text(chart.title, _MUTED), Spacer(1, 4), _drawing(chart)])
        )
        story.append(Spacer(1, 8))
    heading = [_text("Task by task", _SECTION)]
    for task in report.tasks:
        story += _task(report, task, heading)
        heading = []
    return story


def _task(report: CampaignReport, task: ReportTask, heading: Sequence[Flowable]) -> list[Flowable]:
    told = instants(report)
    contact = " · ".join(
        part for part in (task.business_name, task.contact_name, task.phone_number) if part
    )
    state = ParagraphStyle(
        "state", parent=_SMALL, alignment=TA_RIGHT, textColor=_COLOURS[status_tone(task.status)]
    )
    top = Table(
        [[[_text(task.title, _NAME), _text(contact, _SMALL_MUTED)],
          _text(STATUS_LABELS[task.status], state)]],
        colWidths=[_INNER * 0.74, _INNER * 0.26],
    )  # fmt: skip
    top.setStyle(TableStyle([
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ]))  # fmt: skip
    calls = [attempt_row(call, told) for call in task.attempts]
    parts: list[Flowable] = [
        *heading,
        HRFlowable(width="100%", thickness=0.6, color=_COLOURS["line"], spaceBefore=6),
        top,
        *_result(task),
    ]
    if task.next_action_time and not task.status.is_final:
        parts.append(_text(f"Next: {told(task.next_action_time)}", _MUTED))
    parts += _facts(task)
    for asked, answer in questions(task):
        parts.append(_text(f"You were asked: {asked}", _BODY))
        parts.append(_text(f"Your answer: {answer}", _BODY))
    rest: list[Flowable] = [Spacer(1, 4), *_evidence(task), Spacer(1, 5)]
    if calls:
        widths = [0.06, 0.24, 0.17, 0.11, 0.1, 0.32]
        rest.append(_table(ATTEMPT_COLUMNS, calls, widths))
    else:
        rest.append(_text("Not called yet.", _MUTED))
    return [KeepTogether(parts), *rest, Spacer(1, 3)]


def _result(task: ReportTask) -> list[Flowable]:
    verdict = f"<b>{markup(VERDICT_LABELS[task.verdict])}.</b> " if task.verdict else ""
    reason = task.status_reason if task.status_reason != task.summary else None
    shown: list[Flowable] = []
    if task.summary:
        shown.append(Paragraph(verdict + markup(task.summary), _BODY))
    if reason:
        shown.append(_text(reason, _MUTED))
    return shown


def _facts(task: ReportTask) -> list[Flowable]:
    pairs = [(words(name), plain(value)) for name, value in task.agreed.items()]
    pairs += [("Promised", promise(task, index)) for index in range(len(task.promises))]
    if not pairs:
        return []
    rows = [[_text(name, _SMALL_MUTED), _text(value, _BODY)] for name, value in pairs]
    table = Table(rows, colWidths=[_INNER * 0.22, _INNER * 0.78], splitInRow=1)
    table.setStyle(TableStyle([
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ]))  # fmt: skip
    return [Spacer(1, 3), table]


def _evidence(task: ReportTask) -> list[Flowable]:
    calls = {call.call_id: call.attempt_number for call in task.attempts}
    shown: list[Flowable] = []
    for item in task.evidence:
        place = f"call {calls.get(item.call_id, 0)} at {clock(item.start_ms)}"
        shown.append(_text(f"“{item.quote}”", _QUOTE))
        shown.append(_text(f"{item.claim} · {place}", _SOURCE))
    return shown


def _tiles(report: CampaignReport) -> Table:
    shown = tiles(report.figures)
    rows = [
        [_text(value, _NUMBER) for _, value in shown],
        [_text(name, _SMALL_MUTED) for name, _ in shown],
    ]
    table = Table(rows, colWidths=[_INNER / len(shown)] * len(shown))
    table.setStyle(TableStyle([
        ("BOX", (0, 0), (-1, -1), 0.6, _COLOURS["line"]),
        ("LINEAFTER", (0, 0), (-2, -1), 0.6, _COLOURS["line"]),
        ("TOPPADDING", (0, 0), (-1, 0), 6),
        ("BOTTOMPADDING", (0, 1), (-1, 1), 6),
        ("LEFTPADDING", (0, 0), (-1, -1), 8),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
    ]))  # fmt: skip
    return table


def _comparison(comparison: Comparison) -> Table:
    rows = [
        [row.whom, row.result]
        + [
            f"{cell} (lowest)" if (place, column) in comparison.lowest else cell
            for column, cell in enumerate(row.cells)
        ]
        for place, row in enumerate(comparison.rows)
    ]
    columns = ("Who", "Result", *comparison.columns)
    return _table(columns, rows, [1 / len(columns)] * len(columns))


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float]) -> Table:
    cells = [[_text(name, _SMALL_MUTED) for name in columns]]
    cells += [[_text(cell, _SMALL) for cell in row] for row in rows]
    longest = max((len(cell) for row in rows for cell in row), default=0)
    table = Table(
        cells,
        colWidths=[share * _INNER for share in shares],
        repeatRows=1,
        splitInRow=int(longest > _WHOLE_CELL_CHARACTERS_MOST),
    )
    table.setStyle(TableStyle([
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, _COLOURS["line"]),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 6),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]))  # fmt: skip
    return table


def _list(title: str, items: Sequence[str]) -> list[Flowable]:
    if not items:
        return []
    bullets = [Paragraph(markup(item), _BULLET, bulletText="•") for item in items]
    return [_text(title, _SECTION), *bullets]


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    """Make a paragraph; a cell that would not fit a page is cut, since a row cannot be split."""
    cut = text if len(text) <= _CELL_CHARACTERS_MOST else f"{text[:_CELL_CHARACTERS_MOST]}…"
    return Paragraph(markup(cut), style)


def _drawing(chart: Chart) -> Drawing:
    scale = _INNER * _CHART_SHARE / WIDTH
    drawing = Drawing(_INNER, chart.height * scale)
    for shape in chart.shapes:
        drawing.add(_drawn(shape, scale, chart.height))
    return drawing


def _drawn(shape: Shape, scale: float, height: float) -> Rect | Circle | String:
    """Draw a shape; a PDF's y grows upwards."""
    colour = _COLOURS[shape.tone]
    filled: dict[str, Any] = {"fillColor": colour, "strokeColor": None}
    match shape:
        case Box():
            bottom = (height - shape.y - shape.height) * scale
            size = (shape.width * scale, shape.height * scale)
            return Rect(shape.x * scale, bottom, *size, rx=2, ry=2, **filled)
        case Dot():
            middle = (height - shape.y) * scale
            return Circle(shape.x * scale, middle, shape.radius * scale, **filled)
        case Label():
            look: dict[str, Any] = {
                "fontName": pdf_fonts.BOLD if shape.bold else pdf_fonts.REGULAR,
                "fontSize": _CHART_FONT_SIZE,
                "fillColor": colour,
                "textAnchor": shape.anchor,
            }
            text = pdf_fonts.drawable(shape.text)
            return String(shape.x * scale, (height - shape.y) * scale, text, **look)
        case _:
            assert_never(shape)
