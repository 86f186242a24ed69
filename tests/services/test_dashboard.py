"""The goals at a glance: what runs, whose it is, what was achieved, what is at risk."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from goals_core.db import tenant_session
from goals_core.engine.paging import PageRequest
from goals_core.errors import NotFound
from goals_core.models.goals import GoalStatus, GoalType, Metric, Period
from goals_core.services import assignments, dashboard, definitions, progress, tracking
from goals_core.services.dashboard import State
from tests.makers import (
    TODAY,
    assign,
    by_hand,
    definition_of,
    make_definition,
    make_goal,
    standing,
    statements,
    with_settings,
)

THIS_WEEK = {"period": Period.WEEKLY}  # Monday the 18th to Sunday the 24th
MAY = date(2026, 5, 31)


def goal_at(cast, value, who="rep", *, on=TODAY, **draft):
    """Someone's goal for 100 calls, at this value."""
    goal = make_goal(cast, getattr(cast, who), by_hand(**draft))
    if value:
        with tenant_session(cast.admin) as db:
            progress.record(db, assignment_id=goal, value=Decimal(value), on=on)
    return goal


def look(actor, what, *about, **wanted):
    with tenant_session(actor) as db:
        return what(db, *about, **wanted)


def ids(found):
    return [standing.id for standing in found]


def pause(cast, goal):
    with tenant_session(cast.admin) as db:
        definitions.set_status(db, assignments.get(db, goal).definition_id, GoalStatus.PAUSED)


def test_an_empty_company_has_an_empty_overview(cast):
    found = look(cast.admin, dashboard.overview)
    assert (found.goals, found.attainment, found.expected) == (0, None, None)
    assert found.states == dict.fromkeys(State, 0)
    assert (found.leaders, found.teams, found.moves) == ([], [], [])


def test_every_running_goal_is_counted_in_exactly_one_state(cast):
    goal_at(cast, 100)
    goal_at(cast, 70)  # 20 of 31 days are 64.51 %
    goal_at(cast, 60, "second_rep")
    goal_at(cast, 101, type=GoalType.LIMIT)
    goal_at(cast, 10, type=GoalType.LIMIT)
    goal_at(cast, 40, starts_at=date(2026, 5, 1), ends_at=date(2026, 5, 25))  # 5 of 25 days left
    pause(cast, goal_at(cast, 0))
    make_goal(cast, cast.rep, by_hand(starts_at=date(2026, 6, 1)))  # still to come
    found = look(cast.admin, dashboard.overview)
    assert found.goals == 6
    assert found.states == {
        State.ACHIEVED: 1,
        State.ON_TRACK: 2,
        State.BEHIND: 1,
        State.AT_RISK: 1,
        State.FAILED: 1,
    }


def test_the_mean_is_of_targets_whatever_their_unit(cast):
    goal_at(cast, 40)
    goal_at(cast, 200, metric=Metric.COUNT)  # counts as 100 %
    goal_at(cast, 90, type=GoalType.LIMIT)  # no target
    found = look(cast.admin, dashboard.overview)
    assert (found.attainment, found.expected) == (70, Decimal("64.51"))


def test_leaders_are_ranked_by_their_mean_attainment_also_beyond_100(cast):
    goal_at(cast, 150)
    goal_at(cast, 50)
    goal_at(cast, 120, "second_rep")
    goal_at(cast, 10, "south_rep")
    goal_at(cast, 0, "south_rep", type=GoalType.LIMIT)
    found = look(cast.admin, dashboard.overview)
    assert [(r.name, r.attainment, r.achieved, r.goals) for r in found.leaders] == [
        ("Second Rep", 120, 1, 1),
        ("Rep", 100, 1, 2),
        ("South Rep", 10, 0, 1),
    ]
    assert found.teams == []


def test_teams_are_ranked_by_their_own_goals(cast):
    goal_at(cast, 30, "south")
    goal_at(cast, 20, "north")
    goal_at(cast, 100)
    found = look(cast.admin, dashboard.overview)
    ranked = [(team.id, team.attainment) for team in found.teams]
    assert ranked == [(cast.south, 30), (cast.north, 20)]


def test_the_overview_can_be_of_one_period(cast):
    goal_at(cast, 100)
    goal_at(cast, 20, **THIS_WEEK)
    assert look(cast.admin, dashboard.overview, period=Period.WEEKLY).attainment == 20
    assert look(cast.admin, dashboard.overview, period=Period.MONTHLY).goals == 1
    assert look(cast.admin, dashboard.overview, period=Period.YEARLY).goals == 0


def test_an_overview_is_of_what_the_actor_may_see(cast):
    for who in ("rep", "second_rep", "south_rep", "north"):
        goal_at(cast, 10, who)
    make_goal(cast, None)
    seen = {
        name: look(getattr(cast, name), dashboard.overview).goals
        for name in ("admin", "analyst", "manager", "rep", "south_rep", "other_manager")
    }
    assert seen == {
        "admin": 5,
        "analyst": 5,
        "manager": 4,
        "rep": 3,
        "south_rep": 2,
        "other_manager": 0,
    }
    assert [r.name for r in look(cast.rep, dashboard.overview).leaders] == ["Rep"]


def test_what_moved_in_the_last_week_comes_by_its_share_of_the_target(cast):
    little = goal_at(cast, 5, target_value=Decimal(100))
    much = goal_at(cast, 2, target_value=Decimal(10))
    down = goal_at(cast, 50, on=date(2026, 5, 13))
    goal_at(cast, 50, on=date(2026, 5, 13))  # unchanged since
    goal_at(cast, 0)
    look(cast.admin, progress.record, assignment_id=down, change=Decimal(-10), on=date(2026, 5, 14))
    moves = look(cast.admin, dashboard.overview).moves
    assert [(m.standing.id, m.before, m.change) for m in moves] == [
        (much, 0, 2),
        (down, 50, -10),
        (little, 0, 5),
    ]


def test_my_goals_are_mine_and_open_and_the_first_to_end_comes_first(cast):
    month, week = goal_at(cast, 10), goal_at(cast, 0, **THIS_WEEK)
    goal_at(cast, 0, "second_rep")
    goal_at(cast, 0, "north")
    make_goal(cast, cast.rep, by_hand(starts_at=date(2026, 6, 1)))
    paused, cancelled = goal_at(cast, 0, name="Paused"), goal_at(cast, 0)
    pause(cast, paused)
    look(cast.admin, assignments.cancel, cancelled)
    assert ids(look(cast.rep, dashboard.my)) == [week, month, paused]
    assert look(cast.analyst, dashboard.my) == []


def test_a_goal_that_waits_for_its_window_to_close_is_still_mine(cast, at):
    goal = goal_at(cast, 10)
    at(date(2026, 6, 3))
    assert ids(look(cast.rep, dashboard.my)) == [goal]
    at(date(2026, 6, 4))
    tracking.sync(cast.admin)
    (following,) = look(cast.rep, dashboard.my)
    assert following.window.start == date(2026, 6, 1)


def test_a_teams_goals_are_its_own_and_its_members(cast):
    members = [goal_at(cast, 0), goal_at(cast, 0, "second_rep"), goal_at(cast, 0, "north")]
    goal_at(cast, 0, "south_rep")
    goal_at(cast, 0, "manager")  # leads it, is no member
    for actor in (cast.admin, cast.analyst, cast.manager):
        assert set(ids(look(actor, dashboard.team, cast.north))) == set(members)
    assert set(ids(look(cast.rep, dashboard.team, cast.north))) == {members[0], members[2]}


def test_a_persons_goals_are_shown_as_far_as_one_may_see_them(cast):
    goal = goal_at(cast, 0)
    for actor in (cast.admin, cast.analyst, cast.manager, cast.rep):
        assert ids(look(actor, dashboard.user, cast.rep.user_id)) == [goal]
    for actor in (cast.second_rep, cast.south_manager):
        assert look(actor, dashboard.user, cast.rep.user_id) == []


def test_teams_and_people_of_others_are_not_found(cast):
    for actor, team in ((cast.rep, cast.south), (cast.south_manager, cast.north)):
        with pytest.raises(NotFound, match="team"):
            look(actor, dashboard.team, team)
    for what, about in (
        (dashboard.team, cast.north),
        (dashboard.user, cast.rep.user_id),
        (dashboard.user, uuid4()),
    ):
        with pytest.raises(NotFound):
            look(cast.other_manager, what, about)


def test_what_was_achieved_stays_listed_the_latest_window_first(cast, at):
    old = goal_at(cast, 100)
    at(date(2026, 6, 10))
    tracking.sync(cast.admin)
    new = goal_at(cast, 100, on=date(2026, 6, 10))
    goal_at(cast, 99, on=date(2026, 6, 10))
    found = look(cast.rep, dashboard.achieved)
    assert (ids(found.items), found.total) == ([new, old], 2)
    page = look(cast.rep, dashboard.achieved, page=PageRequest(2, 1))
    assert (ids(page.items), page.total, page.pages) == ([old], 2, 2)
    assert look(cast.second_rep, dashboard.achieved).total == 0


def test_what_is_at_risk_comes_worst_first(cast, at):
    at(date(2026, 5, 24))  # 7 of 31 days are left
    some = goal_at(cast, 40)
    none_a_week = goal_at(cast, 0, **THIS_WEEK)
    none_a_month = goal_at(cast, 0, "second_rep")
    goal_at(cast, 50)
    goal_at(cast, 0, type=GoalType.LIMIT)
    pause(cast, goal_at(cast, 0))
    found = look(cast.admin, dashboard.at_risk)
    assert ids(found.items) == [none_a_week, none_a_month, some]
    assert all(standing.at_risk for standing in found.items)
    assert ids(look(cast.rep, dashboard.at_risk).items) == [none_a_week, some]
    page = look(cast.admin, dashboard.at_risk, page=PageRequest(2, 2))
    assert (ids(page.items), page.total) == ([some], 3)


def test_what_is_at_risk_can_be_searched_and_cut_to_periods(cast, at):
    at(MAY)
    calls = goal_at(cast, 0, name="50 % calls")
    visits = goal_at(cast, 0, "second_rep", name="Visits")
    team = goal_at(cast, 0, "north", name="Mails")
    week = goal_at(cast, 0, "south_rep", **THIS_WEEK)
    searches = {
        "CALLS": {calls, week},
        "%": {calls},
        "_": set(),
        "second": {visits},
        "north": {team},
        "\0": {calls, visits, team, week},
    }
    for words, expected in searches.items():
        assert set(ids(look(cast.admin, dashboard.at_risk, search=words).items)) == expected, words
    periods = look(cast.admin, dashboard.at_risk, periods=[Period.WEEKLY, Period.DAILY])
    assert ids(periods.items) == [week]


def test_the_tenants_own_thresholds_decide_what_is_at_risk(cast):
    goal = goal_at(cast, 60)
    assert not standing(cast.admin, goal).at_risk
    strict = with_settings(cast.admin, risk_progress_below=70, risk_time_left=40)
    assert standing(strict, goal).at_risk
    assert look(strict, dashboard.at_risk).total == 1


def test_a_look_costs_as_many_statements_for_thirty_goals_as_for_three(cast, at):
    at(MAY)
    looks = {
        "overview": dashboard.overview,
        "my": dashboard.my,
        "team": lambda db: dashboard.team(db, cast.north),
        "at_risk": dashboard.at_risk,
        "achieved": dashboard.achieved,
        "assignments": assignments.list_,
        "definitions": definitions.list_,
    }
    counts = []
    for more in (3, 27):
        with tenant_session(cast.admin) as db:
            for number in range(more):
                goal = assign(db, make_definition(db, by_hand()), cast.rep)
                value = Decimal(100 if number % 2 else 10)
                progress.record(db, assignment_id=goal, value=value, on=MAY)
        counts.append({what: cost(cast.rep, one) for what, one in looks.items()})
    assert counts[0] == counts[1]


def cost(actor, one):
    with tenant_session(actor) as db, statements() as sent:
        one(db)
    return len(sent)


def test_a_definitions_assignments_are_found_by_it(cast):
    goal = goal_at(cast, 0)
    definition = definition_of(cast.admin, goal)
    assert ids(look(cast.rep, assignments.by_definition, definition).items) == [goal]
    with pytest.raises(NotFound):
        look(cast.other_manager, assignments.by_definition, definition)
