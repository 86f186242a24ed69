"""The page of syncs and the sidebar's button: how fresh goals are, and what every run did."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from goals_core.db import tenant_session
from goals_core.kinds import Ending, Origin, SyncMode
from goals_core.models.goals import SyncRun
from goals_core.services import tracking
from tests.conftest import NOW
from tests.makers import add_deals, add_rate, as_owner, deal, definition_of, from_sales, make_goal
from tests.pages.forms import open_page, press
from tests.pages.shown import table, words

TABLE = "syncs_table"


def open_syncs(actor, **query):
    return open_page(actor, "syncs", **query)


def kept(cast, *, hours_ago=0, **facts):
    """A run with these facts."""
    at = NOW - timedelta(hours=hours_ago)
    counts = dict.fromkeys(("checked", "updated", "achieved", "failed"), 0)
    row = {"started_at": at, "finished_at": at, "took_ms": 1500, "errors": [], "mode": "full"}
    with tenant_session(cast.admin) as db:
        db.add(SyncRun(**counts | row | facts))


def run_ids(cast):
    with tenant_session(cast.admin) as db:
        return db.scalars(select(SyncRun.id)).all()


def rows(found, *columns):
    """What the cells show; an empty one has nothing."""
    return [tuple(row) for row in found[[*columns]].astype(object).fillna("").values.tolist()]


def until_done(at):
    """Run the page until the sync that it began has ended."""
    for _ in range(100):
        at.run()
        if not at.button(key="sync_now").disabled:
            return at
        time.sleep(0.05)
    raise AssertionError("it never ended")


def test_before_the_first_sync_the_page_says_what_to_do(cast):
    at = open_syncs(cast.admin)
    assert "No sync has been run yet" in words(at)
    assert "Nothing has been synced yet." in words(at)


def test_it_says_whether_the_goals_are_up_to_date_and_what_waits_since_when(cast):
    tracking.sync(cast.admin)
    assert "Everything is up to date" in words(open_syncs(cast.admin))
    add_deals(cast.tenant, deal(cast.rep, 1), deal(cast.rep, 2))
    at = open_syncs(cast.admin)
    assert "2 changes wait since" in words(at)
    assert "Everything was last computed anew at 2:00 PM." in words(at)
    add_rate(cast.tenant, "EUR", NOW.date(), "1.1")
    assert "the next sync computes everything" in words(open_syncs(cast.admin))


def test_each_run_has_a_line_newest_first(cast):
    kept(cast, hours_ago=3, mode="incremental", origin=Origin.WORKER, changes=12, updated=4)
    kept(cast, hours_ago=2, started_by=cast.rep.user_id, origin=Origin.PERSON, checked=1234)
    kept(cast, hours_ago=1, ending=Ending.WAITED, origin=Origin.COMMAND, took_ms=250)
    kept(cast, finished_at=None, took_ms=None, origin=Origin.SCHEDULE)
    found = table(open_syncs(cast.admin), TABLE)
    columns = ["when", "who", "mode", "updated", "took"]
    assert rows(found, *columns) == [
        ("May 20, 2026, 2:00 PM", "By schedule", "Everything", "", ""),
        ("May 20, 2026, 1:00 PM", "Command line", "Everything", "", "0.25 s"),
        ("May 20, 2026, 12:00 PM", "Rep", "Everything", 0, "1.5 s"),
        ("May 20, 2026, 11:00 AM", "After a change", "What changed", 4, "1.5 s"),
    ]
    outcomes = [list(each) for each in found["outcome"]]
    assert outcomes == [["No result"], ["No result"], ["Done"], ["Done"]]
    assert rows(found, "changes") == [("",), ("",), (0,), (12,)]


def test_filters_live_in_the_address(cast):
    kept(cast, hours_ago=30)
    kept(cast, mode="incremental", ending=Ending.STOPPED)
    assert len(table(open_syncs(cast.admin, syncs_mode="Everything"), TABLE)) == 1
    assert len(table(open_syncs(cast.admin, syncs_errors="true"), TABLE)) == 1
    at = open_syncs(cast.admin, syncs_since="2026-05-21")
    assert "No sync was like that" in words(at)
    assert len(table(press(at, "clear"), TABLE)) == 2


def test_a_click_shows_all_of_a_run_and_leads_to_the_goals_that_failed(cast, database):
    goal = make_goal(cast, cast.rep, from_sales(name="Bad *goal*"))
    definition = definition_of(cast.admin, goal)
    as_owner(
        database.owner_url,
        "UPDATE goals.definitions SET source_config = '{}' WHERE id = :id",
        id=definition,
    )
    kept(cast, hours_ago=1, ending=Ending.LOST, finished_at=None)
    tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL)
    lost, done = sorted(run_ids(cast))
    at = open_syncs(cast.admin, sync=str(done))
    assert "1 goal could not be computed" in words(at)
    assert "First sync of its day" in words(at)
    (link,) = [each for each in at.page_link if str(definition) in each.proto.query_string]
    assert link.proto.page == "definitions"
    at = open_syncs(cast.admin, sync=str(lost))
    assert "Its process ended before it had a result." in words(at)
    assert "Why everything" not in words(at)


@pytest.mark.parametrize("who", ["manager", "rep", "analyst"])
def test_it_is_for_those_who_manage(cast, who):
    at = open_syncs(getattr(cast, who))
    assert "This page is not yours to use" in words(at)


def test_compute_everything_anew_runs_a_full_sync(cast):
    tracking.sync(cast.admin)
    at = press(open_syncs(cast.admin), "sync_all")
    until_done(at)
    assert table(at, TABLE)["mode"].tolist() == ["Everything"] * 2
    assert "0 goals updated, " in words(at)


def test_the_sidebars_button_takes_what_changed_and_says_so(cast):
    make_goal(cast, cast.rep, from_sales())
    at = until_done(press(open_page(cast.rep, "my_goals"), "sync_now"))
    assert "0 goals updated, " in words(at)  # the first of the day is a full one
    add_deals(cast.tenant, deal(cast.rep, 600), deal(cast.rep, 500), deal(cast.south_rep, 1))
    at = until_done(press(at, "sync_now"))
    assert "1 goal updated from 3 changes, 1 achieved, " in words(at)
    assert "Nothing has changed since the last sync" in words(until_done(press(at, "sync_now")))
    with tenant_session(cast.admin) as db:
        last = tracking.last_synced(db)
    assert last.started_by == cast.rep.user_id
    assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).changes == 0
