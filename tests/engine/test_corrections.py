"""Taking entries back: a value stands by itself, the log goes on, and nothing is edited."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals_core.db import tenant_session
from goals_core.engine.logbook import NotRunning, TrackedAutomatically
from goals_core.errors import GoalsError, NotAllowed, NotFound, WindowClosed
from goals_core.kinds import EntryKind, Metric
from goals_core.models.core import AuditLine
from goals_core.services import corrections, history, progress, tracking
from goals_core.services.corrections import IsCorrection, NeedsIt, VoidedAlready
from tests.engine import log, record, rows, set_status
from tests.makers import (
    add_deals,
    by_hand,
    deal,
    definition_of,
    from_sales,
    make_goal,
    random_rows,
    standing,
)


def on(day):
    return date(2026, 5, day)


def void(actor, cast, goal, number, **more):
    """Take the n-th line of the log back."""
    with tenant_session(actor) as db:
        return corrections.void(db, log(cast, goal)[number].id, **more)


def day_ends(cast, goal):
    with tenant_session(cast.admin) as db:
        return {end.day.day: end.value for end in history.series(db, [goal])[goal]}


def check_continuity(cast, goal):
    lines = log(cast, goal)
    assert all(later.previous_value == earlier.new_value for earlier, later in pairwise(lines))
    assert all(later.logged_at > earlier.logged_at for earlier, later in pairwise(lines))
    assert sum(line.change_amount for line in lines) == standing(cast.admin, goal).value


def recorded(cast, *entries, **settings):
    """A goal with these entries: (day, value) or (day, None, change)."""
    goal = make_goal(cast, cast.rep, by_hand(**settings))
    for day, value, *change in entries:
        record(cast.rep, goal, value, change=change[0] if change else None, on=on(day))
    return goal


def test_a_value_that_is_taken_back_leaves_the_later_one_standing(cast):
    goal = recorded(cast, (5, 10), (7, 25), (9, 40))
    assert void(cast.rep, cast, goal, 1).value == 40
    assert day_ends(cast, goal) == {5: 10, 9: 40}
    check_continuity(cast, goal)


def test_the_last_value_that_is_taken_back_leaves_the_one_before(cast):
    goal = recorded(cast, (5, 10), (7, 25))
    assert void(cast.rep, cast, goal, 1).value == 10
    assert day_ends(cast, goal) == {5: 10}


def test_a_change_that_is_taken_back_is_missing_from_all_that_follow(cast):
    goal = recorded(cast, (5, None, 10), (7, None, 15), (9, None, 5))
    assert void(cast.rep, cast, goal, 1).value == 15
    assert day_ends(cast, goal) == {5: 10, 9: 15}


def test_a_change_after_the_value_that_is_taken_back_is_added_to_the_value_before(cast):
    goal = recorded(cast, (5, 10), (7, 50), (9, None, 5))
    assert void(cast.rep, cast, goal, 1).value == 15
    assert day_ends(cast, goal) == {5: 10, 9: 15}


def test_of_two_on_one_day_the_other_stays(cast):
    changes = recorded(cast, (7, None, 10), (7, None, 5))
    assert void(cast.rep, cast, changes, 0).value == 5
    assert day_ends(cast, changes) == {7: 5}
    values = recorded(cast, (7, 10), (7, 25))
    assert void(cast.rep, cast, values, 0).value == 25
    assert day_ends(cast, values) == {7: 25}
    assert void(cast.rep, cast, values, 1).value == 0
    assert day_ends(cast, values) == {}


def test_a_back_dated_change_stays_on_its_day_when_the_value_is_taken_back(cast):
    goal = recorded(cast, (10, 50), (3, None, 5), (12, 60))
    assert void(cast.rep, cast, goal, 0).value == 60
    assert day_ends(cast, goal) == {3: 5, 12: 60}
    check_continuity(cast, goal)


def test_a_back_dated_change_that_is_taken_back_leaves_the_values_standing(cast):
    goal = recorded(cast, (10, 50), (3, None, 5), (12, 60))
    assert void(cast.rep, cast, goal, 1).value == 60
    assert day_ends(cast, goal) == {10: 50, 12: 60}


def test_after_a_wrong_value_is_taken_back_one_of_an_earlier_day_can_be_given(cast):
    goal = recorded(cast, (18, 500))
    void(cast.rep, cast, goal, 0)
    assert record(cast.rep, goal, 50, on=on(10)).value == 50
    assert day_ends(cast, goal) == {10: 50}


def test_nothing_is_edited_the_lines_stay_and_a_line_is_added(cast):
    goal = recorded(cast, (5, 10), (7, 25))
    before = [(line.id, line.new_value, line.change_amount, line.notes) for line in log(cast, goal)]
    void(cast.manager, cast, goal, 0, note=" twice counted ")
    *old, added = log(cast, goal)
    assert [(x.id, x.new_value, x.change_amount, x.notes) for x in old[:2]] == before
    assert old[0].voided_by is not None
    assert old[1].voided_by is None
    assert {x.kind for x in (*old[2:], added)} == {EntryKind.CORRECTION}
    assert {x.logged_by for x in (*old[2:], added)} == {cast.manager.user_id}
    assert added.notes == "twice counted"
    with tenant_session(cast.rep) as db:
        shown = progress.history(db, goal).items
    assert [entry.is_voided for entry in shown][-2:] == [False, True]


def test_who_took_back_what_is_in_the_audit_log(cast):
    goal = recorded(cast, (5, 10))
    void(cast.manager, cast, goal, 0, note="wrong goal")
    (line,) = rows(cast, AuditLine, AuditLine.tag == "progress:voided")
    assert (line.subject_id, line.actor_id) == (goal, cast.manager.user_id)
    assert line.after["note"] == "wrong goal"


def test_what_a_later_entry_needs_cannot_be_taken_back(cast):
    goal = recorded(cast, (5, None, 5), (7, None, -3), metric=Metric.COUNT)
    with pytest.raises(NeedsIt, match=r"would be at -3\.00 on 2026-05-07"):
        void(cast.rep, cast, goal, 0)
    assert (standing(cast.rep, goal).value, len(log(cast, goal))) == (2, 2)
    assert void(cast.rep, cast, goal, 1).value == 5


def test_a_yes_that_is_taken_back_is_a_no(cast):
    goal = recorded(cast, (5, 1), metric=Metric.BOOLEAN, target_value=Decimal(1))
    assert void(cast.rep, cast, goal, 0).value == 0
    other = recorded(cast, (5, 1), (6, None, -1), metric=Metric.BOOLEAN, target_value=Decimal(1))
    with pytest.raises(NeedsIt):
        void(cast.rep, cast, other, 0)


def test_an_entry_is_taken_back_once(cast):
    goal = recorded(cast, (5, 10), (7, 25))
    void(cast.rep, cast, goal, 0)
    with pytest.raises(VoidedAlready, match="2026-05-05"):
        void(cast.rep, cast, goal, 0)


def test_a_correction_is_not_taken_back(cast):
    goal = recorded(cast, (5, 10))
    void(cast.rep, cast, goal, 0)
    with pytest.raises(IsCorrection):
        void(cast.rep, cast, goal, 1)


def test_within_the_days_of_grace_it_can_be_taken_back_and_after_them_not(cast, at):
    goal = recorded(cast, (5, 10), (7, 25))
    at(date(2026, 6, 3))
    assert void(cast.rep, cast, goal, 1).value == 10
    at(date(2026, 6, 4))
    tracking.sync(cast.admin)
    with pytest.raises(WindowClosed):
        void(cast.admin, cast, goal, 0)
    assert standing(cast.rep, goal).value == 10


def test_a_paused_goal_takes_no_correction(cast):
    goal = recorded(cast, (5, 10))
    set_status(cast.admin, definition_of(cast.admin, goal), "paused")
    with pytest.raises(NotRunning):
        void(cast.rep, cast, goal, 0)


def test_what_records_say_is_not_taken_back_by_hand(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 100))
    tracking.sync(cast.rep)
    with pytest.raises(TrackedAutomatically):
        void(cast.admin, cast, goal, 0)


def test_an_entry_out_of_sight_is_not_found_and_one_in_sight_is_its_owners(cast):
    goal = recorded(cast, (5, 10))
    for who in (cast.south_rep, cast.south_manager, cast.other_manager, cast.second_rep):
        with pytest.raises(NotFound):
            void(who, cast, goal, 0)
    with pytest.raises(NotAllowed):
        void(cast.analyst, cast, goal, 0)
    team = make_goal(cast, cast.north)
    record(cast.manager, team, 5)
    with pytest.raises(NotAllowed):
        void(cast.rep, cast, team, 0)
    assert void(cast.manager, cast, goal, 0).value == 0


@pytest.mark.parametrize("note", ["x" * 2001, "a\0b"])
def test_a_note_that_cannot_be_kept_is_refused(cast, note):
    goal = recorded(cast, (5, 10))
    with pytest.raises(GoalsError):
        void(cast.rep, cast, goal, 0, note=note)
    assert standing(cast.rep, goal).value == 10


entries = st.lists(
    st.tuples(st.booleans(), st.integers(-900, 900), st.integers(0, 6)), min_size=1, max_size=6
)


@random_rows
@given(entries, st.lists(st.integers(0, 5), max_size=3, unique=True))
def test_whatever_is_taken_back_each_day_is_as_if_it_had_never_been_recorded(
    cast, given_, taken_back
):
    goal, last, kept = make_goal(cast, cast.rep), 0, {}
    for number, (is_value, cents, back) in enumerate(given_):
        day = last + 2 if is_value else max(last + 2 - back, 1)
        kept[number] = (is_value, Decimal(cents) / 100, day)
        given_as = {"value" if is_value else "change": kept[number][1]}
        record(cast.admin, goal, on=on(day), **given_as)
        last = max(last, day)
    for number in kept.keys() & set(taken_back):
        void(cast.admin, cast, goal, number)
        del kept[number]
    value, added = Decimal(0), defaultdict(Decimal)
    for is_value, amount, day in kept.values():
        change = amount - value if is_value else amount
        value += change
        added[day] += change
    expected = {
        day: sum(each for on_, each in added.items() if on_ <= day) for day in day_ends(cast, goal)
    }
    assert added.keys() == expected.keys()
    assert standing(cast.admin, goal).value == value
    assert day_ends(cast, goal) == expected
    check_continuity(cast, goal)
