"""What is told of a demo company before its records: its settings and how it is filled."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from goals_core import clock
from goals_core.actor import Tenant
from goals_core.db import TenantSession
from goals_core.demo.calendar import Calendar, arrange
from goals_core.models.base import new_id

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
