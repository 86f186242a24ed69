"""The log: continuous whatever happens, in bulk all or nothing, a reference counts once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from goals_core.db import tenant_session
from goals_core.errors import GoalsError, Invalid, NotAllowed
from goals_core.models.goals import (
    AssignmentStatus,
    Metric,
    ProgressEntry,
    ProgressSource,
)
from goals_core.services import assignments, definitions, progress, tracking
from goals_core.services.progress import Reading
from tests.conftest import NOW
from tests.makers import (
    TODAY,
    add_deals,
    assign,
    by_hand,
    deal,
    definition_of,
    fields,
    from_sales,
    make_definition,
    make_goal,
    random_rows,
    standing,
    statements,
)

DAY = timedelta(days=1)


def row(goal, value=None, *, on=TODAY, **more):
    given = None if value is None else Decimal(value)
    return Reading(assignment_id=goal, on=on, value=given, **more)


def imported(goal, value, reference, *, on=TODAY, source=ProgressSource.IMPORT, **more):
    return row(goal, value, on=on, source=source, reference=reference, **more)


def bulk(actor, *rows):
    with tenant_session(actor) as db:
        return progress.bulk(db, rows)


def log(cast, goal):
    """The lines in the order in which they were written."""
    mine = ProgressEntry.assignment_id == goal
    with tenant_session(cast.admin) as db:
        return list(db.scalars(select(ProgressEntry).where(mine).order_by(ProgressEntry.logged_at)))


def check_continuity(cast, goal):
    lines = log(cast, goal)
    assert lines[0].previous_value == 0
    assert all(later.previous_value == earlier.new_value for earlier, later in pairwise(lines))
    assert all(later.logged_at > earlier.logged_at for earlier, later in pairwise(lines))
    after = standing(cast.admin, goal)
    assert sum(line.change_amount for line in lines) == after.value == lines[-1].new_value
    assert after.updated_at == lines[-1].logged_at


def record(cast, goal, value, *, on=TODAY):
    with tenant_session(cast.admin) as db:
        return progress.record(db, assignment_id=goal, value=Decimal(value), on=on)


@random_rows
@given(st.randoms(use_true_random=True))
def test_the_log_is_continuous_whatever_is_recorded_and_whatever_the_clock_says(cast, at, rnd):
    at(NOW)
    goal = make_goal(cast, cast.rep)
    record(cast, goal, 1, on=TODAY - 19 * DAY)
    for _ in range(rnd.randint(1, 6)):
        at(NOW + rnd.choice([-timedelta(hours=2), timedelta(0), timedelta(seconds=1)]))
        try:
            bulk(cast.admin, *(some_row(rnd, goal) for _ in range(rnd.randint(1, 4))))
        except Invalid:
            continue
    check_continuity(cast, goal)


def some_row(rnd: Random, goal):
    day = TODAY - rnd.randint(0, 3) * DAY
    amount = Decimal(rnd.randint(-5000, 9000)) / 100
    if rnd.random() < 0.5:
        return row(goal, change=amount, on=day)
    return row(goal, amount, on=rnd.choice([day, TODAY]))


def test_the_log_of_a_tracked_goal_is_continuous_too(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    for amount in (100, -40, 30):
        add_deals(cast.tenant, deal(cast.rep, amount))
        tracking.sync(cast.rep)
    tracking.sync(cast.rep)
    check_continuity(cast, goal)
    assert [line.change_amount for line in log(cast, goal)] == [100, -40, 30]


def test_changes_at_the_same_time_are_all_counted(cast):
    goal = make_goal(cast, cast.rep)
    with ThreadPoolExecutor(4) as pool:
        one = row(goal, change=Decimal(1))
        assert list(pool.map(lambda _: bulk(cast.rep, one), range(8))) == [1] * 8
    assert standing(cast.rep, goal).value == 8
    check_continuity(cast, goal)


def test_bulk_records_many_goals_at_once(cast):
    with tenant_session(cast.admin) as db:
        definition = make_definition(db, by_hand())
        goals = [assign(db, definition, who) for who in (cast.rep, cast.second_rep)]
    assert bulk(cast.manager, *(row(goal, 100) for goal in goals), row(goals[0], 120)) == 3
    assert [standing(cast.manager, goal).value for goal in goals] == [120, 100]
    assert standing(cast.rep, goals[0]).status is AssignmentStatus.ACHIEVED


def test_one_bad_row_keeps_all_from_being_recorded_and_every_bad_row_is_told(cast):
    goal, tracked = make_goal(cast, cast.rep), make_goal(cast, cast.rep, from_sales())
    hidden = make_goal(cast, cast.south_rep)
    rows = [
        row(goal, 5),
        row(goal, "0.001"),
        row(hidden, 5),
        row(goal, 7, on=TODAY + DAY, note="x" * 3000),
        row(tracked, 5),
        row(goal),
        row(uuid4(), 5),
        row(goal, 6),
    ]
    with pytest.raises(Invalid) as refused:
        bulk(cast.manager, *rows)
    assert fields(refused) == ["2.value", "3", "4.note", "4.on", "5", "6.value", "7"]
    assert "Sales is tracked from records" in str(refused.value)
    assert log(cast, goal) == []
    assert standing(cast.rep, goal).value == 0


def test_rows_are_checked_one_after_the_other(cast):
    goal = make_goal(cast, cast.rep, by_hand(metric=Metric.COUNT))
    fall = row(goal, change=Decimal(-3))
    with pytest.raises(Invalid) as refused:
        bulk(cast.admin, row(goal, 5), fall, fall)
    assert fields(refused) == ["3.change"]
    assert bulk(cast.admin, row(goal, 5), fall) == 2


def test_too_many_rows_are_refused_before_any_is_looked_at(cast):
    with pytest.raises(Invalid) as refused:
        bulk(cast.admin, *[row(uuid4(), 1)] * (progress.MOST_ROWS + 1))
    assert fields(refused) == ["rows"]


def test_no_rows_are_no_problem(cast):
    assert bulk(cast.admin) == 0


def test_analysts_record_nothing_in_bulk(cast):
    with pytest.raises(NotAllowed, match="goals:progress"):
        bulk(cast.analyst)


def test_bulk_costs_as_many_statements_for_thirty_rows_as_for_three(cast):
    goals = [make_goal(cast, who) for who in (cast.rep, cast.second_rep, cast.south_rep)]
    counts = []
    for number in (3, 30):
        rows = [row(goals[n % 3], change=Decimal(1), on=TODAY - n % 5 * DAY) for n in range(number)]
        with statements() as sent:
            bulk(cast.admin, *rows)
        counts.append(len(sent))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("source", [ProgressSource.IMPORT, ProgressSource.API])
def test_a_row_with_a_reference_counts_once(cast, source):
    goal = make_goal(cast, cast.rep)
    rows = [
        imported(goal, 10, "a", on=date(2026, 5, 1), source=source),
        imported(goal, 25, "b", on=date(2026, 5, 5), source=source),
        imported(goal, None, "c", change=Decimal(5), source=source),
    ]
    assert bulk(cast.admin, *rows) == 3
    assert bulk(cast.admin, *rows) == 0  # the same file again
    record(cast, goal, 50)
    assert bulk(cast.admin, *rows, imported(goal, 60, "d", source=source)) == 1
    assert standing(cast.rep, goal).value == 60
    assert [(line.source, line.source_reference) for line in log(cast, goal)] == [
        (source, "a"),
        (source, "b"),
        (source, "c"),
        (ProgressSource.MANUAL, None),
        (source, "d"),
    ]


def test_a_row_twice_in_one_file_counts_once(cast):
    goal = make_goal(cast, cast.rep)
    one = imported(goal, None, "a", change=Decimal(5))
    assert bulk(cast.admin, one, one) == 1
    assert standing(cast.rep, goal).value == 5


@pytest.mark.parametrize(
    "other", [{"value": 11}, {"on": TODAY - DAY}, {"value": None, "change": Decimal(9)}]
)
def test_another_content_under_the_same_reference_is_a_conflict_of_that_row(cast, other):
    goal = make_goal(cast, cast.rep)
    bulk(cast.admin, imported(goal, 10, "a"))
    with pytest.raises(Invalid, match="reference a was used before with other content") as refused:
        bulk(
            cast.admin,
            imported(goal, 20, "b"),
            imported(goal, **{"value": 10} | other, reference="a"),
        )
    assert fields(refused) == ["2"]
    assert standing(cast.rep, goal).value == 10


def test_the_same_row_again_is_answered_even_when_nothing_new_could_be_recorded(cast, at):
    goal = make_goal(cast, cast.rep)
    first = imported(goal, 10, "a")
    bulk(cast.admin, first)
    at(date(2026, 6, 10))
    tracking.sync(cast.admin)
    assert standing(cast.rep, goal).closed_at is not None
    assert bulk(cast.admin, first) == 0
    with pytest.raises(Invalid, match="closed on"):
        bulk(cast.admin, imported(goal, 11, "b"))


def test_a_reference_is_one_assignments_and_by_hand_it_means_nothing(cast):
    goal, other = make_goal(cast, cast.rep), make_goal(cast, cast.rep)
    assert bulk(cast.admin, imported(goal, 1, "a"), imported(other, 2, "a")) == 2
    by_person = [row(goal, n, reference="a") for n in (3, 4)]
    assert bulk(cast.admin, *by_person) == 2


@pytest.mark.parametrize("reference", ["", " ", "x" * 201, "a\0b", "\ud800"])
def test_a_reference_that_cannot_be_kept_is_refused(cast, reference):
    goal = make_goal(cast, cast.rep)
    with pytest.raises(Invalid) as refused:
        bulk(cast.admin, imported(goal, 1, reference))
    assert fields(refused) == ["1.reference"]


def test_what_was_recorded_keeps_a_definition_from_being_deleted(cast):
    goal = make_goal(cast, cast.rep)
    bulk(cast.admin, imported(goal, 1, "a"))
    for delete, id_ in (
        (assignments.delete, goal),
        (definitions.delete, definition_of(cast.admin, goal)),
    ):
        with tenant_session(cast.admin) as db, pytest.raises(GoalsError, match="cancel it instead"):
            delete(db, id_)
    check_continuity(cast, goal)
