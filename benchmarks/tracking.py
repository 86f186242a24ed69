"""Tracking at size, beside the plainest SQL that could do it.

`python -m benchmarks.tracking [--json] [--plans] [--people N] [--records N] [--large N]` uses a
fresh embedded server and prints

- `journal_load_ratio`: a bulk load of the records with the journal, by one without;
- `full_unchanged_ratio`, `full_changed_ratio`: a full sync of a sum and a count for everyone, where
  nothing has changed and where every value has, by the plain sums of the same records;
- `incremental_1m_s`, `incremental_10m_s`: an incremental sync after 1,000 changed deals, and the
  same in a company that is `--large` times as large;
- `right_beside_wrong`, `wrong_told`: values that are right after a sync with one goal more that
  cannot be computed, and the errors that the run tells;
- `commit_to_value_p50_ms`, …: from the commit of a deal by another program to that of the new
  value, by a worker;
- `overview_p95_ms`, …: the overview of a company with 100,000 running assignments among 1,000,000.

`--plans` shows how the database runs an incremental sync.
"""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from benchmarks import company, figures, overview, plans, waking
from benchmarks.company import TABLE, Company
from benchmarks.place import Place, fresh_place
from goals_core.kinds import SyncMode
from goals_core.services import tracking

ROUNDS = 7
CHANGED = 1_000  # deals between two incremental syncs
# Everyone's first deal is another one, and their second one is won no more, or again.
_CHANGE_ALL = """
    UPDATE sales.opportunities SET
        amount = amount + CASE WHEN n <= :count THEN 1 ELSE 0 END,
        stage = CASE WHEN n <= :count OR stage = 'lost' THEN 'closed_won' ELSE 'lost' END
    FROM generate_series(1, 2 * :count) AS n
    WHERE tenant_id = :tenant_id AND external_id = 'D-' || n
"""
# A goal like the others, but for a column that there is not.
_WRONG = """
    WITH wrong AS (
        INSERT INTO goals.definitions
        SELECT (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(),
            'source_config', jsonb_set(d.source_config, '{filter}', '{"colour": "red"}')))).*
        FROM goals.definitions d WHERE d.tenant_id = :tenant_id LIMIT 1 RETURNING id
    )
    INSERT INTO goals.assignments (tenant_id, id, definition_id, assignee_type, full_target,
        current_value, progress_percentage, status, notes, period_start, period_end, created_at,
        updated_at)
    SELECT :tenant_id, gen_random_uuid(), id, 'tenant', 1, 0, 0, 'active', '', :first, :last,
        now(), now()
    FROM wrong
"""
# Values that are what the records come to, each added up anew.
_RIGHT = """
    SELECT count(*) FROM goals.assignments a
    JOIN goals.definitions d ON d.tenant_id = a.tenant_id AND d.id = a.definition_id
    JOIN (
        SELECT owner_id, sum(amount) AS total, count(*) AS number FROM sales.opportunities
        WHERE tenant_id = :tenant_id AND stage = 'closed_won' AND closed_on BETWEEN :first AND :last
        GROUP BY owner_id
    ) f ON f.owner_id = a.user_id
    WHERE a.tenant_id = :tenant_id
        AND a.current_value = CASE d.metric WHEN 'count' THEN f.number ELSE f.total END
"""
_CHANGE_SOME = """
    UPDATE sales.opportunities SET amount = amount + 1
    WHERE tenant_id = :tenant_id AND external_id IN (
        SELECT 'D-' || (n * 977 + :shift) FROM generate_series(1, :changed) AS n)
"""


def measure(
    place: Place, people: int, records: int, large: int, *, explain: bool
) -> dict[str, float]:
    one = company.found(place, "one", people)
    found = {"journal_load_ratio": _loading(one, records)}
    company.fill(one)
    found |= _full(one)
    found["incremental_1m_s"] = _some_changed(one)
    if explain:
        plans.show(lambda: _change_and_sync(one, ROUNDS))
    found |= waking.measure(one) | _one_wrong(one)
    large_one = company.found(place, "large", people * large)
    with _bare(place):
        large_one.load(records * large)
    company.fill(large_one)
    found["incremental_10m_s"] = _some_changed(large_one)
    if explain:
        plans.show(lambda: _change_and_sync(large_one, ROUNDS))
    return found | overview.measure(place)


def _loading(one: Company, records: int) -> float:
    """The second load's rows stay."""
    with _unwatched(one.place):
        without = one.load(records)
    one.place.as_superuser(f"TRUNCATE {TABLE}")
    return one.load(records) / without


@contextmanager
def _unwatched(place: Place) -> Iterator[None]:
    """Without the journal's triggers."""
    place.as_superuser(f"ALTER TABLE {TABLE} DISABLE TRIGGER USER")
    yield
    place.as_superuser(f"ALTER TABLE {TABLE} ENABLE TRIGGER USER")


@contextmanager
def _bare(place: Place) -> Iterator[None]:
    """Without the journal, and without indexes that a load of millions would fill one by one."""
    with _unwatched(place), place.without_indexes(TABLE):
        yield


def _full(one: Company) -> dict[str, float]:
    """Plain sums and syncs in turn, so that what else the machine does meets both."""
    plain, unchanged, changed = [], [], []
    for _ in range(ROUNDS):
        plain.append(one.plain_sums())
        unchanged.append(_seconds(lambda: _sync(one, SyncMode.FULL, updated=0)))
    for _ in range(ROUNDS):
        one.run(_CHANGE_ALL)
        plain.append(one.plain_sums())
        changed.append(_seconds(lambda: _sync(one, SyncMode.FULL, updated=2 * len(one.people))))
    base = statistics.median(plain)
    return {
        "plain_s": base,
        "full_unchanged_s": statistics.median(unchanged),
        "full_unchanged_ratio": statistics.median(unchanged) / base,
        "full_changed_s": statistics.median(changed),
        "full_changed_ratio": statistics.median(changed) / base,
    }


def _one_wrong(one: Company) -> dict[str, float]:
    """Every value changes, and one goal more cannot be computed."""
    one.run(_WRONG)
    one.run(_CHANGE_ALL)
    done = tracking.sync(one.actor)
    right = one.ask(_RIGHT)
    return {"right_beside_wrong": right, "wrong_told": len(done.errors)}


def _some_changed(one: Company) -> float:
    return statistics.median(_change_and_sync(one, shift) for shift in range(ROUNDS))


def _change_and_sync(one: Company, shift: int) -> float:
    """An incremental sync after some deals have changed; seconds."""
    one.run(_CHANGE_SOME, changed=CHANGED, shift=shift)
    return _seconds(lambda: _sync(one, SyncMode.INCREMENTAL))


def _sync(one: Company, mode: SyncMode, *, updated: int | None = None) -> None:
    done = tracking.sync(one.actor, mode=mode)
    assert done.mode is mode
    assert updated is None or done.updated == updated, done


def _seconds(deed: Callable[[], object]) -> float:
    started = perf_counter()
    deed()
    return perf_counter() - started


def main() -> None:
    parser = figures.arguments(__doc__, people=5_000, records=1_000_000, large=10)
    parser.add_argument("--plans", action="store_true")
    given = parser.parse_args()
    with fresh_place() as place:
        found = measure(place, given.people, given.records, given.large, explain=given.plans)
    figures.tell(found, as_json=given.json)


if __name__ == "__main__":
    main()
