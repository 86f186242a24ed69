"""Moving old records to today: by whole weeks, into a quarter that is two thirds over."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from goals_core.kinds import Period
from goals_core.models.windows import Window, calendar_window

_DAY = timedelta(days=1)
_WISHED = Fraction(2, 3)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A demo tenant's day, its fiscal year, and how far its records are moved."""

    today: date
    fiscal_year_start: int  # month
    weeks: int

    def moved(self, day: date) -> date:
        """The day of a record as the demo shows it; the weekday stays."""
        return day + timedelta(weeks=self.weeks)

    def window(self, period: Period, day: date | None = None) -> Window:
        """The window around a day, today if none is given."""
        return calendar_window(period, day or self.today, self.fiscal_year_start)

    def windows(self, period: Period, *, before: int) -> list[Window]:
        """The running window and as many before it, oldest first."""
        found = [self.window(period)]
        for _ in range(before):
            found.append(self.window(period, found[-1].start - _DAY))
        return found[::-1]

    def quarters_of(self, year: Window) -> list[Window]:
        """The fiscal quarters of a fiscal year."""
        found = [self.window(Period.QUARTERLY, year.start)]
        while found[-1].end < year.end:
            found.append(self.window(Period.QUARTERLY, found[-1].end + _DAY))
        return found

    def nearest_quarter(self, day: date) -> Window:
        """The fiscal quarter whose first day lies nearest."""
        this = self.window(Period.QUARTERLY, day)
        following = self.window(Period.QUARTERLY, this.end + _DAY)
        return min(this, following, key=lambda quarter: abs(quarter.start - day))


def arrange(today: date, running_quarter: date) -> Calendar:
    """Choose the fiscal year and the weeks that put today two thirds into a quarter.

    `running_quarter` is the first day of that quarter in the records; it is moved to one of the
    seven days after the fiscal quarter's first.
    """
    start_month = min((1, 2, 3), key=lambda month: abs(share_passed(today, month) - _WISHED))
    quarter = calendar_window(Period.QUARTERLY, today, start_month)
    gap = (quarter.start + _DAY - running_quarter).days
    return Calendar(today, start_month, weeks=-(-gap // 7))


def share_passed(today: date, fiscal_year_start: int) -> Fraction:
    """How much of today's fiscal quarter has passed, today included."""
    quarter = calendar_window(Period.QUARTERLY, today, fiscal_year_start)
    return Fraction(quarter.elapsed(today), quarter.days)
