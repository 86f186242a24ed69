"""What there is in one company, as the independent side knows it: plain facts."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

DAY = timedelta(days=1)
Record = dict[str, Any]
"""A row of a source by its columns, and `module` and `entity`, which say where it lies."""


@dataclass(frozen=True)
class Table:
    """Where a module keeps its records."""

    name: str
    entity: str | None  # None: any name, in a column of its own
    number: str
    days: tuple[str, ...]  # the usual one first
    texts: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        shared = ("external_id", "owner_id", "name", "currency", "attributes")
        named = () if self.entity else ("entity",)
        return (*shared, *named, *self.texts, self.number, *self.days)


TABLES = {
    "sales": Table(
        "sales.opportunities",
        "opportunities",
        "amount",
        ("closed_on", "opened_on"),
        ("stage", "account"),
    ),
    "billing": Table(
        "billing.invoices",
        "invoices",
        "amount",
        ("issued_on", "paid_on", "due_on"),
        ("status", "customer"),
    ),
    "commissions": Table("commissions.entries", "entries", "amount", ("earned_on",), ("status",)),
    "custom": Table("custom.records", None, "value", ("occurred_on",), ("status",)),
}


@dataclass(frozen=True)
class Membership:
    id: UUID
    team: UUID
    person: UUID
    first: date
    last: date | None


@dataclass(frozen=True)
class Goal:
    """A definition that is tracked from records."""

    id: UUID
    name: str
    type: str
    metric: str
    unit: str
    target: Decimal
    low: Decimal | None
    high: Decimal | None
    period: str
    starts: date
    ends: date | None
    module: str
    entity: str
    aggregation: str
    field: str | None
    date_field: str | None  # None: the entity's usual one
    filter: dict[str, Any]
    milestones: dict[int, bool]  # whether it is told
    is_active: bool = True

    @property
    def day(self) -> str:
        return self.date_field or TABLES[self.module].days[0]


@dataclass(frozen=True)
class Window:
    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass
class World:
    """Everything of one tenant that its goals' values come from, and by which they are judged."""

    zone: str
    fiscal_month: int
    grace_days: int
    risk_below: int
    risk_time: int
    today: date
    admins: tuple[UUID, ...]
    managers: dict[UUID, UUID | None]  # of every person, by the account
    leaders: dict[UUID, UUID | None]  # of every team
    members: dict[UUID, Membership] = field(default_factory=dict)
    rates: dict[tuple[str, str, date], Decimal] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)  # by external id, one of all modules
    goals: dict[UUID, Goal] = field(default_factory=dict)


def window_on(goal: Goal, day: date, fiscal_month: int) -> Window | None:
    """The goal's window that a day falls in, found by going from day to day."""
    if day < goal.starts or (goal.ends is not None and day > goal.ends):
        return None
    first = last = day
    while first > goal.starts and _same(goal, first - DAY, day, fiscal_month):
        first -= DAY
    while last != goal.ends and _same(goal, last + DAY, day, fiscal_month):
        last += DAY
    return Window(first, last)


def _same(goal: Goal, one: date, other: date, fiscal_month: int) -> bool:
    return _name(goal.period, one, fiscal_month) == _name(goal.period, other, fiscal_month)


def _name(period: str, day: date, fiscal_month: int) -> object:
    """What the period is called that a day is in."""
    month = day.year * 12 + day.month - fiscal_month
    names: dict[str, object] = {
        "daily": day,
        "weekly": day.isocalendar()[:2],
        "monthly": month,
        "quarterly": month // 3,
        "yearly": month // 12,
        "custom": None,
    }
    return names[period]
