"""The sync: what it computes, and what it leaves alone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import delete, select

from goals_core.db import tenant_session
from goals_core.models.goals import (
    Assignment,
    AssignmentStatus,
    GoalStatus,
    GoalType,
    MilestoneNotification,
    ProgressEntry,
    Source,
)
from goals_core.models.sources import CommissionEntry, CustomRecord, Invoice, Opportunity
from goals_core.services import assignments, definitions, progress, tracking
from tests.conftest import NOW
from tests.makers import (
    TODAY,
    add,
    add_deals,
    add_rate,
    as_owner,
    assign,
    commission,
    custom,
    deal,
    from_sales,
    invoice,
    make_definition,
    make_goal,
    standing,
    statements,
)


def log(cast, goal):
    mine = ProgressEntry.assignment_id == goal
    with tenant_session(cast.admin) as db:
        return list(db.scalars(select(ProgressEntry).where(mine).order_by(ProgressEntry.logged_at)))


def test_a_sync_says_what_it_looked_at_and_what_it_changed(cast):
    done, begun = make_goal(cast, cast.rep, from_sales()), make_goal(cast, cast.north, from_sales())
    exceeded = make_goal(cast, None, from_sales(type=GoalType.LIMIT))
    make_goal(cast, cast.south_rep, from_sales())
    make_goal(cast, cast.rep)  # by hand
    add_deals(cast.tenant, deal(cast.rep, 1000), deal(cast.south_manager, 1))
    result = tracking.sync(cast.rep)
    assert (result.checked, result.updated, result.achieved, result.failed) == (5, 3, 2, 1)
    assert result.errors == ()
    assert [standing(cast.admin, goal).value for goal in (done, begun, exceeded)] == [
        1000,
        1000,
        1001,
    ]
    assert standing(cast.rep, done).status is AssignmentStatus.ACHIEVED
    assert standing(cast.admin, exceeded).status is AssignmentStatus.FAILED


def test_a_second_sync_changes_nothing_and_writes_no_line(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 600))
    tracking.sync(cast.admin)
    before = standing(cast.rep, goal)
    assert tracking.sync(cast.admin).updated == 0
    assert standing(cast.rep, goal) == before
    assert len(log(cast, goal)) == 1


def test_the_state_does_not_depend_on_the_number_of_syncs(cast, at):
    """A limit exceeded for two days is found failed by whoever looks only afterwards."""
    rows = [deal(cast.rep, 900, TODAY), deal(cast.rep, 200, TODAY + timedelta(days=1))]
    rows.append(deal(cast.rep, -500, TODAY + timedelta(days=3)))
    goals = [make_goal(cast, cast.rep, from_sales(type=GoalType.LIMIT)) for _ in range(2)]
    add_deals(cast.tenant, *rows)
    often, once = goals
    for days in range(5):
        at(NOW + timedelta(days=days))
        with tenant_session(cast.admin) as db:
            assignments.update(db, often, custom_target=None, notes=f"day {days}")
    tracking.sync(cast.admin)
    for goal in (often, once):
        found = standing(cast.rep, goal)
        assert (found.value, found.progress) == (600, 60)
        assert found.status is AssignmentStatus.FAILED
    assert len(log(cast, often)) == 3
    assert len(log(cast, once)) == 1


def test_a_deleted_record_is_no_longer_counted(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 1000))
    tracking.sync(cast.admin)
    with tenant_session(cast.admin) as db:
        db.execute(delete(Opportunity))
    tracking.sync(cast.admin)
    after = standing(cast.rep, goal)
    assert (after.value, after.status, after.achieved_at) == (0, AssignmentStatus.ACTIVE, None)


def test_an_average_of_nothing_leaves_the_value_that_was_there(cast):
    goal = make_goal(cast, cast.rep, from_sales(config={"aggregation": "avg"}))
    assert standing(cast.rep, goal).value == 0
    add_deals(cast.tenant, deal(cast.rep, 100), deal(cast.rep, 50))
    tracking.sync(cast.admin)
    with tenant_session(cast.admin) as db:
        db.execute(delete(Opportunity))
    assert tracking.sync(cast.admin).updated == 0
    assert standing(cast.rep, goal).value == 75


@pytest.mark.parametrize(
    ("source", "model", "config", "row"),
    [
        (Source.BILLING, Invoice, {"entity": "invoices", "date_field": "paid_on"}, invoice),
        (Source.COMMISSIONS, CommissionEntry, {"entity": "entries"}, commission),
        (Source.CUSTOM, CustomRecord, {"entity": "calls", "field": "value"}, custom),
    ],
)
def test_every_module_is_tracked(cast, source, model, config, row):
    rule = {"filter": {"status": ["paid", "done"]}, "module": source.value}
    goal = make_goal(cast, cast.rep, from_sales(source=source, config=config | rule))
    paid = {"status": "paid"} | ({"paid_on": TODAY} if model is Invoice else {})
    add(cast.tenant, model, row(cast.rep, 70, **paid), row(cast.rep, 5, status="open"))
    if model is CustomRecord:
        add(cast.tenant, model, row(cast.rep, 1, entity="visits"))
    tracking.sync(cast.admin)
    assert standing(cast.rep, goal).value == 70


def test_records_are_converted_by_the_rate_of_their_day(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    for day, rate in ((1, "1.10"), (10, "1.333333")):
        add_rate(cast.tenant, "EUR", date(2026, 5, day), rate)
    amounts = {1: "10", 7: "10", 8: "1000000", 10: "100", 16: "100"}  # none is younger than 7 days
    rows = [deal(cast.rep, a, date(2026, 5, d), currency="EUR") for d, a in amounts.items()]
    add_deals(cast.tenant, *rows, deal(cast.rep, 5, currency="USD"))
    tracking.sync(cast.admin)
    assert standing(cast.rep, goal).value == 11 + 11 + Decimal("133.33") * 2 + 5


def test_only_what_is_active_is_tracked(cast):
    add_deals(cast.tenant, deal(cast.rep, 100))
    with tenant_session(cast.admin) as db:
        ids = []
        for status in (GoalStatus.DRAFT, GoalStatus.PAUSED, GoalStatus.ACTIVE):
            definition = make_definition(db, from_sales(), status=GoalStatus.DRAFT)
            ids.append(assign(db, definition, cast.rep))
            if status is not GoalStatus.DRAFT:
                definitions.set_status(db, definition, GoalStatus.ACTIVE)
            if status is GoalStatus.PAUSED:
                definitions.set_status(db, definition, status)
    add_deals(cast.tenant, deal(cast.rep, 50))
    assert tracking.sync(cast.admin).checked == 1
    assert [standing(cast.admin, goal).value for goal in ids] == [0, 100, 150]


def test_a_cancelled_assignment_and_one_still_to_come_are_left_alone(cast):
    cancelled = make_goal(cast, cast.rep, from_sales())
    later = make_goal(cast, cast.rep, from_sales(starts_at=date(2026, 6, 1)))
    with tenant_session(cast.admin) as db:
        assignments.cancel(db, cancelled)
    add_deals(cast.tenant, deal(cast.rep, 100), deal(cast.rep, 100, date(2026, 6, 1)))
    assert tracking.sync(cast.admin).checked == 0
    assert [standing(cast.rep, goal).value for goal in (cancelled, later)] == [0, 0]


def test_drift_is_healed(cast, database):
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 1000))
    tracking.sync(cast.admin)
    right = standing(cast.rep, goal)
    as_owner(
        database.owner_url,
        "UPDATE goals.assignments SET current_value = 7, progress_percentage = 3,"
        " status = 'failed', achieved_at = NULL WHERE id = :id",
        id=goal,
    )
    assert standing(cast.rep, goal).value == 7
    tracking.sync(cast.admin)
    healed = standing(cast.rep, goal)
    assert (healed.value, healed.progress, healed.status) == (1000, 100, right.status)
    assert healed.achieved_at == right.achieved_at


def test_achieved_means_the_day_not_the_sync_that_noticed(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    days = {4: 600, 6: 400}
    add_deals(cast.tenant, *(deal(cast.rep, n, date(2026, 5, day)) for day, n in days.items()))
    tracking.sync(cast.admin)
    achieved_at = standing(cast.rep, goal).achieved_at
    assert achieved_at == datetime(2026, 5, 7, 3, 59, 59, 999999, UTC)  # New York's midnight


def test_late_records_count_in_the_days_of_grace_and_then_the_row_is_frozen(cast, at):
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 600))
    at(date(2026, 6, 3))
    add_deals(cast.tenant, deal(cast.rep, 399, date(2026, 5, 31)))
    tracking.sync(cast.admin)
    grace = standing(cast.rep, goal)
    assert (grace.value, grace.status) == (999, AssignmentStatus.ACTIVE)
    at(date(2026, 6, 4))
    assert tracking.sync(cast.admin).failed == 1
    frozen = standing(cast.rep, goal)
    assert (frozen.value, frozen.status) == (999, AssignmentStatus.FAILED)
    assert frozen.closed_at is not None
    add_deals(cast.tenant, deal(cast.rep, 1, date(2026, 5, 31)))
    assert tracking.sync(cast.admin).checked == 1  # the next window alone
    assert standing(cast.rep, goal) == frozen


def test_a_sync_notes_the_milestones_on_the_way(cast):
    make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 799))
    tracking.sync(cast.admin)
    with tenant_session(cast.admin) as db:
        noted = db.scalars(select(MilestoneNotification.milestone_percentage))
        assert sorted(noted) == [25, 50, 75]


def test_a_sync_costs_as_many_statements_for_thirty_goals_as_for_three(cast):
    counts = []
    for more in (3, 27):
        with tenant_session(cast.admin) as db:
            for _ in range(more):
                draft = from_sales(target_value=Decimal(50_000))
                assign(db, make_definition(db, draft), cast.rep)
        add_deals(cast.tenant, deal(cast.rep, 600))
        with statements() as sent:
            assert tracking.sync(cast.admin).updated == (3 if more == 3 else 30)
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_progress_by_hand_is_not_touched(cast):
    goal = make_goal(cast, cast.rep)
    with tenant_session(cast.rep) as db:
        progress.record(db, assignment_id=goal, value=Decimal(5), on=TODAY)
    before = standing(cast.rep, goal)
    add_deals(cast.tenant, deal(cast.rep, 600, external_id=uuid4().hex))
    tracking.sync(cast.admin)
    assert standing(cast.rep, goal) == before
    with tenant_session(cast.admin) as db:
        assert db.get_one(Assignment, (cast.tenant.id, goal)).current_value == 5


def test_filters_that_python_takes_for_equal_find_their_own_records(cast):
    """True equals 1: two goals with such filters are still computed apart."""
    amounts = [(True, 100), (1, 500)]
    drafts = [from_sales(config={"filter": {"attributes.x": value}}) for value, _ in amounts]
    add_deals(cast.tenant, *(deal(None, 1, attributes={"x": value}) for value, _ in amounts))
    goals = [make_goal(cast, cast.rep, draft) for draft in drafts]
    add_deals(cast.tenant, *(deal(cast.rep, n, attributes={"x": value}) for value, n in amounts))
    tracking.sync(cast.admin)
    assert [standing(cast.rep, goal).value for goal in goals] == [100, 500]


def test_money_among_the_attributes_is_converted_as_every_amount(cast):
    add_rate(cast.tenant, "EUR", TODAY, "1.1")
    for currency, margin in (("EUR", 10.05), ("USD", 5), ("JPY", 700), ("JPY", "none")):
        record = deal(cast.rep, 900, currency=currency, attributes={"margin": margin})
        add_deals(cast.tenant, record)
    goal = make_goal(cast, cast.rep, from_sales(config={"field": "attributes.margin"}))
    assert (standing(cast.rep, goal).value, standing(cast.rep, goal).left_out) == (
        Decimal("16.06"),  # 10.05 euros are 11.055 dollars
        1,  # and what is no number lacks no rate
    )
