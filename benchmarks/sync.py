"""A full sync against the plainest SQL that could compute the same values.

`python -m benchmarks.sync [RECORDS] [PEOPLE]` uses an embedded server of its own and prints, as
medians: the plain sums (one GROUP BY per measure, for people only, who knows no team or day-end),
everything written at the first sync, and a sync that changes nothing.
"""

import random
import statistics
import sys
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from benchmarks.place import add_people, fresh_place, new_company, system
from goals_core import clock, db
from goals_core.actor import Actor, Tenant
from goals_core.kinds import GoalStatus, GoalType, Metric, Period, Source
from goals_core.models.base import new_id
from goals_core.models.core import Team, TeamMember
from goals_core.models.goals import Assignment
from goals_core.models.sources import Opportunity
from goals_core.models.windows import calendar_window
from goals_core.services import definitions, tracking
from goals_core.services.definitions import Draft

ROUNDS = 5
TEAMS = 25
AGGREGATIONS = ("sum", "count", "avg")
PERIODS = (Period.QUARTERLY, Period.MONTHLY)
PLAIN = """
    SELECT owner_id, sum(amount), count(*), avg(amount) FROM sales.opportunities
    WHERE tenant_id = :tenant_id AND stage = 'closed_won' AND closed_on BETWEEN :first AND :last
    GROUP BY owner_id
"""


def main(records: int = 200_000, people: int = 500) -> None:
    with fresh_place() as place:
        actor = system(_company(records, people))
        place.analyze()
        _measure(actor)


def _measure(actor: Actor) -> None:
    first = tracking.sync(actor)
    print(f"first sync: {first.updated} of {first.checked} assignments, {first.seconds:.2f} s")
    plain = _median(lambda: _plain(actor))
    nothing = _median(lambda: tracking.sync(actor))
    print(f"plain sums {plain:.3f} s; a sync that changes nothing {nothing:.3f} s")
    print(f"ratio to the plain sums: {nothing / plain:.1f}")
    print(f"a first sync, everything written: {first.seconds / plain:.1f}")


def _plain(actor: Actor) -> None:
    today = actor.tenant.today
    with db.tenant_session(actor) as session:
        for period in PERIODS:
            window = calendar_window(period, today, 1)
            for _ in AGGREGATIONS:
                bound = {"first": window.start, "last": today, "tenant_id": actor.tenant_id}
                session.execute(text(PLAIN), bound).all()


def _median(deed: Callable[[], Any]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = perf_counter()
        deed()
        times.append(perf_counter() - started)
    return statistics.median(times)


def _company(records: int, people: int) -> Tenant:
    chance = random.Random(7)  # noqa: S311  (made-up records)
    tenant = new_company("big")
    with db.tenant_session(system(tenant)) as session:
        owners = add_people(session, people)
        teams = _teams(session, owners)
        rows = [_deal(tenant, chance.choice(owners), chance) for _ in range(records)]
        session.execute(insert(Opportunity), rows)
        for period in PERIODS:
            for aggregation in AGGREGATIONS:
                _goal(session, period, aggregation, owners, teams)
    return tenant


def _teams(session: db.TenantSession, owners: list[UUID]) -> list[UUID]:
    mine = {"tenant_id": session.tenant_id}
    teams = [new_id() for _ in range(TEAMS)]
    now = clock.now()
    session.execute(
        insert(Team), [mine | {"id": t, "name": str(t), "created_at": now} for t in teams]
    )
    members = [
        mine
        | {
            "id": new_id(),
            "team_id": teams[n % TEAMS],
            "user_id": owner,
            "member_from": date(2000, 1, 1),
        }
        for n, owner in enumerate(owners)
    ]
    session.execute(insert(TeamMember), members)
    return teams


def _deal(tenant: Tenant, owner: UUID, chance: random.Random) -> dict[str, Any]:
    id_ = new_id()
    return {
        "tenant_id": tenant.id,
        "id": id_,
        "external_id": str(id_),
        "name": "A deal",
        "account": "",
        "owner_id": owner,
        "stage": "closed_won",
        "amount": Decimal(chance.randrange(10_000, 10_000_000)) / 100,
        "currency": "USD",
        "closed_on": tenant.today - timedelta(days=chance.randrange(365)),
        "attributes": {},
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }


def _goal(
    session: db.TenantSession,
    period: Period,
    aggregation: str,
    owners: list[UUID],
    teams: list[UUID],
) -> None:
    draft = Draft(
        name=f"{period} {aggregation}",
        type=GoalType.TARGET,
        metric=Metric.CURRENCY if aggregation == "sum" else Metric.NUMBER,
        target_value=Decimal(100_000),
        unit="USD",
        period=period,
        starts_at=date(2020, 1, 1),
        source=Source.SALES,
        source_config={
            "module": "sales",
            "entity": "opportunities",
            "filter": {"stage": "closed_won"},
            "aggregation": aggregation,
            "field": "amount",
        },
    )
    goal = definitions.create(session, draft)
    definitions.set_status(session, goal.id, GoalStatus.ACTIVE)
    window = definitions.schedule_of(session, draft).window_on(session.actor.tenant.today)
    assert window is not None
    row = {
        "tenant_id": session.tenant_id,
        "definition_id": goal.id,
        "full_target": goal.settings.target_value,
        "current_value": 0,
        "progress_percentage": 0,
        "status": "active",
        "notes": "",
        "period_start": window.start,
        "period_end": window.end,
        "created_at": clock.now(),
        "updated_at": clock.now(),
        "user_id": None,
        "team_id": None,
    }
    session.execute(
        insert(Assignment),
        [
            *(row | {"id": new_id(), "assignee_type": "user", "user_id": o} for o in owners),
            *(row | {"id": new_id(), "assignee_type": "team", "team_id": t} for t in teams),
            row | {"id": new_id(), "assignee_type": "tenant"},
        ],
    )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
