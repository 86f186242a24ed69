"""The days of a goal: which window a day falls in, how much of it has passed."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from goals_core.kinds import Period

_DAY = timedelta(days=1)
_MONTHS = {Period.MONTHLY: 1, Period.QUARTERLY: 3, Period.YEARLY: 12}


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """One period's days, first and last included."""

    start: date
    end: date

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def elapsed(self, today: date) -> int:
        """Days that count as passed by the end of `today`: 0 before, all of them after."""
        return min(max((today - self.start).days + 1, 0), self.days)

    def left(self, today: date) -> int:
        """Days that remain after `today`."""
        return self.days - self.elapsed(today)

    def is_closed(self, today: date, *, grace_days: int) -> bool:
        """Whether it has ended and the days for late records are over too."""
        return today > self.end + grace_days * _DAY


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a definition is valid and how its windows repeat; `ends_at` None: no end."""

    period: Period
    starts_at: date
    ends_at: date | None
    fiscal_year_start: int = 1

    def window_on(self, day: date) -> Window | None:
        """The window that `day` falls in, cut to the schedule; None outside of it."""
        if day < self.starts_at or (self.ends_at is not None and day > self.ends_at):
            return None
        if self.period is Period.CUSTOM:
            return Window(self.starts_at, self.ends_at or day)
        whole = calendar_window(self.period, day, self.fiscal_year_start)
        return Window(max(whole.start, self.starts_at), min(whole.end, self.ends_at or whole.end))

    def current_or_first(self, today: date) -> Window | None:
        """Today's window, or the first one when the goal starts later; None when it is over."""
        return self.window_on(max(today, self.starts_at))

    def recent(self, today: date, *, most: int) -> list[Window]:
        """Today's window and those before it, newest first, as if it had always been valid.

        Once it is over, its last one and those before that. Those before its first day are whole.
        """
        day = min(today, self.ends_at or today)
        if self.period is Period.CUSTOM:
            return _shifted_back(Window(self.starts_at, self.ends_at or day), day, most)
        found: list[Window] = []
        for _ in range(most):
            whole = calendar_window(self.period, day, self.fiscal_year_start)
            found.append(self.window_on(day) or whole)
            day = whole.start - _DAY
        return found

    def after(self, end: date) -> Window | None:
        """The window that follows one that ends on a day, None after the last one.

        Cut where it would begin earlier: since the last one the fiscal year has moved.
        """
        first = end + _DAY
        found = None if self.period is Period.CUSTOM else self.window_on(first)
        return found and Window(max(found.start, first), found.end)


def span_after(period: Period, starts_at: date, ends_at: date, *, fiscal_year_start: int) -> Window:
    """The days right after a span, over as many whole periods (or, if cut, as many days)."""
    first = ends_at + _DAY
    if period in _MONTHS:
        begin = calendar_window(period, starts_at, fiscal_year_start)
        finish = calendar_window(period, ends_at, fiscal_year_start)
        if (begin.start, finish.end) == (starts_at, ends_at):
            months = (first.year - starts_at.year) * 12 + first.month - starts_at.month
            return Window(first, _month_shifted(first, months) - _DAY)
    return Window(first, first + (ends_at - starts_at))


def calendar_window(period: Period, day: date, fiscal_year_start: int) -> Window:
    """The whole day, ISO week, month, quarter or year around a day."""
    if period is Period.DAILY:
        return Window(day, day)
    if period is Period.WEEKLY:
        monday = day - day.weekday() * _DAY
        return Window(monday, monday + 6 * _DAY)
    length = _MONTHS[period]
    passed = (day.month - fiscal_year_start) % length if length > 1 else 0
    first = _month_shifted(day, -passed)
    last = _month_shifted(first, length - 1)
    return Window(first, last.replace(day=monthrange(last.year, last.month)[1]))


def _shifted_back(window: Window, day: date, most: int) -> list[Window]:
    """Spans of the same length, one after the other, the first of which has begun by a day."""
    length = window.days * _DAY
    ahead = max(-((day - window.start) // length), 0)
    begun = Window(window.start - ahead * length, window.end - ahead * length)
    spans = (begun.start - number * length for number in range(most))
    return [Window(start, start + length - _DAY) for start in spans]


def _month_shifted(day: date, months: int) -> date:
    """The first day of the month that lies `months` away."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, 1)
