"""Definitions: assigning a goal in its drawer, and who has it; each test has its own goal."""

from datetime import date
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.kinds import AssignmentStatus
from goals_core.services import assignments
from tests import makers
from tests.makers import assign
from tests.pages.drawer import assigned, open_drawer
from tests.pages.forms import errors, fill, keys, press, problem_at, said, table, widget


@pytest.fixture
def cast(company):
    return company


@pytest.fixture
def at_assign(cast, goal):
    return press(open_drawer(cast.manager, goal), "assign")


def field(goal, name):
    return f"assign_{goal.hex}_{name}"


def rep_of(cast):
    return f"user_{cast.rep.user_id.hex}"


def test_a_goal_is_assigned_with_an_own_target_and_notes(cast, goal, at_assign):
    press(
        at_assign,
        field(goal, "send"),
        **{
            field(goal, "assignee"): rep_of(cast),
            field(goal, "custom_target"): "1,250",
            field(goal, "notes"): "New territory",
        },
    )
    assert said(at_assign) == ["Assigned."]
    (one,) = assigned(cast.manager, goal)
    assert (one.assignee, one.target, one.notes) == ("Rep", Decimal(1250), "New territory")
    assert one.window.start == date(2026, 5, 1)


def test_a_goal_is_assigned_for_another_window(cast, goal, at_assign):
    fill(at_assign, **{field(goal, "assignee"): rep_of(cast), field(goal, "window"): "another"})
    press(at_assign, field(goal, "send"), **{field(goal, "on"): date(2026, 3, 9)})
    (one,) = assigned(cast.manager, goal)
    assert one.window.start == date(2026, 3, 1)


def test_whom_it_can_be_assigned_to(cast, goal, at_assign):
    options = widget(at_assign, field(goal, "assignee")).options
    assert options == ["North (team)", "Rep", "Second Rep"]


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("assignee", None, "Choose who is to reach it."),
        ("custom_target", "-1", "This must be more than 0."),
        ("custom_target", "0.001", "At most two decimals."),
        ("custom_target", "1e20", "Please enter a number such as 1,234.5."),
        ("custom_target", "a\0b", "Please enter a number such as 1,234.5."),
        ("custom_target", "1" * 14, "This must be at most 9,999,999,999,999.99."),
        ("notes", "x" * 2001, "At most 2,000 characters; this has 2,001."),
        ("notes", "a\0b", "This contains characters that cannot be stored."),
        ("on", None, "Please choose a day."),
        ("on", date(2025, 12, 31), "Calls has no window on that day."),
        ("on", date(2200, 1, 1), "This must be a day from Jan 1, 1970 to Dec 31, 2199."),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_written(
    cast, goal, at_assign, name, typed, sentence
):
    window = {field(goal, "window"): "another"} if name == "on" else {}
    fill(at_assign, **{field(goal, "assignee"): rep_of(cast)} | window)
    press(at_assign, field(goal, "send"), **{field(goal, name): typed})
    assert problem_at(at_assign, field(goal, name)) == sentence
    assert widget(at_assign, field(goal, name)).value == typed
    assert assigned(cast.manager, goal) == []


def test_the_same_person_twice_is_told_at_the_field(cast, goal, recorded):
    at = press(open_drawer(cast.manager, goal), "assign")
    press(at, field(goal, "send"), **{field(goal, "assignee"): rep_of(cast)})
    sentence = "Rep has this goal already from May 1, 2026 to May 31, 2026."
    assert problem_at(at, field(goal, "assignee")) == sentence
    assert len(assigned(cast.manager, goal)) == 1


def test_the_form_is_empty_each_time(cast, goal, at_assign):
    press(at_assign, field(goal, "back"), **{field(goal, "notes"): "half typed"})
    press(at_assign, "assign")
    assert widget(at_assign, field(goal, "notes")).value == ""


# Who has it


def test_it_lists_who_has_the_goal_now_and_in_all_windows(cast, goal):
    with tenant_session(cast.manager) as db:
        assign(db, goal, cast.rep)
        assign(db, goal, cast.second_rep, on=date(2026, 3, 3))
    at = open_drawer(cast.manager, goal)
    assert [link.label for link in at.page_link if link.label in {"Rep", "Second Rep"}] == ["Rep"]
    at.session_state[f"all_windows_{goal.hex}"] = True
    at.run()
    windows = table(at, "window")
    assert windows[["window", "who"]].values.tolist() == [
        ["May 2026", "Rep"],
        ["March 2026", "Second Rep"],
    ]


def test_an_assignment_without_progress_is_removed(cast, goal):
    with tenant_session(cast.manager) as db:
        assignment = assign(db, goal, cast.rep)
    at = press(open_drawer(cast.manager, goal), f"remove_{assignment}")
    press(at, "remove_yes")
    assert assigned(cast.manager, goal) == []


def test_an_assignment_with_progress_is_taken_out_of_tracking(cast, goal, recorded):
    at = press(open_drawer(cast.manager, goal), f"remove_{recorded}")
    press(at, "remove_yes")
    assert errors(at) == ["There is progress on this assignment; cancel it instead of deleting it."]
    press(at, "remove_instead")
    press(at, "take_out_yes")
    (one,) = assigned(cast.manager, goal)
    assert (one.status, one.value) == (AssignmentStatus.CANCELLED, Decimal(40))
    assert f"remove_{recorded}" not in keys(at)


def test_an_assignment_that_is_gone_is_told(cast, goal):
    with tenant_session(cast.manager) as db:
        assignment = assign(db, goal, cast.rep)
    at = press(open_drawer(cast.manager, goal), f"remove_{assignment}")
    with tenant_session(cast.admin) as db:
        assignments.delete(db, assignment)
    press(at, "remove_yes")
    assert any("no such assignment" in error for error in errors(at))


def test_whose_goals_they_do_not_set_they_cannot_remove(cast):
    company = makers.make_goal(cast, None)
    goal = makers.definition_of(cast.admin, company)
    assert f"remove_{company}" not in keys(open_drawer(cast.manager, goal))
    assert f"remove_{company}" in keys(open_drawer(cast.admin, goal))
