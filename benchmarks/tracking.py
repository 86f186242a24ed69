"""Tracking at size, beside the plainest SQL that could do it.

`python -m benchmarks.tracking [--json] [--people N] [--records N]` uses a fresh embedded server. A
company of so many people has a sum and a count of its won deals of this year for each of them.
"""

import argparse
import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from benchmarks.place import Place, add_people, fresh_place, new_company, system
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
    SyncMode,
)
from goals_core.models.base import new_id
from goals_core.models.goals import Assignment
from goals_core.services import definitions, tracking
from goals_core.services.definitions import Draft

ROUNDS = 5
CHANGED = 1_000  # deals between two incremental syncs
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
_CHANGE_ALL = """
    UPDATE sales.opportunities SET amount = amount + 1
    WHERE tenant_id = :tenant_id AND external_id IN (
        SELECT 'D-' || n FROM generate_series(1, :count) AS n)
"""
_CHANGE_SOME = """
    UPDATE sales.opportunities SET amount = amount + 1
    WHERE tenant_id = :tenant_id AND external_id IN (
        SELECT 'D-' || (n * 977 + :shift) FROM generate_series(1, :changed) AS n)
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

    def load(self, records: int) -> float:
        people = "{" + ",".join(map(str, self.people)) + "}"
        days = (self.tenant.today - self.first).days + 1
        return self.run(_LOAD, people=people, days=days, records=records)


def measure(place: Place, people: int, records: int) -> dict[str, float]:
    company = _company(place, people)
    found = {"journal_load_ratio": _loading(company, records)}
    _goals(company)
    place.analyze()
    first = tracking.sync(company.actor)
    assert first.updated == 2 * people
    place.analyze()
    plain = _median(lambda: company.run(_PLAIN))
    unchanged = _median(lambda: _sync(company.actor, SyncMode.FULL))
    found |= {"plain_s": plain, "full_unchanged_s": unchanged}
    found["full_unchanged_ratio"] = unchanged / plain
    found |= _all_changed(company, plain)
    found["incremental_s"] = _some_changed(company)
    return found


def filled(place: Place, people: int, records: int) -> Company:
    """The company with its deals and goals, in step with each other."""
    company = _company(place, people)
    company.load(records)
    _goals(company)
    place.analyze()
    tracking.sync(company.actor)
    place.analyze()
    return company


def _loading(company: Company, records: int) -> float:
    """A bulk load with the journal, by one without; the second one's rows stay."""
    table = "sales.opportunities"
    company.place.as_superuser(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    without = company.load(records)
    company.place.as_superuser(f"TRUNCATE {table}")
    company.place.as_superuser(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    return company.load(records) / without


def _all_changed(company: Company, plain: float) -> dict[str, float]:
    """Each person's first deal is another one."""
    times = []
    for _ in range(3):
        company.run(_CHANGE_ALL)
        started = perf_counter()
        done = tracking.sync(company.actor)
        times.append(perf_counter() - started)
        assert done.updated == len(company.people)
    seconds = statistics.median(times)
    return {"full_changed_s": seconds, "full_changed_ratio": seconds / plain}


def _some_changed(company: Company) -> float:
    times = []
    for shift in range(ROUNDS):
        company.run(_CHANGE_SOME, changed=CHANGED, shift=shift)
        times.append(_sync(company.actor, SyncMode.INCREMENTAL))
    return statistics.median(times)


def _sync(actor: Actor, mode: SyncMode) -> float:
    started = perf_counter()
    assert tracking.sync(actor, mode=mode).mode is mode
    return perf_counter() - started


def _median(deed: Callable[[], float]) -> float:
    return statistics.median(deed() for _ in range(ROUNDS))


def _company(place: Place, people: int) -> Company:
    tenant = new_company("big")
    with db.tenant_session(system(tenant)) as session:
        ids = add_people(session, people)
    return Company(place, tenant, ids, date(tenant.today.year, 1, 1))


def _goals(company: Company) -> None:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--records", type=int, default=1_000_000)
    given = parser.parse_args()
    with fresh_place() as place:
        found = measure(place, given.people, given.records)
    if given.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name:22} {value:.3f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
