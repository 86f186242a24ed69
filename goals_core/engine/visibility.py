"""Which rows an actor may see, change and assign: one rule per subject, for every caller.

How far each permission of a role extends is said once, in `goals_core.permissions.REACH`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute

from goals_core.arrays import Ids
from goals_core.db import TenantSession
from goals_core.errors import N_, NotFound
from goals_core.kinds import AssigneeType, GoalStatus
from goals_core.models.core import Team, TeamMember, User
from goals_core.models.goals import Assignment, Definition
from goals_core.permissions import Permission, Reach


@dataclass(frozen=True, slots=True)
class Assignees:
    """Whose assignments an actor sees who does not see all."""

    people: Collection[UUID]
    teams: Collection[UUID]
    has_company: bool

    def bound(self) -> dict[str, object]:
        """The values that `assignments` asks for."""
        return {"people": self.people, "teams": self.teams, "has_company": self.has_company}

    @staticmethod
    def assignments() -> ColumnElement[bool]:
        """Theirs, in a statement that is made once; the index of people finds them all."""
        has_company = bindparam("has_company", type_=Boolean())
        others = or_(
            Assignment.team_id == func.any(bindparam("teams", type_=Ids())),
            and_(Assignment.assignee_type == AssigneeType.TENANT, has_company),
        )
        return or_(
            Assignment.user_id == func.any(bindparam("people", type_=Ids())),
            and_(Assignment.user_id.is_(None), others),
        )


def readable_assignees(db: TenantSession) -> Assignees | None:
    """`readable_assignments` for who reads them more than once: looked up here. None: it is all."""
    db.actor.need(Permission.READ)
    if _reaches_all(db, Permission.READ):
        return None
    reach = db.actor.reach(Permission.READ)
    people = set(db.scalars(led_people(db))) if Reach.LED in reach else set()
    teams = set(db.scalars(led_teams(db))) if Reach.LED in reach else set()
    if Reach.OWN in reach and db.actor.user_id is not None:
        people.add(db.actor.user_id)
    if Reach.JOINED in reach:
        teams |= set(db.scalars(_joined_teams(db)))
    return Assignees(people, teams, Reach.COMPANY in reach)


def readable_assignments(db: TenantSession) -> ColumnElement[bool]:
    """The assignments that the actor may see."""
    db.actor.need(Permission.READ)
    return _reached(db, Permission.READ)


def readable_definitions(db: TenantSession) -> ColumnElement[bool]:
    """The definitions that the actor may see: theirs to write, or with goals they may see."""
    db.actor.need(Permission.READ)
    if _reaches_all(db, Permission.READ):
        return true()
    seen = select(Assignment.definition_id).where(readable_assignments(db))
    published = and_(Definition.id.in_(seen), Definition.status != GoalStatus.DRAFT)
    return or_(published, writable_definitions(db))


def writable_definitions(db: TenantSession) -> ColumnElement[bool]:
    """The definitions that the actor may change."""
    reach = db.actor.reach(Permission.WRITE)
    if Reach.ALL in reach:
        return true()
    made = Definition.created_by == db.actor.user_id if Reach.CREATED in reach else false()
    goals = _reached(db, Permission.WRITE)
    return or_(made, Definition.id.in_(select(Assignment.definition_id).where(goals)))


def led_assignments(db: TenantSession) -> ColumnElement[bool]:
    """The assignments that the actor sets: of the teams that they lead, and of their members."""
    return _reached(db, Permission.ASSIGN)


def progressable_assignments(db: TenantSession) -> ColumnElement[bool]:
    """The assignments whose progress the actor may record by hand."""
    return _reached(db, Permission.PROGRESS)


def progressable(db: TenantSession, assignees: Mapping[UUID, UUID | None]) -> Collection[UUID]:
    """Those of the assignments, given with their person, whose progress the actor may record."""
    reach = db.actor.reach(Permission.PROGRESS)
    if Reach.ALL in reach:
        return assignees
    own = {id_ for id_, user_id in assignees.items() if user_id == db.actor.user_id}
    if Reach.LED not in reach or len(own) == len(assignees):
        return own if Reach.OWN in reach else ()
    led = select(Assignment.id).where(
        Assignment.id.in_(list(assignees)), progressable_assignments(db)
    )
    return set(db.scalars(led))


def led_teams(db: TenantSession) -> Select[UUID]:
    """The teams whose goals the actor sets: a manager's own, an administrator's all."""
    query = select(Team.id)
    if _reaches_all(db, Permission.ASSIGN):
        return query
    leads = Reach.LED in db.actor.reach(Permission.ASSIGN)
    return query.where(Team.manager_id == db.actor.user_id, literal(leads))


def led_people(db: TenantSession) -> Select[UUID]:
    """Who is in those teams today."""
    return _members_today(db, TeamMember.user_id).where(TeamMember.team_id.in_(led_teams(db)))


def need_team(db: TenantSession, team_id: UUID) -> None:
    """Refuse with `NotFound` unless the actor may see the team's goals."""
    visible = select(Team.id).where(Team.id == team_id)
    if not _reaches_all(db, Permission.READ):
        visible = visible.where(or_(Team.id.in_(led_teams(db)), Team.id.in_(_joined_teams(db))))
    if db.scalar(visible) is None:
        raise NotFound("team")


def need_person(db: TenantSession, user_id: UUID | None) -> None:
    """Refuse with `NotFound` when this is nobody of the tenant."""
    if user_id is not None and db.scalar(select(User.id).where(User.id == user_id)) is None:
        raise NotFound(N_("person"))


def _reached(db: TenantSession, permission: Permission) -> ColumnElement[bool]:
    """The assignments that a permission of the actor's role extends to."""
    reach = db.actor.reach(permission)
    if Reach.ALL in reach:
        return true()
    return or_(false(), *(rule(db) for part, rule in _RULES.items() if part in reach))


def _reaches_all(db: TenantSession, permission: Permission) -> bool:
    return Reach.ALL in db.actor.reach(permission)


def _of_led_teams(db: TenantSession) -> ColumnElement[bool]:
    return or_(Assignment.team_id.in_(led_teams(db)), Assignment.user_id.in_(led_people(db)))


def _joined_teams(db: TenantSession) -> Select[UUID]:
    return _members_today(db, TeamMember.team_id).where(TeamMember.user_id == db.actor.user_id)


def _members_today(db: TenantSession, what: InstrumentedAttribute[UUID]) -> Select[UUID]:
    today = db.actor.tenant.today
    return select(what).where(
        TeamMember.member_from <= today,
        or_(TeamMember.member_to.is_(None), TeamMember.member_to >= today),
    )


_RULES: dict[Reach, Callable[[TenantSession], ColumnElement[bool]]] = {
    Reach.COMPANY: lambda _db: Assignment.assignee_type == AssigneeType.TENANT,
    Reach.OWN: lambda db: Assignment.user_id == db.actor.user_id,
    Reach.JOINED: lambda db: Assignment.team_id.in_(_joined_teams(db)),
    Reach.LED: _of_led_teams,
}
"""`Reach.CREATED` is of definitions, and so in `writable_definitions`."""
