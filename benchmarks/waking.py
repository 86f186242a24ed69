"""From COMMIT of a deal by another program to the new value committed, with a worker running.

`python -m benchmarks.waking [--json] [--people N] [--records N] [--deals N]` uses a fresh embedded
server, and the company of `benchmarks.company`.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from time import perf_counter
from uuid import UUID

import psycopg

from benchmarks import company, figures
from benchmarks.company import Company
from benchmarks.place import fresh_place
from goals_core.config import PROJECT
from goals_core.jobs import state

WARM = 5  # deals before those that count
PATIENCE = 60.0  # seconds
BETWEEN = 0.05  # a rest between two deals, on the average, so that they meet all that goes on
_WON = """
    INSERT INTO sales.opportunities (tenant_id, id, external_id, name, account, owner_id, stage,
        amount, currency, closed_on, attributes, created_at, updated_at)
    VALUES (%(tenant_id)s, gen_random_uuid(), %(number)s, 'A deal', 'An account', %(owner)s,
        'closed_won', 10, 'USD', %(day)s, '{}', now(), now())
"""
_VALUE = "SELECT current_value FROM goals.assignments WHERE tenant_id = %s AND id = %s"
_SUMS = """
    SELECT a.id, a.user_id FROM goals.assignments a
    JOIN goals.definitions d ON d.tenant_id = a.tenant_id AND d.id = a.definition_id
    WHERE a.tenant_id = %s AND d.metric = 'currency' ORDER BY a.id LIMIT %s
"""


def measure(one: Company, deals: int = 200) -> dict[str, float]:
    """Deals one after the other, each of another person, as long as there are people."""
    with _connection(one) as writing, _connection(one) as reading, _worker(one):
        found = reading.execute(_SUMS, (one.tenant.id, deals + WARM)).fetchall()
        goals = [found[n % len(found)] for n in range(deals + WARM)]
        times = [_wait(one, writing, reading, n, *goal) for n, goal in enumerate(goals)][WARM:]
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {"commit_to_value_p50_ms": cuts[49] * 1000, "commit_to_value_p95_ms": cuts[94] * 1000}


def _wait(
    one: Company,
    writing: psycopg.Connection,
    reading: psycopg.Connection,
    number: int,
    goal: UUID,
    owner: UUID,
) -> float:
    before = _value(one, reading, goal)
    deal = {"number": f"W-{number}", "owner": owner, "day": one.tenant.today}
    with writing.transaction():
        writing.execute(_WON, deal | {"tenant_id": one.tenant.id})
    committed = perf_counter()
    while _value(one, reading, goal) != before + 10:
        assert perf_counter() - committed < PATIENCE, "nobody took the deal"
        time.sleep(0.001)
    took = perf_counter() - committed
    time.sleep(BETWEEN * 2 * (number * 7919 % 100) / 100)
    return took


def _value(one: Company, reading: psycopg.Connection, goal: UUID) -> Decimal:
    row = reading.execute(_VALUE, (one.tenant.id, goal)).fetchone()
    assert row is not None
    return Decimal(row[0])


@contextmanager
def _connection(one: Company) -> Iterator[psycopg.Connection]:
    """As another program has it."""
    with psycopg.connect(one.place.url(), autocommit=True) as connection:
        its = [str(one.tenant.id)]
        connection.execute("SELECT set_config('app.tenant_id', %s, false)", its)
        yield connection


@contextmanager
def _worker(one: Company) -> Iterator[None]:
    """A process of its own, which is ready."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GOALS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "goals_core", "worker"],
        cwd=PROJECT,
        env=ours | {"GOALS_DATABASE_URL": one.place.url()},
    )
    try:
        deadline = perf_counter() + PATIENCE
        while not state.state().workers:
            assert process.poll() is None, "the worker has ended"
            assert perf_counter() < deadline, "no worker"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    given = figures.arguments(__doc__, people=5_000, records=1_000_000, deals=200).parse_args()
    with fresh_place() as place:
        one = company.filled(place, "one", people=given.people, records=given.records)
        found = measure(one, given.deals)
    figures.tell(found, as_json=given.json)


if __name__ == "__main__":
    main()
