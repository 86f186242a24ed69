"""The roll-over: windows that have ended get their next ones, and are closed after the grace.

1. What has ended, and is the last of its chain, gets the next window with the same assignee,
   target and notes; again, until today's window is there: no day of standstill loses one.
2. What is new is computed.
3. What ended before the days of grace is computed a last time and closed.

Each batch is a transaction of its own and finds what is left to do, so that it can be cut short,
run twice, or by two at once: the second waits for the rows of the first, and then has none to do.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, text, update

from goals_core import clock
from goals_core.actor import Actor, Permission
from goals_core.db import TenantSession, tenant_session
from goals_core.kinds import AssignmentStatus, GoalStatus, Period
from goals_core.models.base import new_id_text
from goals_core.models.core import User
from goals_core.models.goals import Assignment, Definition
from goals_core.models.windows import Schedule, Window
from goals_core.services import audit, targets
from goals_core.services.arrays import array
from goals_core.services.audit import Deed
from goals_core.services.plans import ids_of
from goals_core.services.recompute import recompute

BATCH = 5_000
_FIRST = UUID(int=0)
_INSERT = text(
    """
    INSERT INTO goals.assignments (tenant_id, id, definition_id, assignee_type, user_id, team_id,
        custom_target, full_target, current_value, progress_percentage, status, notes,
        period_start, period_end, created_at, updated_at)
    SELECT a.tenant_id, n.id, a.definition_id, a.assignee_type, a.user_id, a.team_id,
        a.custom_target, coalesce(a.custom_target, d.target_value), 0, 0, 'active', a.notes,
        n.starts, n.ends, :now, :now
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:last_ids AS uuid[]), CAST(:starts AS date[]),
        CAST(:ends AS date[])
    ) AS n (id, last_id, starts, ends)
    JOIN goals.assignments a ON a.tenant_id = :tenant_id AND a.id = n.last_id
    JOIN goals.definitions d ON d.tenant_id = :tenant_id AND d.id = a.definition_id
    ON CONFLICT (tenant_id, definition_id, period_start, assignee_type, user_id, team_id) DO NOTHING
    RETURNING id, definition_id, assignee_type, user_id, team_id, custom_target, notes, status,
        period_start, period_end
    """
)


@dataclass(frozen=True, slots=True)
class RolledOver:
    """How many windows were begun and how many were closed."""

    begun: int
    closed: int
    seconds: float


def roll_over(actor: Actor) -> RolledOver:
    """Begin the windows that are due and close those whose grace is over, in batches."""
    actor.need(Permission.PROGRESS)
    started = perf_counter()
    begun = begin_windows(actor)
    _, closed = _each_batch(actor, _due, _close)
    return RolledOver(begun, closed, perf_counter() - started)


def begin_windows(actor: Actor) -> int:
    """Begin the windows that are due, as many as were missed; how many there were."""
    begun, found = 0, 1
    while found:  # each pass brings a chain one window further
        found, made = _each_batch(actor, _ended, _begin_next)
        begun += made
    return begun


Which = Callable[[TenantSession], ColumnElement[bool]]
Deal = Callable[[TenantSession, Sequence[UUID]], int]


def _each_batch(actor: Actor, which: Which, deal_with: Deal) -> tuple[int, int]:
    """Deal with all there are, in the order of their ids: how many were found, how many changed."""
    found, changed, last = 0, 0, _FIRST
    while True:
        with tenant_session(actor) as db:
            ids = list(db.scalars(_found(which(db), last)))
            changed += deal_with(db, ids) if ids else 0
        found += len(ids)
        if len(ids) < BATCH:
            return found, changed
        last = ids[-1]


def _found(which: ColumnElement[bool], last: UUID) -> Select[UUID]:
    return (
        select(Assignment.id)
        .join(Definition, _same_goal())
        .outerjoin(User, _same_person())
        .where(which, Assignment.id > last)
        .order_by(Assignment.id)
        .limit(BATCH)
    )


def _ended(db: TenantSession) -> ColumnElement[bool]:
    """The last windows of chains that go on: their goal does, and so does their person."""
    return and_(
        Assignment.rolls_over,
        Assignment.period_end < db.actor.tenant.today,
        Assignment.status != AssignmentStatus.CANCELLED,
        Definition.status == GoalStatus.ACTIVE,
        Definition.period != Period.CUSTOM,
        or_(Definition.ends_at.is_(None), Definition.ends_at > Assignment.period_end),
        or_(User.left_on.is_(None), User.left_on > Assignment.period_end),
    )


def _due(db: TenantSession) -> ColumnElement[bool]:
    """Windows whose days of grace are over."""
    tenant = db.actor.tenant
    return and_(
        Assignment.closed_at.is_(None),
        Assignment.period_end < tenant.today - timedelta(days=tenant.grace_days),
        Assignment.status != AssignmentStatus.CANCELLED,
        Definition.status == GoalStatus.ACTIVE,
    )


def _begin_next(db: TenantSession, ids: Sequence[UUID]) -> int:
    last = _locked(db, ids)
    following = _following(db, last)
    begun = db.execute(_INSERT, _arrays(db, following)).all() if following else []
    passed_on = Assignment.id == func.any(ids_of([row.id for row in last]))
    db.execute(
        update(Assignment).where(passed_on).values(rolls_over=False),
        execution_options={"synchronize_session": False},
    )
    lines = [audit.Line(row.id, after=_facts(row)) for row in begun]
    audit.note_all(db, Deed.ASSIGNMENT_CREATED, lines)
    prorated = {row.definition_id for row in last if row.prorate}
    targets.follow(db, [row.id for row in begun if row.user_id and row.definition_id in prorated])
    recompute(db, only=[row.id for row in begun])
    return len(begun)


def _close(db: TenantSession, ids: Sequence[UUID]) -> int:
    return recompute(db, only=ids).closed


def _locked(db: TenantSession, ids: Collection[UUID]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Definitions, then assignments, both by id; what another roll-over did meanwhile is left."""
    of_these = select(Assignment.definition_id).where(Assignment.id == func.any(ids_of(ids)))
    db.execute(
        select(Definition.id)
        .where(Definition.id.in_(of_these))
        .order_by(Definition.id)
        .with_for_update(read=True)
    )
    query = (
        select(
            Assignment.id,
            Assignment.definition_id,
            Assignment.period_start,
            Assignment.period_end,
            Definition.period,
            Definition.starts_at,
            Definition.ends_at,
            Definition.prorate,
        )
        .join(Definition, _same_goal())
        .outerjoin(User, _same_person())
        .where(Assignment.id == func.any(ids_of(ids)), _ended(db))
        .order_by(Assignment.id)
        .with_for_update(of=Assignment, key_share=True)
    )
    return db.execute(query).all()


def _following(db: TenantSession, last: Sequence[Row[Any]]) -> list[tuple[Row[Any], Window]]:
    """The rows with the window after each; most of them have the same one."""
    windows: dict[tuple[UUID, date], Window | None] = {}
    for row in last:
        if (key := (row.definition_id, row.period_end)) not in windows:
            windows[key] = _after(db, row)
    found = ((row, windows[row.definition_id, row.period_end]) for row in last)
    return [(row, window) for row, window in found if window]


def _after(db: TenantSession, row: Row[Any]) -> Window | None:
    first_month = db.actor.tenant.fiscal_year_start
    schedule = Schedule(row.period, row.starts_at, row.ends_at, first_month)
    return schedule.after(Window(row.period_start, row.period_end))


def _arrays(db: TenantSession, following: Sequence[tuple[Row[Any], Window]]) -> dict[str, Any]:
    return {
        "tenant_id": db.tenant_id,
        "now": clock.now(),
        "ids": array(new_id_text() for _ in following),
        "last_ids": array(row.id for row, _ in following),
        "starts": array(window.start for _, window in following),
        "ends": array(window.end for _, window in following),
    }


def _facts(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "id"}


def _same_goal() -> ColumnElement[bool]:
    return and_(
        Definition.tenant_id == Assignment.tenant_id, Definition.id == Assignment.definition_id
    )


def _same_person() -> ColumnElement[bool]:
    return and_(User.tenant_id == Assignment.tenant_id, User.id == Assignment.user_id)
