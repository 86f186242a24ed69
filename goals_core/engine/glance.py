"""What runs today at a glance: each goal's figures in one pass, and whose targets stand best.

Units are never added up: what is added are counts and percentages. What only the definition says,
such as that a limit is never at risk, is made of a goal's figures and not asked of every row.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)

from goals_core.actor import Tenant
from goals_core.arrays import Ids
from goals_core.db import TenantSession
from goals_core.engine import standing_rules, visibility
from goals_core.engine.visibility import Assignees
from goals_core.kinds import AssigneeType, AssignmentStatus, GoalType
from goals_core.models.core import Team, User
from goals_core.models.goals import Assignment
from goals_core.models.risk import RiskRule, pace
from goals_core.models.windows import Window

_A = Assignment
_CENT, _NOTHING = Decimal("0.01"), Decimal(0)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the running assignments of a goal come to, or those of all goals."""

    goals: int = 0
    achieved: int = 0
    failed: int = 0
    at_risk: int = 0
    behind: int = 0
    targets: int = 0
    progress: Decimal = _NOTHING  # percent of the targets, added up
    expected: Decimal = _NOTHING  # by their pace

    @property
    def on_track(self) -> int:
        return self.goals - self.achieved - self.failed - self.at_risk - self.behind

    def mean(self, percent: Decimal) -> Decimal | None:
        """Of a sum of the targets; None without any."""
        return (percent / self.targets).quantize(_CENT, ROUND_HALF_UP) if self.targets else None


@dataclass(frozen=True, slots=True)
class Seen:
    """A goal with running assignments."""

    figures: Figures
    lowest: Mapping[AssigneeType, Decimal | None]  # target above 0 of those who have the goal
    firsts: Sequence[date]  # the last days on which windows began; the first one: or before it


@dataclass(frozen=True, slots=True)
class Ranked:
    """A person or team with the mean attainment of the targets that run today."""

    id: UUID
    name: str
    attainment: Decimal  # percent, also beyond 100
    achieved: int
    goals: int


@dataclass(frozen=True, slots=True)
class View:
    """What the statements of an overview are made of; making one takes as long as it runs."""

    tenant: Tenant
    today: date
    first: date  # of the last days, of which it is to be known what they brought
    sees_all: bool

    def running(self) -> ColumnElement[bool]:
        """What runs, also of goals that are not active: which are is known before."""
        current = standing_rules.current(self.tenant)
        return current if self.sees_all else and_(current, Assignees.assignments())

    def running_of(self) -> ColumnElement[bool]:
        """What runs of `goals`."""
        return and_(self.running(), _A.definition_id == func.any(bindparam("goals", type_=Ids())))


@dataclass(frozen=True, slots=True)
class Look:
    """An actor's look at what runs today."""

    db: TenantSession
    whose: Assignees | None  # None: everybody's
    view: View

    def ask(
        self, statement: Select[*tuple[Any, ...]], **bound: object
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """Run one that a view has made."""
        whose = {} if self.whose is None else self.whose.bound()
        return self.db.execute(statement, whose | bound).all()


def look(db: TenantSession, *, since: date) -> Look:
    """`since`: the day at whose end the last days begin."""
    whose, tenant = visibility.readable_assignees(db), db.actor.tenant
    return Look(db, whose, View(tenant, tenant.today, since + timedelta(days=1), whose is None))


def by_goal(look: Look, goals: Iterable[Row[Any]]) -> dict[UUID, Seen]:
    """Of these active goals, rows of a plan, those that run."""
    types = {row.id: row.type for row in goals}
    windows: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in look.ask(_figures(look.view)):
        if row.definition_id in types:
            windows[row.definition_id].append(row)
    return {id_: _seen(rows, types[id_], look.view) for id_, rows in windows.items()}


def best(look: Look, goals: Iterable[Row[Any]], *, most: int) -> tuple[list[Ranked], list[Ranked]]:
    """The people and the teams with the best mean attainment of the targets among these goals."""
    targets = [row for row in goals if row.type is GoalType.TARGET]
    rows = look.ask(
        _leaders(look.view, most),
        goals=[row.id for row in targets],
        wrong=[row.id for row in targets if row.sync_error is not None],
    )
    people = [_ranked(row) for row in rows if row.kind == "users"]
    return people, [_ranked(row) for row in rows if row.kind == "teams"]


def of_all(seen: Iterable[Figures]) -> Figures:
    """All together."""
    figures = list(seen)
    return Figures(*(sum(getattr(each, name) for each in figures) for name in Figures.__slots__))


@lru_cache(maxsize=256)
def _figures(view: View) -> Select[*tuple[Any, ...]]:
    """Of each goal, kind of assignees and window, which is what their pace and risk depend on."""
    group = (_A.definition_id, _A.assignee_type, _A.period_start, _A.period_end)
    return (
        select(
            *group,
            func.count().label("goals"),
            func.count().filter(_A.status == AssignmentStatus.ACHIEVED).label("achieved"),
            func.count().filter(_A.status == AssignmentStatus.FAILED).label("failed"),
            func.count().filter(standing_rules.low(view.tenant)).label("low"),
            func.count().filter(standing_rules.slow(view.tenant)).label("slow"),
            func.sum(_A.progress_percentage).label("progress"),
            func.min(func.nullif(_A.target_value, 0)).label("lowest"),
        )
        .where(view.running())
        .group_by(*group)
    )


def _seen(windows: Sequence[Row[Any]], type_: GoalType, view: View) -> Seen:
    lowest: dict[AssigneeType, Decimal | None] = {}
    for row in windows:
        both = (row.lowest, lowest.get(row.assignee_type))
        lowest[row.assignee_type] = min(filter(None, both), default=None)
    firsts = {max(row.period_start, view.first) for row in windows}
    return Seen(of_all(_of_window(row, type_, view) for row in windows), lowest, sorted(firsts))


def _of_window(row: Row[Any], type_: GoalType, view: View) -> Figures:
    """What is at risk is not counted as behind: of those below one percentage and those below
    another the ones are among the others."""
    window = Window(row.period_start, row.period_end)
    risk = RiskRule(view.tenant.risk_progress_below, view.tenant.risk_time_left)
    at_risk = row.low if risk.is_time_short(type_, window, view.today) else 0
    counted = (row.goals, row.achieved, row.failed, at_risk)
    if type_ is not GoalType.TARGET:
        return Figures(*counted)
    expected = pace(_NOTHING, window, view.today).expected_percent * row.goals
    return Figures(*counted, max(row.slow - at_risk, 0), row.goals, row.progress, expected)


@lru_cache(maxsize=256)
def _leaders(view: View, most: int) -> Select[*tuple[Any, ...]]:
    sums = _sums(view).cte("sums")
    parts = (_best(sums, sums.c.user_id, User, most), _best(sums, sums.c.team_id, Team, most))
    found = union_all(*parts).subquery("best")
    return select(found).order_by(found.c.place)


def _sums(view: View) -> Select[*tuple[Any, ...]]:
    """Of each assignee: the targets, those that are reached, and what they attain.

    What is on its way attains what its progress says, unless its goal could not be computed: to
    divide takes longer than to add up.
    """
    progress = _A.progress_percentage
    is_wrong = _A.definition_id == func.any(bindparam("wrong", type_=Ids()))
    attained = case(
        (or_(progress == 0, progress == 100, _A.rearm, is_wrong), standing_rules.attained()),
        else_=progress,
    )
    return (
        select(
            _A.user_id,
            _A.team_id,
            func.count().label("targets"),
            func.count().filter(_A.status == AssignmentStatus.ACHIEVED).label("done"),
            func.sum(attained).label("attained"),
        )
        .where(view.running_of(), _A.assignee_type != AssigneeType.TENANT)
        .group_by(_A.user_id, _A.team_id)
    )


def _best(
    sums: CTE, whose: ColumnElement[UUID], table: type[User | Team], most: int
) -> Select[*tuple[Any, ...]]:
    """Names are looked up of the best alone."""
    attained = func.round(sums.c.attained / sums.c.targets, 2)
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
