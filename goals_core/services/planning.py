"""Planning for many at once: targets of people and windows, a team's members, the next period."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select

from goals_core.actor import Tenant
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import assigning, plan_rows, targets
from goals_core.engine.assigning import Assignee, Assignees, NotActive
from goals_core.engine.definition_views import DefinitionView
from goals_core.engine.plan_rows import Cell
from goals_core.engine.recompute import recompute
from goals_core.errors import N_, GoalsError, Invalid, Problem, WindowClosed
from goals_core.kinds import AssigneeType, AssignmentStatus
from goals_core.models.core import TeamMember
from goals_core.models.goals import Assignment, Definition
from goals_core.models.windows import Schedule
from goals_core.permissions import Permission, needs
from goals_core.services import definitions

MOST_QUOTAS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Whose target in the window that `on` falls in; None: the definition's own."""

    assignee_type: AssigneeType
    assignee_id: UUID | None = None
    on: date
    target: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """How many assignments were made, got another target, or had it already."""

    created: int
    changed: int
    same: int


@needs(Permission.ASSIGN)
def set_targets(db: TenantSession, definition_id: UUID, quotas: Sequence[Quota]) -> Planned:
    """Assign people by windows with their targets, all or nothing.

    What exists gets the new target, what does not is made. A window that is not named is left as
    it is, and between windows planned together none is rolled over. `Invalid` names every bad row
    by its number, from 1: `1.assignee`, `1.on`, `1.target`.
    """
    if len(quotas) > MOST_QUOTAS:
        raise Invalid(Problem("rows", N_("At most {most} rows at a time."), {"most": MOST_QUOTAS}))
    definition = assigning.assignable(db, definition_id, alone=True)
    found = plan_rows.existing(db, definition_id)
    cells = _checked(db, definition, quotas, found)
    _refuse_frozen(definition, quotas, cells, found)
    missing = {cell: target for cell, target in cells.items() if cell not in found}
    changed = {
        found[cell].id: (found[cell].custom_target, target)
        for cell, target in cells.items()
        if cell in found and found[cell].custom_target != target
    }
    made = plan_rows.create(db, definition, missing)
    plan_rows.change(db, changed)
    ids = [*made, *changed]
    targets.follow(db, ids)
    plan_rows.end_chains(db, made)
    recompute(db, only=ids)
    return Planned(len(made), len(changed), len(cells) - len(ids))


@needs(Permission.ASSIGN)
def assign_members(
    db: TenantSession,
    definition_id: UUID,
    team_id: UUID,
    *,
    on: date | None = None,
    custom_target: Decimal | None = None,
) -> Planned:
    """Assign a goal to each member of a team for one window; who has it already keeps it as it is.

    Members are those of the day: today, or the window's first day when that is still to come; but
    not who is disabled, nor, without goals:manage, the actor, who sets no target of their own.
    """
    definition = assigning.assignable(db, definition_id, alone=True)
    window = assigning.window_on(db, definition, on)
    day = max(window.start, min(db.actor.tenant.today, window.end))
    everyone = Assignees(db)
    everyone.need(Assignee(AssigneeType.TEAM, team_id))
    have = {who for who, first in plan_rows.existing(db, definition_id) if first == window.start}
    members = [
        who
        for user_id in _members(db, team_id, day)
        if _may_set(db, user_id)
        and ((who := Assignee(AssigneeType.USER, user_id)) in have or everyone.is_active(who))
    ]
    quotas = [
        Quota(
            assignee_type=who.type,
            assignee_id=who.id,
            on=window.start,
            target=custom_target,
        )
        for who in members
        if who not in have
    ]
    planned = set_targets(db, definition_id, quotas)
    return replace(planned, same=len(members) - len(quotas))


@needs(Permission.ASSIGN)
def copy_to_next(db: TenantSession, definition_id: UUID) -> DefinitionView:
    """A draft for the next period with the same assignees and own targets, without who has left."""
    view = definitions.duplicate(db, definition_id, next_period=True)
    latest = [
        Quota(
            assignee_type=row.assignee_type,
            assignee_id=row.user_id or row.team_id,
            on=view.settings.starts_at,
            target=row.custom_target,
        )
        for row in _latest(db, definition_id)
    ]
    everyone = Assignees(db)
    set_targets(db, view.id, [q for q in latest if _is_there(everyone, q, view, db.actor.tenant)])
    return definitions.get(db, view.id)


def _is_there(everyone: Assignees, quota: Quota, view: DefinitionView, tenant: Tenant) -> bool:
    """Whether the assignee is there and, where days count, works in the first window."""
    who, goal = Assignee(quota.assignee_type, quota.assignee_id), view.settings
    left_on = everyone.left_on(who)
    if (left_on is not None and left_on < quota.on) or not everyone.is_active(who):
        return False
    schedule = Schedule(goal.period, goal.starts_at, goal.ends_at, tenant.fiscal_year_start)
    window = schedule.window_on(quota.on)
    return not goal.prorate or window is None or everyone.works_in(who, window)


def _checked(
    db: TenantSession,
    definition: Definition,
    quotas: Sequence[Quota],
    found: dict[Cell, Row[*tuple[Any, ...]]],
) -> dict[Cell, Decimal | None]:
    """The quotas by assignee and window; every bad row is told."""
    schedule, allowed = definitions.schedule_of(db, definition), Assignees(db)
    have = plan_rows.windows_of(found)
    cells: dict[Cell, Decimal | None] = {}
    problems: list[Problem] = []
    for number, quota in enumerate(quotas, start=1):
        bad = list(_problems(definition, schedule, allowed, quota))
        window = None if bad else schedule.window_on(quota.on)
        if window is not None:
            who = Assignee(AssigneeType(quota.assignee_type), quota.assignee_id)
            cell = (who, plan_rows.first_day(have, who, window, quota.on))
            if cell not in found and not allowed.is_active(who):
                bad.append(Problem("assignee", NotActive.message, {"assignee": allowed.need(who)}))
            if cell in cells:
                bad.append(Problem("on", N_("This window is there twice for the same assignee.")))
            cells[cell] = quota.target
        problems += [replace(each, field=f"{number}.{each.field}") for each in bad]
    if problems:
        raise Invalid(*problems)
    return cells


def _problems(
    definition: Definition, schedule: Schedule, allowed: Assignees, quota: Quota
) -> Iterator[Problem]:
    """What keeps one quota from being set."""
    checks = Checks()
    who = Assignee(checks.choice("assignee", quota.assignee_type, AssigneeType), quota.assignee_id)
    try:
        allowed.need(who)
    except Invalid as error:
        yield from error.problems
    except GoalsError as error:
        yield Problem("assignee", error.message, error.facts)
    day = checks.day("on", quota.on)
    window = schedule.window_on(day)
    if not checks.problems and window is None:
        checks.problem("on", N_("{name} has no window on that day."), name=definition.name)
    if window is not None and definition.prorate and not allowed.works_in(who, window):
        checks.problem("on", N_("Nobody works a day of this window: there is nothing to reach."))
    assigning.check_target(checks, definition, quota.target, field="target")
    yield from checks.problems


def _refuse_frozen(
    definition: Definition,
    quotas: Sequence[Quota],
    cells: dict[Cell, Decimal | None],
    found: dict[Cell, Row[*tuple[Any, ...]]],
) -> None:
    """What is closed or cancelled no longer gets another target."""
    problems = []
    for number, (cell, target) in enumerate(cells.items(), start=1):
        row = found.get(cell)
        if row is None or row.custom_target == target:
            continue
        if row.closed_at is not None:
            facts = {"goal": definition.name, "closed_on": row.closed_at.date()}
            problems.append(Problem(f"{number}.on", WindowClosed.message, facts))
        elif row.status is AssignmentStatus.CANCELLED:
            problems.append(Problem(f"{number}.on", N_("This assignment is cancelled.")))
    if problems:
        raise Invalid(*problems)
    assert len(cells) == len(quotas)  # noqa: S101  (so a cell's place is its row's number)


def _may_set(db: TenantSession, user_id: UUID) -> bool:
    return user_id != db.actor.user_id or db.actor.may(Permission.MANAGE)


def _members(db: TenantSession, team_id: UUID, day: date) -> list[UUID]:
    query = select(TeamMember.user_id).where(
        TeamMember.team_id == team_id,
        TeamMember.member_from <= day,
        or_(TeamMember.member_to.is_(None), TeamMember.member_to >= day),
    )
    return list(db.scalars(query.order_by(TeamMember.user_id)))


def _latest(db: TenantSession, definition_id: UUID) -> Sequence[Row[*tuple[Any, ...]]]:
    """The assignees of the definition's last window, with their own targets."""
    running = (
        Assignment.definition_id == definition_id,
        Assignment.status != AssignmentStatus.CANCELLED,
    )
    last = select(func.max(Assignment.period_start)).where(*running).scalar_subquery()
    query = select(
        Assignment.assignee_type, Assignment.user_id, Assignment.team_id, Assignment.custom_target
    )
    return db.execute(query.where(*running, Assignment.period_start == last)).all()
