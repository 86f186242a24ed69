"""Where assignments stand, computed anew: the one path for every caller.

Sync, a reading by hand, a changed target, an event: each locks definitions, then assignments, both
by id; computes all evidence in one statement; judges it by `models.attainment`; and has what
differs written with one statement per table (`changes`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Row, Uuid, bindparam, func, select, text

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
from goals_core.services import changes, evidence
from goals_core.services.arrays import Ids
from goals_core.services.changes import Change
from goals_core.services.evidence import NOTHING_READ
from goals_core.services.plans import Plan, plan_of, rule_of, what_a_plan_needs

_A, _D = Assignment.__table__.c, Definition.__table__.c
_TENANT = bindparam("tenant_id", type_=Uuid)
_ONLY = _A.id == func.any(bindparam("only", type_=Ids()))

# Nobody changes the definitions until the transaction ends.
_LOCKED = (
    what_a_plan_needs().where(_D.tenant_id == _TENANT).order_by(_D.id).with_for_update(read=True)
)
_DEFINITIONS = _LOCKED.where(_D.status == GoalStatus.ACTIVE)
# Of some assignments the others too: while one is looked at, none becomes active.
_THEIR_DEFINITIONS = _LOCKED.where(
    _D.id.in_(select(_A.definition_id).where(_A.tenant_id == _TENANT, _ONLY))
)
COLUMNS = (
    _A.id,
    _A.definition_id,
    _A.target_value,
    _A.rearm,
    _A.at_risk_since,
    _A.created_at,
    _A.current_value,
    _A.progress_percentage,
    _A.status,
    _A.achieved_at,
    _A.last_updated_at,
    _A.closed_at,
    _A.period_start,
    _A.period_end,
)
"""What a computation needs of an assignment."""
# What is open and has begun, in the order of ids: two computations never cross.
_ASSIGNMENTS = (
    select(*COLUMNS)
    .where(
        _A.tenant_id == _TENANT,
        _A.definition_id == func.any(bindparam("definitions", type_=Ids())),
        _A.closed_at.is_(None),
        _A.status != AssignmentStatus.CANCELLED,
        _A.period_start <= bindparam("today", type_=Date),
    )
    .order_by(_A.id)
    .with_for_update(key_share=True)
)
_THESE_ASSIGNMENTS = _ASSIGNMENTS.where(_ONLY)

# A plan that was made for few rows, and kept, takes a second for what another does in no time.
_PLAN_ANEW = text("SET LOCAL plan_cache_mode = force_custom_plan")
_NOTHING = Decimal(0)
TOO_LARGE = N_("The value is larger than can be stored.")


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
    closed: int
    errors: tuple[GoalError, ...]


@dataclass(frozen=True, slots=True)
class _Day:
    """When a computation judges, and by which of the tenant's rules."""

    now: datetime
    today: date
    zone: ZoneInfo
    grace_days: int
    risk: RiskRule


@dataclass(frozen=True, slots=True)
class Locked:
    """What is to be computed; nobody else changes it until the transaction ends."""

    plan: Plan
    rows: Sequence[Row[*tuple[Any, ...]]]
    only: Collection[UUID] | None


def recompute(
    db: TenantSession, *, only: Collection[UUID] | None = None, reference: str | None = None
) -> Outcome:
    """Compute all open assignments of active definitions, or `only` those ids; write what changed.

    `reference` is what the log names as the cause: the id of a sync run or of a record.
    """
    db.execute(_PLAN_ANEW)
    return compute(db, lock(db, only), reference=reference)


def lock(db: TenantSession, only: Collection[UUID] | None, plan: Plan | None = None) -> Locked:
    """Lock active definitions, then their open assignments, both in the order of their ids.

    `plan` is theirs where they are locked already.
    """
    plan = plan or lock_definitions(db, only)
    return Locked(plan, _lock_assignments(db, plan, only) if plan.numbers else [], only)


def lock_definitions(db: TenantSession, only: Collection[UUID] | None) -> Plan:
    """Lock the active definitions, or those of `only` these assignments; the active ones' plan."""
    bound: dict[str, Any] = {"tenant_id": db.tenant_id}
    if only is None:
        return plan_of(db.execute(_DEFINITIONS, bound))
    theirs = db.execute(_THEIR_DEFINITIONS, bound | {"only": list(only)})
    return plan_of(row for row in theirs if row.status is GoalStatus.ACTIVE)


def compute(
    db: TenantSession,
    locked: Locked,
    *,
    reference: str | None = None,
    logged: Mapping[UUID, datetime] = MappingProxyType({}),
    totals: Mapping[UUID, Decimal] | None = None,
) -> Outcome:
    """Compute what is locked.

    `logged` has when lines were just written to the log, `totals` what they all come to.
    """
    plan, rows = locked.plan, locked.rows
    found = evidence.of(db, plan, rows, locked.only, totals=totals) if rows else {}
    day = _day(db.actor.tenant)
    judged = (_judged(row, found, plan, day, logged.get(row.id)) for row in rows)
    changed = [change for change in judged if change]
    changes.write(db, changed, reference=reference)
    _write_errors(db, plan)
    return _outcome(plan, len(rows), changed)


def _day(tenant: Tenant) -> _Day:
    risk = RiskRule(tenant.risk_progress_below, tenant.risk_time_left)
    return _Day(clock.now(), tenant.today, ZoneInfo(tenant.timezone), tenant.grace_days, risk)


def _lock_assignments(
    db: TenantSession, plan: Plan, only: Collection[UUID] | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    bound: dict[str, Any] = {
        "tenant_id": db.tenant_id,
        "definitions": list(plan.numbers),
        "today": db.actor.tenant.today,
    }
    if only is None:
        return db.execute(_ASSIGNMENTS, bound).all()
    return db.execute(_THESE_ASSIGNMENTS, bound | {"only": list(only)}).all()


def _judged(
    row: Row[*tuple[Any, ...]],
    read: dict[UUID, Evidence],
    plan: Plan,
    day: _Day,
    logged_at: datetime | None,
) -> Change | None:
    """The row's new state, None when nothing of it differs."""
    definition = plan.definitions[row.definition_id]
    found = read.get(row.id, NOTHING_READ)
    if found.value is not None and abs(found.value) > LARGEST:
        plan.errors[row.definition_id] = TOO_LARGE
        return None
    is_automatic = definition.source is not Source.MANUAL
    if found.value is None and row.last_updated_at is not None and is_automatic:
        # an average of nothing leaves the value that was there
        found = Evidence(value=row.current_value, peak=row.current_value)
    rule = rule_of(definition, row.target_value)
    window = Window(row.period_start, row.period_end)
    closed = window.is_closed(day.today, grace_days=day.grace_days)
    judgement = judge(rule, found, window, closed=closed)
    at_risk = not closed and _is_at_risk(rule, judgement, window, day)
    before = (row.current_value, row.progress_percentage, row.status, row.at_risk_since is not None)
    value = _NOTHING if found.value is None else found.value  # also when all was taken back
    after = (value, judgement.progress, judgement.status, at_risk)
    if before == after and not closed and not row.rearm and logged_at is None:
        return None
    return Change(
        id=row.id,
        previous=row.current_value,
        value=value,
        progress=judgement.progress,
        had_progress=row.progress_percentage,
        status=judgement.status,
        was=row.status,
        achieved_at=_achieved_at(row, rule, found, judgement.status, day),
        closed=closed,
        at_risk=at_risk,
        at_risk_since=row.at_risk_since,
        rearm=row.rearm,
        silent=closed and _was_closed(window, row.created_at, day),
        last_updated_at=logged_at or row.last_updated_at,
        is_automatic=is_automatic,
        milestones=definition.milestones,
    )


def _is_at_risk(rule: Rule, judgement: Judgement, window: Window, day: _Day) -> bool:
    is_open = judgement.status is AssignmentStatus.ACTIVE
    return is_open and day.risk.flags(rule.type, judgement.progress, window, day.today)


def _was_closed(window: Window, at: datetime, day: _Day) -> bool:
    """Whether the window was closed already when it was assigned."""
    return window.is_closed(at.astimezone(day.zone).date(), grace_days=day.grace_days)


def _achieved_at(
    row: Row[*tuple[Any, ...]],
    rule: Rule,
    found: Evidence,
    status: AssignmentStatus,
    day: _Day,
) -> datetime | None:
    """When it was achieved: the day says when, not the sync that noticed."""
    if status is not AssignmentStatus.ACHIEVED:
        return None
    if row.achieved_at is not None:  # as it was told, until a correction takes it back
        return row.achieved_at  # type: ignore[no-any-return]
    since = found.reached_on if rule.type is GoalType.TARGET else row.period_end
    return min(day.now, datetime.combine(since or row.period_end, time.max, day.zone))


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
        closed=sum(change.closed for change in changed),
        errors=tuple(GoalError(names[id_], reason) for id_, reason in plan.errors.items()),
    )
