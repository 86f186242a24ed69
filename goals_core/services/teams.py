"""Teams, who leads them and who is in them from which day to which."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from goals_core import clock
from goals_core.checks import Checks, printable
from goals_core.db import TenantSession
from goals_core.engine import audit, memberships, people_views
from goals_core.engine.audit import Deed
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.engine.visibility import need_person
from goals_core.errors import N_, Conflict, NotFound, invalid
from goals_core.models.base import new_id
from goals_core.models.core import Team, TeamMember, User
from goals_core.permissions import Permission, needs

Facts = dict[str, object]
_LEADER = aliased(User)


class TeamExists(Conflict):
    message = N_("There is a team named {name} already.")


@dataclass(frozen=True, slots=True)
class TeamView:
    """A team and who leads it."""

    id: UUID
    name: str
    manager_id: UUID | None


@dataclass(frozen=True, slots=True)
class TeamSummary:
    """A team as those see it who manage people; members are those of today."""

    id: UUID
    name: str
    manager_id: UUID | None
    manager: str | None
    members: int


@dataclass(frozen=True, slots=True)
class Member:
    """Someone's days in a team, both included; no last one: until further notice."""

    id: UUID  # of the membership: the same person can have several, one after the other
    user_id: UUID
    name: str
    title: str
    member_from: date
    member_to: date | None

    def is_in(self, day: date) -> bool:
        return self.member_from <= day and (self.member_to is None or self.member_to >= day)


@dataclass(frozen=True, slots=True)
class TeamDetails:
    """A team with everyone who is in it, was, or will be."""

    team: TeamSummary
    members: tuple[Member, ...]  # by name, each by days


@needs(Permission.READ)
def list_teams(db: TenantSession) -> list[TeamView]:
    """Every team of the tenant, by name."""
    rows = db.execute(select(Team.id, Team.name, Team.manager_id).order_by(Team.name))
    return [TeamView(*row) for row in rows]


@needs(Permission.MANAGE)
def list_(
    db: TenantSession, *, search: str = "", page: PageRequest = FIRST_PAGE
) -> Page[TeamSummary]:
    """The teams that are called so, or whose manager is, by name."""
    words = printable(search)
    query = _summaries(db)
    if words:
        named = Team.name.icontains(words, autoescape=True)
        query = query.where(named | _LEADER.name.icontains(words, autoescape=True))
    total = db.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = db.execute(query.limit(page.limit).offset(page.offset))
    return page.of([TeamSummary(*row) for row in rows], total)


@needs(Permission.MANAGE)
def get(db: TenantSession, team_id: UUID) -> TeamDetails:
    """One team and its members over time."""
    row = db.execute(_summaries(db).where(Team.id == team_id)).one_or_none()
    if row is None:
        raise NotFound(N_("team"))
    m = TeamMember
    members = (
        select(m.id, m.user_id, User.name, User.title, m.member_from, m.member_to)
        .join(User, and_(User.tenant_id == m.tenant_id, User.id == m.user_id))
        .where(m.team_id == team_id)
        .order_by(func.lower(User.name), m.user_id, m.member_from)
    )
    return TeamDetails(TeamSummary(*row), tuple(Member(*each) for each in db.execute(members)))


@needs(Permission.MANAGE)
def create_team(db: TenantSession, *, name: str, manager_id: UUID | None) -> UUID:
    """Make a team; its manager leads it without being a member."""
    name = _checked(name)
    need_person(db, manager_id)
    team = Team(id=new_id(), name=name, manager_id=manager_id, created_at=clock.now())

    def store() -> None:
        db.add(team)

    _under_its_name(db, name, store)
    audit.note(db, Deed.TEAM_CREATED, team.id, after={"name": name, "manager_id": manager_id})
    return team.id


@needs(Permission.MANAGE)
def rename(db: TenantSession, team_id: UUID, *, name: str) -> None:
    """Call a team something else; nothing of its past changes its name in the audit log."""
    name = _checked(name)
    team = memberships.get(db, team_id, lock=True)
    before = {"name": team.name}
    if name == team.name:
        return

    def store() -> None:
        team.name = name

    _under_its_name(db, name, store)
    audit.note(db, Deed.TEAM_CHANGED, team_id, before=before, after={"name": name})


@needs(Permission.MANAGE)
def set_manager(db: TenantSession, team_id: UUID, *, manager_id: UUID | None) -> None:
    """Say who leads a team, or that nobody does; values are of its members, so none changes."""
    team = memberships.get(db, team_id, lock=True)
    before = {"manager_id": team.manager_id}
    if manager_id == team.manager_id:
        return
    need_person(db, manager_id)
    _refuse_disabled(db, manager_id)
    team.manager_id = manager_id
    audit.note(db, Deed.TEAM_CHANGED, team_id, before=before, after={"manager_id": manager_id})


@needs(Permission.MANAGE)
def add_member(
    db: TenantSession,
    *,
    team_id: UUID,
    user_id: UUID,
    member_from: date,
    member_to: date | None = None,
) -> None:
    """Put a person into a team from a day on, until a day or further notice.

    What the team has reached follows at once, but for windows that are closed.
    """
    memberships.check_days(member_from, member_to)
    need_person(db, user_id)
    with memberships.changing(db, team_id):
        memberships.refuse_overlap(db, team_id, user_id, (member_from, member_to))
        facts = {"user_id": user_id, "member_from": member_from, "member_to": member_to}
        db.add(TeamMember(id=new_id(), team_id=team_id, **facts))
        audit.note(db, Deed.TEAM_JOINED, team_id, after=facts)


@needs(Permission.MANAGE)
def change_membership(
    db: TenantSession, membership_id: UUID, *, member_from: date, member_to: date | None
) -> None:
    """Give a membership other days; the team's open goals follow at once, closed ones never."""
    memberships.check_days(member_from, member_to)
    team_id = memberships.find_team(db, membership_id)
    with memberships.changing(db, team_id):
        membership = _membership(db, membership_id)
        user_id, days = membership.user_id, (member_from, member_to)
        memberships.refuse_overlap(db, team_id, user_id, days, but=membership_id)
        before: Facts = {
            "member_from": membership.member_from,
            "member_to": membership.member_to,
        }
        after: Facts = {"member_from": member_from, "member_to": member_to}
        if before != after:
            membership.member_from, membership.member_to = days
            after |= {"user_id": user_id}
            audit.note(db, Deed.TEAM_MEMBERSHIP_CHANGED, team_id, before=before, after=after)


@needs(Permission.MANAGE)
def take_back_membership(db: TenantSession, membership_id: UUID) -> None:
    """Undo a membership that was a mistake, as long as no window that is closed has counted it."""
    team_id = memberships.find_team(db, membership_id)
    with memberships.changing(db, team_id) as team:
        membership = _membership(db, membership_id)
        memberships.refuse_counted(db, team, membership)
        before = {
            "user_id": membership.user_id,
            "member_from": membership.member_from,
            "member_to": membership.member_to,
        }
        db.delete(membership)
        audit.note(db, Deed.TEAM_MEMBERSHIP_TAKEN_BACK, team_id, before=before)


def _summaries(db: TenantSession) -> Select[*tuple[Any, ...]]:
    today = db.actor.tenant.today
    members = (
        select(func.count())
        .where(
            TeamMember.tenant_id == Team.tenant_id,
            TeamMember.team_id == Team.id,
            people_views.is_member_on(today),
        )
        .correlate(Team)
        .scalar_subquery()
    )
    leads = and_(_LEADER.tenant_id == Team.tenant_id, _LEADER.id == Team.manager_id)
    columns = (Team.id, Team.name, Team.manager_id, _LEADER.name.label("manager"), members)
    return select(*columns).outerjoin(_LEADER, leads).order_by(func.lower(Team.name), Team.id)


def _checked(name: str) -> str:
    checks = Checks()
    name = checks.text("name", name, longest=200, required=True)
    checks.done()
    return name


def _under_its_name(db: TenantSession, name: str, store: Callable[[], None]) -> None:
    """Store a team whose name may be taken."""
    store()
    try:
        db.flush()  # members refer to it, and so that a taken name is told here
    except IntegrityError as error:
        if "teams_name_key" in str(error.orig):
            raise TeamExists(name=name) from None
        raise


def _membership(db: TenantSession, membership_id: UUID) -> TeamMember:
    """As it is now that its team is locked."""
    found = db.get(TeamMember, (db.tenant_id, membership_id), populate_existing=True)
    if found is None:
        raise NotFound(N_("membership"))
    return found


def _refuse_disabled(db: TenantSession, manager_id: UUID | None) -> None:
    disabled = select(User.name).where(User.id == manager_id, User.is_active.is_(False))
    if (name := db.scalar(disabled)) is not None:
        raise invalid("manager_id", N_("The account of {name} is disabled."), name=name)
