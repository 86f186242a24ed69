"""Syncs of what has changed: what is read, what is left, and when all of it is computed.

Random histories are the subject of tests/proofs.
"""

from typing import Any

import pytest
from sqlalchemy import delete, select, update

from goals_core.checks import LARGEST
from goals_core.db import tenant_session
from goals_core.engine import ingest, journal
from goals_core.engine.recompute import recompute
from goals_core.kinds import Source, SyncMode
from goals_core.models.goals import SyncRun
from goals_core.models.journal import JournalLine
from goals_core.models.sources import Opportunity
from goals_core.services import tracking
from goals_core.sources.catalogue import entities_of
from tests.makers import (
    TODAY,
    add_deals,
    add_rate,
    deal,
    from_sales,
    make_goal,
    standing,
    statements,
)
from tests.sources.test_facts import DAY

(DEALS,) = entities_of(Source.SALES)


@pytest.mark.parametrize("mode", SyncMode)
@pytest.mark.parametrize("later", [(0, 1000), (1000, 0)], ids=["alone", "with another"])
def test_what_comes_while_a_sync_reads_counts_once(cast, monkeypatch, mode, later):
    """A deal after the journal was taken and before records are read is in both."""
    goal = make_goal(cast, cast.rep, from_sales())
    tracking.sync(cast.admin)
    with tenant_session(cast.admin) as db:
        recompute(db, only=[goal])  # somebody's deed, so that the next sync reads it
    add_deals(cast.tenant, deal(cast.rep, 10))
    with monkeypatch.context() as meanwhile:
        take = journal.take

        def take_and_be_late(*args: Any, **more: Any) -> journal.Taken:
            taken = take(*args, **more)
            add_deals(cast.tenant, deal(cast.rep, 100))
            return taken

        meanwhile.setattr(journal, "take", take_and_be_late)
        tracking.sync(cast.admin, mode=mode)
    assert standing(cast.admin, goal).value == 110
    expected = 110
    for more in later:
        expected += more
        add_deals(cast.tenant, *[deal(cast.rep, more)] * bool(more))
        assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).mode is SyncMode.INCREMENTAL
        assert standing(cast.admin, goal).value == expected


def test_a_value_that_is_too_large_is_read_until_it_fits(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    tracking.sync(cast.admin)
    largest = deal(cast.rep, LARGEST)
    for rows in ([largest], [deal(cast.rep, 1)]):
        add_deals(cast.tenant, *rows)
        done = tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL)
    assert (len(done.errors), standing(cast.admin, goal).value) == (1, LARGEST)
    with tenant_session(cast.system) as db:
        db.execute(delete(Opportunity).where(Opportunity.external_id == largest["external_id"]))
    done = tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL)
    assert (done.errors, standing(cast.admin, goal).value) == ((), 1)


def test_what_is_settled_is_not_read(cast):
    make_goal(cast, cast.rep, from_sales())
    tracking.sync(cast.admin)
    tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL)
    add_deals(cast.tenant, deal(cast.rep, 10))
    with statements() as sent:
        assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).updated == 1
    assert not [text for text, _ in sent if "FROM sales.opportunities" in text]


def test_a_sync_is_a_full_one_until_one_has_ended_today(cast, at):
    first = tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL)
    second = tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL)
    assert (first.mode, second.mode) == (SyncMode.FULL, SyncMode.INCREMENTAL)
    at(TODAY + DAY)
    assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).mode is SyncMode.FULL


def test_a_full_sync_that_began_yesterday_is_none_of_today(cast):
    tracking.sync(cast.admin)
    with tenant_session(cast.admin) as db:
        db.execute(update(SyncRun).values(started_at=SyncRun.started_at - DAY))
    assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).mode is SyncMode.FULL


def test_a_rate_can_concern_every_goal_so_the_next_sync_is_full(cast):
    tracking.sync(cast.admin)
    add_rate(cast.tenant, "EUR", TODAY, "1.1")
    assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).mode is SyncMode.FULL
    assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).mode is SyncMode.INCREMENTAL


def test_a_record_that_is_given_again_leaves_no_line(cast):
    facts = {k: v for k, v in deal(cast.rep, 5).items() if not k.endswith("_at")}
    with tenant_session(cast.system) as db:
        first, again = (ingest.put(db, DEALS, [facts]) for _ in range(2))
        other = ingest.put(db, DEALS, [facts | {"name": "Another"}])
        images = db.execute(select(JournalLine.old, JournalLine.new).order_by(JournalLine.id)).all()
    assert (first.added, first.changed, len(first.batches)) == (1, 0, 1)
    assert again == ingest.Ingested(0, 0, ())
    assert (other.added, other.changed, len(other.batches)) == (0, 1, 1)
    names = {(old and old["name"], new["name"]) for old, new in images}
    assert names == {(None, "A record"), ("A record", "Another")}
