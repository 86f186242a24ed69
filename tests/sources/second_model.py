"""The computation of readings told a second time, in plain Python, to hold the SQL against."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from uuid import UUID

from goals_core.kinds import AssigneeType
from goals_core.models.attainment import Rule
from goals_core.models.windows import Window
from goals_core.sources.catalogue import Aggregation

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Record:
    owner: UUID | None
    day: date | None
    amount: Decimal
    currency: str
    stage: str


@dataclass(frozen=True)
class Membership:
    team: UUID
    person: UUID
    first: date
    last: date | None

    def covers(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class Goal:
    """An assignment with what its definition says."""

    assignee_type: AssigneeType
    assignee: UUID | None
    aggregation: Aggregation
    stage: str | None  # None: any
    is_money: bool
    rule: Rule
    window: Window


@dataclass(frozen=True)
class Found:
    """What the records come to."""

    day_ends: list[tuple[date, Decimal]]
    left_out: int
    peak: Decimal | None
    out_of_range: bool
    days_in_range: int
    reached_on: date | None

    @property
    def value(self) -> Decimal | None:
        return self.day_ends[-1][1] if self.day_ends else None


@dataclass
class World:
    """Everything there is: the records of one tenant."""

    today: date
    records: list[Record] = field(default_factory=list)
    memberships: list[Membership] = field(default_factory=list)
    rates: dict[tuple[str, date], Decimal] = field(default_factory=dict)

    def found(self, goal: Goal) -> Found:
        mine = [record for record in self.records if self.counts(record, goal)]
        added = {id(record): self.added(record, goal) for record in mine}
        days = {record.day for record in mine}
        if goal.aggregation in {Aggregation.SUM, Aggregation.COUNT}:
            days.add(goal.window.start)
        day_ends = []
        for day in sorted(days):
            so_far = [added[id(r)] for r in mine if r.day <= day and added[id(r)] is not None]
            value = aggregate(goal.aggregation, so_far)
            if value is not None:
                day_ends.append((day, value))
        return judged(goal, day_ends, list(added.values()).count(None), self.today)

    def counts(self, record: Record, goal: Goal) -> bool:
        if record.day is None or not goal.window.start <= record.day <= goal.window.end:
            return False
        if record.day > self.today or goal.stage not in {None, record.stage}:
            return False
        if goal.assignee_type is AssigneeType.TEAM:
            return any(
                m.team == goal.assignee and m.person == record.owner and m.covers(record.day)
                for m in self.memberships
            )
        return goal.assignee_type is AssigneeType.TENANT or record.owner == goal.assignee

    def added(self, record: Record, goal: Goal) -> Decimal | None:
        """What a record adds; None when there is no rate."""
        if goal.aggregation is Aggregation.COUNT:
            return Decimal(1)
        if not goal.is_money or record.currency == "USD":
            return record.amount
        for days_ago in range(7):
            rate = self.rates.get((record.currency, record.day - timedelta(days=days_ago)))
            if rate is not None:
                return (record.amount * rate).quantize(CENT, ROUND_HALF_UP)
        return None


def aggregate(aggregation: Aggregation, values: list[Decimal]) -> Decimal | None:
    if aggregation is Aggregation.COUNT:
        return Decimal(len(values))
    if aggregation is Aggregation.SUM:
        return sum(values, Decimal(0))
    if not values:
        return None
    if aggregation is Aggregation.AVG:
        mean = Fraction(sum(values)) / len(values)
        return (Decimal(mean.numerator) / mean.denominator).quantize(CENT, ROUND_HALF_UP)
    return min(values) if aggregation is Aggregation.MIN else max(values)


def judged(goal: Goal, day_ends: list[tuple[date, Decimal]], left_out: int, today: date) -> Found:
    """What the rule needs to know, found by walking through the days one by one."""
    value, reached_on = None, None
    days_in_range, out_of_range = 0, False
    by_day = dict(day_ends)
    day = goal.window.start
    while day <= min(goal.window.end, today):
        value = by_day.get(day, value)
        if value is not None:
            inside = goal.rule.in_range(value)
            days_in_range += inside
            out_of_range |= not inside
            reached_on = (reached_on or day) if value >= goal.rule.target else None
        day += timedelta(days=1)
    peak = max(by_day.values(), default=None)
    return Found(day_ends, left_out, peak, out_of_range, days_in_range, reached_on)
