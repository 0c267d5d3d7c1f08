"""When a callee asked to be called again, as they said it, and which instants that means where.

What was said is kept, not an instant: "Tuesday after three" is a time of the callee's own clock,
and where the callee is only the dialling policy knows.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Final

from pydantic import AwareDatetime, Field

from opendeep.common.data_models import Frozen

CALL_BACK: Final = "call_back"
"""In ``inter_call_context``: what the last call's callee asked for."""

_HOUR = 60
_NEAR_DAYS = 6
_LOOK_DAYS = 366
_Minute = Annotated[int, Field(ge=0, lt=24 * _HOUR)]


class CallBack(Frozen):
    """A wish to be called again.

    Attributes:
        said_at: when it was said.
        delay_minutes: "in an hour"; then nothing else is set.
        days_ahead: 1 for "tomorrow".
        weekday: 0 for Monday; the next one after the day on which it was said.
        day: of the month, with ``month`` or ``weekday``.
        after: the minute of the callee's day from which on; also of "at three".
        before: the minute of that day until which.
        quote: the words, from the transcript's line ``seq``.
    """

    said_at: AwareDatetime
    delay_minutes: Annotated[int, Field(ge=1, le=60 * 24 * _HOUR)] | None = None
    days_ahead: Annotated[int, Field(ge=0, le=60)] | None = None
    weekday: Annotated[int, Field(ge=0, le=6)] | None = None
    day: Annotated[int, Field(ge=1, le=31)] | None = None
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    after: _Minute | None = None
    before: _Minute | None = None
    quote: str = ""
    seq: int = 0

    def window(self, zone: tzinfo) -> tuple[datetime, datetime | None]:
        """Return from when on (UTC), and until when if that was said, where ``zone`` is kept."""
        if self.delay_minutes is not None:
            return self.said_at.astimezone(UTC) + timedelta(minutes=self.delay_minutes), None
        day = self._date(zone)
        begin = _instant(day, self.after or 0, zone)
        return begin, None if self.before is None else _instant(day, self.before, zone)

    def spoken(self, zone: tzinfo) -> str:
        """Say it in a few words: ``Tue 15:00``."""
        begin, _ = self.window(zone)
        local = begin.astimezone(zone)
        far = local.date() > self.said_at.astimezone(zone).date() + timedelta(days=_NEAR_DAYS)
        day = f"{local:%a} {local.day} {local:%b}" if far else f"{local:%a}"
        if self.after is not None or self.delay_minutes is not None:
            day = f"{day} {local:%H:%M}"
        if self.before is None:
            return day
        until = f"{self.before // _HOUR:02}:{self.before % _HOUR:02}"
        return f"{day}-{until}" if self.after is not None else f"{day} before {until}"

    def _date(self, zone: tzinfo) -> date:
        said = self.said_at.astimezone(zone)
        today = said.date()
        if self.days_ahead is not None:
            return today + timedelta(days=self.days_ahead)
        if self.day is not None or self.weekday is not None:
            return self._next_date(today)
        last = self.before if self.before is not None else self.after
        is_over = last is not None and said.hour * _HOUR + said.minute > last
        return today + timedelta(days=1 if is_over else 0)

    def _next_date(self, today: date) -> date:
        """Return the first day after ``today`` that is meant; a date may be today itself."""
        first = 0 if self.month is not None else 1
        for ahead in range(first, _LOOK_DAYS + first):
            found = today + timedelta(days=ahead)
            if (
                self.month in {None, found.month}
                and self.day in {None, found.day}
                and (self.weekday in {None, found.weekday()} or self.month is not None)
            ):
                return found
        return today + timedelta(days=1)


def _instant(day: date, minute: int, zone: tzinfo) -> datetime:
    local = time(minute // _HOUR, minute % _HOUR)
    return datetime.combine(day, local, tzinfo=zone).astimezone(UTC)
