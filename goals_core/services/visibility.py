"""Which rows an actor may see, change and assign: one rule per subject, for every caller.

| reads       | admin, analyst: all; manager: own, own teams and their members; rep: own;
|             | everyone: the teams they are in and the tenant's goals
| writes      | admin: all; manager: definitions they created or their teams have
| assigns     | admin: all; manager: own teams and their members
| progress    | admin: all; manager: own teams and their members; rep: own
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, literal, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from goals_core.actor import Permission, Role
from goals_core.db import TenantSession
from goals_core.errors import NotFound
from goals_core.kinds import AssigneeType, GoalStatus
from goals_core.models.core import Team, TeamMember
from goals_core.models.goals import Assignment, Definition

_EVERYTHING = {Role.ADMIN, Role.ANALYST}


def readable_assignments(db: TenantSession) -> ColumnElement[bool]:
    """The assignments that the actor may see."""
    db.actor.need(Permission.READ)
    if db.actor.role in _EVERYTHING:
        return true()
    return or_(
        Assignment.assignee_type == AssigneeType.TENANT,
        Assignment.user_id == db.actor.user_id,
        Assignment.team_id.in_(_joined_teams(db)),
        led_assignments(db),
    )


def readable_definitions(db: TenantSession) -> ColumnElement[bool]:
    """The definitions that the actor may see: theirs to write, or with goals they may see."""
    db.actor.need(Permission.READ)
    if db.actor.role in _EVERYTHING:
        return true()
    seen = select(Assignment.definition_id).where(readable_assignments(db))
    published = and_(Definition.id.in_(seen), Definition.status != GoalStatus.DRAFT)
    return or_(published, writable_definitions(db))


def writable_definitions(db: TenantSession) -> ColumnElement[bool]:
    """The definitions that the actor may change."""
    if not db.actor.may(Permission.WRITE):
        return false()
    if db.actor.may(Permission.MANAGE):
        return true()
    of_teams = select(Assignment.definition_id).where(led_assignments(db))
    return or_(Definition.created_by == db.actor.user_id, Definition.id.in_(of_teams))


def led_assignments(db: TenantSession) -> ColumnElement[bool]:
    """The assignments of the teams that the actor leads and of their members."""
    if db.actor.role is not Role.MANAGER:
        return true() if db.actor.may(Permission.MANAGE) else false()
    return or_(Assignment.team_id.in_(led_teams(db)), Assignment.user_id.in_(led_people(db)))


def progressable_assignments(db: TenantSession) -> ColumnElement[bool]:
    """The assignments whose progress the actor may record by hand."""
    if not db.actor.may(Permission.PROGRESS):
        return false()
    return or_(Assignment.user_id == db.actor.user_id, led_assignments(db))


def progressable(db: TenantSession, assignees: Mapping[UUID, UUID | None]) -> Collection[UUID]:
    """Those of the assignments, given with their person, whose progress the actor may record."""
    if db.actor.may(Permission.MANAGE):
        return assignees
    own = {id_ for id_, user_id in assignees.items() if user_id == db.actor.user_id}
    if db.actor.role is not Role.MANAGER or len(own) == len(assignees):
        return own if db.actor.may(Permission.PROGRESS) else ()
    led = select(Assignment.id).where(
        Assignment.id.in_(list(assignees)), progressable_assignments(db)
    )
    return set(db.scalars(led))


def led_teams(db: TenantSession) -> Select[UUID]:
    """The teams whose goals the actor sets: a manager's own, an administrator's all."""
    query = select(Team.id)
    if db.actor.may(Permission.MANAGE):
        return query
    return query.where(Team.manager_id == db.actor.user_id, literal(db.actor.role is Role.MANAGER))


def led_people(db: TenantSession) -> Select[UUID]:
    """Who is in those teams today."""
    return _members_today(db, TeamMember.user_id).where(TeamMember.team_id.in_(led_teams(db)))


def need_team(db: TenantSession, team_id: UUID) -> None:
    """Refuse with `NotFound` unless the actor may see the team's goals."""
    visible = select(Team.id).where(Team.id == team_id)
    if db.actor.role not in _EVERYTHING:
        visible = visible.where(or_(Team.id.in_(led_teams(db)), Team.id.in_(_joined_teams(db))))
    if db.scalar(visible) is None:
        raise NotFound("team")


def _joined_teams(db: TenantSession) -> Select[UUID]:
    return _members_today(db, TeamMember.team_id).where(TeamMember.user_id == db.actor.user_id)


def _members_today(db: TenantSession, what: InstrumentedAttribute[UUID]) -> Select[UUID]:
    today = db.actor.tenant.today
    return select(what).where(
        TeamMember.member_from <= today,
        or_(TeamMember.member_to.is_(None), TeamMember.member_to >= today),
    )
