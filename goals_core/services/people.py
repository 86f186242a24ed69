"""People and their accounts: who is here, from when to when, what they may do and who manages them.

Nothing of it is lost: an account is disabled, never deleted, and keeps its goals and records.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.exc import IntegrityError

from goals_core import clock
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import (
    accounts,
    audit,
    chains,
    concerned,
    memberships,
    people_views,
    targets,
)
from goals_core.engine.audit import Deed
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.engine.people_views import PersonState, PersonView
from goals_core.engine.recompute import recompute
from goals_core.errors import N_, Conflict, NotFound, Stale
from goals_core.models.base import new_id
from goals_core.models.core import Team, TeamMember, User
from goals_core.permissions import Permission, Role, needs
from goals_core.services import planning
from goals_core.services.identity import EmailTaken


class NotAMember(Conflict):
    message = N_("This person is not in the team on {day}.")


@dataclass(frozen=True, slots=True)
class Membership:
    """Days in a team, both included; no last one: until further notice."""

    id: UUID
    team_id: UUID
    team: str
    member_from: date
    member_to: date | None


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """A person, the teams over time, and who counts on them."""

    person: PersonView
    memberships: tuple[Membership, ...]  # the newest first
    leads: tuple[str, ...]  # teams
    manages: int  # people


@needs(Permission.MANAGE)
def list_(
    db: TenantSession,
    *,
    search: str = "",
    roles: Collection[Role] = (),
    states: Collection[PersonState] = (),
    page: PageRequest = FIRST_PAGE,
) -> Page[PersonView]:
    """Everyone who fits every filter given, by name."""
    rules = people_views.narrowed(search, roles, states)
    total = db.scalar(select(func.count()).select_from(User).where(*rules)) or 0
    shown = people_views.query().where(*rules).limit(page.limit).offset(page.offset)
    return page.of(people_views.views_of(db, db.execute(shown).all()), total)


@needs(Permission.MANAGE)
def get(db: TenantSession, user_id: UUID) -> PersonDetails:
    """One person with everything that is to be known before their account is changed."""
    rows = db.execute(people_views.query().where(User.id == user_id)).all()
    if not rows:
        raise NotFound(N_("person"))
    led = select(Team.name).where(Team.manager_id == user_id).order_by(Team.name)
    below = select(func.count()).where(User.manager_id == user_id, User.is_active)
    return PersonDetails(
        person=people_views.views_of(db, rows)[0],
        memberships=_memberships(db, user_id),
        leads=tuple(db.scalars(led)),
        manages=db.scalar(below) or 0,
    )


@needs(Permission.MANAGE)
def invite(
    db: TenantSession,
    *,
    email: str,
    name: str,
    role: Role,
    title: str = "",
    manager_id: UUID | None = None,
    hired_on: date | None = None,
) -> UUID:
    """Make an account that has no password yet; `links.invite` makes the link that asks for one.

    Whether the address has an account in another company is found out by whoever takes the link,
    never by whoever invites.
    """
    checks = Checks()
    email = accounts.check_email(checks, email)
    name, title = accounts.check(checks, name=name, title=title)
    role = checks.choice("role", role, Role)
    if hired_on is not None:
        checks.day("hired_on", hired_on)
    checks.done()
    accounts.need_manager(db, None, manager_id)
    facts = {"name": name, "title": title, "role": role, "manager_id": manager_id}
    user_id = _insert(db, email, facts | {"hired_on": hired_on})
    told = {"email": email} | facts | {"hired_on": hired_on}
    after = {field: fact for field, fact in told.items() if fact}
    audit.note(db, Deed.USER_CREATED, user_id, after=after)
    return user_id


@needs(Permission.MANAGE)
def change(
    db: TenantSession,
    user_id: UUID,
    *,
    name: str,
    title: str,
    role: Role,
    manager_id: UUID | None,
    seen_at: datetime | None = None,
) -> None:
    """Change who someone is here; another role ends all sessions that were begun with the old one.

    `seen_at` is the `updated_at` of what was looked at: who was faster is not overwritten.
    """
    checks = Checks()
    name, title = accounts.check(checks, name=name, title=title)
    role = checks.choice("role", role, Role)
    checks.done()
    locked = accounts.lock(db, [user_id])
    person = locked.one(user_id)
    _refuse_stale(person, seen_at)
    before = _facts(person)
    after = {"name": name, "title": title, "role": role, "manager_id": manager_id}
    if before == after:
        return
    if role is not person.role:
        accounts.refuse_own(db, user_id)
        person.auth_epoch += 1
    if manager_id != person.manager_id:
        accounts.need_manager(db, user_id, manager_id)
    for field, value in after.items():
        setattr(person, field, value)
    person.updated_at = clock.now()
    locked.need_administrator(person)
    audit.note(db, Deed.USER_CHANGED, user_id, before=before, after=after)


@needs(Permission.MANAGE)
def disable(db: TenantSession, user_id: UUID) -> None:
    """Let someone in no more, from this moment on; goals, records and memberships stay.

    What is assigned runs to the end of its window; no further window begins, nothing new can be
    assigned.
    """
    accounts.refuse_own(db, user_id)
    locked = accounts.lock(db, [user_id])
    person = locked.one(user_id)
    if not person.is_active:
        return
    person.is_active = False
    person.auth_epoch += 1
    person.updated_at = clock.now()
    locked.need_administrator(person)
    accounts.end_links(db, user_id)
    _note_active(db, Deed.USER_DISABLED, user_id, is_active=False)


@needs(Permission.MANAGE)
def enable(db: TenantSession, user_id: UUID) -> None:
    """Let someone in again: their repeated goals go on with the window of today.

    The windows that began and ended meanwhile are not made up for.
    """
    stalled = chains.stalled(db, user_id)
    person = accounts.lock(db, [user_id]).one(user_id)
    if person.is_active:
        return
    person.is_active = True
    person.updated_at = clock.now()
    db.flush()  # nothing is assigned to who is disabled
    _note_active(db, Deed.USER_ENABLED, user_id, is_active=True)
    for goal, quota in chains.resumed(db, user_id, stalled):
        planning.set_targets(db, goal, [planning.Quota(**quota)])


@needs(Permission.MANAGE)
def set_employment(
    db: TenantSession,
    user_id: UUID,
    *,
    hired_on: date | None,
    left_on: date | None,
    seen_at: datetime | None = None,
) -> None:
    """Say when someone works here, first and last day included; prorated targets follow at once.

    Windows that are closed keep what they were held against.
    """
    checks = Checks()
    for field, day in (("hired_on", hired_on), ("left_on", left_on)):
        if day is not None:
            checks.day(field, day)
    if hired_on and left_on and left_on < hired_on:
        checks.problem("left_on", N_("This must not be before the first day."))
    checks.done()
    goals = concerned.locked(db, concerned.prorated_of([user_id]))
    user = db.scalar(select(User).where(User.id == user_id).with_for_update(key_share=True))
    if user is None:
        raise NotFound(N_("person"))
    _refuse_stale(user, seen_at)
    before = {"hired_on": user.hired_on, "left_on": user.left_on}
    after = {"hired_on": hired_on, "left_on": left_on}
    if before == after:
        return
    user.hired_on, user.left_on, user.updated_at = hired_on, left_on, clock.now()
    db.flush()  # the targets are computed from it
    audit.note(db, Deed.USER_EMPLOYMENT_CHANGED, user_id, before=before, after=after)
    targets.follow(db, goals)
    recompute(db, only=goals)


@needs(Permission.MANAGE)
def leave_team(db: TenantSession, *, team_id: UUID, user_id: UUID, last_day: date) -> None:
    """End someone's membership; what they did up to that day stays with the team."""
    memberships.check_days(last_day, None)
    with memberships.changing(db, team_id):
        of_them = (TeamMember.team_id == team_id, TeamMember.user_id == user_id)
        found = select(TeamMember).where(*of_them, people_views.is_member_on(last_day))
        membership = db.scalar(found, execution_options={"populate_existing": True})
        if membership is None:
            raise NotAMember(day=last_day)
        before = {"member_to": membership.member_to}
        membership.member_to = last_day
        after = {"user_id": user_id, "member_to": last_day}
        audit.note(db, Deed.TEAM_LEFT, team_id, before=before, after=after)


def _refuse_stale(person: User, seen_at: datetime | None) -> None:
    if seen_at not in (None, person.updated_at):
        raise Stale(name=person.name)


def _facts(person: User) -> dict[str, Any]:
    return {
        "name": person.name,
        "title": person.title,
        "role": person.role,
        "manager_id": person.manager_id,
    }


def _insert(db: TenantSession, email: str, facts: dict[str, Any]) -> UUID:
    now = clock.now()
    account = {"password_hash": None, "is_active": True, "auth_epoch": 0}
    times = {"left_on": None, "created_at": now, "updated_at": now}
    user = User(id=new_id(), email=email, **facts, **account, **times)
    db.add(user)
    try:
        db.flush()  # so that a taken e-mail is told here
    except IntegrityError as error:
        if "users_email_key" in str(error.orig):
            raise EmailTaken(email=email) from None
        raise
    return user.id


def _memberships(db: TenantSession, user_id: UUID) -> tuple[Membership, ...]:
    m = TeamMember
    query = (
        select(m.id, m.team_id, Team.name, m.member_from, m.member_to)
        .join(Team, and_(Team.tenant_id == m.tenant_id, Team.id == m.team_id))
        .where(m.user_id == user_id)
        .order_by(m.member_from.desc(), Team.name)
    )
    return tuple(Membership(*row) for row in db.execute(query))


def _note_active(db: TenantSession, deed: Deed, user_id: UUID, *, is_active: bool) -> None:
    audit.note(
        db, deed, user_id, before={"is_active": not is_active}, after={"is_active": is_active}
    )
