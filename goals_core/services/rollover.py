"""The roll-over: windows that have ended get their next ones, and are closed after the grace.

1. What has ended, and is the last of its chain, gets the next window with the same assignee,
   target and notes; again, until today's window is there: no day of standstill loses one.
2. What is new is computed.
3. What ended before the days of grace is computed a last time and closed.

Each batch is a transaction of its own and finds what is left to do, so that it can be cut short,
run twice, or by two at once: the second waits for the rows of the first, and then has none to do.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Row, Select, and_, bindparam, case, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from goals_core import clock
from goals_core.actor import Actor
from goals_core.arrays import array, ids_of
from goals_core.db import TenantSession, tenant_session
from goals_core.engine import locking, targets
from goals_core.engine.audit import Deed
from goals_core.engine.plans import Plan, active_ones, plan_of
from goals_core.engine.recompute import recompute
from goals_core.kinds import AssignmentStatus, GoalType, Period, Source
from goals_core.models.base import new_id_text
from goals_core.models.core import User
from goals_core.models.goals import Assignment
from goals_core.models.risk import RiskRule
from goals_core.models.windows import Schedule, Window
from goals_core.permissions import Permission, needs

BATCH, AT_ONCE = 5_000, 2
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
    SELECT id, definition_id, user_id, period_start, period_end FROM next
    """
)


@dataclass(frozen=True, slots=True)
class RolledOver:
    """How many windows were begun and how many were closed."""

    begun: int
    closed: int
    seconds: float


@needs(Permission.PROGRESS)
def roll_over(actor: Actor) -> RolledOver:
    """Begin the windows that are due and close those whose grace is over, in batches."""
    started = perf_counter()
    begun = begin_windows(actor)
    closed = _each_batch(actor, _due, _close)
    return RolledOver(begun, closed, perf_counter() - started)


@needs(Permission.PROGRESS)
def begin_windows(actor: Actor) -> int:
    """Begin the windows that are due, as many as were missed; how many there were."""
    begun = made = _each_batch(actor, _ended, _begin_next)
    while made:  # each pass brings a chain one window further
        made = _each_batch(actor, _ended, _begin_next)
        begun += made
    return begun


Found = Select[UUID, UUID, date]  # assignments, of which goal, to which day
Which = Callable[[Actor, Plan], Found]
Rows = Sequence[Row[UUID, UUID, date]]
Deal = Callable[[TenantSession, Plan, Rows], int]


def _each_batch(actor: Actor, which: Which, deal_with: Deal) -> int:
    """Deal with all that `which` finds, which is locked; how many were changed.

    While one batch is computed here, the database writes another.
    """

    def deal(first: UUID, next_: UUID | None) -> int:
        among = _between(first, next_)
        with tenant_session(actor) as db:
            with locking.planned_anew(db):
                plan = locking.definitions_among(db, select(Assignment.definition_id).where(among))
                found = (
                    which(actor, plan).where(among).with_for_update(key_share=True, of=Assignment)
                )
                rows = db.execute(found).all()
            return deal_with(db, plan, rows) if rows else 0

    with tenant_session(actor) as db:
        firsts = db.scalars(_firsts(which(actor, _active_goals(db)))).all()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return sum(threads.map(deal, firsts, [*firsts[1:], None]))


def _active_goals(db: TenantSession) -> Plan:
    """As they are now, not locked."""
    return plan_of(db.execute(active_ones(db.tenant_id)))


def _firsts(found: Found) -> Select[UUID]:
    """Where each batch begins."""
    place = func.row_number().over(order_by=Assignment.id).label("place")
    each = found.add_columns(place).subquery()
    return select(each.c.id).where((each.c.place - 1) % BATCH == 0).order_by(each.c.id)


def _between(first: UUID, next_: UUID | None) -> ColumnElement[bool]:
    since = Assignment.id >= first
    return since if next_ is None else and_(since, Assignment.id < next_)


def _found() -> Found:
    return (
        select(Assignment.id, Assignment.definition_id, Assignment.period_end)
        .where(Assignment.status != AssignmentStatus.CANCELLED)
        .order_by(Assignment.id)
    )


def _ended(actor: Actor, plan: Plan) -> Found:
    """The last windows of chains that go on: their goal does, and so does their person."""
    repeated = [goal for goal in plan.definitions.values() if goal.period is not Period.CUSTOM]
    goals = (
        func.unnest(
            ids_of([goal.id for goal in repeated]),
            bindparam(None, [goal.ends_at or date.max for goal in repeated], ARRAY(Date)),
        )
        .table_valued("id", "ends")
        .render_derived()
    )
    # looked up for each, not joined: nobody has yet counted what a roll-over makes
    person = (User.tenant_id == Assignment.tenant_id) & (User.id == Assignment.user_id)
    there_until = case((User.is_active, func.coalesce(User.left_on, date.max)), else_=date.min)
    last_day = select(there_until).where(person).correlate(Assignment).scalar_subquery()
    return (
        _found()
        .join(goals, goals.c.id == Assignment.definition_id)
        .where(
            Assignment.rolls_over,
            Assignment.period_end < actor.tenant.today,
            Assignment.period_end < goals.c.ends,
            func.coalesce(last_day, date.max) > Assignment.period_end,
        )
    )


def _due(actor: Actor, plan: Plan) -> Found:
    """Windows whose days of grace are over."""
    tenant = actor.tenant
    return _found().where(
        Assignment.closed_at.is_(None),
        Assignment.period_end < tenant.today - timedelta(days=tenant.grace_days),
        Assignment.definition_id == func.any(ids_of(plan.definitions)),
    )


def _begin_next(db: TenantSession, plan: Plan, last: Rows) -> int:
    begun = db.execute(_PASS_ON, _bound(db, last, _following(db, plan, last))).all()
    in_part = {goal.id for goal in plan.definitions.values() if goal.prorate}
    targets.follow(db, [row.id for row in begun if row.user_id and row.definition_id in in_part])
    recompute(db, only=_to_compute(db, plan, begun), plan=plan)
    return len(begun)


def _to_compute(db: TenantSession, plan: Plan, begun: Sequence[Row[Any]]) -> list[UUID]:
    """Where there may be something already: a log by hand is empty, and told only when it is late.

    What is over as well is closed in its turn.
    """
    tenant, nothing = db.actor.tenant, Decimal(0)
    today, risk = tenant.today, RiskRule(tenant.risk_progress_below, tenant.risk_time_left)
    windows = {Window(row.period_start, row.period_end) for row in begun}
    late = {window for window in windows if risk.flags(GoalType.TARGET, nothing, window, today)}
    by_hand = {goal.id for goal in plan.definitions.values() if goal.source is Source.MANUAL}
    return [
        row.id
        for row in begun
        if row.definition_id not in by_hand or Window(row.period_start, row.period_end) in late
    ]


def _close(db: TenantSession, plan: Plan, due: Rows) -> int:
    return recompute(db, only=[row.id for row in due], plan=plan).closed


_Next = dict[tuple[UUID, date], Window]


def _following(db: TenantSession, plan: Plan, last: Rows) -> _Next:
    """The windows that follow those of a goal that end on a day; few, of however many people."""
    first_month = db.actor.tenant.fiscal_year_start
    found: _Next = {}
    for id_, end in {(row.definition_id, row.period_end) for row in last}:
        goal = plan.definitions[id_]
        schedule = Schedule(goal.period, goal.starts_at, goal.ends_at, first_month)
        if window := schedule.after(end):
            found[id_, end] = window
    return found


def _bound(db: TenantSession, last: Rows, following: _Next) -> dict[str, Any]:
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
