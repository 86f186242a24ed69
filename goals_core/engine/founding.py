"""A new company: what it may be, and its first row."""

import re
import unicodedata
from functools import cache
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies
from sqlalchemy.exc import IntegrityError

from goals_core import clock
from goals_core.actor import Tenant
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import audit
from goals_core.engine.audit import Deed
from goals_core.errors import N_, Conflict
from goals_core.models.base import new_id
from goals_core.models.core import TenantRow

_LONGEST_SLUG = 63
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LOCALE = re.compile(r"[A-Za-z0-9_@]{2,20}")  # babel also takes a code set, whatever it says


class TenantExists(Conflict):
    message = N_("There is a tenant with the slug {slug} already.")


def check(
    checks: Checks,
    *,
    slug: str,
    name: str,
    timezone: str,
    locale: str,
    currency: str,
    fiscal_year_start: int,
) -> Tenant:
    """The tenant that these make, with the default rules for grace and risk, and its problems."""
    name = checks.text("name", name, longest=200, required=True)
    if len(slug) > _LONGEST_SLUG or not _SLUG.fullmatch(slug):
        checks.problem("slug", N_("Lower-case letters, digits and single hyphens, at most 63."))
    if timezone not in _timezones():
        checks.problem("timezone", N_("{timezone} is no IANA time zone."), timezone=timezone)
    if not _is_locale(locale):
        checks.problem("locale", N_("{locale} is no locale, such as en_US."), locale=locale)
    if currency not in list_currencies():
        checks.problem("currency", N_("{currency} is no ISO 4217 code."), currency=currency)
    if not 1 <= fiscal_year_start <= 12:
        checks.problem("fiscal_year_start", N_("A month from 1 to 12."))
    return Tenant(
        id=new_id(),
        slug=slug,
        name=name,
        timezone=timezone,
        locale=locale,
        currency=currency,
        fiscal_year_start=fiscal_year_start,
        grace_days=3,
        risk_progress_below=50,
        risk_time_left=25,
    )


def write(db: TenantSession) -> None:
    """Add the session's own tenant, with its line in the audit log."""
    tenant = db.actor.tenant
    facts = {field: getattr(tenant, field) for field in Tenant.__slots__}
    db.add(TenantRow(**facts, created_at=clock.now()))
    try:
        db.flush()  # the audit line refers to it, and so that a taken slug is told here
    except IntegrityError as error:
        if "tenants_slug_key" in str(error.orig):
            raise TenantExists(slug=tenant.slug) from None
        raise
    audit.note(db, Deed.TENANT_CREATED, tenant.id, after=facts)


def slug_of(name: str) -> str:
    """A short name for addresses, made of a company's name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST_SLUG].strip("-")
    return slug or "company"


@cache
def _timezones() -> set[str]:
    """Looking through the disk for them takes a while."""
    return available_timezones()


def _is_locale(name: str) -> bool:
    try:
        return bool(Locale.parse(name)) and _LOCALE.fullmatch(name) is not None
    except (ValueError, UnknownLocaleError):
        return False
