"""How values came about: the readings of a window, day by day, and what moved lately."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine import glance, movers, scopes, standings
from goals_core.engine.locking import read_in_memory
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
    rows = db.execute(_visible(db, ids)).all()  # what is out of sight has no readings
    plan = _plan(db, {row.definition_id for row in rows})
    if not plan.numbers:
        return found
    tenant, scope = db.actor.tenant, scopes.of(db, plan, rows)
    who = subjects(tenant, plan, only=[row.id for row in rows], closed=True)
    read = readings.day_ends(who, plan.measures, scope, tenant=tenant, today=tenant.today)
    known = select(read).where(read.c.value.is_not(None))
    with read_in_memory(db):
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


def _visible(db: TenantSession, ids: Collection[UUID]) -> Select[*tuple[Any, ...]]:
    """Those of the assignments that the actor may see."""
    a = Assignment
    what = (a.id, a.definition_id, a.assignee_type, a.user_id, a.team_id)
    seen = standings.query(db).with_only_columns(
        *what, a.period_start, a.period_end, maintain_column_froms=True
    )
    return seen.where(a.id == func.any(ids_of(ids)))


def _plan(db: TenantSession, definition_ids: Collection[UUID]) -> Plan:
    """How these definitions are computed, whatever their status."""
    theirs = (Definition.tenant_id == db.tenant_id, Definition.id.in_(definition_ids))
    return plan_of(db.execute(what_a_plan_needs().where(*theirs)))
