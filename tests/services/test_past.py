"""A goal as of a moment: by the records of then, and by what its page said."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text, update

from goals_core.db import tenant_session
from goals_core.engine import ingest
from goals_core.errors import Invalid, NotFound
from goals_core.kinds import AssignmentStatus, GoalType, Source
from goals_core.models.journal import JournalBatch
from goals_core.services import corrections, past, receipts, tracking
from goals_core.sources.catalogue import entities_of
from tests.conftest import NOW
from tests.engine import log, record
from tests.makers import (
    TODAY,
    as_owner,
    by_hand,
    deal,
    from_sales,
    make_goal,
    standing,
    statements,
)

(DEALS,) = entities_of(Source.SALES)
HOUR = timedelta(hours=1)


def as_of(actor, goal, moment):
    with tenant_session(actor) as db:
        return past.as_of(db, goal, at=moment)


def put(cast, amount, **more):
    row = deal(cast.rep, amount, external_id="D-1", **more)
    with tenant_session(cast.system) as db:
        ingest.put(db, DEALS, [{k: v for k, v in row.items() if not k.endswith("_at")}])


@pytest.fixture
def goal(cast, at):
    """Its one deal was put in after an hour, changed after two, which was synced, and three."""
    goal = make_goal(cast, cast.rep, from_sales())
    for hours, amount in ((1, 100), (2, 1000), (3, 300)):
        at(NOW + hours * HOUR)
        put(cast, amount)
        if hours == 2:
            at(NOW + 2.5 * HOUR)
            tracking.sync(cast.admin)
    at(NOW + 4 * HOUR)
    return goal


@pytest.mark.parametrize(
    ("hours", "shown", "value", "status"),
    [
        (0, 0, 0, "active"),
        (1, 0, 100, "active"),
        (1.99, 0, 100, "active"),
        (2, 0, 1000, "achieved"),
        (2.5, 1000, 1000, "achieved"),
        (3, 1000, 300, "active"),
        (4, 1000, 300, "active"),
    ],
)
def test_the_records_and_the_page_are_told_each_for_itself(cast, goal, hours, shown, value, status):
    found = as_of(cast.rep, goal, NOW + hours * HOUR)
    assert (found.shown, found.by_records.value) == (shown, value)
    assert found.by_records.status is AssignmentStatus(status)
    assert found.by_records.attainment == Decimal(value) / 10


def test_the_receipt_lists_the_records_of_then(cast, goal):
    with tenant_session(cast.rep) as db:
        (line,) = receipts.of_assignment(db, goal, at=NOW + 2 * HOUR).lines.items
        assert receipts.of_assignment(db, goal, at=NOW).lines.total == 0
    assert (line.external_id, line.counted) == ("D-1", 1000)


def test_before_it_was_assigned_no_page_said_anything(cast, goal):
    assert as_of(cast.rep, goal, NOW - HOUR).shown is None


def test_before_the_journal_began_what_records_said_is_not_known(cast, goal, database):
    since = NOW + 1.5 * HOUR
    as_owner(
        database.owner_url,
        "UPDATE core.tenants SET journal_since = :since WHERE id = :id",
        since=since,
        id=cast.tenant.id,
    )
    found = as_of(cast.rep, goal, NOW + HOUR)
    assert (found.by_records, found.shown, found.known_since) == (None, 0, since)
    assert as_of(cast.rep, goal, NOW + 2 * HOUR).by_records.value == 1000


def test_what_is_to_come_is_refused(cast, goal):
    with pytest.raises(Invalid, match="has not come yet"):
        as_of(cast.rep, goal, NOW + 5 * HOUR)


def test_a_record_dated_later_than_the_moment_did_not_count_then(cast, at):
    goal = make_goal(cast, cast.rep, from_sales())
    put(cast, 100, on=TODAY + timedelta(days=2))
    at(NOW + timedelta(days=3))
    values = [as_of(cast.rep, goal, NOW + timedelta(days=d)).by_records.value for d in (1, 2)]
    assert values == [0, 100]


def test_a_closed_window_said_its_frozen_value_whatever_the_records_said(cast, goal, at):
    at(datetime(2026, 6, 5, 12, tzinfo=NOW.tzinfo))
    tracking.sync(cast.admin)
    at(datetime(2026, 6, 6, 12, tzinfo=NOW.tzinfo))
    put(cast, 700)
    found = as_of(cast.rep, goal, datetime(2026, 6, 6, 12, tzinfo=NOW.tzinfo))
    assert (found.shown, found.by_records.value) == (300, 700)
    assert found.by_records.status is AssignmentStatus.FAILED


def test_a_log_by_hand_is_read_as_it_was(cast, at):
    goal = make_goal(cast, cast.rep, by_hand())
    moments = []
    for hours, value in ((1, 40), (2, 70)):
        at(NOW + hours * HOUR)
        record(cast.rep, goal, value)
    at(NOW + 3 * HOUR)
    with tenant_session(cast.rep) as db:
        corrections.void(db, log(cast, goal)[-1].id)
    for hours in (0, 1, 2, 3):
        found = as_of(cast.rep, goal, NOW + hours * HOUR)
        moments.append((found.shown, found.by_records.value or 0))
    assert moments == [(0, 0), (40, 40), (70, 70), (40, 40)]
    assert standing(cast.rep, goal).value == 40


def test_a_range_is_judged_by_its_days_up_to_then(cast, at):
    draft = by_hand(type=GoalType.MAINTAIN, target_value=Decimal(10), milestones=())
    goal = make_goal(cast, cast.rep, draft)
    record(cast.rep, goal, 20, on=date(2026, 5, 18))
    at(NOW + HOUR)
    record(cast.rep, goal, 5, on=date(2026, 5, 20))
    then, now = (as_of(cast.rep, goal, NOW + h * HOUR).by_records for h in (0, 1))
    assert (then.status, now.status) == (AssignmentStatus.ACTIVE, AssignmentStatus.FAILED)
    assert then.progress > now.progress


def test_of_a_goal_that_cannot_be_computed_the_page_alone_is_known(cast, goal, database):
    spoil = "UPDATE goals.definitions SET source_config = '{}' WHERE tenant_id = :id"
    as_owner(database.owner_url, spoil, id=cast.tenant.id)
    found = as_of(cast.rep, goal, NOW + 2.5 * HOUR)
    assert (found.shown, found.by_records) == (1000, None)


def test_it_takes_as_many_statements_whatever_has_changed(cast, goal, at):
    counts = []
    for n in range(2):
        with statements() as sent:
            as_of(cast.rep, goal, NOW + HOUR)
        counts.append(len(sent))
        for _ in range(20 * (1 - n)):
            put(cast, n)
    assert counts[0] == counts[1] <= 7


def test_two_changes_in_one_transaction_are_told_apart(cast, at):
    goal = make_goal(cast, cast.rep, from_sales())
    for amount in (100, 200, 300):
        put(cast, amount)
    with tenant_session(cast.system) as db:  # a microsecond apart, as the database's clock has it
        rows = db.execute(
            text(
                "SELECT b.id FROM goals.journal_batches b JOIN goals.journal j ON j.batch_id = b.id"
                " AND j.tenant_id = b.tenant_id WHERE b.tenant_id = :t ORDER BY j.new ->> 'amount'"
            ),
            {"t": db.tenant_id},
        )
        for n, row in enumerate(rows):
            this = JournalBatch.id == row.id
            when = NOW + timedelta(microseconds=n)
            db.execute(update(JournalBatch).where(this).values(at=when))
    at(NOW + HOUR)
    values = [
        as_of(cast.rep, goal, NOW + timedelta(microseconds=n)).by_records.value for n in range(3)
    ]
    assert values == [100, 200, 300]


@pytest.mark.parametrize("stranger", ["second_rep", "south_manager", "other_manager"])
def test_who_may_not_see_the_goal_sees_nothing_of_its_past(cast, goal, stranger):
    with pytest.raises(NotFound):
        as_of(getattr(cast, stranger), goal, NOW)
