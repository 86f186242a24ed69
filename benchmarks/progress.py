"""Recording by hand and rolling over, beside the same rows by plain SQL, in one run.

`python -m benchmarks.progress [--json]` uses an embedded server of its own:

- 1,000 entries one transaction each, beside pgbench with the same statements: `single_ratio`;
- 100,000 entries in bulk, beside `INSERT … SELECT` and `UPDATE` of the same rows: `bulk_ratio`;
- 100,000 assignments begun anew and as many closed: `rollover_100k_s`.

A ratio is our entries per second over the plain ones.
"""

import resource
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from benchmarks import figures, pgbench
from benchmarks.place import Place, add_people, fresh_place, new_company, system
from goals_core import clock, db
from goals_core.actor import Actor
from goals_core.kinds import AssigneeType, GoalStatus, GoalType, Metric, Period, Source
from goals_core.models.goals import ProgressEntry
from goals_core.services import definitions, planning, progress, rollover
from goals_core.services.definitions import Draft
from goals_core.services.planning import Quota
from goals_core.services.progress import Reading

PEOPLE, SINGLE, EACH, ROUNDS = 1_000, 1_000, 100, 3
GOALS = 100  # of a thousand people each
_STAGED = """
    CREATE TEMP TABLE staged ON COMMIT DROP AS
    SELECT n, gen_random_uuid() AS id, a.id AS assignment_id, 1.5 AS change
    FROM goals.assignments a, generate_series(1, :each) AS n
    WHERE a.tenant_id = :tenant_id AND a.definition_id = :definition_id
"""
_PLAIN_INSERT = """
    INSERT INTO goals.progress_log (tenant_id, id, assignment_id, previous_value, new_value,
        change_amount, source, source_reference, notes, logged_at, logged_by, occurred_at, kind)
    SELECT :tenant_id, s.id, s.assignment_id,
        a.current_value + sum(s.change) OVER mine - s.change,
        a.current_value + sum(s.change) OVER mine,
        s.change, 'manual', NULL, '', clock_timestamp(), NULL, :now, 'change'
    FROM staged s JOIN goals.assignments a ON a.tenant_id = :tenant_id AND a.id = s.assignment_id
    WINDOW mine AS (PARTITION BY s.assignment_id ORDER BY s.n)
    ON CONFLICT (tenant_id, id) DO NOTHING
"""
_PLAIN_UPDATE = """
    UPDATE goals.assignments a SET current_value = a.current_value + s.total, updated_at = :now,
        progress_percentage =
            least(trunc((a.current_value + s.total) * 100 / a.target_value, 2), 100)
    FROM (SELECT assignment_id, sum(change) AS total FROM staged GROUP BY 1) s
    WHERE a.tenant_id = :tenant_id AND a.id = s.assignment_id
"""


def main() -> None:
    with fresh_place() as place:
        place.as_superuser(
            "GRANT TEMPORARY ON DATABASE goals TO goals_app"
        )  # the plain side stages
        found = _recording(place) | _rolling(place)
    figures.tell(found, as_json="--json" in sys.argv)


def _recording(place: Place) -> dict[str, float]:
    actor = system(new_company("recording"))
    with db.tenant_session(actor) as session:
        people = add_people(session, PEOPLE)
        goal = _goal(session, "Calls", Period.YEARLY, Source.MANUAL)
        _assign(session, goal, people, actor.tenant.today)
        ids = _assignments(session, goal)
    place.analyze()
    return _single(place, actor, ids) | _bulk(place, actor, goal, ids)


def _single(place: Place, actor: Actor, ids: Sequence[UUID]) -> dict[str, float]:
    """Both in turns, so that both have the same neighbours on the machine."""
    for id_ in ids[:20]:
        _record(actor, id_)  # statements are compiled and prepared
    with pgbench.statements() as sent:
        _record(actor, ids[0])
    ours, plain = [], []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "record.sql"
        path.write_text(
            pgbench.script(sent, varying=ids[0], among="drawable", moment=datetime.now(UTC))
        )
        _offer(place, ids)
        for _ in range(ROUNDS):
            started = perf_counter()
            for id_ in ids[: SINGLE // ROUNDS]:
                _record(actor, id_)
            ours.append((SINGLE // ROUNDS) / (perf_counter() - started))
            plain.append(
                pgbench.run(
                    place.server.binaries / "pgbench",
                    place.url(),
                    path,
                    rows=len(ids),
                    among="drawable",
                    transactions=SINGLE // ROUNDS,
                )
            )
    by_both = 20 + 1 + 2 * ROUNDS * (SINGLE // ROUNDS)
    assert _lines(actor) == by_both  # nobody is fast by writing nothing
    return _compared("single", ours, plain)


def _lines(actor: Actor) -> int:
    with db.tenant_session(actor) as session:
        return session.scalar(select(func.count()).select_from(ProgressEntry)) or 0


def _bulk(place: Place, actor: Actor, goal: UUID, ids: Sequence[UUID]) -> dict[str, float]:
    readings = [
        Reading(assignment_id=id_, on=actor.tenant.today, change=Decimal("1.5"))
        for _ in range(EACH)
        for id_ in ids
    ]
    ours, plain = [], []
    for _ in range(ROUNDS):
        started = perf_counter()
        with db.tenant_session(actor) as session:
            progress.bulk(session, readings)
        ours.append(len(readings) / (perf_counter() - started))
        plain.append(len(readings) / _plain_bulk(actor, goal))
        place.analyze()
    return _compared("bulk", ours, plain)


def _plain_bulk(actor: Actor, goal: UUID) -> float:
    """Seconds for the same rows, which are staged already."""
    bound: dict[str, Any] = {"tenant_id": actor.tenant_id, "now": clock.now()}
    with db.tenant_session(actor) as session:
        session.execute(text(_STAGED), bound | {"definition_id": goal, "each": EACH})
        session.execute(text("ANALYZE staged"))
        started = perf_counter()
        session.execute(text(_PLAIN_INSERT), bound)
        session.execute(text(_PLAIN_UPDATE), bound)
        session.commit()
        return perf_counter() - started


def _rolling(place: Place) -> dict[str, float]:
    """Half of the goals are tracked from deals, half by hand; none of the windows is closed yet."""
    actor = system(new_company("rolling"))
    fixed = clock.now
    clock.now = lambda: datetime(2026, 5, 20, 12, tzinfo=UTC)
    try:
        with db.tenant_session(actor) as session:
            people = add_people(session, PEOPLE)
        for n in range(GOALS):
            with db.tenant_session(actor) as session:
                goal = _goal(session, f"Goal {n}", Period.MONTHLY, _SOURCES[n % 2])
                _assign(session, goal, people, date(2026, 5, 20))
        _deals(actor)
        place.analyze()
        clock.now = lambda: datetime(2026, 6, 4, 12, tzinfo=UTC)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        done = rollover.roll_over(actor)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    finally:
        clock.now = fixed
    assert (done.begun, done.closed) == (PEOPLE * GOALS, PEOPLE * GOALS), done
    return {"rollover_100k_s": done.seconds, "rollover_mb": (after - before) / 1024}


_SOURCES = (Source.MANUAL, Source.SALES)


def _goal(session: db.TenantSession, name: str, period: Period, source: Source) -> UUID:
    config = {
        "module": "sales",
        "entity": "opportunities",
        "filter": {"stage": "closed_won"},
        "aggregation": "sum",
        "field": "amount",
    }
    draft = Draft(
        name=name,
        type=GoalType.TARGET,
        metric=Metric.NUMBER,
        target_value=Decimal(1_000_000),
        unit="calls",
        period=period,
        starts_at=date(2026, 1, 1),
        source=source,
        source_config=None if source is Source.MANUAL else config,
    )
    made = definitions.create(session, draft).id
    definitions.set_status(session, made, GoalStatus.ACTIVE)
    return made


def _assign(session: db.TenantSession, goal: UUID, people: Sequence[UUID], on: date) -> None:
    quotas = [
        Quota(assignee_type=AssigneeType.USER, assignee_id=person, on=on) for person in people
    ]
    planning.set_targets(session, goal, quotas)


def _assignments(session: db.TenantSession, goal: UUID) -> list[UUID]:
    query = text(
        "SELECT a.id FROM goals.assignments a"
        " WHERE a.tenant_id = :tenant_id AND a.definition_id = :goal ORDER BY a.id"
    )
    return list(session.scalars(query, {"tenant_id": session.tenant_id, "goal": goal}))


def _record(actor: Actor, assignment_id: UUID) -> None:
    with db.tenant_session(actor) as session:
        progress.record(
            session, assignment_id=assignment_id, change=Decimal(1), on=actor.tenant.today
        )


def _offer(place: Place, ids: Sequence[UUID]) -> None:
    """A table that pgbench draws assignments from; it belongs to no tenant."""
    place.as_superuser("CREATE TABLE public.drawable (n integer PRIMARY KEY, id uuid)")
    values = ", ".join(f"({n}, '{id_}')" for n, id_ in enumerate(ids, start=1))
    place.as_superuser(f"INSERT INTO public.drawable VALUES {values}")
    place.as_superuser("GRANT SELECT ON public.drawable TO PUBLIC")


def _deals(actor: Actor) -> None:
    """Ten won deals a person."""
    query = """
        INSERT INTO sales.opportunities (tenant_id, id, external_id, name, account, owner_id, stage,
            amount, currency, closed_on, attributes, created_at, updated_at)
        SELECT u.tenant_id, gen_random_uuid(), u.id || '-' || n, 'A deal', '', u.id, 'closed_won',
            1000.25, 'USD', date '2026-05-01' + n * 3, '{}', :now, :now
        FROM core.users u, generate_series(1, 10) AS n WHERE u.tenant_id = :tenant_id
    """
    with db.tenant_session(actor) as session:
        session.execute(text(query), {"tenant_id": actor.tenant_id, "now": clock.now()})


def _compared(name: str, ours: Sequence[float], plain: Sequence[float]) -> dict[str, float]:
    mine, theirs = statistics.median(ours), statistics.median(plain)
    return {
        f"{name}_per_s": mine,
        f"{name}_plain_per_s": theirs,
        f"{name}_ratio": mine / theirs,
    }


if __name__ == "__main__":
    main()
