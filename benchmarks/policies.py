"""What the policies of row-level security cost the overview, and how its plans differ by them."""

import json
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, create_engine, make_url

from benchmarks import pgbench
from benchmarks.pgbench import Sent
from benchmarks.place import Place, add_people, new_company, system
from goals_core import db
from goals_core.actor import Tenant
from goals_core.kinds import GoalStatus, GoalType, Metric, Period
from goals_core.services import dashboard, definitions
from goals_core.services.definitions import Draft

COMPANIES, PEOPLE, GOALS, ROUNDS = 10, 1_000, 10, 9
_ASSIGNMENTS = """
    INSERT INTO goals.assignments (tenant_id, id, definition_id, assignee_type, user_id,
        full_target, current_value, progress_percentage, status, notes, period_start, period_end,
        created_at, updated_at)
    SELECT d.tenant_id, gen_random_uuid(), d.id, 'user', u.id, 100, v.value, v.value,
        'active', '', date_trunc('month', now()),
        date_trunc('month', now()) + interval '1 month - 1 day', now(), now()
    FROM goals.definitions d JOIN core.users u ON u.tenant_id = d.tenant_id,
        LATERAL (SELECT abs(hashtext(CAST(u.id AS text) || CAST(d.id AS text))) % 100 AS value) v
"""
_LOG = """
    INSERT INTO goals.progress_log (tenant_id, id, assignment_id, previous_value, new_value,
        change_amount, source, notes, logged_at, occurred_at, kind)
    SELECT tenant_id, gen_random_uuid(), id, 0, current_value, current_value, 'manual', '', now(),
        now(), 'value'
    FROM goals.assignments
"""


@dataclass(frozen=True)
class Run:
    """The statements of an overview, explained once."""

    milliseconds: float
    buffers: int
    nodes: Counter[str]


def measure(place: Place, *, plans: bool) -> dict[str, float]:
    """Medians of runs in turn, with and without the policies."""
    tenant = _companies(place)
    actor = system(tenant)
    with db.tenant_session(actor) as session, pgbench.statements() as sent:
        found = dashboard.overview(session)
    assert found.goals == PEOPLE * GOALS
    asked = [
        each
        for each in sent
        if each[0].lstrip().startswith(("SELECT", "WITH")) and "core.set_tenant" not in each[0]
    ]
    superuser = create_engine(make_url(place.server.owner_url).set(username="postgres"))
    with_, without = [], []
    for _ in range(ROUNDS):
        with db.tenant_session(actor) as session:
            with_.append(_run(session.connection(), asked))
        with superuser.connect() as connection:
            without.append(_run(connection, asked))
    superuser.dispose()
    if plans:
        _show(with_[0].nodes, without[0].nodes)
    return {
        "overview_statements": len(asked),
        **_medians("policies", with_),
        **_medians("no_policies", without),
        "policies_ratio": _middle(with_) / _middle(without),
    }


def _run(connection: Connection, asked: Sent) -> Run:
    milliseconds, buffers, nodes = 0.0, 0, Counter[str]()
    for statement, bound in asked:
        explained = connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", dict(bound)
        ).scalar_one()
        found = explained[0] if isinstance(explained, list) else json.loads(explained)[0]
        milliseconds += found["Planning Time"] + found["Execution Time"]
        buffers += found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"]
        nodes.update(_nodes(found["Plan"]))
    return Run(milliseconds, buffers, nodes)


def _nodes(plan: dict[str, Any]) -> Iterator[str]:
    """Each step of a plan in words."""
    where = plan.get("Index Name") or plan.get("Relation Name") or ""
    yield f"{plan['Node Type']} {where}".strip()
    for each in plan.get("Plans", []):
        yield from _nodes(each)


def _show(with_: Counter[str], without: Counter[str]) -> None:
    for title, nodes in (("with", with_ - without), ("without", without - with_)):
        for node, count in sorted(nodes.items()):
            print(f"{title} the policies only: {count} × {node}")


def _medians(name: str, runs: list[Run]) -> dict[str, float]:
    return {
        f"{name}_ms": _middle(runs),
        f"{name}_buffers": statistics.median(r.buffers for r in runs),
    }


def _middle(runs: list[Run]) -> float:
    return statistics.median(run.milliseconds for run in runs)


def _companies(place: Place) -> Tenant:
    """As many companies of one size; the one in the middle is looked at."""
    made = [new_company(f"policies-{n}") for n in range(COMPANIES)]
    for tenant in made:
        with db.tenant_session(system(tenant)) as session:
            add_people(session, PEOPLE)
            for n in range(GOALS):
                goal = definitions.create(session, _draft(n))
                definitions.set_status(session, goal.id, GoalStatus.ACTIVE)
    place.as_superuser(_ASSIGNMENTS)
    place.as_superuser(_LOG)
    place.analyze()
    return made[COMPANIES // 2]


def _draft(n: int) -> Draft:
    return Draft(
        name=f"Calls {n}",
        type=GoalType.TARGET,
        metric=Metric.NUMBER,
        target_value=Decimal(100),
        unit="calls",
        period=Period.MONTHLY,
        starts_at=date(2020, 1, 1),
    )
