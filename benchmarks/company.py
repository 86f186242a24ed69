"""A company whose people own deals of this year, with a sum and a count of them for each."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from benchmarks.place import Place, add_people, new_company, system
from goals_core import clock, db
from goals_core.actor import Actor, Tenant
from goals_core.kinds import (
    AssigneeType,
    AssignmentStatus,
    GoalStatus,
    GoalType,
    Metric,
    Period,
    Source,
)
from goals_core.models.base import new_id
from goals_core.models.goals import Assignment
from goals_core.services import definitions, tracking
from goals_core.services.definitions import Draft

TABLE = "sales.opportunities"
_LOAD = """
    INSERT INTO sales.opportunities (tenant_id, id, external_id, name, account, owner_id, stage,
        amount, currency, closed_on, attributes, created_at, updated_at)
    SELECT :tenant_id, gen_random_uuid(), 'D-' || n, 'A deal', 'An account',
        (CAST(:people AS uuid[]))[1 + n % :count], 'closed_won', (n * 7919 % 1000000) / 100.0,
        'USD', CAST(:first AS date) + CAST(n * 31 % :days AS integer), '{}', now(), now()
    FROM generate_series(1, CAST(:records AS bigint)) AS n
"""
_PLAIN = """
    SELECT owner_id, sum(amount), count(*) FROM sales.opportunities
    WHERE tenant_id = :tenant_id AND stage = 'closed_won' AND closed_on BETWEEN :first AND :last
    GROUP BY owner_id
"""


@dataclass(frozen=True)
class Company:
    """A tenant, its people, and the days of its deals."""

    place: Place
    tenant: Tenant
    people: list[UUID]
    first: date

    @property
    def actor(self) -> Actor:
        return system(self.tenant)

    def run(self, statement: str, **bound: object) -> float:
        """A statement of another program, in a transaction of its own; how long it took."""
        shared = {"tenant_id": self.tenant.id, "first": self.first, "last": self.tenant.today}
        with db.tenant_session(self.actor) as session:
            started = perf_counter()
            result = session.execute(text(statement), shared | {"count": len(self.people)} | bound)
            if result.returns_rows:
                result.all()
        return perf_counter() - started

    def ask(self, statement: str) -> int:
        """The one number that a statement finds."""
        with db.tenant_session(self.actor) as session:
            shared = {"tenant_id": self.tenant.id, "first": self.first, "last": self.tenant.today}
            return int(session.execute(text(statement), shared).scalar_one())

    def load(self, records: int) -> float:
        """Deals of everyone in turn, named D-1, D-2, …, and seconds."""
        people = "{" + ",".join(map(str, self.people)) + "}"
        days = (self.tenant.today - self.first).days + 1
        return self.run(_LOAD, people=people, days=days, records=records)

    def plain_sums(self) -> float:
        """The plainest SQL that adds up what the goals do; seconds."""
        return self.run(_PLAIN)


def found(place: Place, slug: str, people: int) -> Company:
    """A company of so many people, without deals and goals yet."""
    tenant = new_company(slug)
    with db.tenant_session(system(tenant)) as session:
        ids = add_people(session, people)
    return Company(place, tenant, ids, date(tenant.today.year, 1, 1))


def filled(place: Place, slug: str, *, people: int, records: int) -> Company:
    """A company with its deals and goals, computed once."""
    one = found(place, slug, people)
    one.load(records)
    fill(one)
    return one


def fill(company: Company) -> None:
    """Goals for everyone, computed once, of the deals that are there."""
    _set_goals(company)
    company.place.analyze()
    first = tracking.sync(company.actor)
    assert first.updated == 2 * len(company.people)
    company.place.analyze()


def _set_goals(company: Company) -> None:
    """The sum and the number of everyone's won deals of this year."""
    with db.tenant_session(company.actor) as session:
        for aggregation, metric in (("sum", Metric.CURRENCY), ("count", Metric.COUNT)):
            draft = Draft(
                name=f"Deals, {aggregation}",
                type=GoalType.TARGET,
                metric=metric,
                target_value=Decimal(100_000_000),
                unit="USD",
                period=Period.YEARLY,
                starts_at=company.first,
                source=Source.SALES,
                source_config={
                    "module": "sales",
                    "entity": "opportunities",
                    "filter": {"stage": "closed_won"},
                    "aggregation": aggregation,
                    **({"field": "amount"} if aggregation == "sum" else {}),
                },
            )
            goal = definitions.create(session, draft)
            definitions.set_status(session, goal.id, GoalStatus.ACTIVE)
            session.execute(insert(Assignment), _assignments(company, goal.id))


def _assignments(company: Company, goal_id: UUID) -> list[dict[str, Any]]:
    now, year = clock.now(), company.first.year
    shared = {
        "tenant_id": company.tenant.id,
        "definition_id": goal_id,
        "assignee_type": AssigneeType.USER,
        "full_target": Decimal(100_000_000),
        "current_value": Decimal(0),
        "progress_percentage": Decimal(0),
        "status": AssignmentStatus.ACTIVE,
        "notes": "",
        "period_start": company.first,
        "period_end": date(year, 12, 31),
        "created_at": now,
        "updated_at": now,
    }
    return [shared | {"id": new_id(), "user_id": person} for person in company.people]
