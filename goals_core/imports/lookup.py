"""What the names in a file stand for, among what the actor may see: one statement per subject."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    String,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from goals_core.arrays import ids_of
from goals_core.checks import is_printable
from goals_core.db import TenantSession
from goals_core.engine import visibility
from goals_core.engine.assigning import Assignee
from goals_core.engine.definition_views import view_of
from goals_core.engine.drafts import Draft
from goals_core.engine.people_views import is_member_on
from goals_core.imports.typed import Measured
from goals_core.kinds import AssignmentStatus, GoalStatus, Source
from goals_core.models.core import Team, TeamMember, User
from goals_core.models.goals import Assignment, Definition
from goals_core.models.windows import Window
from goals_core.permissions import Permission


@dataclass(frozen=True, slots=True)
class Candidate:
    """An assignment that a row of progress may mean."""

    id: UUID
    goal: str
    assignee: Assignee
    window: Window
    measured: Measured
    takes_progress: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Someone whose goals the actor sets."""

    id: UUID
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Held:
    """What an assignment of a person in a window is held against."""

    target: Decimal
    closed_on: date | None
    counts: bool  # it is not cancelled


def people(db: TenantSession, emails: Iterable[str] | None = None) -> list[Person]:
    """Who has these e-mails, among oneself and the people whose goals one sets; by name.

    Without e-mails: everyone to whom the actor may assign and who still has an account.
    """
    manages = db.actor.may(Permission.MANAGE)
    led: ColumnElement[bool] = true() if manages else User.id.in_(visibility.led_people(db))
    query = select(User.id, User.email, User.name).order_by(User.name, User.email)
    if emails is not None:
        named = User.email == func.any(_texts(emails))
        query = query.where(named, or_(led, User.id == db.actor.user_id))
    else:
        query = query.where(User.is_active, led)
        if not manages:  # nobody sets their own targets
            query = query.where(User.id != db.actor.user_id)
    return [Person(*row) for row in db.execute(query)]


def accounts(db: TenantSession) -> Sequence[Row[*tuple[Any, ...]]]:
    """Everyone who has an account, with their manager and the team of today joined last."""
    boss, today = aliased(User), db.actor.tenant.today
    u, m = User, TeamMember
    last = (
        select(Team.name, m.member_from)
        .join(Team, and_(Team.tenant_id == m.tenant_id, Team.id == m.team_id))
        .where(m.tenant_id == u.tenant_id, m.user_id == u.id, is_member_on(today))
        .order_by(m.member_from.desc(), Team.name)
        .limit(1)
        .correlate(u)
        .lateral("joined")
    )
    columns = (u.email, u.name, u.role, u.title, u.hired_on, u.left_on)
    query = (
        select(*columns, boss.email.label("manager"), last.c.name.label("team"), last.c.member_from)
        .outerjoin(boss, and_(boss.tenant_id == u.tenant_id, boss.id == u.manager_id))
        .outerjoin(last, true())
        .where(u.is_active)
        .order_by(u.name, u.email)
    )
    return db.execute(query).all()


def teams(db: TenantSession, names: Iterable[str]) -> dict[str, UUID]:
    """The teams of these names, among those whose goals the actor sets."""
    query = select(Team.name, Team.id).where(
        Team.name == func.any(_texts(names)), Team.id.in_(visibility.led_teams(db))
    )
    return {row.name: row.id for row in db.execute(query)}


def candidates(
    db: TenantSession, *, goals: Collection[str], ids: Collection[UUID], days: Collection[date]
) -> list[Candidate]:
    """The assignments with these ids, and those of goals of these names around these days."""
    named: list[ColumnElement[bool]] = [Assignment.id == func.any(ids_of(ids))]
    if days:
        met = (Assignment.period_end >= min(days)) & (Assignment.period_start <= max(days))
        named.append((Definition.name == func.any(_texts(goals))) & met)
    query = (
        select(
            Assignment.id,
            Assignment.assignee_type,
            Assignment.user_id,
            Assignment.team_id,
            Assignment.period_start,
            Assignment.period_end,
            Assignment.status,
            Assignment.closed_at,
            Definition.name,
            Definition.metric,
            Definition.unit,
            Definition.source,
            Definition.status.label("goal_status"),
        )
        .join(
            Definition,
            (Definition.tenant_id == Assignment.tenant_id)
            & (Definition.id == Assignment.definition_id),
        )
        .where(or_(*named), visibility.progressable_assignments(db))
    )
    return [_candidate(row) for row in db.execute(query)]


def definitions(db: TenantSession, names: Iterable[str]) -> list[Draft]:
    """The settings of the definitions of these names that the actor may see."""
    query = select(Definition).where(
        Definition.name == func.any(_texts(names)), visibility.readable_definitions(db)
    )
    fresh = {"populate_existing": True}
    return [view_of(row, 0).settings for row in db.scalars(query, execution_options=fresh)]


def targets(db: TenantSession, definition_id: UUID) -> dict[tuple[UUID, date], Held]:
    """The present targets of a definition's people, by person and first day."""
    query = select(
        Assignment.user_id,
        Assignment.period_start,
        Assignment.full_target,
        Assignment.closed_at,
        Assignment.status,
    ).where(Assignment.definition_id == definition_id, Assignment.user_id.is_not(None))
    return {
        (row.user_id, row.period_start): Held(
            row.full_target,
            row.closed_at.date() if row.closed_at else None,
            row.status is not AssignmentStatus.CANCELLED,
        )
        for row in db.execute(query)
        if row.user_id is not None
    }


def _candidate(row: Row[*tuple[Any, ...]]) -> Candidate:
    is_open = row.status is not AssignmentStatus.CANCELLED and row.closed_at is None
    is_running = row.goal_status is GoalStatus.ACTIVE and row.source is Source.MANUAL
    return Candidate(
        id=row.id,
        goal=row.name,
        assignee=Assignee(row.assignee_type, row.user_id or row.team_id),
        window=Window(row.period_start, row.period_end),
        measured=Measured(row.metric, row.unit),
        takes_progress=is_open and is_running,
    )


def _texts(texts: Iterable[str]) -> BindParameter[Any]:
    """Texts as one bound array, without what no database can hold."""
    return bindparam(None, sorted({t for t in texts if is_printable(t)}), ARRAY(String))
