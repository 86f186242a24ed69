"""What there is of a tenant: goals, assignments, their logs, records, people."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from goals_core.kinds import AssigneeType, AssignmentStatus, EntryKind, GoalStatus, Source
from tests.engine import day_by_day as days
from tests.engine.day_by_day import Span

NOTHING = Decimal(0)


@dataclass(eq=False)
class Goal:
    """A definition."""

    id: UUID
    settings: dict[str, Any]
    status: GoalStatus = GoalStatus.DRAFT
    version: int = 1

    def __getitem__(self, name: str) -> Any:
        return self.settings[name]

    @property
    def by_hand(self) -> bool:
        return self["source"] is Source.MANUAL

    def window_on(self, day: date) -> Span | None:
        return days.window_on(self["period"], self["starts_at"], self["ends_at"], day)


@dataclass(eq=False)
class Line:
    """One line of a log."""

    kind: EntryKind
    previous: Decimal
    value: Decimal
    source: str
    reference: str | None
    note: str
    day: date
    by: UUID | None
    voided_by: "Line | None" = None

    @property
    def change(self) -> Decimal:
        return self.value - self.previous

    @property
    def counts(self) -> bool:
        return self.voided_by is None and self.kind is not EntryKind.CORRECTION


@dataclass(eq=False)
class Share:
    """An assignment: one goal, one assignee, one window."""

    goal: Goal
    kind: AssigneeType
    who: UUID | None
    start: date
    end: date
    own: Decimal | None
    notes: str
    created_on: date
    full: Decimal = NOTHING
    target: Decimal = NOTHING
    worked: tuple[int, int] | None = None
    value: Decimal = NOTHING
    progress: Decimal = NOTHING
    status: AssignmentStatus = AssignmentStatus.ACTIVE
    achieved_on: date | None = None
    closed: bool = False
    at_risk: bool = False
    goes_on: bool = True  # the last window of a chain: the roll-over makes the next one
    rearm: bool = False
    log: list[Line] = field(default_factory=list)
    noted: dict[int, tuple[Decimal, bool]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return not self.closed and self.status is not AssignmentStatus.CANCELLED

    @property
    def is_idle(self) -> bool:
        """Cancelled, since nobody works a day of it."""
        is_cancelled = self.status is AssignmentStatus.CANCELLED
        return is_cancelled and not self.closed and self.worked is not None and not self.worked[0]

    def key(self) -> tuple[Any, ...]:
        return self.goal.id, self.kind, self.who, self.start

    def in_range(self, value: Decimal) -> bool:
        low, high = self.goal["range_min"], self.goal["range_max"]
        low = self.target if low is None and high is None else low
        return (low is None or value >= low) and (high is None or value <= high)


@dataclass(eq=False)
class Record:
    """A deal."""

    owner: UUID | None
    amount: Decimal
    day: date | None
    currency: str
    stage: str


@dataclass(eq=False)
class Person:
    name: str
    manager: UUID | None
    is_admin: bool
    hired: date | None = None
    left: date | None = None


@dataclass(eq=False)
class Member:
    team: UUID
    person: UUID
    first: date
    last: date | None

    def on(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)
