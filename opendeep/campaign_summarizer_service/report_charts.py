"""A report's charts as plain shapes: one drawing, written as SVG for pages and drawn into PDFs.

Every length is in points of a drawing that is :data:`WIDTH` wide, y growing downwards.
"""

import html
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from opendeep.campaign_summarizer_service.campaign_report import CampaignReport, ReportTask
from opendeep.campaign_summarizer_service.report_words import STATUS_LABELS, cause_label, zone_of
from opendeep.common.data_models import CallCause, TaskStatus

WIDTH = 480.0
_ROW = 26.0
_BAR = 16.0
_LABEL = 165.0
_TIMELINE_TASKS_MOST = 12
_NAME_MOST = 21
_DAY_SECONDS = 86_400

Tone = Literal["good", "warn", "bad", "busy", "off", "text", "muted", "line"]

STATUS_TONES: dict[TaskStatus, Tone] = {
    TaskStatus.COMPLETED: "good",
    TaskStatus.FAILED: "bad",
    TaskStatus.UNRESOLVED: "warn",
    TaskStatus.AWAITING_USER: "warn",
    TaskStatus.CANCELLED: "off",
    TaskStatus.CANCELLED_DND: "off",
}
_ANSWERED = {CallCause.COMPLETED, CallCause.AI_HUNG_UP, CallCause.USER_HUNG_UP}
_BROKEN = {CallCause.AI_FAILED, CallCause.AUDIO_FAILED, CallCause.EXCHANGE_FAILED, CallCause.LOST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A filled rectangle with round corners."""

    x: float
    y: float
    width: float
    height: float
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A filled circle; ``told`` is what it stands for."""

    x: float
    y: float
    radius: float
    tone: Tone
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A short text; ``y`` is its base line."""

    x: float
    y: float
    text: str
    tone: Tone = "text"
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False


Shape = Box | Dot | Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing with its title, and what it shows in words for who cannot see it."""

    title: str
    told: str
    height: float
    shapes: tuple[Shape, ...]


def charts_of(report: CampaignReport) -> list[Chart]:
    """Draw how the tasks stand, how the calls ended, and when each was made."""
    drawn = [_states(report), _causes(report), _timeline(report)]
    return [chart for chart in drawn if chart is not None]


def status_tone(status: TaskStatus) -> Tone:
    """Return the colour of a task's state."""
    return STATUS_TONES.get(status, "busy")


def cause_tone(cause: CallCause | None) -> Tone:
    """Return the colour of a call's end."""
    if cause in _ANSWERED:
        return "good"
    if cause in _BROKEN:
        return "bad"
    return "busy" if cause is None else "warn"


def _states(report: CampaignReport) -> Chart | None:
    counts = list(report.figures.counts.items())
    if not counts:
        return None
    shapes: list[Shape] = []
    x = 0.0
    for status, count in counts:
        width = count / report.figures.tasks * WIDTH
        shapes.append(Box(x=x, y=0, width=max(width - 2, 1), height=_BAR, tone=status_tone(status)))
        x += width
    per_row, column = 2, WIDTH / 2
    for place, (status, count) in enumerate(counts):
        left, base = place % per_row * column, 40 + place // per_row * 20
        text = f"{count} {STATUS_LABELS[status].lower()}"
        shapes.append(Dot(x=left + 5, y=base - 4, radius=5, tone=status_tone(status), told=text))
        shapes.append(Label(x=left + 16, y=base, text=text))
    rows = (len(counts) + per_row - 1) // per_row
    told = ", ".join(f"{count} {STATUS_LABELS[status].lower()}" for status, count in counts)
    return Chart(
        title="How the tasks stand", told=told, height=30 + rows * 20, shapes=tuple(shapes)
    )


def _causes(report: CampaignReport) -> Chart | None:
    ends = Counter(attempt.cause for task in report.tasks for attempt in task.attempts)
    if not ends:
        return None
    counted = ends.most_common()
    most = max(ends.values())
    shapes: list[Shape] = []
    for place, (cause, count) in enumerate(counted):
        top = place * _ROW
        length = count / most * (WIDTH - _LABEL - 40)
        middle = top + _BAR - 3
        shapes += [
            Label(x=0, y=middle, text=cause_label(cause)),
            Box(x=_LABEL, y=top, width=length, height=_BAR, tone=cause_tone(cause)),
            Label(x=_LABEL + length + 8, y=middle, text=str(count), bold=True),
        ]
    told = ", ".join(f"{cause_label(cause)}: {count}" for cause, count in counted)
    height = len(counted) * _ROW
    return Chart(title="How the calls ended", told=told, height=height, shapes=tuple(shapes))


def _timeline(report: CampaignReport) -> Chart | None:
    """Draw each call on its task's line; a campaign with many tasks is no picture any more."""
    first, last = report.figures.first_call_at, report.figures.last_call_at
    called = [task for task in report.tasks if task.attempts]
    if first is None or last is None or not called or len(called) > _TIMELINE_TASKS_MOST:
        return None
    shapes: list[Shape] = []
    for place, task in enumerate(called):
        shapes += _task_line(task, place * _ROW, first, last)
    zone = zone_of(report.time_zone)
    form = "%H:%M" if (last - first).total_seconds() < _DAY_SECONDS else "%a %d %b"
    base = len(called) * _ROW + 14
    begun, ended = f"{first.astimezone(zone):{form}}", f"{last.astimezone(zone):{form}}"
    shapes.append(Label(x=_LABEL, y=base, text=begun, tone="muted"))
    if ended != begun:
        shapes.append(Label(x=WIDTH - 8, y=base, text=ended, tone="muted", anchor="end"))
    told = "; ".join(
        f"{task.whom}: " + ", ".join(cause_label(call.cause) for call in task.attempts)
        for task in called
    )
    return Chart(title="When each was called", told=told, height=base + 6, shapes=tuple(shapes))


def _task_line(task: ReportTask, top: float, first: datetime, last: datetime) -> list[Shape]:
    whom = task.whom
    name = whom if len(whom) <= _NAME_MOST else f"{whom[: _NAME_MOST - 1]}…"
    middle, span = top + _BAR / 2, max((last - first).total_seconds(), 1.0)
    shapes: list[Shape] = [
        Label(x=0, y=top + _BAR - 3, text=name),
        Box(x=_LABEL, y=middle - 0.75, width=WIDTH - _LABEL - 4, height=1.5, tone="line"),
    ]
    for attempt in task.attempts:
        if attempt.started_at is None:
            continue
        along = (attempt.started_at - first).total_seconds() / span
        shapes.append(
            Dot(
                x=_LABEL + 8 + along * (WIDTH - _LABEL - 20),
                y=middle,
                radius=6,
                tone=cause_tone(attempt.cause),
                told=f"Call {attempt.attempt_number}: {cause_label(attempt.cause)}",
            )
        )
    return shapes


def as_svg(chart: Chart) -> str:
    """Write a chart as SVG whose colours are the page's classes."""
    body = "".join(_svg_shapes(chart.shapes))
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {chart.height:g}" role="img" '
        f'aria-label="{html.escape(chart.told)}">{body}</svg>'
    )


def _svg_shapes(shapes: Sequence[Shape]) -> Iterable[str]:
    for shape in shapes:
        match shape:
            case Box():
                yield (
                    f'<rect class="{shape.tone}" x="{shape.x:.1f}" y="{shape.y:.1f}" '
                    f'width="{shape.width:.1f}" height="{shape.height:.1f}" rx="3"/>'
                )
            case Dot():
                yield (
                    f'<circle class="{shape.tone}" cx="{shape.x:.1f}" cy="{shape.y:.1f}" '
                    f'r="{shape.radius:.1f}"><title>{html.escape(shape.told)}</title></circle>'
                )
            case Label():
                weight = ' font-weight="600"' if shape.bold else ""
                yield (
                    f'<text class="{shape.tone}" x="{shape.x:.1f}" y="{shape.y:.1f}" '
                    f'text-anchor="{shape.anchor}"{weight}>{html.escape(shape.text)}</text>'
                )
            case _:
                assert_never(shape)
