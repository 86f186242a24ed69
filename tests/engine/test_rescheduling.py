"""When a goal's days change: open windows follow, closed ones stay, no day counts twice."""

from datetime import date
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.errors import Invalid
from goals_core.kinds import AssignmentStatus, GoalType, Period
from goals_core.models.core import AuditLine
from goals_core.models.windows import Window
from goals_core.services import assignments, tracking
from goals_core.services.definitions import FixedByProgress
from goals_core.services.rollover import roll_over
from tests.engine import (
    chain,
    change,
    days,
    employ,
    plan,
    quota,
    record,
    rows,
    set_status,
    told,
    windows,
)
from tests.makers import (
    TODAY,
    add_deals,
    assign,
    by_hand,
    deal,
    definition_of,
    from_sales,
    make_goal,
    standing,
    with_settings,
)

MAY, JUNE, JULY = (date(2026, month, 1) for month in (5, 6, 7))


@pytest.fixture
def goal(cast):
    return make_goal(cast, cast.rep)


@pytest.fixture
def definition(cast, goal):
    return definition_of(cast.admin, goal)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"starts_at": date(2026, 5, 11)}, ("2026-05-11", "2026-05-31")),
        ({"starts_at": date(2025, 1, 1)}, ("2026-05-01", "2026-05-31")),
        ({"starts_at": date(2026, 7, 15)}, ("2026-07-15", "2026-07-31")),
        ({"ends_at": date(2026, 5, 25)}, ("2026-05-01", "2026-05-25")),
        ({"period": Period.QUARTERLY}, ("2026-04-01", "2026-06-30")),
        ({"period": Period.YEARLY}, ("2026-01-01", "2026-12-31")),
        ({"period": Period.CUSTOM, "ends_at": date(2026, 5, 25)}, ("2026-01-01", "2026-05-25")),
    ],
)
def test_an_open_window_follows_the_goals_days(cast, goal, definition, other, expected):
    change(cast.admin, definition, by_hand(**other))
    assert windows(cast, definition) == days(expected)
    assert standing(cast.admin, goal).status is AssignmentStatus.ACTIVE
    changed = rows(cast, AuditLine, AuditLine.tag == "assignment:changed")
    assert len(changed) == (expected != ("2026-05-01", "2026-05-31"))
    if changed:
        assert changed[0].after.keys() <= {"period_start", "period_end"}


def test_a_shorter_period_goes_on_with_the_window_of_today(cast, at):
    at(date(2026, 4, 2))
    goal = make_goal(cast, cast.rep, from_sales(period=Period.QUARTERLY))
    definition = definition_of(cast.admin, goal)
    at(TODAY)
    change(cast.admin, definition, from_sales())
    assert standing(cast.admin, goal).window == Window(MAY, date(2026, 5, 31))
    assert told(cast, goal) == []  # nothing has failed by being counted by the month


def test_records_are_counted_in_the_days_that_the_window_then_has(cast):
    goal = make_goal(cast, cast.rep, from_sales(ends_at=date(2026, 5, 25)))
    add_deals(cast.tenant, *(deal(cast.rep, 100, date(2026, 5, day)) for day in (3, 10, 20)))
    tracking.sync(cast.admin)
    definition = definition_of(cast.admin, goal)
    assert standing(cast.admin, goal).value == 300
    change(cast.admin, definition, from_sales(ends_at=date(2026, 5, 19)))
    assert (standing(cast.admin, goal).value, standing(cast.admin, goal).closed_at) == (200, None)
    change(cast.admin, definition, from_sales())
    assert standing(cast.admin, goal).value == 300


def test_windows_after_an_earlier_end_are_deleted_while_there_is_no_progress(cast, definition):
    plan(cast.admin, definition, quota(cast.rep, JUNE), quota(cast.rep, JULY))
    change(cast.admin, definition, by_hand(ends_at=date(2026, 6, 15)))
    assert windows(cast, definition) == days(
        ("2026-05-01", "2026-05-31"), ("2026-06-01", "2026-06-15")
    )
    assert len(rows(cast, AuditLine, AuditLine.tag == "assignment:deleted")) == 1


def test_an_end_before_a_window_with_progress_is_refused_and_nothing_is_changed(
    cast, at, goal, definition
):
    at(JUNE)
    roll_over(cast.system)
    record(cast.rep, chain(cast, definition)[-1].id, 5)
    with pytest.raises(Invalid, match="progress in the window from 2026-06-01 to 2026-06-30"):
        change(cast.admin, definition, by_hand(ends_at=date(2026, 5, 31)))
    assert len(chain(cast, definition)) == 2


def test_an_end_before_recorded_progress_of_the_same_window_is_refused_too(cast, goal, definition):
    record(cast.rep, goal, 60, on=date(2026, 5, 5))
    record(cast.rep, goal, 100, on=date(2026, 5, 18))
    with pytest.raises(Invalid, match="progress"):
        change(cast.admin, definition, by_hand(ends_at=date(2026, 5, 17)))
    assert windows(cast, definition) == days(("2026-05-01", "2026-05-31"))
    change(cast.admin, definition, by_hand(ends_at=date(2026, 5, 18)))


def test_days_in_range_are_never_fewer_for_readings_after_an_earlier_end(cast):
    goal = make_goal(cast, cast.rep, by_hand(type=GoalType.MAINTAIN))
    for day in (1, 16):
        record(cast.rep, goal, 100, on=date(2026, 5, day))
    try:
        ends = by_hand(type=GoalType.MAINTAIN, ends_at=date(2026, 5, 10))
        change(cast.admin, definition_of(cast.admin, goal), ends)
    except Invalid:
        return  # the reading of the 16th keeps it from ending on the 10th
    assert standing(cast.admin, goal).progress == 100  # all ten days were in range


def test_with_progress_the_first_day_and_the_period_stay(cast, goal, definition):
    record(cast.rep, goal, 5)
    for other in ({"starts_at": TODAY}, {"period": Period.WEEKLY}):
        with pytest.raises(FixedByProgress):
            change(cast.admin, definition, by_hand(**other))


def test_what_is_closed_or_cancelled_stays_where_it_is(cast, at, definition):
    at(date(2026, 6, 5))
    roll_over(cast.system)
    plan(cast.admin, definition, quota(cast.rep, JULY))
    with tenant_session(cast.admin) as db:
        assignments.cancel(db, chain(cast, definition)[-1].id)
    change(cast.admin, definition, by_hand(starts_at=date(2026, 5, 11)))
    change(cast.admin, definition, by_hand(starts_at=date(2026, 6, 3)))
    assert windows(cast, definition) == days(
        ("2026-05-01", "2026-05-31"), ("2026-06-03", "2026-06-30"), ("2026-07-01", "2026-07-31")
    )


def test_several_windows_that_become_one_are_one(cast, definition):
    plan(cast.admin, definition, quota(cast.rep, JUNE), quota(cast.rep, JULY))
    change(cast.admin, definition, by_hand(period=Period.QUARTERLY))
    assert windows(cast, definition) == days(
        ("2026-04-01", "2026-06-30"), ("2026-07-01", "2026-09-30")
    )


def test_each_assignee_follows_for_themselves(cast, definition):
    with tenant_session(cast.admin) as db:
        for who in (cast.north, None):
            assign(db, definition, who)
    change(cast.admin, definition, by_hand(period=Period.YEARLY))
    assert windows(cast, definition) == days(("2026-01-01", "2026-12-31")) * 3


def test_a_paused_goal_follows_too_and_counts_when_it_resumes(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    definition = definition_of(cast.admin, goal)
    add_deals(cast.tenant, deal(cast.rep, 300, date(2026, 4, 10)))
    set_status(cast.admin, definition, "paused")
    change(cast.admin, definition, from_sales(period=Period.QUARTERLY))
    assert windows(cast, definition) == days(("2026-04-01", "2026-06-30"))
    assert standing(cast.admin, goal).value == 0
    set_status(cast.admin, definition, "active")
    assert standing(cast.admin, goal).value == 300


def test_a_goal_that_ended_and_goes_on_begins_after_what_is_closed(cast, at, definition):
    change(cast.admin, definition, by_hand(ends_at=date(2026, 5, 22)))
    at(date(2026, 5, 27))
    roll_over(cast.system)
    change(cast.admin, definition, by_hand())
    roll_over(cast.system)
    assert windows(cast, definition) == days(
        ("2026-05-01", "2026-05-22"), ("2026-05-23", "2026-05-31")
    )


@pytest.mark.parametrize("with_progress", [False, True])
def test_what_begins_after_a_closed_part_stays_when_the_end_changes_again(
    cast, at, definition, with_progress
):
    change(cast.admin, definition, by_hand(ends_at=date(2026, 5, 22)))
    at(date(2026, 5, 27))
    roll_over(cast.system)
    change(cast.admin, definition, by_hand())
    roll_over(cast.system)
    if with_progress:
        record(cast.rep, chain(cast, definition)[-1].id, 5)
    change(cast.admin, definition, by_hand(ends_at=date(2026, 12, 31)))
    assert windows(cast, definition) == days(
        ("2026-05-01", "2026-05-22"), ("2026-05-23", "2026-05-31")
    )


def test_a_goal_whose_earlier_end_was_taken_back_goes_on(cast, at, definition):
    at(JUNE)
    roll_over(cast.system)
    change(cast.admin, definition, by_hand(ends_at=date(2026, 5, 31)))
    assert windows(cast, definition) == days(("2026-05-01", "2026-05-31"))
    change(cast.admin, definition, by_hand())  # it was a mistake
    at(JULY)
    roll_over(cast.system)
    assert windows(cast, definition) == days(
        ("2026-05-01", "2026-05-31"), ("2026-06-01", "2026-06-30"), ("2026-07-01", "2026-07-31")
    )


def test_an_end_that_is_over_decides_at_once_and_tells_so(cast, at):
    at(date(2026, 5, 4))
    goal = make_goal(cast, cast.rep, by_hand(milestones=()))
    record(cast.rep, goal, 40)
    at(TODAY)
    change(
        cast.admin,
        definition_of(cast.admin, goal),
        by_hand(milestones=(), ends_at=date(2026, 5, 10)),
    )
    found = standing(cast.admin, goal)
    assert (found.status, found.value) == (AssignmentStatus.FAILED, 40)
    assert told(cast, goal) == [("goal.failed", cast.manager.user_id)]


def test_a_prorated_target_follows_the_days(cast):
    draft = by_hand(prorate=True, target_value=Decimal(1000))
    employ(cast, cast.rep, hired_on=date(2026, 5, 18))
    goal = make_goal(cast, cast.rep, draft)
    later = by_hand(prorate=True, target_value=Decimal(1000), starts_at=date(2026, 5, 11))
    change(cast.admin, definition_of(cast.admin, goal), later)
    found = standing(cast.admin, goal)
    assert (found.proration.worked_days, found.proration.working_days) == (10, 15)
    assert found.target == Decimal("666.67")


def test_a_moved_fiscal_year_makes_a_shorter_window_and_no_overlap(cast, at):
    quarterly = definition_of(
        cast.admin, make_goal(cast, cast.rep, by_hand(period=Period.QUARTERLY))
    )
    at(date(2026, 10, 1))
    roll_over(with_settings(cast.system, fiscal_year_start=3))
    expected = [
        ("2026-04-01", "2026-06-30"),
        ("2026-07-01", "2026-08-31"),
        ("2026-09-01", "2026-11-30"),
    ]
    assert windows(cast, quarterly) == days(*expected)


def test_other_days_under_a_moved_fiscal_year_make_no_overlap_either(cast, at):
    quarterly = definition_of(
        cast.admin, make_goal(cast, cast.rep, by_hand(period=Period.QUARTERLY))
    )
    admin = with_settings(cast.admin, fiscal_year_start=3)
    at(date(2026, 7, 10))
    roll_over(admin)
    change(admin, quarterly, by_hand(period=Period.QUARTERLY, ends_at=date(2026, 12, 31)))
    expected = [("2026-04-01", "2026-06-30"), ("2026-07-01", "2026-08-31")]
    assert windows(cast, quarterly) == days(*expected)
