"""The first company of a fresh installation, and its first administrator."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from goals_core import clock
from goals_core.actor import Actor, Tenant
from goals_core.checks import Checks
from goals_core.db import TenantSession, directory, tenant_session
from goals_core.engine import founding
from goals_core.errors import N_, Conflict
from goals_core.permissions import Open, Role, open_to
from goals_core.services import identity

LIFE = timedelta(hours=24)


class SetupOver(Conflict):
    message = N_("This link has been used or has run out; a new start of the server makes another.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCompany:
    """What a company is at first; its short name follows from its name unless given."""

    name: str
    timezone: str
    locale: str
    currency: str
    fiscal_year_start: int = 1
    slug: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """Whoever manages it, and lets the others in."""

    name: str
    email: str
    password: str


@open_to(Open.OPERATOR)
def offer() -> str | None:
    """The token of a link that begins an installation; None where there is a company already."""
    token = secrets.token_urlsafe(32)
    asked = {"token": _digest(token), "until": clock.now() + LIFE}
    with directory() as connection:
        was_empty = connection.scalar(text("SELECT core.offer_setup(:token, :until)"), asked)
    return token if was_empty else None


@open_to(Open.VISITOR)
def is_open(token: str) -> bool:
    """Whether that link still begins something."""
    asked = {"token": _digest(token), "at": clock.now()}
    with directory() as connection:
        return bool(connection.scalar(text("SELECT core.is_setup_open(:token, :at)"), asked))


@open_to(Open.VISITOR)
def begin(token: str, company: NewCompany, administrator: Administrator) -> Tenant:
    """Make both and use the link up, or nothing of it."""
    if not is_open(token):
        raise SetupOver
    tenant = _checked(company)
    with tenant_session(Actor.system(tenant)) as db:
        asked = {"token": _digest(token), "at": clock.now()}
        if not db.scalar(text("SELECT core.take_setup(:token, :at)"), asked):
            raise SetupOver
        _found(db, administrator)
    return tenant


@open_to(Open.OPERATOR)
def found(company: NewCompany, administrator: Administrator) -> Tenant:
    """Make a company and its administrator, or nothing of it."""
    tenant = _checked(company)
    with tenant_session(Actor.system(tenant)) as db:
        _found(db, administrator)
    return tenant


def _checked(company: NewCompany) -> Tenant:
    """The tenant; problems of its fields are named `company_…`, as the person has a name too."""
    checks, told = Checks(), Checks()
    tenant = founding.check(
        checks,
        slug=company.slug or founding.slug_of(company.name),
        name=company.name,
        timezone=company.timezone,
        locale=company.locale,
        currency=company.currency,
        fiscal_year_start=company.fiscal_year_start,
    )
    for problem in checks.problems:
        told.problem(f"company_{problem.field}", problem.message, **problem.facts)
    told.done()
    return tenant


def _found(db: TenantSession, administrator: Administrator) -> None:
    founding.write(db)
    identity.create_user(
        db,
        email=administrator.email,
        name=administrator.name,
        role=Role.ADMIN,
        password=administrator.password,
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
