"""Loading the demo: each company in one transaction, then its first sync."""

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.demo import adventure_works, northwind
from goals_core.demo.company import Company, Log
from goals_core.engine import founding
from goals_core.engine.founding import TenantExists
from goals_core.services import tenants, tracking

COMPANIES = (adventure_works.COMPANY, northwind.COMPANY)


def load(log: Log) -> bool:
    """Load the companies that are missing, a line to `log` per step; False when none was."""
    there = {tenant.slug for tenant in tenants.list_tenants()}
    loaded = [_load(company, log) for company in COMPANIES if company.slug not in there]
    return any(loaded)


def _load(company: Company, log: Log) -> bool:
    def tell(step: str) -> None:
        log(f"{company.name}: {step}")

    calendar = company.calendar
    actor = Actor.system(company.tenant(calendar))
    try:
        with tenant_session(actor) as db:
            founding.write(db)
            company.fill(db, calendar, tell)
    except TenantExists:
        return False  # another process has loaded it meanwhile
    result = tracking.sync(actor)
    tell(f"{result.checked} assignments in step with the records")
    return True
