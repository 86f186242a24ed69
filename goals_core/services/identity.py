"""Tenants, people and teams."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

import bcrypt
from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies
from sqlalchemy import Row, or_, select, text
from sqlalchemy.exc import IntegrityError

from goals_core import clock
from goals_core.actor import Actor, Permission, Role, Tenant
from goals_core.checks import Checks
from goals_core.db import TenantSession, directory, tenant_session
from goals_core.errors import N_, Conflict, NotFound, invalid
from goals_core.models.base import new_id
from goals_core.models.core import LoginRow, Team, TeamMember, TenantRow, User
from goals_core.services import audit
from goals_core.services.audit import Deed

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 72  # bytes; bcrypt reads no more than 72
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LOCALE = re.compile(r"[A-Za-z0-9_@]{2,20}")  # babel also takes a code set, whatever it says


class TenantExists(Conflict):
    message = N_("There is a tenant with the slug {slug} already.")


class EmailTaken(Conflict):
    message = N_("{email} has an account already.")


class TeamExists(Conflict):
    message = N_("There is a team named {name} already.")


class MemberAlready(Conflict):
    message = N_("This person is in the team on some of these days already.")


@dataclass(frozen=True, slots=True)
class Person:
    """A user as others see them."""

    id: UUID
    name: str
    title: str
    role: Role


@dataclass(frozen=True, slots=True)
class TeamView:
    """A team and who leads it."""

    id: UUID
    name: str
    manager_id: UUID | None


def list_tenants() -> list[Tenant]:
    """Every tenant of the installation, by slug."""
    with directory() as connection:
        return [
            _tenant(row) for row in connection.execute(text("SELECT * FROM core.list_tenants()"))
        ]


def get_tenant(slug: str) -> Tenant:
    """The tenant of that slug, or `NotFound`."""
    for tenant in list_tenants():
        if tenant.slug == slug:
            return tenant
    raise NotFound(f"tenant {slug!r}")


def create_tenant(
    *,
    slug: str,
    name: str,
    timezone: str,
    locale: str,
    currency: str,
    fiscal_year_start: int = 1,
) -> Tenant:
    """Make a tenant with the default rules for grace and risk."""
    _check_tenant(slug, name, timezone, locale, currency, fiscal_year_start)
    tenant = Tenant(
        id=new_id(),
        slug=slug,
        name=name.strip(),
        timezone=timezone,
        locale=locale,
        currency=currency,
        fiscal_year_start=fiscal_year_start,
        grace_days=3,
        risk_progress_below=50,
        risk_time_left=25,
    )
    try:
        with tenant_session(Actor.system(tenant)) as db:
            facts = {f: getattr(tenant, f) for f in tenant.__slots__}
            db.add(TenantRow(**facts, created_at=clock.now()))
            db.flush()  # the audit line refers to it
            audit.note(db, Deed.TENANT_CREATED, tenant.id, after=facts)
    except IntegrityError as error:
        if "tenants_slug_key" in str(error.orig):
            raise TenantExists(slug=slug) from None
        raise
    return tenant


def create_user(
    db: TenantSession,
    *,
    email: str,
    name: str,
    role: Role,
    password: str,
    title: str = "",
    manager_id: UUID | None = None,
    hired_on: date | None = None,
) -> UUID:
    """Make an account that may sign in with `email` and `password`."""
    db.actor.need(Permission.MANAGE)
    email, name = email.strip().casefold(), name.strip()
    _check_user(email, name, title, password)
    _need_person(db, manager_id)
    user = User(
        id=new_id(),
        email=email,
        name=name,
        title=title.strip(),
        role=role,
        manager_id=manager_id,
        password_hash=hash_password(password),
        is_active=True,
        auth_epoch=0,
        failed_logins=0,
        hired_on=hired_on,
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    db.add(user)
    db.add(LoginRow(email=email, tenant_id=db.tenant_id, user_id=user.id))
    try:
        db.flush()  # so that a taken e-mail is told here
    except IntegrityError as error:
        if "login_directory_pkey" in str(error.orig) or "users_email_key" in str(error.orig):
            raise EmailTaken(email=email) from None
        raise
    audit.note(db, Deed.USER_CREATED, user.id, after={"email": email, "name": name, "role": role})
    return user.id


def create_team(db: TenantSession, *, name: str, manager_id: UUID | None) -> UUID:
    """Make a team; its manager leads it without being a member."""
    db.actor.need(Permission.MANAGE)
    checks = Checks()
    name = checks.text("name", name, longest=200, required=True)
    checks.done()
    _need_person(db, manager_id)
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


def add_member(
    db: TenantSession,
    *,
    team_id: UUID,
    user_id: UUID,
    member_from: date,
    member_to: date | None = None,
) -> None:
    """Put a person into a team from a day on, until a day or further notice."""
    db.actor.need(Permission.MANAGE)
    if member_to is not None and member_to < member_from:
        raise invalid("member_to", N_("This must not be before the first day."))
    _need_person(db, user_id)
    if _was_member(db, team_id, user_id, member_from, member_to):
        raise MemberAlready
    facts = {"user_id": user_id, "member_from": member_from, "member_to": member_to}
    db.add(TeamMember(team_id=team_id, **facts))
    audit.note(db, Deed.TEAM_JOINED, team_id, after=facts)


def list_people(db: TenantSession) -> list[Person]:
    """Everyone of the tenant, by name."""
    rows = db.execute(select(User.id, User.name, User.title, User.role).order_by(User.name))
    return [Person(*row) for row in rows]


def get_user_id(db: TenantSession, *, email: str) -> UUID:
    """The id of the person who signs in with this address."""
    user_id = db.scalar(select(User.id).where(User.email == email.strip().casefold()))
    if user_id is None:
        raise NotFound(N_("person"))
    return user_id


def list_teams(db: TenantSession) -> list[TeamView]:
    """Every team of the tenant, by name."""
    rows = db.execute(select(Team.id, Team.name, Team.manager_id).order_by(Team.name))
    return [TeamView(*row) for row in rows]


def hash_password(password: str) -> str:
    """The bcrypt hash that streamlit-authenticator compares with."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()


def check_password(checks: Checks, password: str) -> None:
    """Collect what is wrong with a new password."""
    try:
        length = len(password.encode())
    except UnicodeEncodeError:  # a lone surrogate
        checks.problem("password", N_("This contains characters that cannot be stored."))
        return
    if not SHORTEST_PASSWORD <= length <= LONGEST_PASSWORD:
        checks.problem(
            "password",
            N_("A password has {least} to {most} bytes."),
            least=SHORTEST_PASSWORD,
            most=LONGEST_PASSWORD,
        )


def _tenant(row: Row[Any]) -> Tenant:
    return Tenant(**{field: getattr(row, field) for field in Tenant.__slots__})


def _need_person(db: TenantSession, user_id: UUID | None) -> None:
    """Refuse with `NotFound` when this is nobody of the tenant."""
    if user_id is not None and db.scalar(select(User.id).where(User.id == user_id)) is None:
        raise NotFound(N_("person"))


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


def _check_tenant(
    slug: str, name: str, timezone: str, locale: str, currency: str, fiscal_year_start: int
) -> None:
    checks = Checks()
    checks.text("name", name, longest=200, required=True)
    if len(slug) > 63 or not _SLUG.fullmatch(slug):
        checks.problem("slug", N_("Lower-case letters, digits and single hyphens, at most 63."))
    if timezone not in _timezones():
        checks.problem("timezone", N_("{timezone} is no IANA time zone."), timezone=timezone)
    if not _is_locale(locale):
        checks.problem("locale", N_("{locale} is no locale, such as en_US."), locale=locale)
    if currency not in list_currencies():
        checks.problem("currency", N_("{currency} is no ISO 4217 code."), currency=currency)
    if not 1 <= fiscal_year_start <= 12:
        checks.problem("fiscal_year_start", N_("A month from 1 to 12."))
    checks.done()


@cache
def _timezones() -> set[str]:
    """Looking through the disk for them takes a while."""
    return available_timezones()


def _is_locale(name: str) -> bool:
    try:
        return bool(Locale.parse(name)) and _LOCALE.fullmatch(name) is not None
    except (ValueError, UnknownLocaleError):
        return False


def _check_user(email: str, name: str, title: str, password: str) -> None:
    checks = Checks()
    checks.text("email", email, longest=254, required=True)
    checks.text("name", name, longest=200, required=True)
    checks.text("title", title, longest=200)
    if email and not _EMAIL.fullmatch(email):
        checks.problem("email", N_("This is no e-mail address."))
    check_password(checks, password)
    checks.done()
