"""What is told of a demo company before its records: its settings and how it is filled."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert

from goals_core import clock
from goals_core.actor import Tenant
from goals_core.db import TenantSession
from goals_core.demo.calendar import Calendar, arrange
from goals_core.engine import audit
from goals_core.engine.audit import Deed
from goals_core.models.base import new_id
from goals_core.models.core import TenantRow

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Company:
    """A demo tenant; `running_quarter` is where its records stand today, by their own dates."""

    slug: str
    name: str
    timezone: str
    running_quarter: date
    fill: Callable[[TenantSession, Calendar, Log], None]

    @property
    def calendar(self) -> Calendar:
        return arrange(clock.today(self.timezone), self.running_quarter)

    def tenant(self, calendar: Calendar) -> Tenant:
        """The tenant that this company will be, with the usual rules for grace and risk."""
        return Tenant(
            id=new_id(),
            slug=self.slug,
            name=self.name,
            timezone=self.timezone,
            locale="en_US",
            currency="USD",
            fiscal_year_start=calendar.fiscal_year_start,
            grace_days=3,
            risk_progress_below=50,
            risk_time_left=25,
        )


def add_tenant(db: TenantSession) -> None:
    """Write the session's own tenant: `tenants.create_tenant` would commit it by itself."""
    facts: dict[str, Any] = {field: getattr(db.actor.tenant, field) for field in Tenant.__slots__}
    db.execute(insert(TenantRow).values(**facts, created_at=clock.now()))
    audit.note(db, Deed.TENANT_CREATED, db.tenant_id, after=facts)
