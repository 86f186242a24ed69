"""Where assignments stand, computed anew: the one path for every caller.

Sync, a reading by hand, a changed target, an event: each locks definitions, then assignments, both
by id; computes all evidence in one statement; judges it by `models.attainment`; and has what
differs written with one statement per table (`changes`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, select

from goals_core import clock
from goals_core.actor import Tenant
from goals_core.checks import LARGEST
from goals_core.db import TenantSession
from goals_core.errors import N_
from goals_core.kinds import AssignmentStatus, GoalStatus, GoalType, Source
from goals_core.models.attainment import Evidence, Judgement, Rule, judge
from goals_core.models.goals import Assignment, Definition
from goals_core.models.risk import RiskRule
from goals_core.models.windows import Window
from goals_core.services import changes
from goals_core.services.changes import Change
from goals_core.services.plans import Plan, ids_of, plan_of, rule_of, subjects, what_a_plan_needs
from goals_core.sources import readings

TOO_LARGE = N_("The value is larger than can be stored.")
_NOTHING_READ = Evidence(value=None)


@dataclass(frozen=True, slots=True)
class GoalError:
    """A goal that could not be computed, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a computation looked at and what it changed."""

    checked: int
    updated: int
    achieved: int
    failed: int
    errors: tuple[GoalError, ...]


def recompute(
    db: TenantSession, *, only: Collection[UUID] | None = None, reference: str | None = None
) -> Outcome:
    """Compute all open assignments of active definitions, or `only` those ids; write what changed.

    `reference` is what the log names as the cause: the id of a sync run or of a record.
    """
    plan = plan_of(_lock_definitions(db, only))
    rows = _lock_assignments(db, plan, only)
    evidence = _evidence(db, plan, only) if rows else {}
    changed = [c for row in rows if (c := _judged(row, evidence, plan, db.actor.tenant))]
    changes.write(db, changed, reference=reference)
    _write_errors(db, plan)
    return _outcome(plan, len(rows), changed)


def _lock_definitions(db: TenantSession, only: Collection[UUID] | None) -> list[Row[Any]]:
    """Active definitions; nobody changes them until this transaction ends."""
    query = (
        what_a_plan_needs()
        .where(Definition.status == GoalStatus.ACTIVE)
        .order_by(Definition.id)
        .with_for_update(read=True)
    )
    if only is not None:
        of_these = select(Assignment.definition_id).where(Assignment.id == func.any(ids_of(only)))
        query = query.where(Definition.id.in_(of_these))
    return list(db.execute(query))


def _lock_assignments(
    db: TenantSession, plan: Plan, only: Collection[UUID] | None
) -> list[Row[Any]]:
    """What is open and has begun, in the order of ids: two computations never cross."""
    query = (
        select(
            Assignment.id,
            Assignment.definition_id,
            Assignment.target_value,
            Assignment.rearm,
            Assignment.at_risk_since,
            Assignment.created_at,
            Assignment.current_value,
            Assignment.progress_percentage,
            Assignment.status,
            Assignment.achieved_at,
            Assignment.last_updated_at,
            Assignment.period_start,
            Assignment.period_end,
        )
        .where(
            Assignment.definition_id == func.any(ids_of(plan.numbers)),
            Assignment.closed_at.is_(None),
            Assignment.status != AssignmentStatus.CANCELLED,
            Assignment.period_start <= db.actor.tenant.today,
        )
        .order_by(Assignment.id)
        .with_for_update(key_share=True)
    )
    if only is not None:
        query = query.where(Assignment.id == func.any(ids_of(only)))
    return list(db.execute(query))


def _evidence(db: TenantSession, plan: Plan, only: Collection[UUID] | None) -> dict[UUID, Evidence]:
    tenant, today = db.actor.tenant, db.actor.tenant.today
    who = subjects(db, plan, only=only)
    read = readings.day_ends(who, plan.measures, tenant=tenant, today=today)
    found = db.execute(readings.evidence(who, read, today=today))
    return {
        row.id: Evidence(
            value=row.value,
            peak=row.peak,
            out_of_range=row.out_of_range,
            days_in_range=row.days_in_range,
            reached_on=row.reached_on,
        )
        for row in found
    }


def _judged(
    row: Row[Any], evidence: dict[UUID, Evidence], plan: Plan, tenant: Tenant
) -> Change | None:
    """The row's new state, None when nothing of it differs."""
    definition = plan.definitions[row.definition_id]
    found = evidence.get(row.id, _NOTHING_READ)
    if found.value is not None and abs(found.value) > LARGEST:
        plan.errors[row.definition_id] = TOO_LARGE
        return None
    if found.value is None and row.last_updated_at is not None:
        # an average of nothing leaves the value that was there
        found = Evidence(value=row.current_value, peak=row.current_value)
    rule = rule_of(definition, row.target_value)
    window = Window(row.period_start, row.period_end)
    closed = window.is_closed(tenant.today, grace_days=tenant.grace_days)
    judgement = judge(rule, found, window, closed=closed)
    at_risk = not closed and _is_at_risk(rule, judgement, window, tenant)
    before = (row.current_value, row.progress_percentage, row.status, row.at_risk_since is not None)
    value = row.current_value if found.value is None else found.value
    after = (value, judgement.progress, judgement.status, at_risk)
    if before == after and not closed and not row.rearm:
        return None
    return Change(
        id=row.id,
        previous=row.current_value,
        value=value,
        progress=judgement.progress,
        had_progress=row.progress_percentage,
        status=judgement.status,
        was=row.status,
        achieved_at=_achieved_at(row, rule, found, judgement.status, tenant),
        closed=closed,
        at_risk=at_risk,
        at_risk_since=row.at_risk_since,
        rearm=row.rearm,
        silent=closed and _was_closed(window, row.created_at, tenant),
        last_updated_at=row.last_updated_at,
        is_automatic=definition.source is not Source.MANUAL,
        milestones=definition.milestones,
    )


def _is_at_risk(rule: Rule, judgement: Judgement, window: Window, tenant: Tenant) -> bool:
    risk = RiskRule(tenant.risk_progress_below, tenant.risk_time_left)
    is_open = judgement.status is AssignmentStatus.ACTIVE
    return is_open and risk.flags(rule.type, judgement.progress, window, tenant.today)


def _was_closed(window: Window, at: datetime, tenant: Tenant) -> bool:
    """Whether the window was closed already when it was assigned."""
    day = at.astimezone(ZoneInfo(tenant.timezone)).date()
    return window.is_closed(day, grace_days=tenant.grace_days)


def _achieved_at(
    row: Row[Any], rule: Rule, found: Evidence, status: AssignmentStatus, tenant: Tenant
) -> datetime | None:
    """When it was achieved: the day says when, not the sync that noticed."""
    if status is not AssignmentStatus.ACHIEVED:
        return None
    if row.status is AssignmentStatus.ACHIEVED and row.achieved_at is not None:
        return row.achieved_at  # type: ignore[no-any-return]
    day = found.reached_on if rule.type is GoalType.TARGET else row.period_end
    return min(clock.now(), _end_of(day or row.period_end, tenant))


def _end_of(day: date, tenant: Tenant) -> datetime:
    return datetime.combine(day, time.max, ZoneInfo(tenant.timezone))


def _write_errors(db: TenantSession, plan: Plan) -> None:
    """Show on each definition why it could not be computed, or that it could again."""
    for id_, row in plan.definitions.items():
        if row.sync_error != plan.errors.get(id_):
            changes.set_sync_error(db, id_, plan.errors.get(id_))


def _outcome(plan: Plan, checked: int, changed: list[Change]) -> Outcome:
    names = {id_: row.name for id_, row in plan.definitions.items()}
    became = [change.status for change in changed if change.status is not change.was]
    return Outcome(
        checked=checked,
        updated=len(changed),
        achieved=became.count(AssignmentStatus.ACHIEVED),
        failed=became.count(AssignmentStatus.FAILED),
        errors=tuple(GoalError(names[id_], reason) for id_, reason in plan.errors.items()),
    )
