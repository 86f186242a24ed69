"""The runs of the sync: one at a time, each with its result, and no goal stops another."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from goals_core.db import tenant_session
from goals_core.errors import Busy, NotAllowed
from goals_core.models.goals import ProgressEntry, ProgressSource, SyncRun
from goals_core.services import definitions, tracking
from tests.conftest import NOW
from tests.makers import (
    add_deals,
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


def test_a_sync_that_broke_off_keeps_nobody_waiting(cast):
    def break_off(share, _text):
        if share == 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tracking.sync(cast.manager, on_progress=break_off)
    assert last_run(cast) is None
    tracking.sync(cast.admin)
    assert last_run(cast).started_by == cast.admin.user_id


def test_analysts_do_not_sync_and_the_system_does(cast):
    with pytest.raises(NotAllowed, match="goals:progress"):
        tracking.sync(cast.analyst)
    tracking.sync(cast.system)
    assert last_run(cast).started_by is None
