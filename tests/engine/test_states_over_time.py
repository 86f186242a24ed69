"""States over time: within, beyond, reached, fallen back, closed, paused and resumed."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete

from goals_core.db import tenant_session
from goals_core.kinds import AssignmentStatus, GoalType, Period
from goals_core.models.goals import OutboxRow
from goals_core.models.sources import Opportunity
from goals_core.services import assignments, corrections, tracking
from goals_core.services.rollover import roll_over
from tests.engine import (
    change,
    log,
    milestones,
    plan,
    quota,
    record,
    rows,
    set_status,
    told,
)
from tests.makers import (
    TODAY,
    YEAR_START,
    add_deals,
    by_hand,
    deal,
    definition_of,
    from_sales,
    make_goal,
    standing,
)

ACTIVE, ACHIEVED, FAILED = (AssignmentStatus(each) for each in ("active", "achieved", "failed"))
DAY = timedelta(days=1)
CLOSED = date(2026, 6, 4)  # May is over and so is its grace


def state(cast, goal):
    found = standing(cast.admin, goal)
    return found.status, found.value, found.progress


def void(cast, entry):
    with tenant_session(cast.admin) as db:
        return corrections.void(db, entry.id)


def delete_deals(cast):
    with tenant_session(cast.system) as db:
        db.execute(delete(Opportunity))


def test_at_the_limit_is_within_it_and_shows_100_percent(cast):
    goal = make_goal(cast, cast.rep, by_hand(type=GoalType.LIMIT))
    record(cast.rep, goal, 100)
    assert state(cast, goal) == (ACTIVE, 100, 100)


def test_one_cent_above_the_limit_has_failed_and_voiding_the_cause_restores_it(cast, at):
    goal = make_goal(cast, cast.rep, by_hand(type=GoalType.LIMIT))
    record(cast.rep, goal, 100, on=TODAY - DAY)
    record(cast.rep, goal, "100.01")
    assert state(cast, goal) == (FAILED, Decimal("100.01"), 100)
    assert standing(cast.rep, goal).attainment == Decimal("100.01")
    void(cast, log(cast, goal)[-1])
    assert state(cast, goal) == (ACTIVE, 100, 100)
    at(CLOSED)
    roll_over(cast.system)
    assert state(cast, goal) == (ACHIEVED, 100, 100)


def test_a_limit_that_was_exceeded_on_one_day_stays_failed_when_it_is_less_again(cast):
    goal = make_goal(cast, cast.rep, by_hand(type=GoalType.LIMIT))
    record(cast.rep, goal, 101, on=TODAY - DAY)
    record(cast.rep, goal, 20)
    assert state(cast, goal) == (FAILED, 20, 20)


def test_a_limit_of_records_is_restored_when_the_record_is_gone(cast):
    goal = make_goal(cast, cast.rep, from_sales(type=GoalType.LIMIT))
    add_deals(cast.tenant, deal(cast.rep, "1000.01"))
    tracking.sync(cast.admin)
    assert state(cast, goal)[0] is FAILED
    delete_deals(cast)
    tracking.sync(cast.admin)
    assert state(cast, goal) == (ACTIVE, 0, 0)


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        (by_hand(), FAILED),
        (from_sales(), FAILED),
        (by_hand(type=GoalType.LIMIT), ACHIEVED),
        (from_sales(type=GoalType.LIMIT), ACHIEVED),
        (from_sales(type=GoalType.MAINTAIN, target_value=Decimal(0)), ACHIEVED),
    ],
    ids=["target by hand", "target", "limit by hand", "limit", "maintain"],
)
def test_a_flat_goal_is_decided_when_its_window_closes_though_its_value_never_changed(
    cast, at, draft, expected
):
    goal = make_goal(cast, cast.rep, draft)
    tracking.sync(cast.admin)
    assert state(cast, goal)[:2] == (ACTIVE, 0)
    at(CLOSED - DAY)
    roll_over(cast.system)
    assert state(cast, goal)[0] is ACTIVE
    at(CLOSED)
    roll_over(cast.system)
    assert state(cast, goal)[:2] == (expected, 0)
    assert log(cast, goal) == []


def test_a_goal_that_stood_still_below_its_target_fails_at_its_closing(cast, at):
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, "99.99")
    at(CLOSED)
    roll_over(cast.system)
    assert state(cast, goal) == (FAILED, Decimal("99.99"), Decimal("99.99"))


def test_what_was_achieved_falls_back_when_a_correction_takes_it_below(cast):
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, change=70, on=TODAY - DAY)
    record(cast.rep, goal, change=30)
    assert state(cast, goal) == (ACHIEVED, 100, 100)
    assert standing(cast.rep, goal).achieved_at is not None
    void(cast, log(cast, goal)[0])
    assert state(cast, goal) == (ACTIVE, 30, 30)
    assert standing(cast.rep, goal).achieved_at is None


def test_what_was_achieved_falls_back_when_a_deal_is_taken_back(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 1500))
    tracking.sync(cast.admin)
    assert state(cast, goal) == (ACHIEVED, 1500, 100)
    delete_deals(cast)
    tracking.sync(cast.admin)
    assert state(cast, goal) == (ACTIVE, 0, 0)
    assert [line.change_amount for line in log(cast, goal)] == [1500, -1500]


def test_what_is_closed_stays_as_it_was_whatever_happens_to_its_deals(cast, at):
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 1500))
    at(CLOSED)
    tracking.sync(cast.admin)
    delete_deals(cast)
    tracking.sync(cast.admin)
    roll_over(cast.system)
    assert state(cast, goal) == (ACHIEVED, 1500, 100)


@pytest.mark.parametrize("type_", GoalType)
def test_a_window_of_one_day_divides_nothing_by_zero(cast, at, type_):
    draft = by_hand(type=type_, period=Period.CUSTOM, starts_at=TODAY, ends_at=TODAY)
    goal = make_goal(cast, cast.rep, draft)
    before = standing(cast.rep, goal)
    assert (before.pace.expected_percent, before.pace.days_left) == (100, 0)
    assert record(cast.rep, goal, 100).progress == 100
    at(TODAY + 4 * DAY)
    roll_over(cast.system)
    assert state(cast, goal) == (ACHIEVED, 100, 100)


def test_99_996_percent_are_99_99_and_never_100(cast):
    goal = make_goal(cast, cast.rep, by_hand(target_value=Decimal(100_000)))
    record(cast.rep, goal, 99_996)
    assert state(cast, goal) == (ACTIVE, 99_996, Decimal("99.99"))
    assert set(milestones(cast, goal)) == {25, 50, 75}
    record(cast.rep, goal, 100_000)
    assert state(cast, goal) == (ACHIEVED, 100_000, 100)


def test_beyond_the_target_is_stored_as_100_and_shown_as_it_is(cast):
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, "250.55")
    assert standing(cast.rep, goal).attainment == Decimal("250.55")
    assert state(cast, goal) == (ACHIEVED, Decimal("250.55"), 100)


def test_a_paused_goal_neither_changes_nor_alerts_and_resuming_catches_up(cast, at):
    goal = make_goal(cast, cast.rep, from_sales())
    definition = definition_of(cast.admin, goal)
    set_status(cast.admin, definition, "paused")
    add_deals(cast.tenant, deal(cast.rep, 400))
    at(date(2026, 5, 30))  # late, and below the mark
    for _ in range(2):
        tracking.sync(cast.admin)
        roll_over(cast.system)
    assert state(cast, goal) == (ACTIVE, 0, 0)
    assert (rows(cast, OutboxRow), milestones(cast, goal), log(cast, goal)) == ([], {}, [])
    assert not standing(cast.rep, goal).at_risk
    set_status(cast.admin, definition, "active")
    assert state(cast, goal) == (ACTIVE, 400, 40)
    expected = [
        ("goal.at_risk", cast.manager.user_id),
        ("goal.milestone_reached", cast.rep.user_id),
    ]
    assert sorted(told(cast, goal)) == expected


def test_a_goal_whose_window_ended_while_it_was_paused_is_closed_when_it_resumes(cast, at):
    goal = make_goal(cast, cast.rep, from_sales())
    definition = definition_of(cast.admin, goal)
    add_deals(cast.tenant, deal(cast.rep, 1000))
    set_status(cast.admin, definition, "paused")
    at(CLOSED)
    roll_over(cast.system)
    assert standing(cast.rep, goal).closed_at is None
    set_status(cast.admin, definition, "active")
    assert state(cast, goal) == (ACHIEVED, 1000, 100)
    assert standing(cast.rep, goal).closed_at is not None


def raise_definition(cast, goal):
    change(cast.admin, definition_of(cast.admin, goal), by_hand(target_value=Decimal(200)))


def raise_own_target(cast, goal):
    with tenant_session(cast.admin) as db:
        assignments.update(db, goal, custom_target=Decimal(200), notes="")


def raise_by_plan(cast, goal):
    plan(cast.admin, definition_of(cast.admin, goal), quota(cast.rep, TODAY, 200))


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
@pytest.mark.parametrize("raise_", [raise_definition, raise_own_target, raise_by_plan])
def test_a_raised_target_rearms_the_milestones_above_the_new_percentage(cast, raise_, paused):
    goal = make_goal(cast, cast.rep)
    definition = definition_of(cast.admin, goal)
    record(cast.rep, goal, 80)
    if paused:
        set_status(cast.admin, definition, "paused")
    raise_(cast, goal)
    if paused:
        set_status(cast.admin, definition, "active")
    assert set(milestones(cast, goal)) == {25}
    record(cast.rep, goal, 150)
    assert set(milestones(cast, goal)) == {25, 50, 75}
    reached = told(cast, goal).count(("goal.milestone_reached", cast.rep.user_id))
    assert reached == 3 + 2  # 50 and 75 again


def test_a_longer_window_rearms_the_milestones_above_the_new_percentage(cast, at):
    """Of ten days ten in range; of forty a quarter."""
    settings = {"type": GoalType.MAINTAIN, "target_value": Decimal(0), "period": Period.CUSTOM}
    span = {"starts_at": date(2026, 5, 11), "ends_at": TODAY}
    goal = make_goal(cast, cast.rep, from_sales(**settings | span))
    assert set(milestones(cast, goal)) == {25, 50, 75, 100}
    longer = from_sales(**settings | span | {"ends_at": date(2026, 6, 19)})
    change(cast.admin, definition_of(cast.admin, goal), longer)
    assert set(milestones(cast, goal)) == {25}
    at(date(2026, 5, 30))
    tracking.sync(cast.admin)
    assert set(milestones(cast, goal)) == {25, 50}
    assert told(cast, goal).count(("goal.milestone_reached", cast.rep.user_id)) == 5


def test_renaming_and_saving_the_same_values_rearm_nothing_even_after_a_fall(cast):
    goal = make_goal(cast, cast.rep)
    definition = definition_of(cast.admin, goal)
    record(cast.rep, goal, 80)
    record(cast.rep, goal, 10)
    before = told(cast, goal)
    change(cast.admin, definition, by_hand())
    change(cast.admin, definition, by_hand(name="Phone calls", starts_at=YEAR_START, tags=("x",)))
    change(cast.admin, definition, by_hand(name="Phone calls", target_value=Decimal("100.00")))
    record(cast.rep, goal, 80)
    assert set(milestones(cast, goal)) == {25, 50, 75}
    assert told(cast, goal) == before
