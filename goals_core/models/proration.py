"""How much of a window someone works, by whole working days. No database here."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from goals_core.models.windows import Window

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Proration:
    """A target that counts for the days worked: full target * worked / working days."""

    full_target: Decimal
    worked_days: int
    working_days: int

    @property
    def target(self) -> Decimal:
        """Rounded to cents, half up, as `assignments.target_value` is."""
        share = self.full_target * self.worked_days / self.working_days
        return share.quantize(_CENT, ROUND_HALF_UP)


def working_days(window: Window, workweek: str) -> int:
    """How many days of a window are worked; `workweek` has the ISO weekdays: '12345'."""
    weeks, rest = divmod(window.days, 7)
    first = window.start.isoweekday()
    extra = {(first + n - 1) % 7 + 1 for n in range(rest)}
    return weeks * len(workweek) + sum(str(day) in workweek for day in extra)


def worked(
    window: Window, workweek: str, *, hired_on: date | None, left_on: date | None
) -> tuple[int, int] | None:
    """(days worked, working days) of someone who was there for part of it; None: for all of it.

    Hired and left: first and last day of work. Windows without any working day count every day.
    """
    first = max(window.start, hired_on or window.start)
    last = min(window.end, left_on or window.end)
    if (first, last) == (window.start, window.end):
        return None
    week = workweek if working_days(window, workweek) else "1234567"
    there = working_days(Window(first, last), week) if first <= last else 0
    return there, working_days(window, week)
