"""The evidence of assignments, by as little reading as their rule needs.

A target is judged by its total alone, and by the days only once it is reached, to say since when.
A limit, and a value to be maintained, are judged by the value at every day's end.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
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
from goals_core.engine import scopes
from goals_core.engine.plans import Plan, subjects
from goals_core.kinds import GoalType
from goals_core.models.attainment import Evidence
from goals_core.sources import readings, sums
from goals_core.sources.facts import Scope

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
    scope = scopes.of(db, tracked, rows, everyones=only is None)
    if scope.shapes:
        planned = sums.passes(tracked.measures, scope)
        tenant, today = db.actor.tenant, today or db.actor.tenant.today
        if sums.are_few(planned):
            who = subjects(tenant, tracked, only=only)
            query = sums.totals(who, planned, scope, tenant=tenant, today=today)
        else:
            query = _totals(tenant, today, tracked, only, scope)
        rows_read += db.execute(query)
    return {row.id: Evidence(value=row.value, left_out=row.left_out) for row in rows_read}


def _is_newly_reached(row: Row[*tuple[Any, ...]], value: Decimal | None) -> bool:
    return value is not None and value >= row.target_value and row.achieved_at is None


def _by_day(
    db: TenantSession,
    plan: Plan,
    rows: Sequence[Row[*tuple[Any, ...]]],
    only: Collection[UUID] | None,
) -> dict[UUID, Evidence]:
    scope = scopes.of(db, plan, rows, everyones=only is None)
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
