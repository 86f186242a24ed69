"""How values came about: the day-end values of what one may see, and what moved."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

from goals_core.db import tenant_session
from goals_core.kinds import GoalType
from goals_core.services import assignments, history, progress, tracking
from tests.makers import (
    TODAY,
    add_deals,
    assign,
    by_hand,
    deal,
    from_sales,
    make_definition,
    make_goal,
    statements,
)


def series(actor, *goals):
    with tenant_session(actor) as db:
        found = history.series(db, goals)
    return [[(end.day.day, end.value) for end in found[goal]] for goal in goals]


def moves(actor, **wanted):
    with tenant_session(actor) as db:
        return history.moves(db, **wanted)


def record(cast, goal, change, on=TODAY):
    with tenant_session(cast.admin) as db:
        progress.record(db, assignment_id=goal, change=Decimal(change), on=on)


def test_a_series_has_the_value_at_the_end_of_each_day_with_a_record(cast):
    days = {4: (100, 20), 6: (-50,), 20: (30,)}
    rows = [deal(cast.rep, n, date(2026, 5, d)) for d, amounts in days.items() for n in amounts]
    add_deals(cast.tenant, *rows)
    goal = make_goal(cast, cast.rep, from_sales())
    assert series(cast.rep, goal) == [[(1, 0), (4, 120), (6, 70), (20, 100)]]


def test_an_average_has_no_value_before_its_first_record(cast):
    add_deals(cast.tenant, deal(cast.rep, 100, date(2026, 5, 4)), deal(cast.rep, 51))
    goal = make_goal(cast, cast.rep, from_sales(config={"aggregation": "avg"}))
    assert series(cast.rep, goal) == [[(4, 100), (20, Decimal("75.5"))]]


def test_what_is_out_of_sight_has_no_series_even_of_a_goal_that_one_shares(cast):
    with tenant_session(cast.admin) as db:
        definition = make_definition(db, from_sales())
        mine, theirs = assign(db, definition, cast.rep), assign(db, definition, cast.second_rep)
    add_deals(cast.tenant, deal(cast.rep, 5), deal(cast.second_rep, 500))
    assert series(cast.rep, mine, theirs) == [[(1, 0), (20, 5)], []]
    assert series(cast.manager, theirs) == [[(1, 0), (20, 500)]]
    assert series(cast.other_manager, mine, theirs) == [[], []]
    assert series(cast.admin, uuid4()) == [[]]


def test_a_closed_window_keeps_its_series(cast, at):
    goal = make_goal(cast, cast.rep)
    record(cast, goal, 5)
    at(date(2026, 6, 10))
    tracking.sync(cast.admin)
    assert series(cast.rep, goal) == [[(20, 5)]]


def test_a_series_of_thirty_costs_as_many_statements_as_one_of_three(cast):
    with tenant_session(cast.admin) as db:
        goals = [assign(db, make_definition(db, by_hand()), cast.rep) for _ in range(30)]
    counts = []
    for some in (goals[:3], goals):
        with statements() as sent:
            series(cast.rep, *some)
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_nothing_to_look_at_is_nothing(cast):
    assert series(cast.admin) == []
    assert moves(cast.admin) == []


def test_what_did_not_move_and_what_is_out_of_sight_is_left_out(cast):
    make_goal(cast, cast.rep)
    old, new = make_goal(cast, cast.rep), make_goal(cast, cast.south_rep)
    record(cast, old, 50, date(2026, 5, 13))
    record(cast, new, 50)
    assert [move.standing.id for move in moves(cast.admin)] == [new]
    assert moves(cast.rep) == []
    assert [move.change for move in moves(cast.rep, days=8)] == [50]


def test_the_largest_shares_of_a_target_come_first_and_only_so_many(cast):
    goals = [make_goal(cast, cast.rep, by_hand(target_value=Decimal(n))) for n in (100, 10, 1000)]
    for goal in goals:
        record(cast, goal, 5)
    found = moves(cast.rep, most=2)
    assert [move.standing.id for move in found] == [goals[1], goals[0]]


def test_a_limit_of_nothing_moves_last_and_divides_nothing_by_zero(cast):
    zero = make_goal(cast, cast.rep, by_hand(type=GoalType.LIMIT, target_value=Decimal(0)))
    other = make_goal(cast, cast.rep)
    record(cast, zero, 5)
    record(cast, other, 1)
    assert [move.standing.id for move in moves(cast.rep)] == [other, zero]


def test_a_cancelled_assignment_moves_no_more(cast):
    goal = make_goal(cast, cast.rep)
    record(cast, goal, 5)
    with tenant_session(cast.admin) as db:
        assignments.cancel(db, goal)
    assert moves(cast.rep) == []
