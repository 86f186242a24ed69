"""What is told to whom, once each, in the transaction that caused it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.errors import NotFound
from goals_core.kinds import GoalType, Metric, Period
from goals_core.models.goals import MilestoneNotification, OutboxRow
from goals_core.services import assignments, corrections, progress, teams, tracking
from goals_core.services.definitions import Milestone
from goals_core.services.rollover import roll_over
from tests.engine import change, log, milestones, record, rows, told
from tests.makers import (
    TODAY,
    add_deals,
    as_owner,
    assign,
    by_hand,
    deal,
    definition_of,
    from_sales,
    make_definition,
    make_goal,
    standing,
)

DAY = timedelta(days=1)
MILESTONE, ACHIEVED, AT_RISK, FAILED = (
    f"goal.{event}" for event in ("milestone_reached", "achieved", "at_risk", "failed")
)
LATE = date(2026, 5, 24)  # seven of May's 31 days are left
CLOSED = date(2026, 6, 4)


def payloads(cast, goal, event):
    found = rows(cast, OutboxRow, OutboxRow.assignment_id == goal)
    return [row.data for row in sorted(found, key=lambda row: row.id) if row.event == event]


def to(cast, goal, event):
    """Who was told of an event, in no order."""
    return sorted(user for event_, user in told(cast, goal) if event_ == event)


def ids(*actors):
    return sorted(actor.user_id for actor in actors)


def deactivate(database, *actors):
    for actor in actors:
        as_owner(
            database.owner_url,
            "UPDATE core.users SET is_active = false WHERE id = :id",
            id=actor.user_id,
        )


def make_manager(database, who, manager):
    as_owner(
        database.owner_url,
        "UPDATE core.users SET manager_id = :manager WHERE id = :id",
        id=who.user_id,
        manager=manager.user_id,
    )


def test_a_jump_from_40_to_95_percent_tells_50_and_75_once_each(cast):
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, 40)
    before = told(cast, goal)
    record(cast.rep, goal, 95)
    assert milestones(cast, goal) == {25: True, 50: True, 75: True}
    assert told(cast, goal)[len(before) :] == [(MILESTONE, cast.rep.user_id)] * 2
    record(cast.rep, goal, 30)
    record(cast.rep, goal, 96)
    assert len(told(cast, goal)) == 3
    values = {
        row.milestone_percentage: row.achieved_value for row in rows(cast, MilestoneNotification)
    }
    assert values == {25: 40, 50: 95, 75: 95}


def test_what_is_told_has_the_numbers_of_that_moment(cast):
    goal = make_goal(cast, cast.rep, by_hand(name="Calls of May", target_value=Decimal("300.50")))
    record(cast.rep, goal, "160.25", on=TODAY)
    first, second = payloads(cast, goal, MILESTONE)
    assert second == {
        "goalName": "Calls of May",
        "milestone": 50,
        "currentValue": 160.25,
        "targetValue": 300.5,
        "progress": 53.32,
        "remainingDays": 11,
    }
    assert first == second | {"milestone": 25}


@pytest.mark.parametrize(
    ("day", "left"), [(date(2026, 5, 1), 30), (date(2026, 5, 31), 0), (date(2026, 6, 2), 0)]
)
def test_the_days_that_remain_are_those_after_today(cast, at, day, left):
    at(day)
    goal = make_goal(cast, cast.rep, on=date(2026, 5, 1))
    record(cast.rep, goal, 25, on=date(2026, 5, 1))
    assert [each["remainingDays"] for each in payloads(cast, goal, MILESTONE)] == [left]


def test_what_is_no_milestone_names_none(cast):
    goal = make_goal(cast, cast.rep, by_hand(milestones=()))
    record(cast.rep, goal, 100)
    assert {"milestone"} & set().union(*payloads(cast, goal, ACHIEVED)) == set()


@pytest.mark.parametrize("who", ["rep", "north", "company"])
def test_each_event_is_told_to_the_assignee_or_their_manager(cast, at, who):
    assignee = {"rep": cast.rep, "north": cast.north, "company": None}[who]
    its = {"rep": [cast.rep], "north": [cast.rep, cast.second_rep], "company": [cast.admin]}[who]
    manager = cast.admin if who == "company" else cast.manager
    reached, missed = (make_goal(cast, assignee, from_sales(milestones=QUARTER)) for _ in "ab")
    assert told(cast, reached) == []
    at(LATE)
    tracking.sync(cast.admin)
    assert told(cast, missed) == [(AT_RISK, manager.user_id)]
    with tenant_session(cast.admin) as db:
        assignments.update(db, reached, custom_target=Decimal(500), notes="")
    add_deals(cast.tenant, deal(cast.rep, 500))
    tracking.sync(cast.admin)
    assert to(cast, reached, MILESTONE) == to(cast, missed, MILESTONE) == ids(*its)
    assert to(cast, reached, ACHIEVED) == ids(*{*its, manager})
    at(CLOSED)
    tracking.sync(cast.admin)
    assert to(cast, missed, FAILED) == ids(manager)
    assert (to(cast, missed, ACHIEVED), to(cast, reached, FAILED)) == ([], [])


QUARTER = (Milestone(25),)


def test_the_manager_of_the_account_comes_before_who_leads_the_team(cast, database):
    make_manager(database, cast.rep, cast.south_manager)
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, 100)
    assert to(cast, goal, ACHIEVED) == ids(cast.rep, cast.south_manager)


def test_who_is_in_two_teams_has_two_managers_and_each_is_told_once(cast):
    with tenant_session(cast.admin) as db:
        teams.add_member(
            db, team_id=cast.south, user_id=cast.rep.user_id, member_from=date(2026, 1, 1)
        )
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, 100)
    assert to(cast, goal, ACHIEVED) == ids(cast.rep, cast.manager, cast.south_manager)


def test_who_left_the_team_is_told_nothing_of_its_goals(cast):
    with tenant_session(cast.admin) as db:
        team = teams.create_team(db, name="West", manager_id=cast.manager.user_id)
        for who, last in ((cast.rep, TODAY - DAY), (cast.second_rep, None)):
            teams.add_member(
                db,
                team_id=team,
                user_id=who.user_id,
                member_from=date(2026, 1, 1),
                member_to=last,
            )
    goal = make_goal(cast, team)
    record(cast.manager, goal, 25)
    assert to(cast, goal, MILESTONE) == ids(cast.second_rep)


def test_who_is_inactive_is_told_nothing(cast, database):
    own, team, company = [make_goal(cast, who) for who in (cast.second_rep, cast.north, None)]
    deactivate(database, cast.second_rep, cast.manager)
    for goal in (own, team, company):
        record(cast.admin, goal, 100)
    everyone = {user for goal in (own, team, company) for _, user in told(cast, goal)}
    assert everyone == {cast.rep.user_id, cast.admin.user_id}


def test_the_manager_is_told_what_becomes_of_the_goal_of_who_is_inactive(cast, database, at):
    goal = make_goal(cast, cast.rep)
    deactivate(database, cast.rep)
    at(CLOSED)
    roll_over(cast.system)
    assert told(cast, goal) == [(FAILED, cast.manager.user_id)]


def test_a_milestone_without_notification_is_recorded_and_not_sent(cast):
    draft = by_hand(milestones=(Milestone(10, notify=False), Milestone(20)))
    goal = make_goal(cast, cast.rep, draft)
    record(cast.rep, goal, 20)
    assert milestones(cast, goal) == {10: False, 20: True}
    assert [each["milestone"] for each in payloads(cast, goal, MILESTONE)] == [20]


def test_at_risk_is_told_once_until_it_has_recovered_and_again_after(cast, at):
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, 10)
    at(LATE - DAY)  # eight of 31 days are more than a quarter
    tracking.sync(cast.admin)
    assert to(cast, goal, AT_RISK) == []
    at(LATE)
    for change_ in (0, 1, 2):
        record(cast.rep, goal, change=change_, on=LATE)
        tracking.sync(cast.admin)
    assert to(cast, goal, AT_RISK) == ids(cast.manager)
    record(cast.rep, goal, 60)
    assert len(to(cast, goal, AT_RISK)) == 1
    with tenant_session(cast.rep) as db:
        corrections.void(db, log(cast, goal)[-1].id)
    tracking.sync(cast.admin)
    assert to(cast, goal, AT_RISK) == ids(cast.manager) * 2
    (last,) = payloads(cast, goal, AT_RISK)[1:]
    assert (last["currentValue"], last["progress"], last["remainingDays"]) == (13, 13, 7)


def test_each_window_is_at_risk_for_itself(cast, at):
    goal = make_goal(cast, cast.rep, from_sales(period=Period.WEEKLY))
    for sunday in (date(2026, 5, 24), date(2026, 5, 31)):
        at(sunday)
        tracking.sync(cast.admin)
    found = rows(cast, OutboxRow, OutboxRow.event == AT_RISK)
    assert len({row.assignment_id for row in found}) == len(found) == 2
    assert goal in {row.assignment_id for row in found}


def test_a_limit_is_never_at_risk_and_fails_at_once(cast, at):
    goal = make_goal(cast, cast.rep, by_hand(type=GoalType.LIMIT, milestones=()))
    at(LATE)
    record(cast.rep, goal, 40)
    assert told(cast, goal) == []
    record(cast.rep, goal, 101)
    assert told(cast, goal) == [(FAILED, cast.manager.user_id)]


def test_what_is_achieved_again_after_a_fall_is_told_again(cast):
    goal = make_goal(cast, cast.rep)
    for value in (100, 90, 101):
        record(cast.rep, goal, value)
    assert to(cast, goal, ACHIEVED) == sorted(ids(cast.rep, cast.manager) * 2)
    assert len(to(cast, goal, MILESTONE)) == 4


@pytest.mark.parametrize("amount", [0, 1500])
def test_what_is_assigned_after_its_window_has_closed_is_told_to_nobody(cast, amount):
    add_deals(cast.tenant, deal(cast.rep, amount, date(2026, 2, 10)))
    with tenant_session(cast.admin) as db:
        definition = make_definition(db, from_sales())
        goal = assign(db, definition, cast.rep, on=date(2026, 2, 1))
    found = standing(cast.rep, goal)
    assert (found.value, found.closed_at is not None) == (amount, True)
    assert told(cast, goal) == []
    assert set(milestones(cast, goal).values()) <= {False}


def test_a_yes_is_achieved_and_told(cast):
    settings = {"metric": Metric.BOOLEAN, "target_value": Decimal(1)}
    goal = make_goal(cast, cast.rep, by_hand(**settings, milestones=()))
    record(cast.rep, goal, 1)
    assert to(cast, goal, ACHIEVED) == ids(cast.rep, cast.manager)


def record_and_fail(cast, goal):
    with tenant_session(cast.rep) as db:
        progress.record(db, assignment_id=goal, value=Decimal(100), on=TODAY)
        assignments.get(db, cast.north)  # there is none


def test_nothing_is_told_or_noted_when_the_transaction_fails(cast):
    goal = make_goal(cast, cast.rep)
    with pytest.raises(NotFound):
        record_and_fail(cast, goal)
    assert (told(cast, goal), milestones(cast, goal), log(cast, goal)) == ([], {}, [])
    assert standing(cast.rep, goal).value == 0
    record(cast.rep, goal, 100)
    assert len(told(cast, goal)) == 4 + 2


def test_another_name_is_told_with_what_comes_next(cast):
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, 25)
    change(cast.admin, definition_of(cast.admin, goal), by_hand(name="Phone calls"))
    record(cast.rep, goal, 50)
    names = [each["goalName"] for each in payloads(cast, goal, MILESTONE)]
    assert names == ["Calls", "Phone calls"]
