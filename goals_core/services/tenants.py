"""The companies of an installation."""

import re
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies
from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError

from goals_core import clock
from goals_core.actor import Actor, Tenant
from goals_core.checks import Checks
from goals_core.db import directory, tenant_session
from goals_core.engine import audit
from goals_core.engine.audit import Deed
from goals_core.errors import N_, Conflict, NotFound
from goals_core.models.base import new_id
from goals_core.models.core import TenantRow
from goals_core.permissions import Open, open_to

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LOCALE = re.compile(r"[A-Za-z0-9_@]{2,20}")  # babel also takes a code set, whatever it says


class TenantExists(Conflict):
    message = N_("There is a tenant with the slug {slug} already.")


@open_to(Open.OPERATOR)
def list_tenants() -> list[Tenant]:
    """Every tenant of the installation, by slug."""
    with directory() as connection:
        return [
            _tenant(row) for row in connection.execute(text("SELECT * FROM core.list_tenants()"))
        ]


@open_to(Open.OPERATOR)
def get_tenant(slug: str) -> Tenant:
    """The tenant of that slug, or `NotFound`."""
    for tenant in list_tenants():
        if tenant.slug == slug:
            return tenant
    raise NotFound(f"tenant {slug!r}")


@open_to(Open.OPERATOR)
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


def _tenant(row: Row[Any]) -> Tenant:
    return Tenant(**{field: getattr(row, field) for field in Tenant.__slots__})


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
