"""Definitions: the drawer of one, and every deed on it."""

from datetime import date

import pytest

from goals_core.db import tenant_session
from goals_core.errors import NotFound
from goals_core.kinds import GoalStatus
from goals_core.services import definitions
from tests import makers
from tests.makers import assign, by_hand, from_sales
from tests.pages.drawer import choose, get, listed, make, open_drawer
from tests.pages.forms import errors, keys, open_page, press, rows, said, widget
from ui.wording import md

STEPS = {
    GoalStatus.DRAFT: {"activate", "cancelled"},
    GoalStatus.ACTIVE: {"paused", "completed", "cancelled"},
    GoalStatus.PAUSED: {"activate", "completed", "cancelled"},
    GoalStatus.COMPLETED: set(),
    GoalStatus.CANCELLED: set(),
}


def offered(at):
    """The deeds that the drawer offers, buttons and menu alike."""
    buttons = {"activate", "assign", "edit"} & set(keys(at))
    menus = [menu for menu in at.menu_button if menu.key == "more"]
    return buttons | {deed for menu in menus for deed in _deeds(at, menu)}


def _deeds(at, menu):
    words = {
        "Duplicate": "copy",
        "Duplicate for the next period": "next",
        "Pause": "paused",
        "Complete…": "completed",
        "Cancel goal…": "cancelled",
        "Delete…": "delete",
    }
    return {words[option] for option in menu.options}


def test_it_says_what_the_goal_is(cast):
    goal = make(
        cast.manager,
        from_sales(
            name="Big *deals*",
            description="Only **big** ones",
            config={"filter": {"stage": "closed_won", "amount": {"gte": 1000}}},
        ),
    )
    at = open_drawer(cast.manager, goal)
    words = [each.value for each in at.markdown]
    assert md("Only **big** ones") in words
    assert (
        md("Sum of amount of won opportunities where amount is at least 1,000, by close date")
        in words
    )


@pytest.mark.parametrize("wanted", ["nonsense", "00000000-0000-0000-0000-000000000000", "a\0b"])
def test_an_unknown_goal_opens_nothing(cast, goal, wanted):
    at = open_page(cast.manager, "definitions", definition=wanted)
    assert "more" not in keys(at)
    assert listed(at) == ["Calls"]


def test_another_companys_goal_opens_nothing(cast, goal):
    assert "more" not in keys(open_drawer(cast.other_manager, goal))


@pytest.mark.parametrize("status", list(GoalStatus))
def test_only_the_steps_of_its_life_are_offered(cast, status):
    goal = make(cast.manager, status=status)
    expected = STEPS[status] | {"copy", "next", "delete"}
    if STEPS[status]:
        expected |= {"assign", "edit"}
    assert offered(open_drawer(cast.manager, goal)) == expected


def test_a_goal_of_the_company_is_not_the_managers_to_change(cast):
    goal = makers.definition_of(cast.admin, makers.make_goal(cast, None))
    assert offered(open_drawer(cast.manager, goal)) == {"assign", "copy", "next"}


def test_a_draft_is_activated_at_once(cast):
    goal = make(cast.manager, status=GoalStatus.DRAFT)
    at = press(open_drawer(cast.manager, goal), "activate")
    assert said(at) == ["The goal is active."]
    assert get(cast.manager, goal).status is GoalStatus.ACTIVE


def test_a_goal_is_paused_and_resumed(cast, goal):
    at = choose(open_drawer(cast.manager, goal), "paused")
    assert get(cast.manager, goal).status is GoalStatus.PAUSED
    press(at, "activate")
    assert get(cast.manager, goal).status is GoalStatus.ACTIVE


@pytest.mark.parametrize(
    ("status", "key"), [(GoalStatus.COMPLETED, "complete"), (GoalStatus.CANCELLED, "cancel")]
)
def test_what_cannot_be_taken_back_is_asked_first(cast, goal, status, key):
    at = choose(open_drawer(cast.manager, goal), status.value)
    assert get(cast.manager, goal).status is GoalStatus.ACTIVE
    press(at, f"{key}_back")
    assert "more" in keys(at)
    choose(at, status.value)
    press(at, f"{key}_yes")
    assert get(cast.manager, goal).status is status


def test_a_step_that_somebody_else_has_taken_is_told(cast, goal):
    at = choose(open_drawer(cast.manager, goal), "completed")
    with tenant_session(cast.admin) as db:
        definitions.set_status(db, goal, GoalStatus.CANCELLED)
    press(at, "complete_yes")
    assert errors(at) == ["Calls is Cancelled; it cannot become Completed."]


def test_a_copy_is_a_draft_and_opens(cast, goal):
    at = choose(open_drawer(cast.manager, goal), "copy")
    assert said(at) == ["This is the copy, a draft."]
    assert sorted(listed(at)) == ["Calls", "Calls (copy)"]
    assert "activate" in keys(at)


def test_a_copy_can_be_for_the_next_period(cast):
    settings = by_hand(starts_at=date(2026, 1, 1), ends_at=date(2026, 6, 30))
    goal = make(cast.manager, settings)
    choose(open_drawer(cast.manager, goal), "next")
    with tenant_session(cast.manager) as db:
        copy = definitions.list_(db).items[0].settings
    assert (copy.name, copy.starts_at, copy.ends_at) == (
        "Calls",
        date(2026, 7, 1),
        date(2026, 12, 31),
    )


def test_editing_leads_to_the_form(cast, goal):
    at = press(open_drawer(cast.manager, goal), "edit")
    assert at.title[0].value == "Edit goal"
    assert widget(at, f"goal_{goal.hex}_name").value == "Calls"


def test_a_goal_without_progress_is_deleted_with_its_assignments(cast, goal):
    with tenant_session(cast.manager) as db:
        assign(db, goal, cast.rep)
    at = choose(open_drawer(cast.manager, goal), "delete")
    press(at, "delete_yes")
    assert said(at) == ["Calls is deleted."]
    assert "more" not in keys(at)
    assert set(rows(cast.manager).values()) == {0}


def test_a_goal_with_progress_is_not_deleted_but_can_be_cancelled(cast, goal, recorded):
    before = rows(cast.manager)
    at = choose(open_drawer(cast.manager, goal), "delete")
    press(at, "delete_yes")
    assert errors(at) == ["Calls has progress already; cancel it instead of deleting it."]
    assert rows(cast.manager) == before
    press(at, "delete_instead")
    press(at, "cancel_yes")
    assert get(cast.manager, goal).status is GoalStatus.CANCELLED


@pytest.mark.parametrize("who", ["rep", "analyst"])
def test_who_sets_no_goals_reads_only(cast, goal, recorded, who):
    actor = getattr(cast, who)
    assert "new" not in keys(open_page(actor, "definitions"))
    assert offered(open_drawer(actor, goal)) == set()


def test_a_goal_that_is_gone_meanwhile_closes(cast, goal):
    at = open_drawer(cast.manager, goal)
    with tenant_session(cast.admin) as db:
        definitions.delete(db, goal)
    at.run()
    assert not at.exception
    assert "more" not in keys(at)
    with pytest.raises(NotFound):
        get(cast.manager, goal)
