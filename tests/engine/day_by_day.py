"""The calendar and the working days told day by day, to hold the engine's own against."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from goals_core.kinds import Period

DAY = timedelta(days=1)
Span = tuple[date, date]
"""First and last day, both included."""

_WHOLE = {Period.MONTHLY, Period.QUARTERLY, Period.YEARLY}


def of(first: date, last: date) -> list[date]:
    """Every day from the first to the last."""
    return [first + n * DAY for n in range((last - first).days + 1)]


@lru_cache(maxsize=100_000)
def window_on(period: Period, starts: date, ends: date | None, day: date) -> Span | None:
    """The window around a day, found by walking to both sides; None outside of the goal's days."""
    if day < starts or (ends is not None and day > ends):
        return None
    first = last = day
    while first > starts and _unit(period, first - DAY) == _unit(period, day):
        first -= DAY
    while (ends is None or last < ends) and _unit(period, last + DAY) == _unit(period, day):
        last += DAY
    return first, last


def next_span(period: Period, starts: date, ends: date) -> Span:
    """The days right after: as many whole months or quarters, or if it was cut as many days."""
    first = ends + DAY
    whole = _unit(period, starts - DAY) != _unit(period, starts)
    whole &= _unit(period, ends) != _unit(period, first)
    if period not in _WHOLE or not whole:
        return first, first + (ends - starts)
    units = len({_unit(period, day) for day in of(starts, ends)})
    last, seen = first, {_unit(period, first)}
    while len(seen | {_unit(period, last + DAY)}) <= units:
        last += DAY
        seen.add(_unit(period, last))
    return first, last


def works_on(day: date, hired: date | None, left: date | None) -> bool:
    return (hired is None or hired <= day) and (left is None or day <= left)


def worked(span: Span, week: str, hired: date | None, left: date | None) -> tuple[int, int] | None:
    """(days worked, working days) of who is there for part of a window; None: for all of it."""
    all_days = of(*span)
    there = [day for day in all_days if works_on(day, hired, left)]
    if len(there) == len(all_days):
        return None
    working = [day for day in all_days if str(day.isoweekday()) in week] or all_days
    return len(set(working) & set(there)), len(working)


def _unit(period: Period, day: date) -> Any:
    """What the days of one window have in common."""
    return {
        Period.DAILY: day,
        Period.WEEKLY: day.isocalendar()[:2],
        Period.MONTHLY: (day.year, day.month),
        Period.QUARTERLY: (day.year, (day.month - 1) // 3),
        Period.YEARLY: day.year,
        Period.CUSTOM: None,
    }[period]
