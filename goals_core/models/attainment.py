"""The rule of a goal: what its readings make of it. No database here."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from goals_core.kinds import AssignmentStatus, GoalType
from goals_core.models.windows import Window

_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value is held against; `target` is the effective one (the assignee's own first)."""

    type: GoalType
    target: Decimal
    range_min: Decimal | None = None
    range_max: Decimal | None = None

    @property
    def lowest(self) -> Decimal | None:
        """The least value in range: without a range, the target."""
        if self.range_min is None and self.range_max is None:
            return self.target
        return self.range_min

    def in_range(self, value: Decimal) -> bool:
        low, high = self.lowest, self.range_max
        return (low is None or value >= low) and (high is None or value <= high)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the readings of a window say up to today, each reading the value at a day's end."""

    value: Decimal | None  # the latest; None: there was no reading
    peak: Decimal | None = None  # the highest
    out_of_range: bool = False  # whether any was
    days_in_range: int = 0
    reached_on: date | None = None  # since when the value has been at the target
    left_out: int = 0  # records that are not in it, for want of an exchange rate


@dataclass(frozen=True, slots=True)
class Judgement:
    """Where the readings put an assignment."""

    status: AssignmentStatus
    progress: Decimal  # percent, 0 to 100


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """Percent of a positive whole, rounded down to cents: 99.996 is 99.99, never 100."""
    return (part * _HUNDRED / whole).quantize(_CENT, ROUND_FLOOR)


def attainment(rule: Rule, value: Decimal) -> Decimal:
    """Value over target in percent, also beyond 100 and below 0.

    A target of nothing is met by nothing: 100 %, which is also what the limit 0 shows within it.
    """
    if rule.target == 0:
        return _HUNDRED
    return percent(value, rule.target)


def judge(rule: Rule, evidence: Evidence, window: Window, *, closed: bool) -> Judgement:
    """Status and stored progress by SPEC section 3."""
    progress = min(max(_progress(rule, evidence, window), _NOTHING), _HUNDRED)
    return Judgement(_status(rule, evidence, closed=closed), progress)


def _progress(rule: Rule, evidence: Evidence, window: Window) -> Decimal:
    if rule.type is GoalType.MAINTAIN:
        return percent(Decimal(evidence.days_in_range), Decimal(window.days))
    return _NOTHING if evidence.value is None else attainment(rule, evidence.value)


def _status(rule: Rule, evidence: Evidence, *, closed: bool) -> AssignmentStatus:
    if rule.type is GoalType.TARGET:
        if evidence.value is not None and evidence.value >= rule.target:
            return AssignmentStatus.ACHIEVED
        return AssignmentStatus.FAILED if closed else AssignmentStatus.ACTIVE
    if _is_broken(rule, evidence):
        return AssignmentStatus.FAILED
    return AssignmentStatus.ACHIEVED if closed else AssignmentStatus.ACTIVE


def _is_broken(rule: Rule, evidence: Evidence) -> bool:
    """Whether a limit was exceeded, or a reading was out of range, on any day."""
    if rule.type is GoalType.LIMIT:
        return evidence.peak is not None and evidence.peak > rule.target
    return evidence.out_of_range
