"""The runs that are kept: told newest first, narrowed, tidied; and what waits for the next one."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from goals_core.db import tenant_session
from goals_core.engine.paging import PageRequest
from goals_core.errors import NotAllowed
from goals_core.kinds import Ending, Origin, SyncMode
from goals_core.models.goals import SyncRun
from goals_core.services import definitions, syncs, tracking
from tests.conftest import NOW
from tests.makers import add_deals, add_rate, as_owner, deal, definition_of, from_sales, make_goal

FULL, INCREMENTAL = SyncMode.FULL, SyncMode.INCREMENTAL


def run(cast, *, days_ago=0, mode=FULL, ended=True, **facts):
    """A run that was kept some days ago, with a result unless said otherwise."""
    at = NOW - timedelta(days_ago)
    counts = dict.fromkeys(("checked", "updated", "achieved", "failed"), 0)
    row = {"started_at": at, "finished_at": at if ended else None, "mode": mode, "errors": []}
    with tenant_session(cast.admin) as db:
        made = SyncRun(**counts | row | facts)
        db.add(made)
        db.flush()
        return made.id


def listed(cast, **wanted):
    with tenant_session(cast.admin) as db:
        return syncs.list_(db, **wanted)


def ids(cast, **wanted):
    return [each.id for each in listed(cast, **wanted).items]


def state(cast):
    with tenant_session(cast.admin) as db:
        return syncs.state(db)


def tidied(cast):
    with tenant_session(cast.system) as db:
        gone = syncs.tidy(db)
    with tenant_session(cast.admin) as db:
        return gone, set(db.scalars(select(SyncRun.id)))


def broken(cast, database):
    """A goal that cannot be computed."""
    goal = make_goal(cast, cast.rep, from_sales(name="Bad"))
    as_owner(
        database.owner_url,
        "UPDATE goals.definitions SET source_config = '{}' WHERE id = :id",
        id=definition_of(cast.admin, goal),
    )
    return definition_of(cast.admin, goal)


def test_a_run_is_told_with_its_figures_and_who_or_what_began_it(cast):
    make_goal(cast, cast.rep, from_sales())
    tracking.sync(cast.manager)
    add_deals(cast.tenant, deal(cast.rep, 1200), deal(cast.south_rep, 1))
    tracking.sync(cast.system, mode=INCREMENTAL, origin=Origin.WORKER)
    last, first = listed(cast).items
    assert (first.who, first.origin, first.mode) == ("Manager", Origin.PERSON, FULL)
    assert (last.who, last.origin, last.mode) == (None, Origin.WORKER, INCREMENTAL)
    assert (first.reason, last.reason) == (None, None)
    assert (last.changes, last.checked, last.updated, last.achieved) == (2, 1, 1, 1)
    assert (last.ending, last.is_running, last.errors) == (None, False, ())
    assert (last.finished_at, last.seconds is not None) == (NOW, True)


def test_an_error_names_its_goal_and_whether_that_is_still_there(cast, database):
    bad = broken(cast, database)
    tracking.sync(cast.admin)
    (error,) = listed(cast).items[0].errors
    assert (error.definition_id, error.name, error.is_there) == (bad, "Bad", True)
    assert error.reason
    with tenant_session(cast.admin) as db:
        definitions.delete(db, bad)
    assert not listed(cast).items[0].errors[0].is_there


def test_runs_are_narrowed_by_mode_errors_and_days_of_the_tenant(cast, database):
    full = run(cast, days_ago=2)
    part = run(cast, days_ago=1, mode=INCREMENTAL)
    failed = run(cast, ending=Ending.WAITED)
    bad = run(cast, errors=[{"id": str(full), "name": "Bad", "reason": "No such field"}])
    lost = run(cast, ended=False)
    assert ids(cast, mode=INCREMENTAL) == [part]
    assert set(ids(cast, only_errors=True)) == {failed, bad, lost}
    assert ids(cast, since=date(2026, 5, 18), until=date(2026, 5, 19)) == [part, full]
    # half past one at night in UTC is the evening before in New York
    late = run(cast, started_at=NOW.replace(day=19, hour=1, minute=30))
    assert ids(cast, until=date(2026, 5, 18)) == [late, full]


def test_runs_come_a_page_at_a_time_newest_first(cast):
    made = [run(cast, days_ago=days) for days in (3, 2, 1)]
    page = listed(cast, page=PageRequest(2, 2))
    assert ([each.id for each in page.items], page.total) == (made[:1], 3)
    with tenant_session(cast.admin) as db:
        assert [each.id for each in syncs.newest(db, most=2)] == made[1:]


def test_what_waits_is_counted_since_its_first_change(cast, at):
    tracking.sync(cast.admin)
    assert state(cast).waiting == 0
    add_deals(cast.tenant, deal(cast.rep, 1), deal(cast.rep, 2))
    add_deals(cast.tenant, deal(cast.rep, 3))
    found = state(cast)
    assert (found.waiting, found.waits_for_all, found.is_running) == (3, False, False)
    assert found.waits_since is not None
    add_rate(cast.tenant, "EUR", date(2026, 5, 1), "1.1")
    assert state(cast).waits_for_all
    tracking.sync(cast.admin)
    after = state(cast)
    assert (after.waiting, after.waits_since, after.waits_for_all) == (0, None, False)
    assert (after.last.id, after.last_full_at) == (listed(cast).items[0].id, NOW)


def test_one_that_runs_is_told_apart_from_one_that_was_killed(cast):
    killed = run(cast, ended=False)
    assert [(each.is_running, each.ending) for each in listed(cast).items] == [(False, Ending.LOST)]
    told = {}

    def look(share, _text):
        told[share] = (state(cast), listed(cast, only_errors=True).items)

    tracking.sync(cast.manager, on_progress=look)
    running, with_errors = told[0.3]
    assert (running.is_running, running.running.who, running.last) == (True, "Manager", None)
    assert [each.id for each in with_errors] == [killed]  # and not the one that runs
    assert not state(cast).is_running


def test_a_failed_one_says_nothing_of_how_fresh_the_goals_are(cast):
    done = run(cast, days_ago=1)
    run(cast, ending=Ending.UNEXPECTED)
    found = state(cast)
    assert (found.last.id, found.last_full_at) == (done, NOW - timedelta(1))


def test_old_runs_are_forgotten_and_those_that_say_how_fresh_things_are_never(cast):
    changed = {"mode": INCREMENTAL, "updated": 1}
    kept = {
        run(cast, days_ago=200),  # the last full one with a result
        run(cast, days_ago=89, **changed),
        run(cast, days_ago=89, ending=Ending.LOST, ended=False),
        run(cast, days_ago=8, mode=INCREMENTAL, begun=1),
        run(cast, days_ago=6, mode=INCREMENTAL),
    }
    run(cast, days_ago=201)
    run(cast, days_ago=91, **changed)
    run(cast, days_ago=91, ending=Ending.LOST, ended=False)
    run(cast, days_ago=8, mode=INCREMENTAL)
    assert tidied(cast) == (4, kept)
    assert tidied(cast) == (0, kept)


def test_the_last_one_with_a_result_stays_also_when_it_changed_nothing(cast):
    last = run(cast, days_ago=100, mode=INCREMENTAL)
    run(cast, days_ago=101, mode=INCREMENTAL)
    assert tidied(cast) == (1, {last})


@pytest.mark.parametrize("who", ["manager", "rep", "analyst"])
def test_only_who_manages_reads_them(cast, who):
    """They tell of everyone's goals."""
    with tenant_session(getattr(cast, who)) as db:
        for operation in (syncs.list_, syncs.newest, syncs.state, syncs.tidy):
            with pytest.raises(NotAllowed):
                operation(db)


def test_another_company_has_none_of_them(cast):
    run(cast)
    make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 1))
    other = cast.other_manager.tenant
    with tenant_session(type(cast.admin).system(other)) as db:
        assert syncs.list_(db).total == 0
        assert (syncs.state(db).last, syncs.state(db).waiting) == (None, 0)
        assert syncs.tidy(db) == 0
