"""Syncs of what has changed: after every step of a random history as if all were computed."""

from dataclasses import replace
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from goals_core.checks import LARGEST
from goals_core.db import tenant_session
from goals_core.engine import ingest, journal
from goals_core.engine.recompute import recompute
from goals_core.kinds import Source, SyncMode
from goals_core.models.goals import SyncRun
from goals_core.models.journal import JournalLine
from goals_core.models.sources import Opportunity
from goals_core.services import assignments, tracking
from goals_core.sources.catalogue import entities_of
from tests.conftest import new_cast
from tests.makers import (
    TODAY,
    add_deals,
    add_rate,
    deal,
    from_sales,
    make_goal,
    random_rows,
    standing,
    statements,
)
from tests.sources.second_model import Record
from tests.sources.test_facts import DAY, put, some_record, some_world

STEPS = 6
(DEALS,) = entities_of(Source.SALES)


class History:
    """Deals that come, change and go, written by this system and past it."""

    def __init__(self, rnd: Random) -> None:
        self.rnd, self.cast = rnd, new_cast()
        self.world, self.goals = some_world(rnd, self.cast)
        records, self.world.records = self.world.records, []
        self.ids = put(self.cast, self.world, self.goals)
        self.people = [each.user_id for each in (self.cast.rep, self.cast.second_rep)]
        self.deals: dict[str, Record] = {}
        self.by_ingest({uuid4().hex: record for record in records})

    def step(self) -> None:
        """Some records are new, some other than before, some gone."""
        rnd = self.rnd
        known = rnd.sample(list(self.deals), min(len(self.deals), rnd.randint(0, 4)))
        new = [uuid4().hex for _ in range(rnd.randint(0, 3))]
        wanted = {key: some_record(rnd, self.people) for key in (*known, *new)}
        for key in known:  # as often only its owner or its day is another
            part = rnd.choice([{}, {"owner": wanted[key].owner}, {"day": wanted[key].day}])
            wanted[key] = replace(self.deals[key], **part) if part else wanted[key]
        rnd.choice([self.by_ingest, self.by_another])(wanted)
        self.perhaps_a_deed()
        gone = rnd.sample(list(self.deals), min(len(self.deals), rnd.randint(0, 2)))
        rnd.choice([self.gone_by_ingest, self.gone_by_another])(gone)
        self.perhaps_a_deed()

    def perhaps_a_deed(self) -> None:
        """Somebody's change of a goal reads records of which the journal still waits."""
        if self.rnd.random() < 0.5:
            with tenant_session(self.cast.admin) as db:
                recompute(db, only=self.rnd.sample(self.ids, self.rnd.randint(1, len(self.ids))))

    def by_ingest(self, wanted: dict[str, Record]) -> None:
        with tenant_session(self.cast.system) as db:
            rows = [row(key, record) for key, record in wanted.items()]
            ingest.put(db, DEALS, [{k: r[k] for k in r if not k.endswith("_at")} for r in rows])
        self.deals |= wanted

    def by_another(self, wanted: dict[str, Record]) -> None:
        for key in wanted.keys() & self.deals.keys():
            change = {k: v for k, v in row(key, wanted[key]).items() if k != "created_at"}
            with tenant_session(self.cast.system) as db:
                this = Opportunity.external_id == key
                db.execute(update(Opportunity).where(this).values(**change))
        new = wanted.keys() - self.deals.keys()
        add_deals(self.cast.tenant, *(row(key, wanted[key]) for key in new))
        self.deals |= wanted

    def gone_by_ingest(self, keys: list[str]) -> None:
        with tenant_session(self.cast.system) as db:
            assert ingest.delete(db, DEALS, [("", key) for key in keys]).changed == len(keys)
        self.forget(keys)

    def gone_by_another(self, keys: list[str]) -> None:
        with tenant_session(self.cast.system) as db:
            db.execute(delete(Opportunity).where(Opportunity.external_id.in_(keys)))
        self.forget(keys)

    def forget(self, keys: list[str]) -> None:
        for key in keys:
            del self.deals[key]


def row(key: str, record: Record) -> dict[str, Any]:
    facts = {"currency": record.currency, "stage": record.stage, "external_id": key}
    return deal(record.owner, record.amount, record.day, **facts)


@random_rows
@given(st.randoms(use_true_random=True))
def test_after_each_step_everything_is_as_if_it_were_computed_anew(cast, rnd):
    history = History(rnd)
    tracking.sync(history.cast.admin)
    for _ in range(STEPS):
        history.step()
        done = tracking.sync(history.cast.admin, mode=SyncMode.INCREMENTAL)
        assert done.mode is SyncMode.INCREMENTAL
        history.world.records = list(history.deals.values())
        check(history)
    assert tracking.sync(history.cast.admin).updated == 0


def check(history: History) -> None:
    """Each value is the second model's; of closed windows, and of an average of nothing, none."""
    with tenant_session(history.cast.admin) as db:
        for id_, goal in zip(history.ids, history.goals, strict=True):
            is_open = goal.window.start <= TODAY <= goal.window.end + 3 * DAY
            value = history.world.found(goal).value if is_open else None
            if value is not None:
                assert assignments.get(db, id_).value == value


@pytest.mark.parametrize("mode", SyncMode)
def test_what_comes_while_a_sync_reads_counts_once(cast, monkeypatch, mode):
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
    for more in (0, 1000):
        add_deals(cast.tenant, *[deal(cast.rep, more)] * bool(more))
        assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).mode is SyncMode.INCREMENTAL
        assert standing(cast.admin, goal).value == 110 + more


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
