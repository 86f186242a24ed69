"""The roll-over: windows that have ended get their next ones, and are closed after the grace.

1. What has ended, and is the last of its chain, gets the next window with the same assignee,
   target and notes; again, until today's window is there: no day of standstill loses one.
2. What is new is computed.
3. What ended before the days of grace is computed a last time and closed.

Each batch is a transaction of its own and finds what is left to do, so that it can be cut short,
run twice, or by two at once: the second waits for the rows of the first, and then has none to do.
"""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, text

from goals_core import clock
from goals_core.actor import Actor, Permission
from goals_core.db import TenantSession, tenant_session
from goals_core.kinds import AssignmentStatus, GoalStatus, Period
from goals_core.models.base import new_id_text
from goals_core.models.core import User
from goals_core.models.goals import Assignment, Definition
from goals_core.models.windows import Schedule, Window
from goals_core.services import recompute, targets
from goals_core.services.arrays import array, ids_of
from goals_core.services.audit import Deed
from goals_core.services.plans import Plan

BATCH, AT_ONCE = 5_000, 3
# The chain goes on: from each of its last windows to the next one, where there is one, and a line
# in the audit as `audit.note` would write it.
_PASS_ON = text(
    """
    WITH last AS (
        UPDATE goals.assignments a SET rolls_over = false
        WHERE a.tenant_id = :tenant_id AND a.id = ANY (CAST(:last AS uuid[]))
        RETURNING *
    ), next AS (
        INSERT INTO goals.assignments (tenant_id, id, definition_id, assignee_type, user_id,
            team_id, custom_target, full_target, current_value, progress_percentage, status, notes,
            period_start, period_end, created_at, updated_at)
        SELECT a.tenant_id, (CAST(:ids AS uuid[]))[row_number() OVER ()], a.definition_id,
            a.assignee_type, a.user_id, a.team_id, a.custom_target,
            coalesce(a.custom_target, d.target_value), 0, 0, 'active', a.notes, n.starts, n.ends,
            :now, :now
        FROM last a
        JOIN goals.definitions d ON d.tenant_id = :tenant_id AND d.id = a.definition_id
        JOIN unnest(
            CAST(:goals AS uuid[]), CAST(:ended AS date[]), CAST(:starts AS date[]),
            CAST(:ends AS date[])
        ) AS n (goal, ended, starts, ends) ON n.goal = a.definition_id AND n.ended = a.period_end
        ON CONFLICT (tenant_id, definition_id, period_start, assignee_type, user_id, team_id)
            DO NOTHING
        RETURNING *
    ), noted AS (
        INSERT INTO core.audit_log (tenant_id, id, at, actor_id, tag, subject_id, after)
        SELECT tenant_id, (CAST(:lines AS uuid[]))[row_number() OVER ()], :now, :actor_id, :tag, id,
            jsonb_build_object(
                'definition_id', definition_id, 'assignee_type', assignee_type,
                'user_id', user_id, 'team_id', team_id,
                'custom_target', CAST(custom_target AS text), 'notes', notes, 'status', status,
                'period_start', period_start, 'period_end', period_end)
        FROM next
        ON CONFLICT (tenant_id, id) DO NOTHING
    )
    SELECT id, definition_id, user_id FROM next
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
    """Deal with all there are: how many were found, how many changed.

    While one batch is computed here, the database writes another.
    """

    def deal(first: UUID, next_: UUID | None) -> tuple[int, int]:
        with tenant_session(actor) as db:
            ids = db.scalars(_found(which(db)).where(_between(first, next_))).all()
            return len(ids), deal_with(db, ids) if ids else 0

    with tenant_session(actor) as db:
        firsts = db.scalars(_firsts(which(db))).all()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        done = list(threads.map(deal, firsts, [*firsts[1:], None]))
    return sum(found for found, _ in done), sum(changed for _, changed in done)


def _firsts(which: ColumnElement[bool]) -> Select[UUID]:
    """Where each batch begins."""
    place = func.row_number().over(order_by=Assignment.id).label("place")
    found = _found(which).add_columns(place).subquery()
    return select(found.c.id).where((found.c.place - 1) % BATCH == 0).order_by(found.c.id)


def _between(first: UUID, next_: UUID | None) -> ColumnElement[bool]:
    since = Assignment.id >= first
    return since if next_ is None else and_(since, Assignment.id < next_)


def _found(which: ColumnElement[bool]) -> Select[UUID]:
    return (
        select(Assignment.id)
        .join(Definition, _same_goal())
        .outerjoin(User, _same_person())
        .where(which)
        .order_by(Assignment.id)
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
    plan = recompute.lock_definitions(db, ids)
    last = _locked(db, ids)
    begun = db.execute(_PASS_ON, _bound(db, last, _following(db, plan, last))).all()
    in_part = {goal.id for goal in plan.definitions.values() if goal.prorate}
    targets.follow(db, [row.id for row in begun if row.user_id and row.definition_id in in_part])
    recompute.compute(db, recompute.lock(db, [row.id for row in begun], plan))
    return len(begun)


def _close(db: TenantSession, ids: Sequence[UUID]) -> int:
    return recompute.recompute(db, only=ids).closed


def _locked(db: TenantSession, ids: Collection[UUID]) -> Sequence[Row[UUID, UUID, date]]:
    """Those that are still the last of their chain: another roll-over may have been here."""
    query = (
        select(Assignment.id, Assignment.definition_id, Assignment.period_end)
        .join(Definition, _same_goal())
        .outerjoin(User, _same_person())
        .where(Assignment.id == func.any(ids_of(ids)), _ended(db))
        .order_by(Assignment.id)
        .with_for_update(of=Assignment, key_share=True)
    )
    return db.execute(query).all()


_Next = dict[tuple[UUID, date], Window]


def _following(db: TenantSession, plan: Plan, last: Sequence[Row[UUID, UUID, date]]) -> _Next:
    """The windows that follow those of a goal that end on a day; few, of however many people."""
    first_month = db.actor.tenant.fiscal_year_start
    found: _Next = {}
    for id_, end in {(row.definition_id, row.period_end) for row in last}:
        goal = plan.definitions[id_]
        schedule = Schedule(goal.period, goal.starts_at, goal.ends_at, first_month)
        if window := schedule.after(end):
            found[id_, end] = window
    return found


def _bound(
    db: TenantSession, last: Sequence[Row[UUID, UUID, date]], following: _Next
) -> dict[str, Any]:
    return {
        "tenant_id": db.tenant_id,
        "actor_id": db.actor.user_id,
        "now": clock.now(),
        "tag": Deed.ASSIGNMENT_CREATED,
        "last": array(row.id for row in last),
        "ids": array(new_id_text() for _ in last),
        "lines": array(new_id_text() for _ in last),
        "goals": array(id_ for id_, _ in following),
        "ended": array(end for _, end in following),
        "starts": array(window.start for window in following.values()),
        "ends": array(window.end for window in following.values()),
    }


def _same_goal() -> ColumnElement[bool]:
    return and_(
        Definition.tenant_id == Assignment.tenant_id, Definition.id == Assignment.definition_id
    )


def _same_person() -> ColumnElement[bool]:
    return and_(User.tenant_id == Assignment.tenant_id, User.id == Assignment.user_id)
