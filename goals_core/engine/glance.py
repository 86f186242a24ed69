"""What runs today at a glance: each goal's figures in one pass, and whose targets stand best.

Units are never added up: what is added are counts and percentages. What only the definition says,
such as that a limit is never at risk, is made of a goal's figures and not asked of every row.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Numeric,
    Row,
    Select,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    type_coerce,
    union_all,
)

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine import standing_rules, visibility
from goals_core.kinds import AssigneeType, AssignmentStatus, GoalType
from goals_core.models.core import Team, User
from goals_core.models.goals import Assignment
from goals_core.sources.lately import Firsts

_A = Assignment
_CENT = Decimal("0.01")
_WHOSE: dict[AssigneeType, ColumnElement[bool]] = {
    AssigneeType.USER: _A.user_id.is_not(None),
    AssigneeType.TEAM: _A.team_id.is_not(None),
    AssigneeType.TENANT: and_(_A.user_id.is_(None), _A.team_id.is_(None)),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What the running assignments of a goal come to, or those of all goals."""

    goals: int = 0
    achieved: int = 0
    failed: int = 0
    at_risk: int = 0
    behind: int = 0
    targets: int = 0
    progress: int = 0  # of targets, in hundredths of percent, added up
    expected: int = 0  # by their pace

    @property
    def on_track(self) -> int:
        return self.goals - self.achieved - self.failed - self.at_risk - self.behind

    def mean(self, hundredths: int) -> Decimal | None:
        """In percent; None without any target."""
        if not self.targets:
            return None
        return (Decimal(hundredths) / 100 / self.targets).quantize(_CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Seen:
    """A goal with running assignments."""

    figures: Figures
    lowest: Decimal | None  # the lowest target above 0
    firsts: Firsts  # of the last days


@dataclass(frozen=True, slots=True)
class Ranked:
    """A person or team with the mean attainment of the targets that run today."""

    id: UUID
    name: str
    attainment: Decimal  # percent, also beyond 100
    achieved: int
    goals: int


def by_goal(db: TenantSession, goals: Iterable[Row[Any]], *, first: date) -> dict[UUID, Seen]:
    """Of these active goals, rows of a plan, those that the actor sees run; `first`: of the days
    on which it is to be known whose windows began."""
    types = {row.id: row.type for row in goals}
    rows = db.execute(_figures(db, first))
    return {
        row.definition_id: _seen(row, types[row.definition_id], first)
        for row in rows
        if row.definition_id in types
    }


def best(
    db: TenantSession, goals: Iterable[Row[Any]], *, most: int
) -> tuple[list[Ranked], list[Ranked]]:
    """The people and the teams with the best mean attainment of the targets among these goals."""
    targets = [row for row in goals if row.type is GoalType.TARGET]
    wrong = [row.id for row in targets if row.sync_error is not None]
    sums = _sums(db, [row.id for row in targets], wrong).cte("sums")
    parts = (_best(sums, sums.c.user_id, User, most), _best(sums, sums.c.team_id, Team, most))
    found = union_all(*parts).subquery("best")
    rows = db.execute(select(found).order_by(found.c.place)).all()
    people = [_ranked(row) for row in rows if row.kind == "users"]
    return people, [_ranked(row) for row in rows if row.kind == "teams"]


def of_all(seen: Iterable[Figures]) -> Figures:
    """All together."""
    figures = list(seen)
    return Figures(*(sum(getattr(each, name) for each in figures) for name in Figures.__slots__))


def running(db: TenantSession, goals: Collection[UUID]) -> list[ColumnElement[bool]]:
    """What the actor sees run of these active goals."""
    return [*_all(db), _A.definition_id == func.any(ids_of(goals))]


def _all(db: TenantSession) -> list[ColumnElement[bool]]:
    """Of what is not active, too: which goals are is known, and need not be asked of each row."""
    return [standing_rules.current(db.actor.tenant), visibility.readable_assignments(db)]


def _figures(db: TenantSession, first: date) -> Select[*tuple[Any, ...]]:
    tenant = db.actor.tenant
    low = standing_rules.low(tenant)
    began = type_coerce(func.greatest(_A.period_start - literal(first), 0), Integer)
    bit = literal(1).op("<<")(began)
    return (
        select(
            _A.definition_id,
            func.count().label("goals"),
            func.count().filter(_A.status == AssignmentStatus.ACHIEVED).label("achieved"),
            func.count().filter(_A.status == AssignmentStatus.FAILED).label("failed"),
            func.count().filter(low).label("low"),
            func.count().filter(or_(low, standing_rules.slow(tenant))).label("late"),
            func.sum(_hundredths()).label("progress"),
            func.sum(standing_rules.expected(tenant)).label("expected"),
            func.min(func.nullif(_A.target_value, 0)).label("lowest"),
            *(func.bit_or(bit).filter(is_).label(f"began_{kind}") for kind, is_ in _WHOSE.items()),
        )
        .where(*_all(db))
        .group_by(_A.definition_id)
    )


def _hundredths() -> ColumnElement[int]:
    """Progress as a whole number, which adds up faster."""
    return cast(_A.progress_percentage * 100, Integer)


def _seen(row: Row[Any], type_: GoalType, first: date) -> Seen:
    is_target = type_ is GoalType.TARGET
    at_risk = 0 if type_ is GoalType.LIMIT else row.low
    figures = Figures(
        goals=row.goals,
        achieved=row.achieved,
        failed=row.failed,
        at_risk=at_risk,
        behind=row.late - at_risk if is_target else 0,
        targets=row.goals if is_target else 0,
        progress=row.progress if is_target else 0,
        expected=row.expected if is_target else 0,
    )
    began = {kind: getattr(row, f"began_{kind}") or 0 for kind in AssigneeType}
    return Seen(figures, row.lowest, {k: _days(bits, first) for k, bits in began.items() if bits})


def _days(bits: int, first: date) -> list[date]:
    return [first + timedelta(n) for n in range(bits.bit_length()) if bits >> n & 1]


def _sums(
    db: TenantSession, targets: Collection[UUID], wrong: Collection[UUID]
) -> Select[*tuple[Any, ...]]:
    """Of each assignee: the targets, those that are reached, and what they attain.

    What is on its way attains what its progress says, unless its goal could not be computed: to
    divide takes longer than to add up.
    """
    progress = _hundredths()
    is_plain = and_(
        _A.progress_percentage < 100, _A.current_value >= 0, _A.target_value > 0, ~_A.rearm
    )
    if wrong:
        is_plain = and_(is_plain, _A.definition_id != func.all(ids_of(wrong)))
    beyond = func.sum(standing_rules.attained() - progress).filter(~is_plain)
    return (
        select(
            _A.user_id,
            _A.team_id,
            func.count().label("targets"),
            func.count().filter(_A.status == AssignmentStatus.ACHIEVED).label("done"),
            (func.sum(progress) + func.coalesce(beyond, 0)).label("attained"),
        )
        .where(*running(db, targets), _A.assignee_type != AssigneeType.TENANT)
        .group_by(_A.user_id, _A.team_id)
    )


def _best(
    sums: CTE, whose: ColumnElement[UUID], table: type[User | Team], most: int
) -> Select[*tuple[Any, ...]]:
    """Names are looked up of the best alone."""
    attained = func.round(cast(sums.c.attained, Numeric) / 100 / sums.c.targets, 2)
    best = (
        select(whose.label("id"), sums.c.done, sums.c.targets, attained.label("attained"))
        .where(whose.is_not(None))
        .order_by(attained.desc())
        .fetch(most, with_ties=True)
        .subquery()
    )
    in_order = (best.c.attained.desc(), table.name, table.id)
    place = func.row_number().over(order_by=in_order).label("place")
    kind = literal(table.__tablename__).label("kind")
    return (
        select(kind, place, table.name, *best.c)
        .join(best, best.c.id == table.id)
        .order_by(place)
        .limit(most)
    )


def _ranked(row: Row[Any]) -> Ranked:
    return Ranked(row.id, row.name, row.attained, row.done, row.targets)
