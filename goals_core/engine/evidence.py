"""The evidence of assignments, by as little reading as their rule needs.

A target is judged by its total alone, and by the days only once it is reached, to say since when.
A limit, and a value to be maintained, are judged by the value at every day's end.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select

from goals_core.actor import Tenant
from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine.plans import Plan, subjects
from goals_core.kinds import AssigneeType, GoalType
from goals_core.models.attainment import Evidence
from goals_core.models.core import TeamMember
from goals_core.models.windows import Window
from goals_core.sources import amounts, readings, sums
from goals_core.sources.facts import Owners
from goals_core.sources.sums import Shape, Shapes

MOST_OWNERS = 2_000  # whose records are looked up one by one; of more, everybody's are read
NOTHING_READ = Evidence(value=None)
_NOTHING_KNOWN: Mapping[UUID, Evidence] = MappingProxyType({})


def of(
    db: TenantSession,
    plan: Plan,
    rows: Sequence[Row[*tuple[Any, ...]]],
    only: Collection[UUID] | None,
    *,
    known: Mapping[UUID, Evidence] = _NOTHING_KNOWN,
) -> dict[UUID, Evidence]:
    """What the readings of these rows say; `only`: of these assignments.

    Targets of which the total is `known` are read only to say since when they are reached.
    """
    aims, others = plan.parted(lambda row: row.type is GoalType.TARGET)
    unread = [row for row in rows if row.definition_id in others.numbers]
    found = _by_day(db, others, unread, only) if unread else {}
    aimed = [row for row in rows if row.definition_id in aims.numbers]
    if unknown := [row for row in aimed if row.id not in known]:
        which = [row.id for row in unknown] if known else only
        known = {**known, **totals(db, aims, unknown, which)}
    found |= {row.id: known.get(row.id, NOTHING_READ) for row in aimed}
    if reached := [row for row in aimed if _is_newly_reached(row, found[row.id].value)]:
        days = _by_day(db, aims, reached, [row.id for row in reached])
        found |= {id_: replace(found[id_], reached_on=days[id_].reached_on) for id_ in days}
    return found


def totals(
    db: TenantSession,
    aims: Plan,
    rows: Sequence[Row[*tuple[Any, ...]]],
    only: Collection[UUID] | None,
    *,
    today: date | None = None,
) -> dict[UUID, Evidence]:
    """What the windows of targets come to: by hand from the log, others in as few passes as do."""
    by_hand, tracked = aims.parted_by_hand()
    rows_read: list[Row[Any]] = []
    if by_hand.numbers:
        rows_read += _read(db, by_hand, only, None, _totals)
    if shapes := shapes_of(tracked, rows):
        planned = sums.passes(tracked.measures, shapes)
        tenant, today = db.actor.tenant, today or db.actor.tenant.today
        owners = _owners(db, rows, only)
        if sums.are_few(planned):
            query = sums.totals(
                subjects(tenant, tracked, only=only),
                planned,
                tenant=tenant,
                today=today,
                convertible=convertible(db, tracked),
                owners=owners,
            )
        else:
            query = _totals(tenant, today, tracked, only, owners)
        rows_read += db.execute(query)
    return {row.id: Evidence(value=row.value, left_out=row.left_out) for row in rows_read}


def convertible(db: TenantSession, plan: Plan) -> set[str]:
    """The currencies into which there are exchange rates; not asked for where there is no money."""
    if all(measure.currency is None for measure in plan.measures.values()):
        return set()
    return set(db.scalars(amounts.currencies_with_rates(db.actor.tenant)))


def shapes_of(plan: Plan, rows: Iterable[Row[*tuple[Any, ...]]]) -> Shapes:
    """The kinds of assignees and the windows that each measure has among these rows."""
    shapes: dict[int, set[Shape]] = defaultdict(set)
    for row in rows:
        if (number := plan.numbers.get(row.definition_id)) is not None:
            window = Window(row.period_start, row.period_end)
            shapes[number].add((row.assignee_type, window))
    return shapes


def _owners(
    db: TenantSession, rows: Sequence[Row[*tuple[Any, ...]]], only: Collection[UUID] | None
) -> Owners:
    """Whose records these assignments can be made of: their people, whoever was in their teams."""
    if only is None or any(row.assignee_type is AssigneeType.TENANT for row in rows):
        return None
    owners = {row.user_id for row in rows if row.user_id is not None}
    if teams := {row.team_id for row in rows if row.team_id is not None}:
        members = select(TeamMember.user_id).where(TeamMember.team_id == func.any(ids_of(teams)))
        owners |= set(db.scalars(members))
    return owners if len(owners) <= MOST_OWNERS else None


def _is_newly_reached(row: Row[*tuple[Any, ...]], value: Decimal | None) -> bool:
    return value is not None and value >= row.target_value and row.achieved_at is None


def _by_day(
    db: TenantSession,
    plan: Plan,
    rows: Sequence[Row[*tuple[Any, ...]]],
    only: Collection[UUID] | None,
) -> dict[UUID, Evidence]:
    owners = _owners(db, rows, only) if plan.measures else None
    return {
        row.id: Evidence(
            value=row.value,
            peak=row.peak,
            out_of_range=row.out_of_range,
            days_in_range=row.days_in_range,
            reached_on=row.reached_on,
            left_out=row.left_out,
        )
        for row in _read(db, plan, only, owners, _day_ends)
    }


Reading = Callable[[Tenant, date, Plan, Collection[UUID] | None, Owners], Select[Any]]


def _read(
    db: TenantSession,
    plan: Plan,
    only: Collection[UUID] | None,
    owners: Owners,
    reading: Reading,
) -> Sequence[Row[Any]]:
    tenant, today = db.actor.tenant, db.actor.tenant.today
    if only is None or plan.measures:
        return db.execute(reading(tenant, today, plan, only, owners)).all()
    which = {
        "definition_ids": list(plan.numbers),
        "measure_numbers": list(plan.numbers.values()),
        "only_ids": list(only),
    }
    return db.execute(_by_hand(tenant, today, reading), which).all()


@lru_cache(maxsize=256)
def _by_hand(tenant: Tenant, today: date, reading: Reading) -> Select[Any]:
    """Of goals by hand it is always the same one; making it takes longer than running it."""
    return reading(tenant, today, Plan({}), (), None)


def _totals(
    tenant: Tenant, today: date, plan: Plan, only: Collection[UUID] | None, owners: Owners
) -> Select[Any]:
    who = subjects(tenant, plan, only=only)
    return readings.totals(who, plan.measures, tenant=tenant, today=today, owners=owners)


def _day_ends(
    tenant: Tenant, today: date, plan: Plan, only: Collection[UUID] | None, owners: Owners
) -> Select[Any]:
    who = subjects(tenant, plan, only=only)
    read = readings.day_ends(who, plan.measures, tenant=tenant, today=today, owners=owners)
    return readings.evidence(who, read, today=today)
