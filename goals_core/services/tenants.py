"""The companies of an installation."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from goals_core import clock
from goals_core.actor import Actor, Tenant
from goals_core.checks import Checks
from goals_core.db import directory, tenant_session
from goals_core.engine import founding
from goals_core.errors import NotFound
from goals_core.permissions import Open, open_to


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
def find_tenant(tenant_id: UUID) -> Tenant | None:
    """The tenant of that id."""
    its_own = text("SELECT * FROM core.tenants WHERE core.tenants.id = :tenant_id")
    with directory() as connection:
        connection.execute(text("SELECT core.set_tenant(:tenant_id)"), {"tenant_id": tenant_id})
        row = connection.execute(its_own, {"tenant_id": tenant_id}).one_or_none()
    return None if row is None else _tenant(row)


@open_to(Open.OPERATOR)
def with_changes() -> list[UUID]:
    """The tenants of which no sync has taken everything that changed, or settled every value."""
    query = text(
        "SELECT * FROM core.tenants_with_changes()"
        " UNION SELECT * FROM core.tenants_with_unsettled(:now)"
    )
    with directory() as connection:
        return list(connection.scalars(query, {"now": clock.now()}))


@open_to(Open.OPERATOR)
def with_a_new_day() -> list[UUID]:
    """The tenants whose day has begun without a full sync."""
    query = text("SELECT * FROM core.tenants_with_a_new_day(:now)")
    with directory() as connection:
        return list(connection.scalars(query, {"now": clock.now()}))


@open_to(Open.OPERATOR)
def with_news() -> list[UUID]:
    """The tenants that have something to send now."""
    query = text("SELECT * FROM core.tenants_with_news(:now)")
    with directory() as connection:
        return list(connection.scalars(query, {"now": clock.now()}))


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
    checks = Checks()
    tenant = founding.check(
        checks,
        slug=slug,
        name=name,
        timezone=timezone,
        locale=locale,
        currency=currency,
        fiscal_year_start=fiscal_year_start,
    )
    checks.done()
    with tenant_session(Actor.system(tenant)) as db:
        founding.write(db)
    return tenant


def _tenant(row: Row[Any]) -> Tenant:
    return Tenant(**{field: getattr(row, field) for field in Tenant.__slots__})
