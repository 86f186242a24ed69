"""Where a goal stood at a moment, by its records and by what its page said."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, func, select

from goals_core import clock
from goals_core.db import TenantSession
from goals_core.engine import scopes, standings, tracked
from goals_core.engine.plans import Plan, plan_of, subjects, what_a_plan_needs
from goals_core.engine.standings import Standing
from goals_core.errors import N_, invalid
from goals_core.kinds import AssignmentStatus, GoalType, Source
from goals_core.models.attainment import Evidence, attainment, judge
from goals_core.models.core import TenantRow
from goals_core.models.goals import Assignment, Definition, ProgressEntry
from goals_core.permissions import Permission, needs
from goals_core.sources import past, readings
from goals_core.sources.facts import Scope


@dataclass(frozen=True, slots=True)
class ByRecords:
    """What the records that there were make of a goal, by its rule and people of today."""

    value: Decimal | None  # None: there was nothing to make one of
    progress: Decimal  # percent, 0 to 100
    attainment: Decimal  # percent, also beyond
    status: AssignmentStatus
    left_out: int  # for want of an exchange rate


@dataclass(frozen=True, slots=True)
class AsOf:
    """A goal as it was at a moment."""

    at: datetime
    shown: Decimal | None  # what its page said; None: it was not assigned yet
    by_records: ByRecords | None  # None: not known, or cannot be computed
    known_since: datetime  # when the journal began


@needs(Permission.READ)
def as_of(db: TenantSession, assignment_id: UUID, *, at: datetime | None = None) -> AsOf:
    """The goal at a moment that has passed (None: now): by the records of then, and by its log.

    The two differ where records had changed and no sync had counted it yet, or where the window
    was closed. Memberships, rates, target and filter are those of today.
    """
    if at is not None and at > clock.now():
        raise invalid("at", N_("This moment has not come yet."))
    standing = standings.get(db, assignment_id)  # out of sight is not found
    is_by_hand = standing.source is Source.MANUAL  # its log was kept from the first
    since = _founded(db) if is_by_hand else tracked.journal_since(db)
    return AsOf(
        at=at or clock.now(),
        shown=_shown(db, assignment_id, at or tracked.NEVER),
        by_records=_by_records(db, standing, at) if at is None or at >= since else None,
        known_since=since,
    )


def _founded(db: TenantSession) -> datetime:
    return db.scalars(select(TenantRow.created_at).where(TenantRow.id == db.tenant_id)).one()


def _shown(db: TenantSession, assignment_id: UUID, at: datetime) -> Decimal | None:
    of_this = (ProgressEntry.assignment_id == assignment_id, ProgressEntry.logged_at <= at)
    last = select(ProgressEntry.new_value).where(*of_this)
    said = last.order_by(ProgressEntry.logged_at.desc()).limit(1).scalar_subquery()
    query = select(Assignment.created_at, func.coalesce(said, 0).label("said"))
    row = db.execute(query.where(Assignment.id == assignment_id)).one()
    return row.said if row.created_at <= at else None


def _by_records(db: TenantSession, standing: Standing, at: datetime | None) -> ByRecords | None:
    tenant = db.actor.tenant
    query = what_a_plan_needs().where(
        Definition.tenant_id == db.tenant_id, Definition.id == standing.definition_id
    )
    plan = plan_of(db.execute(query))
    if not plan.numbers:
        return None
    found = _evidence(db, plan, standing, at)
    window, day = standing.window, tracked.day_of(tenant, at)
    closed = window.is_closed(day, grace_days=tenant.grace_days) and not found.left_out
    judged = judge(standing.rule, found, window, closed=closed)
    return ByRecords(
        value=found.value,
        progress=judged.progress,
        attainment=_attainment(standing, found.value, judged.progress),
        status=judged.status,
        left_out=found.left_out,
    )


def _attainment(standing: Standing, value: Decimal | None, progress: Decimal) -> Decimal:
    if standing.type is GoalType.MAINTAIN or value is None:
        return progress
    return attainment(standing.rule, value)


def _evidence(db: TenantSession, plan: Plan, standing: Standing, at: datetime | None) -> Evidence:
    """The evidence of the statement that a computation uses, over the rows as they were."""
    tenant, day = db.actor.tenant, tracked.day_of(db.actor.tenant, at)
    who = subjects(tenant, plan, only=[standing.id], closed=True)
    whose = tracked.whose(db, standing)
    shapes = {number: {(standing.assignee_type, standing.window)} for number in plan.measures}
    scope = Scope(shapes, scopes.convertible(db, plan.measures.values()), whose.owners)
    read = readings.day_ends(who, plan.measures, scope, tenant=tenant, today=day)
    query = readings.evidence(who, read, today=day)
    if at is None:
        return _found(db, query)
    for measure in plan.measures.values():
        then = past.records_at(measure, whose, at, tenant=tenant)
        return _found(db, past.instead(query, measure.entity.table, then))
    return _found(db, past.instead(query, _log(), past.log_at(at, tenant=tenant)))


def _found(db: TenantSession, query: Select[Any]) -> Evidence:
    row = db.execute(query).one_or_none()
    if row is None:
        return Evidence(value=None)
    return Evidence(
        value=row.value,
        peak=row.peak,
        out_of_range=row.out_of_range,
        days_in_range=row.days_in_range,
        reached_on=row.reached_on,
        left_out=row.left_out,
    )


def _log() -> Table:
    table = ProgressEntry.__table__
    assert isinstance(table, Table)  # noqa: S101  (mypy: a mapped class has a real table)
    return table
