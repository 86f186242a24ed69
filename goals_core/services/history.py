"""How values came about: the readings of a window, day by day, and what moved lately."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, and_, func, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine import standing_rules, standings
from goals_core.engine.plans import Plan, plan_of, subjects, what_a_plan_needs
from goals_core.engine.standings import Standing
from goals_core.kinds import Period
from goals_core.models.goals import Assignment, Definition
from goals_core.permissions import Permission, needs
from goals_core.sources import readings


@dataclass(frozen=True, slots=True)
class DayEnd:
    """The value at the end of a day on which something happened."""

    day: date
    value: Decimal


@dataclass(frozen=True, slots=True)
class Move:
    """A goal whose value differs from the one some days ago."""

    standing: Standing
    before: Decimal

    @property
    def change(self) -> Decimal:
        return self.standing.value - self.before


@needs(Permission.READ)
def series(db: TenantSession, ids: Collection[UUID]) -> dict[UUID, list[DayEnd]]:
    """The day-end values of assignments, oldest first; one statement for all of them."""
    found: dict[UUID, list[DayEnd]] = {id_: [] for id_ in ids}
    seen = _visible(db).where(Assignment.id == func.any(ids_of(ids)))
    ids = list(db.scalars(seen))  # what is out of sight has no readings
    plan = _plan(db, ids)
    if not plan.numbers:
        return found
    who = subjects(db.actor.tenant, plan, only=ids, closed=True)
    today = db.actor.tenant.today
    read = readings.day_ends(who, plan.measures, tenant=db.actor.tenant, today=today)
    known = select(read).where(read.c.value.is_not(None))
    for row in db.execute(known.order_by(read.c.subject, read.c.day)):
        found[row.subject].append(DayEnd(row.day, row.value))
    return found


@needs(Permission.READ)
def moves(
    db: TenantSession, *, period: Period | None = None, days: int = 7, most: int = 8
) -> list[Move]:
    """The running goals (of one period, if given) that moved most, as a share of their target."""
    tenant = db.actor.tenant
    of_period = true() if period is None else Definition.period == period
    ids = list(db.scalars(_visible(db).where(standing_rules.running(tenant), of_period)))
    plan = _plan(db, ids)
    if not plan.numbers:
        return []
    who = subjects(db.actor.tenant, plan, only=ids)
    read = readings.day_ends(who, plan.measures, tenant=tenant, today=tenant.today)
    since = tenant.today - timedelta(days=days)
    in_order = aggregate_order_by(read.c.value, read.c.day.desc())
    before = func.coalesce(func.array_agg(in_order).filter(read.c.day <= since)[1], 0)
    now = func.array_agg(in_order)[1]
    moved = (
        select(read.c.subject, before.label("before"))
        .join(who, who.c.id == read.c.subject)
        .group_by(read.c.subject, who.c.target)
        .having(now != before)
        .order_by((func.abs(now - before) / func.nullif(who.c.target, 0)).desc().nulls_last())
        .limit(most)
    )
    earlier: dict[UUID, Decimal] = {row.subject: row.before for row in db.execute(moved)}
    found = standings.all_of(
        db, standings.query(db).where(Assignment.id == func.any(ids_of(earlier)))
    )
    by_id = {standing.id: standing for standing in found}
    return [Move(by_id[id_], value) for id_, value in earlier.items()]


def _visible(db: TenantSession) -> Select[UUID]:
    """The ids of the assignments that the actor may see."""
    return standings.query(db).with_only_columns(Assignment.id, maintain_column_froms=True)


def _plan(db: TenantSession, ids: Collection[UUID]) -> Plan:
    """How the definitions of these visible assignments are computed, whatever their status."""
    of_these: Select[UUID] = (
        standings.query(db)
        .where(Assignment.id == func.any(ids_of(ids)))
        .with_only_columns(Assignment.definition_id, maintain_column_froms=True)
    )
    return plan_of(db.execute(what_a_plan_needs().where(and_(Definition.id.in_(of_these)))))
