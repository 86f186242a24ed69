"""Teams and who is in them."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from goals_core import clock
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import audit
from goals_core.engine.audit import Deed
from goals_core.engine.visibility import need_person
from goals_core.errors import N_, Conflict, NotFound, invalid
from goals_core.models.base import new_id
from goals_core.models.core import Team, TeamMember
from goals_core.permissions import Permission, needs


class TeamExists(Conflict):
    message = N_("There is a team named {name} already.")


class MemberAlready(Conflict):
    message = N_("This person is in the team on some of these days already.")


@dataclass(frozen=True, slots=True)
class TeamView:
    """A team and who leads it."""

    id: UUID
    name: str
    manager_id: UUID | None


@needs(Permission.MANAGE)
def create_team(db: TenantSession, *, name: str, manager_id: UUID | None) -> UUID:
    """Make a team; its manager leads it without being a member."""
    checks = Checks()
    name = checks.text("name", name, longest=200, required=True)
    checks.done()
    need_person(db, manager_id)
    team = Team(id=new_id(), name=name, manager_id=manager_id, created_at=clock.now())
    db.add(team)
    try:
        db.flush()  # members refer to it, and so that a taken name is told here
    except IntegrityError as error:
        if "teams_name_key" in str(error.orig):
            raise TeamExists(name=name) from None
        raise
    audit.note(db, Deed.TEAM_CREATED, team.id, after={"name": name, "manager_id": manager_id})
    return team.id


@needs(Permission.MANAGE)
def add_member(
    db: TenantSession,
    *,
    team_id: UUID,
    user_id: UUID,
    member_from: date,
    member_to: date | None = None,
) -> None:
    """Put a person into a team from a day on, until a day or further notice."""
    if member_to is not None and member_to < member_from:
        raise invalid("member_to", N_("This must not be before the first day."))
    need_person(db, user_id)
    if _was_member(db, team_id, user_id, member_from, member_to):
        raise MemberAlready
    facts = {"user_id": user_id, "member_from": member_from, "member_to": member_to}
    db.add(TeamMember(team_id=team_id, **facts))
    audit.note(db, Deed.TEAM_JOINED, team_id, after=facts)


@needs(Permission.READ)
def list_teams(db: TenantSession) -> list[TeamView]:
    """Every team of the tenant, by name."""
    rows = db.execute(select(Team.id, Team.name, Team.manager_id).order_by(Team.name))
    return [TeamView(*row) for row in rows]


def _was_member(
    db: TenantSession, team_id: UUID, user_id: UUID, first: date, last: date | None
) -> bool:
    """Whether the person is in the team on any of these days; the team's row is locked for it."""
    if db.scalar(select(Team.id).where(Team.id == team_id).with_for_update()) is None:
        raise NotFound(N_("team"))
    overlap = select(TeamMember.id).where(
        TeamMember.team_id == team_id,
        TeamMember.user_id == user_id,
        or_(TeamMember.member_to.is_(None), TeamMember.member_to >= first),
        TeamMember.member_from <= (last or date.max),
    )
    return db.scalar(overlap.limit(1)) is not None
