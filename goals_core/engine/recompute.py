"""Where assignments stand, computed anew: the one path for every caller.

Sync, a reading by hand, a changed target, an event: each locks definitions, then assignments, both
by id; has values that only move written by the database (`moving`); computes the evidence of the
others in one statement; judges it by `models.attainment`; and has what differs written with one
statement per table (`changes`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from goals_core import clock
from goals_core.actor import Tenant
from goals_core.checks import LARGEST
from goals_core.db import TenantSession
from goals_core.engine import changes, differing, evidence, locking, moving, settling
from goals_core.engine.changes import Change
from goals_core.engine.differing import Differing
from goals_core.engine.effects import Move, Moves
from goals_core.engine.evidence import NOTHING_READ
from goals_core.engine.locking import Locked
from goals_core.engine.plans import Plan, rule_of
from goals_core.errors import N_
from goals_core.kinds import AssignmentStatus, GoalType, Source
from goals_core.models.attainment import Evidence, Judgement, Rule, judge
from goals_core.models.risk import RiskRule
from goals_core.models.windows import Window

Rows = Sequence[Row[*tuple[Any, ...]]]
_NOTHING = Decimal(0)
TOO_LARGE = N_("The value is larger than can be stored.")


@dataclass(frozen=True, slots=True)
class GoalError:
    """A goal that could not be computed, and why."""

    id: UUID
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


def recompute(
    db: TenantSession,
    *,
    only: Collection[UUID] | None = None,
    plan: Plan | None = None,
    moves: Moves | Mapping[UUID, Move] | None = None,
    settles: bool = False,
    reference: str | None = None,
) -> Outcome:
    """Compute all open assignments of active definitions, or `only` those ids; write what changed.

    `plan` is of their definitions where they are locked already; `moves` says by how much what is
    settled has moved, so that its records are not read, and is computed besides `only` those; a
    sync `settles` what it reads, anybody else leaves it unsettled (`engine.effects`). `reference`
    is what the log names as the cause: the id of a sync run or of a record.
    """
    if plan is None:
        with locking.planned_anew(db):
            plan = locking.definitions_of(db, only)
    different = _differing(db, plan) if only is None else None
    if different:
        only, moves = different.ids - different.moves.keys(), different.moves
    if not plan.definitions:  # none of them is active
        return _outcome(plan, [], checked=0, moved=0)
    written = moving.NOTHING
    if moves and only is not None:
        written = moving.write(db, plan, moves, to_read=only, reference=reference)
        only = {*only, *written.left}
    rows, found, known = _read(db, plan, only, written.left)
    all_ = different is not None
    changed = _write(db, Locked(plan, rows, only), found, reference=reference, all_=all_)
    closed = {change.id for change in changed if change.closed}
    still_open = [row for row in rows if row.id not in closed]
    settling.note(db, plan, still_open, known=known, settles=settles, all_=all_)
    checked = different.open if different else len(rows)
    return _outcome(plan, changed, checked=checked, moved=written.number)


def compute(
    db: TenantSession,
    locked: Locked,
    *,
    logged: Mapping[UUID, datetime],
    totals: Mapping[UUID, Decimal],
) -> list[Change]:
    """Compute what is locked, and has just been logged: when, and what it all comes to."""
    plan, rows = locked.plan, locked.rows
    known = {id_: Evidence(value=total) for id_, total in totals.items()}
    found = evidence.of(db, plan, rows, locked.only, known=known) if rows else {}
    return _write(db, locked, found, logged=logged)


def _differing(db: TenantSession, plan: Plan) -> Differing | None:
    with locking.planned_anew(db):
        return differing.find(db, plan)


def _read(
    db: TenantSession, plan: Plan, only: Collection[UUID] | None, moves: Mapping[UUID, Move]
) -> tuple[Rows, Mapping[UUID, Evidence], Mapping[UUID, Evidence]]:
    """Lock what is to be judged, and the evidence of it; and of which of it that was known."""
    if not plan.numbers or only == set():
        return [], {}, {}
    with locking.planned_anew(db):
        rows = locking.assignments_of(db, plan, only)
        known = _moved_to(rows, moves)
        return rows, evidence.of(db, plan, rows, only, known=known) if rows else {}, known


def _moved_to(rows: Rows, moved: Mapping[UUID, Move]) -> dict[UUID, Evidence]:
    """Where what is settled stands now."""
    return {
        row.id: Evidence(
            value=row.current_value + move.change, left_out=row.left_out + move.left_out
        )
        for row in rows
        if (move := moved.get(row.id)) and not row.unsettled and _holds(move, row)
    }


def _holds(move: Move, row: Row[*tuple[Any, ...]]) -> bool:
    return move.since is None or move.since == row.current_value


def _write(
    db: TenantSession,
    locked: Locked,
    found: Mapping[UUID, Evidence],
    *,
    reference: str | None = None,
    logged: Mapping[UUID, datetime] = MappingProxyType({}),
    all_: bool = False,
) -> list[Change]:
    plan, rows, day = locked.plan, locked.rows, _day(db.actor.tenant)
    judged = (_judged(row, found, plan, day, logged.get(row.id)) for row in rows)
    changed = [change for change in judged if change]
    changes.write(db, changed, reference=reference)
    _write_errors(db, plan, None if all_ else rows)
    return changed


def _day(tenant: Tenant) -> _Day:
    risk = RiskRule(tenant.risk_progress_below, tenant.risk_time_left)
    return _Day(clock.now(), tenant.today, ZoneInfo(tenant.timezone), tenant.grace_days, risk)


def _judged(
    row: Row[*tuple[Any, ...]],
    read: Mapping[UUID, Evidence],
    plan: Plan,
    day: _Day,
    logged_at: datetime | None,
) -> Change | None:
    """The row's new state, None when nothing of it differs."""
    definition = plan.definitions[row.definition_id]
    is_automatic = definition.source is not Source.MANUAL
    found = read.get(row.id, NOTHING_READ)
    if found.value is None and row.last_updated_at is not None and is_automatic:
        # an average of nothing leaves the value that was there
        found = replace(found, value=row.current_value, peak=row.current_value)
    value = _NOTHING if found.value is None else found.value  # also when all was taken back
    if abs(value) > LARGEST:
        plan.errors[row.definition_id] = TOO_LARGE
        return None
    rule = rule_of(definition, row.target_value)
    window = Window(row.period_start, row.period_end)
    # what is frozen decides pay: not while it is known to lack something
    closed = window.is_closed(day.today, grace_days=day.grace_days) and not found.left_out
    judgement = judge(rule, found, window, closed=closed)
    at_risk = not closed and _is_at_risk(rule, judgement, window, day)
    change = Change(
        id=row.id,
        previous=row.current_value,
        value=value,
        progress=judgement.progress,
        had_progress=row.progress_percentage,
        status=judgement.status,
        was=row.status,
        achieved_at=_achieved_at(row, rule, found, judgement.status, day),
        closed=closed,
        at_risk=at_risk and (row.at_risk_since is not None or not found.left_out),
        at_risk_since=row.at_risk_since,
        left_out=found.left_out,
        untold=changes.is_untold(row, judgement.status, found.left_out),
        had_untold=row.untold,
        rearm=row.rearm,
        silent=closed and _was_closed(window, row.created_at, day),
        last_updated_at=logged_at or row.last_updated_at,
        is_automatic=is_automatic,
        milestones=definition.milestones,
    )
    differs = logged_at is not None or closed or row.rearm or row.left_out != found.left_out
    return change if differs or change.differs else None


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


def _write_errors(db: TenantSession, plan: Plan, rows: Rows | None) -> None:
    """Show on each definition why it could not be computed, or that all of it could again.

    `rows` are those that were looked at, None: all that there are.
    """
    differ = {
        id_ for id_, row in plan.definitions.items() if row.sync_error != plan.errors.get(id_)
    }
    mended = differ - plan.errors.keys()
    if mended and rows is not None:
        differ -= locking.with_others(db, mended, rows)
    for id_ in differ:
        changes.set_sync_error(db, id_, plan.errors.get(id_))


def _outcome(plan: Plan, changed: list[Change], *, checked: int, moved: int) -> Outcome:
    names = {id_: row.name for id_, row in plan.definitions.items()}
    became = [change.status for change in changed if change.status is not change.was]
    return Outcome(
        checked=checked + moved,
        updated=len(changed) + moved,
        achieved=became.count(AssignmentStatus.ACHIEVED),
        failed=became.count(AssignmentStatus.FAILED),
        closed=sum(change.closed for change in changed),
        errors=tuple(GoalError(id_, names[id_], reason) for id_, reason in plan.errors.items()),
    )
