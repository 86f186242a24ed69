"""Linear pace, and the specification's rule for what is at risk. No database here."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from goals_core.kinds import GoalType
from goals_core.models.attainment import percent
from goals_core.models.windows import Window

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Pace:
    """What a straight line from nothing to the target expects by the end of today."""

    expected_percent: Decimal  # of the window's days, rounded down
    expected_value: Decimal
    days_left: int

    def is_behind(self, progress: Decimal) -> bool:
        return progress < self.expected_percent


@dataclass(frozen=True, slots=True)
class RiskRule:
    """At risk: progress below this percent with at most that percent of the window left."""

    progress_below: int = 50
    time_left: int = 25

    def flags(self, type_: GoalType, progress: Decimal, window: Window, today: date) -> bool:
        """Whether the specification's rule flags a running goal.

        A limit is never flagged: little use of it late in the window is what was wanted.
        """
        return self.is_time_short(type_, window, today) and progress < self.progress_below

    def is_time_short(self, type_: GoalType, window: Window, today: date) -> bool:
        """Whether it flags those with little progress."""
        if type_ is GoalType.LIMIT or today < window.start:
            return False
        return window.left(today) * 100 <= self.time_left * window.days


def pace(target: Decimal, window: Window, today: date) -> Pace:
    """The linear pace of a window."""
    elapsed = Decimal(window.elapsed(today))
    expected = (target * elapsed / window.days).quantize(_CENT, ROUND_HALF_UP)
    return Pace(percent(elapsed, Decimal(window.days)), expected, window.left(today))
