"""The runs of the sync: one at a time, each with its result, and no goal stops another."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from goals_core.db import tenant_session
from goals_core.engine import journal, runs
from goals_core.errors import Busy, NotAllowed
from goals_core.kinds import Ending, Origin, Reason, SyncMode
from goals_core.models.goals import ProgressEntry, ProgressSource, SyncRun
from goals_core.services import definitions, tracking
from tests.conftest import NOW
from tests.makers import (
    add_deals,
    add_rate,
    as_owner,
    deal,
    definition_of,
    from_sales,
    make_goal,
    standing,
)

BAD = from_sales(name="Bad")
BROKEN = '{"module": "sales", "entity": "leads", "aggregation": "sum", "field": "amount"}'


def last_run(cast):
    with tenant_session(cast.admin) as db:
        return tracking.last_synced(db)


def all_runs(cast):
    with tenant_session(cast.admin) as db:
        return db.scalars(select(SyncRun).order_by(SyncRun.id)).all()


def spoil(database, cast, goal, config=BROKEN):
    """Write what no service would have let through."""
    as_owner(
        database.owner_url,
        "UPDATE goals.definitions SET source_config = CAST(:config AS jsonb) WHERE id = :id",
        config=config,
        id=definition_of(cast.admin, goal),
    )


def sync_error(cast, goal):
    return standing(cast.admin, goal).sync_error


def test_a_sync_leaves_its_run_and_the_log_refers_to_it(cast):
    assert last_run(cast) is None
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 600), deal(cast.rep, 150))
    tracking.sync(cast.rep)
    last = last_run(cast)
    with tenant_session(cast.admin) as db:
        line = db.scalars(select(ProgressEntry).where(ProgressEntry.assignment_id == goal)).one()
    assert (line.previous_value, line.change_amount, line.new_value) == (0, 750, 750)
    assert (line.source, line.source_reference) == (ProgressSource.AUTOMATIC, str(last.id))
    assert line.logged_by == last.started_by == cast.rep.user_id
    assert (last.started_at, last.finished_at) == (NOW, NOW)
    assert (last.checked, last.updated, last.achieved, last.failed) == (1, 1, 0, 0)
    assert last.errors == ()


@pytest.mark.parametrize("config", ['"text"', "[]", "null", "{}", '{"filter": 5}', BROKEN])
def test_a_goal_that_cannot_be_computed_stops_no_other_and_says_why(cast, database, config):
    good, bad = make_goal(cast, cast.rep, from_sales()), make_goal(cast, cast.rep, BAD)
    add_deals(cast.tenant, deal(cast.rep, 100))
    spoil(database, cast, bad, config)
    result = tracking.sync(cast.admin)
    assert [error.name for error in result.errors] == ["Bad"]
    assert [standing(cast.rep, goal).value for goal in (good, bad)] == [100, 0]
    assert sync_error(cast, good) is None
    assert sync_error(cast, bad) == result.errors[0].reason
    assert last_run(cast).errors == result.errors


def test_an_error_is_told_to_who_may_see_its_goal(cast, database):
    bad = make_goal(cast, cast.south_rep, BAD)
    spoil(database, cast, bad)
    for actor, told in ((cast.rep, 0), (cast.manager, 0), (cast.south_rep, 1), (cast.admin, 1)):
        assert len(tracking.sync(actor).errors) == told
        with tenant_session(actor) as db:
            assert len(tracking.last_synced(db).errors) == told


def test_a_goal_that_can_be_computed_again_loses_its_error(cast, database):
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 100))
    spoil(database, cast, goal)
    tracking.sync(cast.admin)
    assert "leads" in sync_error(cast, goal)
    with tenant_session(cast.admin) as db:
        bad = definitions.get(db, definition_of(cast.admin, goal))
        definitions.update(db, bad.id, from_sales(), version=bad.version)
    assert sync_error(cast, goal) is None
    assert standing(cast.rep, goal).value == 100


def test_a_value_too_large_to_store_is_an_error_of_its_goal_alone(cast):
    good, bad = (
        make_goal(cast, cast.rep, from_sales()),
        make_goal(cast, None, BAD),
    )
    most = "9999999999999.99"
    add_deals(cast.tenant, deal(cast.rep, most), deal(cast.south_rep, most))
    result = tracking.sync(cast.admin)
    assert [(error.name, "larger" in error.reason) for error in result.errors] == [("Bad", True)]
    assert standing(cast.rep, good).value == Decimal(most)
    assert standing(cast.admin, bad).value == 0


def test_one_sync_at_a_time_and_the_second_is_told_who_runs_it_since_when(cast):
    told = []

    def meanwhile(share, text):
        told.append((share, text))
        if share == 0.3:
            with pytest.raises(
                Busy, match="Manager has been syncing since 2026-05-20 18:00"
            ) as busy:
                tracking.sync(cast.admin)
            assert busy.value.facts == {"who": "Manager", "since": NOW}
            assert tracking.sync(cast.other_manager).checked == 0  # another tenant's

    tracking.sync(cast.manager, on_progress=meanwhile)
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1][0] == 1
    assert tracking.sync(cast.admin).checked == 0
    with tenant_session(cast.admin) as db:
        assert len(db.scalars(select(SyncRun)).all()) == 2


def break_off(share, _text):
    if share == 0.3:
        raise KeyboardInterrupt


def test_a_sync_that_broke_off_keeps_nobody_waiting(cast):
    with capture_logs(), pytest.raises(KeyboardInterrupt):
        tracking.sync(cast.manager, on_progress=break_off)
    assert last_run(cast) is None
    assert [(run.ending, run.finished_at) for run in all_runs(cast)] == [(Ending.STOPPED, NOW)]
    tracking.sync(cast.admin)
    assert last_run(cast).started_by == cast.admin.user_id


@pytest.mark.parametrize(
    ("statement", "ending"),
    [
        ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)", Ending.WAITED),
        ("SELECT pg_terminate_backend(pg_backend_pid())", Ending.UNREACHABLE),
        ("SELECT CAST('a secret' AS integer)", Ending.UNEXPECTED),
    ],
)
def test_a_sync_that_fails_says_why_in_a_word_and_tells_no_data(
    cast, monkeypatch, statement, ending
):
    def fail(db, **_):
        for each in statement.split(";"):
            db.execute(text(each))

    make_goal(cast, cast.rep, from_sales())
    with monkeypatch.context() as patch, capture_logs() as logged:
        patch.setattr(tracking, "recompute", fail)
        with pytest.raises(DBAPIError):
            tracking.sync(cast.admin)
    (run,) = all_runs(cast)
    assert [(line["run"], line["ending"]) for line in logged] == [(run.id, ending)]
    assert (run.ending, run.mode, run.origin) == (ending, SyncMode.FULL, Origin.PERSON)
    assert (run.finished_at, run.checked, run.errors) == (NOW, 0, [])
    assert run.took_ms is not None
    assert last_run(cast) is None
    # and it is no full one of today
    assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).mode is SyncMode.FULL
    assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).mode is SyncMode.INCREMENTAL


def test_one_that_computed_everything_unasked_says_why(cast, monkeypatch):
    def reason(mode=SyncMode.INCREMENTAL):
        done = tracking.sync(cast.admin, mode=mode)
        kept = all_runs(cast)[-1]
        assert kept.mode == done.mode
        assert (done.mode is SyncMode.FULL) == (kept.reason is not None or mode is SyncMode.FULL)
        return kept.reason

    assert reason(SyncMode.FULL) is None
    with tenant_session(cast.admin) as db:
        db.execute(update(SyncRun).values(started_at=NOW - timedelta(days=1)))
    assert reason() == Reason.NEW_DAY
    assert reason() is None
    monkeypatch.setattr(journal, "MOST_LINES", 2)
    add_deals(cast.tenant, deal(cast.rep, 1), deal(cast.rep, 2))
    assert reason() is None
    add_deals(cast.tenant, *(deal(cast.rep, n) for n in range(3)))
    assert reason() == Reason.MANY
    add_rate(cast.tenant, "EUR", NOW.date(), "1.1")
    assert reason() == Reason.RATES
    assert reason() is None


def test_what_a_failed_sync_took_waits_for_the_next_one(cast, monkeypatch):
    goal = make_goal(cast, cast.rep, from_sales())
    tracking.sync(cast.admin)
    add_deals(cast.tenant, deal(cast.rep, 600))
    with monkeypatch.context() as patch, capture_logs():
        patch.setattr(tracking, "recompute", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL)
    assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).changes == 1
    assert standing(cast.rep, goal).value == 600


def test_one_that_was_killed_is_marked_by_the_next(cast):
    with tenant_session(cast.admin) as db:
        counts = dict.fromkeys(("checked", "updated", "achieved", "failed"), 0)
        db.add(SyncRun(started_by=cast.rep.user_id, started_at=NOW, errors=[], **counts))
    with tenant_session(cast.admin) as db:
        assert not runs.turn_is_taken(db)
    tracking.sync(cast.admin)
    lost, done = all_runs(cast)
    assert (lost.ending, lost.finished_at) == (Ending.LOST, None)
    assert (done.ending, done.finished_at) == (None, NOW)


def test_a_running_one_is_known_to_its_own_company_alone(cast):
    told = {}

    def look(share, _text):
        for actor in (cast.admin, cast.other_manager):
            with tenant_session(actor) as db:
                told[share, actor] = runs.turn_is_taken(db)

    tracking.sync(cast.admin, on_progress=look)
    assert (told[0.1, cast.admin], told[0.3, cast.admin]) == (False, True)
    assert told[0.3, cast.other_manager] is False
    with tenant_session(cast.admin) as db:
        assert not runs.turn_is_taken(db)


def test_who_or_what_began_it_is_kept_and_a_person_is_never_taken_for_something_else(cast):
    tracking.sync(cast.system)
    tracking.sync(cast.system, origin=Origin.SCHEDULE)
    tracking.sync(cast.rep, origin=Origin.SCHEDULE)
    origins = [(run.started_by, run.origin) for run in all_runs(cast)]
    assert origins == [
        (None, Origin.SYSTEM),
        (None, Origin.SCHEDULE),
        (cast.rep.user_id, Origin.PERSON),
    ]


def test_a_worker_that_finds_nothing_leaves_no_line(cast):
    woken = {"mode": SyncMode.INCREMENTAL, "origin": Origin.WORKER}
    make_goal(cast, cast.rep, from_sales())
    tracking.sync(cast.admin)
    tracking.sync(cast.system, **woken)
    assert len(all_runs(cast)) == 1
    tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL)  # whoever presses the button finds it
    add_deals(cast.tenant, deal(cast.rep, 600), deal(cast.rep, 1))
    tracking.sync(cast.system, **woken)
    _, asked, last = all_runs(cast)
    assert (asked.mode, asked.changes) == (SyncMode.INCREMENTAL, 0)
    assert (last.origin, last.changes, last.updated) == (Origin.WORKER, 2, 1)


def test_windows_that_were_begun_and_closed_are_counted(cast, at):
    make_goal(cast, cast.rep, from_sales())
    tracking.sync(cast.admin)
    at(date(2026, 6, 10))
    tracking.sync(cast.system)
    assert [(run.begun, run.closed) for run in all_runs(cast)] == [(0, 0), (1, 1)]


def test_analysts_do_not_sync_and_the_system_does(cast):
    with pytest.raises(NotAllowed, match="goals:progress"):
        tracking.sync(cast.analyst)
    tracking.sync(cast.system)
    assert last_run(cast).started_by is None
