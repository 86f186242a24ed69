"""Which records goals can be made of: whose, of which days, and whether any can be converted."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine.plans import Plan
from goals_core.kinds import AssigneeType
from goals_core.models.core import TeamMember
from goals_core.models.windows import Window
from goals_core.sources import amounts
from goals_core.sources.facts import Owners, Scope, Shape, Shapes
from goals_core.sources.measures import Measure

MOST_OWNERS = 2_000  # whose records are looked up one by one; of more, everybody's are read


def of(
    db: TenantSession,
    plan: Plan,
    rows: Sequence[Row[*tuple[Any, ...]]],
    *,
    everyones: bool = False,
) -> Scope:
    """Of these assignments, as far as the plan computes them from records; `everyones`: of all."""
    shapes = shapes_of(plan, rows)
    if not shapes:
        return Scope({})
    owners = None if everyones else owners_of(db, rows)
    return Scope(shapes, convertible(db, plan.measures.values()), owners)


def shapes_of(plan: Plan, rows: Iterable[Row[*tuple[Any, ...]]]) -> Shapes:
    """The kinds of assignees and the windows that each measure has among these rows."""
    shapes: dict[int, set[Shape]] = defaultdict(set)
    for row in rows:
        if (number := plan.numbers.get(row.definition_id)) in plan.measures:
            window = Window(row.period_start, row.period_end)
            shapes[number].add((row.assignee_type, window))
    return shapes


def convertible(db: TenantSession, measures: Iterable[Measure]) -> set[str]:
    """The currencies into which there are exchange rates; not asked for where there is no money."""
    if all(measure.currency is None for measure in measures):
        return set()
    return set(db.scalars(amounts.currencies_with_rates(db.actor.tenant)))


def has_rates(db: TenantSession, measure: Measure) -> bool:
    """Whether any record can be converted into what the measure counts."""
    return measure.currency in convertible(db, [measure])


def owners_of(db: TenantSession, rows: Sequence[Row[*tuple[Any, ...]]]) -> Owners:
    """Whose records these assignments can be made of; None: everyone's."""
    if any(row.assignee_type is AssigneeType.TENANT for row in rows):
        return None
    people = {row.user_id for row in rows if row.user_id is not None}
    teams = {row.team_id for row in rows if row.team_id is not None}
    return owners_among(db, people, teams)


def owners_among(db: TenantSession, people: Iterable[UUID], teams: Collection[UUID]) -> Owners:
    """The people, and whoever was ever in one of the teams; None: they are too many to name."""
    found = set(people)
    if teams:
        members = select(TeamMember.user_id).where(TeamMember.team_id == func.any(ids_of(teams)))
        found |= set(db.scalars(members))
    return found if len(found) <= MOST_OWNERS else None
