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

from sqlalchemy import Row, Select

from goals_core.actor import Tenant
from goals_core.db import TenantSession
from goals_core.engine import owners
from goals_core.engine.plans import Plan, subjects
from goals_core.kinds import GoalType
from goals_core.models.attainment import Evidence
from goals_core.models.windows import Window
from goals_core.sources import amounts, readings, sums
from goals_core.sources.facts import Owners, Scope, Shape, Shapes
from goals_core.sources.measures import Measure

NOTHING_READ = Evidence(value=None)
_NO_RECORDS = Scope({})
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
        rows_read += _read(db, by_hand, only, _NO_RECORDS, _totals)
    if shapes := shapes_of(tracked, rows):
        planned = sums.passes(tracked.measures, shapes)
        tenant, today = db.actor.tenant, today or db.actor.tenant.today
        scope = Scope(shapes, _owners(db, rows, only))
        if sums.are_few(planned):
            query = sums.totals(
                subjects(tenant, tracked, only=only),
                planned,
                tenant=tenant,
                today=today,
                convertible=convertible(db, tracked.measures.values()),
                owners=scope.owners,
            )
        else:
            query = _totals(tenant, today, tracked, only, scope)
        rows_read += db.execute(query)
    return {row.id: Evidence(value=row.value, left_out=row.left_out) for row in rows_read}


def convertible(db: TenantSession, measures: Iterable[Measure]) -> set[str]:
    """The currencies into which there are exchange rates; not asked for where there is no money."""
    if all(measure.currency is None for measure in measures):
        return set()
    return set(db.scalars(amounts.currencies_with_rates(db.actor.tenant)))


def shapes_of(plan: Plan, rows: Iterable[Row[*tuple[Any, ...]]]) -> Shapes:
    """The kinds of assignees and the windows that each measure has among these rows."""
    shapes: dict[int, set[Shape]] = defaultdict(set)
    for row in rows:
        if (number := plan.numbers.get(row.definition_id)) in plan.measures:
            window = Window(row.period_start, row.period_end)
            shapes[number].add((row.assignee_type, window))
    return shapes


def _owners(
    db: TenantSession, rows: Sequence[Row[*tuple[Any, ...]]], only: Collection[UUID] | None
) -> Owners:
    return None if only is None else owners.of(db, rows)


def _is_newly_reached(row: Row[*tuple[Any, ...]], value: Decimal | None) -> bool:
    return value is not None and value >= row.target_value and row.achieved_at is None


def _by_day(
    db: TenantSession,
    plan: Plan,
    rows: Sequence[Row[*tuple[Any, ...]]],
    only: Collection[UUID] | None,
) -> dict[UUID, Evidence]:
    scope = Scope(shapes_of(plan, rows), _owners(db, rows, only)) if plan.measures else _NO_RECORDS
    return {
        row.id: Evidence(
            value=row.value,
            peak=row.peak,
            out_of_range=row.out_of_range,
            days_in_range=row.days_in_range,
            reached_on=row.reached_on,
            left_out=row.left_out,
        )
        for row in _read(db, plan, only, scope, _day_ends)
    }


Reading = Callable[[Tenant, date, Plan, Collection[UUID] | None, Scope], Select[Any]]


def _read(
    db: TenantSession,
    plan: Plan,
    only: Collection[UUID] | None,
    scope: Scope,
    reading: Reading,
) -> Sequence[Row[Any]]:
    tenant, today = db.actor.tenant, db.actor.tenant.today
    if only is None or plan.measures:
        return db.execute(reading(tenant, today, plan, only, scope)).all()
    which = {
        "definition_ids": list(plan.numbers),
        "measure_numbers": list(plan.numbers.values()),
        "only_ids": list(only),
    }
    return db.execute(_by_hand(tenant, today, reading), which).all()


@lru_cache(maxsize=256)
def _by_hand(tenant: Tenant, today: date, reading: Reading) -> Select[Any]:
    """Of goals by hand it is always the same one; making it takes longer than running it."""
    return reading(tenant, today, Plan({}), (), _NO_RECORDS)


def _totals(
    tenant: Tenant, today: date, plan: Plan, only: Collection[UUID] | None, scope: Scope
) -> Select[Any]:
    who = subjects(tenant, plan, only=only)
    return readings.totals(who, plan.measures, scope, tenant=tenant, today=today)


def _day_ends(
    tenant: Tenant, today: date, plan: Plan, only: Collection[UUID] | None, scope: Scope
) -> Select[Any]:
    who = subjects(tenant, plan, only=only)
    read = readings.day_ends(who, plan.measures, scope, tenant=tenant, today=today)
    return readings.evidence(who, read, today=today)
