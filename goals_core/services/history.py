"""How values came about: the readings of a window, day by day, and what moved lately."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, and_, func, select

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine import glance, movers, standings
from goals_core.engine.movers import Move
from goals_core.engine.plans import Plan, active_ones, plan_of, subjects, what_a_plan_needs
from goals_core.kinds import Period
from goals_core.models.goals import Assignment, Definition
from goals_core.permissions import Permission, needs
from goals_core.sources import readings


@dataclass(frozen=True, slots=True)
class DayEnd:
    """The value at the end of a day on which something happened."""

    day: date
    value: Decimal


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
    since = db.actor.tenant.today - timedelta(days=days)
    plan = plan_of(db.execute(active_ones(db.tenant_id, period)))
    look = glance.look(db, since=since)
    seen = glance.by_goal(look, plan.definitions.values())
    return movers.of(look, plan, seen, most=most)


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
