"""The past by the journal: at every moment what was true then, and every change explained."""

import os
from datetime import timedelta
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from goals_core.db import tenant_session
from goals_core.engine.movement_lines import MOST
from goals_core.engine.paging import PageRequest
from goals_core.models.attainment import Evidence, judge
from goals_core.models.journal import JournalBatch
from goals_core.services import movements, past, receipts
from goals_core.sources.catalogue import Aggregation
from tests.conftest import NOW
from tests.makers import TODAY, random_rows
from tests.sources.deals_history import STEPS, History
from tests.sources.second_model import Record
from tests.sources.test_facts import DAY

# Every statement is made and planned for its own goal and moment; a longer proof is to raise these.
EXAMPLES, GOALS = int(os.environ.get("GOALS_PASTS", "2")), 2
MINUTE = timedelta(minutes=1)
ALL = PageRequest(size=500)


class Dated(History):
    """A history whose every write has its own minute, whichever clock the writer went by."""

    def __init__(self, rnd: Random) -> None:
        self.seen, self.minute = set(), NOW
        super().__init__(rnd)

    def by_ingest(self, wanted: dict[str, Record]) -> None:
        super().by_ingest(wanted)
        self.date()

    def by_another(self, wanted: dict[str, Record]) -> None:
        for key, record in wanted.items():  # a statement each, and so a batch
            super().by_another({key: record})
            self.date()

    def gone_by_ingest(self, keys: list[str]) -> None:
        super().gone_by_ingest(keys)
        self.date()

    def gone_by_another(self, keys: list[str]) -> None:
        super().gone_by_another(keys)
        self.date()

    def date(self) -> None:
        self.minute += MINUTE
        with tenant_session(self.cast.system) as db:
            new = set(db.scalars(select(JournalBatch.id))) - self.seen
            db.execute(
                update(JournalBatch).where(JournalBatch.id.in_(new)).values(at=self.minute),
                execution_options={"synchronize_session": False},
            )
        self.seen |= new


@settings(random_rows, max_examples=EXAMPLES)
@given(st.randoms(use_true_random=True))
def test_at_each_moment_a_goal_is_what_it_was_then(cast, at, rnd):
    at(NOW)
    history = Dated(rnd)
    history.goals, history.ids = history.goals[:GOALS], history.ids[:GOALS]
    remembered = []
    for _ in range(STEPS):
        history.step()
        history.world.records = list(history.deals.values())
        found = [history.world.found(goal) for goal in history.goals]
        remembered.append((history.minute, found, len(history.deals)))
    at(history.minute + MINUTE)
    with tenant_session(history.cast.admin) as db:
        for moment, then, _ in remembered:
            for id_, goal, found in zip(history.ids, history.goals, then, strict=True):
                check_then(db, id_, goal, found, moment)
        for id_, goal, found in zip(history.ids, history.goals, remembered[-1][1], strict=True):
            check_explained(db, id_, goal, found)


def check_then(db, id_, goal, found, moment):
    """Value, left out, status and progress, and the records, are the second model's of then."""
    by_records = past.as_of(db, id_, at=moment).by_records
    if goal.window.start > TODAY:
        assert by_records.value is None
        return
    evidence = Evidence(
        found.value, found.peak, found.out_of_range, found.days_in_range, found.reached_on
    )
    closed = goal.window.end + 3 * DAY < TODAY and not found.left_out
    judged = judge(goal.rule, evidence, goal.window, closed=closed)
    assert (by_records.value, by_records.left_out) == (found.value, found.left_out)
    assert (by_records.status, by_records.progress) == (judged.status, judged.progress)
    receipt = receipts.of_assignment(db, id_, at=moment, page=ALL)
    assert (receipt.value, receipt.left_out) == (found.value, found.left_out)


def check_explained(db, id_, goal, found):
    """What all changes came to is the value."""
    moved = movements.of_assignment(db, id_, page=ALL).changes
    assert moved.total == len(moved.items) < MOST
    assert all(one.before != one.after for one in moved.items)
    assert list(moved.items) == sorted(moved.items, key=lambda one: one.at, reverse=True)
    if goal.aggregation in {Aggregation.SUM, Aggregation.COUNT} and goal.window.start <= TODAY:
        assert sum((one.change for one in moved.items), Decimal(0)) == found.value
    counted = sum(one.after.counts - one.before.counts for one in moved.items)
    assert counted == receipts.of_assignment(db, id_).lines.total
