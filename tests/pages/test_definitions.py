"""Definitions: the list, the drawer of one, and every deed on it."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import update

from goals_core.db import tenant_session
from goals_core.errors import NotFound
from goals_core.kinds import AssignmentStatus, GoalStatus, GoalType, Metric, Period, Source
from goals_core.models.goals import Definition
from goals_core.services import assignments, definitions, progress, tracking
from tests import makers
from tests.makers import TODAY, assign, by_hand, from_sales, make_definition
from tests.pages.forms import (
    errors,
    fill,
    keys,
    open_page,
    press,
    problem_at,
    rows,
    said,
    table,
    widget,
)
from ui.wording import md

STEPS = {
    GoalStatus.DRAFT: {"activate", "cancelled"},
    GoalStatus.ACTIVE: {"paused", "completed", "cancelled"},
    GoalStatus.PAUSED: {"activate", "completed", "cancelled"},
    GoalStatus.COMPLETED: set(),
    GoalStatus.CANCELLED: set(),
}


def make(actor, draft=None, status=GoalStatus.ACTIVE):
    with tenant_session(actor) as db:
        return make_definition(db, draft or by_hand(), status=status)


def get(actor, goal):
    with tenant_session(actor) as db:
        return definitions.get(db, goal)


def assigned(actor, goal):
    with tenant_session(actor) as db:
        return assignments.by_definition(db, goal).items


def open_drawer(actor, goal):
    return open_page(actor, "definitions", definition=str(goal))


def listed(at):
    return table(at, "goal")["goal"].tolist()


def choose(at, deed):
    """Take an entry of the menu."""
    at.menu_button(key="more").click(deed).run()
    assert not at.exception
    return at


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


@pytest.fixture
def goal(cast):
    return make(cast.manager)


@pytest.fixture
def recorded(cast, goal):
    """The goal's assignment to the rep, with progress."""
    with tenant_session(cast.manager) as db:
        assignment = assign(db, goal, cast.rep)
    with tenant_session(cast.rep) as db:
        progress.record(db, assignment_id=assignment, value=Decimal(40), on=TODAY)
    return assignment


# The list


def test_it_shows_each_goal_in_words(cast):
    goal = make(cast.manager, from_sales(name="Won deals", target_value=Decimal("84250.5")))
    with tenant_session(cast.manager) as db:
        assign(db, goal, cast.rep)
        assign(db, goal, cast.second_rep)
    at = open_page(cast.manager, "definitions")
    (row,) = table(at, "goal").values.tolist()
    assert [list(cell) if index == 1 else cell for index, cell in enumerate(row)] == [
        "Won deals",
        ["Active"],
        "Target",
        "$84,250.50",
        "Monthly",
        "Sales · Sum of Amount",
        2,
    ]


def test_it_shows_what_the_actor_may_see(cast):
    make(cast.manager, by_hand(name="Ours"))
    make(cast.south_manager, by_hand(name="Theirs"))
    assert listed(open_page(cast.manager, "definitions")) == ["Ours"]
    assert listed(open_page(cast.admin, "definitions")) == ["Theirs", "Ours"]


def test_another_company_sees_nothing_of_it(cast, goal):
    at = open_page(cast.other_manager, "definitions")
    assert not at.dataframe
    assert any("No goals yet" in each.value for each in at.markdown)


def test_without_goals_the_way_to_the_form_is_offered(cast):
    at = press(open_page(cast.manager, "definitions"), "first_goal")
    assert at.title[0].value == "New goal"


def test_a_search_finds_words_of_name_and_description(cast):
    make(cast.manager, by_hand(name="Calls"))
    make(cast.manager, by_hand(name="Visits", description="In person, no calls"))
    make(cast.manager, by_hand(name="Letters"))
    at = fill(open_page(cast.manager, "definitions"), q="calls")
    assert listed(at) == ["Visits", "Calls"]
    fill(at, q="50% \0'")
    assert any("No goal is like that" in each.value for each in at.markdown)


def test_the_filters_narrow_it_and_are_cleared_together(cast):
    make(cast.manager, by_hand(name="Draft"), GoalStatus.DRAFT)
    make(cast.manager, by_hand(name="Limit", type=GoalType.LIMIT))
    make(cast.manager, by_hand(name="Weekly", period=Period.WEEKLY))
    make(cast.manager, from_sales(name="Sales"))
    at = open_page(cast.manager, "definitions")
    for key, value, name in (
        ("status", GoalStatus.DRAFT, "Draft"),
        ("type", GoalType.LIMIT, "Limit"),
        ("period", Period.WEEKLY, "Weekly"),
        ("source", Source.SALES, "Sales"),
    ):
        fill(at, **{key: [value]})
        assert listed(at) == [name]
        press(at, "clear")
        assert len(listed(at)) == 4


def test_a_view_can_be_shared_by_its_address(cast):
    make(cast.manager, by_hand(name="Draft"), GoalStatus.DRAFT)
    make(cast.manager, by_hand(name="Active"))
    assert listed(open_page(cast.manager, "definitions", status="Draft")) == ["Draft"]


def test_it_comes_a_page_at_a_time(cast):
    for number in range(17):
        make(cast.manager, by_hand(name=f"Goal {number}"), GoalStatus.DRAFT)
    at = open_page(cast.manager, "definitions")
    assert len(listed(at)) == 15
    fill(at, page=2)
    assert listed(at) == ["Goal 1", "Goal 0"]


def test_a_goal_that_cannot_be_computed_is_marked(cast):
    goal = make(cast.manager, from_sales())
    with tenant_session(cast.manager) as db:
        assign(db, goal, cast.rep)
        outdated = makers.WON | {"entity": "leads"}
        db.execute(update(Definition).where(Definition.id == goal).values(source_config=outdated))
    tracking.sync(cast.system)
    at = open_drawer(cast.manager, goal)
    assert list(table(at, "goal")["state"][0]) == ["Active", "Sync error"]
    assert any("The last sync could not compute it" in error for error in errors(at))


@pytest.mark.parametrize("who", ["rep", "analyst"])
def test_who_sets_no_goals_reads_only(cast, goal, recorded, who):
    actor = getattr(cast, who)
    assert "new" not in keys(open_page(actor, "definitions"))
    assert offered(open_drawer(actor, goal)) == set()


# The drawer


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
        md(
            "Opportunities · Sum of Amount · by Closed on"
            " · where Stage is closed_won and Amount is at least 1,000"
        )
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


# Assigning


@pytest.fixture
def at_assign(cast, goal):
    return press(open_drawer(cast.manager, goal), "assign")


def field(goal, name):
    return f"assign_{goal.hex}_{name}"


def rep_of(cast):
    return f"user_{cast.rep.user_id.hex}"


def test_a_goal_is_assigned_with_an_own_target_and_notes(cast, goal, at_assign):
    fill(
        at_assign,
        **{
            field(goal, "assignee"): rep_of(cast),
            field(goal, "custom_target"): "1,250",
            field(goal, "notes"): "New territory",
        },
    )
    press(at_assign, field(goal, "send"))
    assert said(at_assign) == ["Assigned."]
    (one,) = assigned(cast.manager, goal)
    assert (one.assignee, one.target, one.notes) == ("Rep", Decimal(1250), "New territory")
    assert one.window.start == date(2026, 5, 1)


def test_a_goal_is_assigned_for_another_window(cast, goal, at_assign):
    fill(at_assign, **{field(goal, "assignee"): rep_of(cast), field(goal, "window"): "another"})
    fill(at_assign, **{field(goal, "on"): date(2026, 3, 9)})
    press(at_assign, field(goal, "send"))
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
    fill(at_assign, **{field(goal, "assignee"): rep_of(cast)})
    if name == "on":
        fill(at_assign, **{field(goal, "window"): "another"})
    fill(at_assign, **{field(goal, name): typed})
    press(at_assign, field(goal, "send"))
    assert problem_at(at_assign, field(goal, name)) == sentence
    assert widget(at_assign, field(goal, name)).value == typed
    assert assigned(cast.manager, goal) == []


def test_the_same_person_twice_is_told_at_the_field(cast, goal, recorded):
    at = press(open_drawer(cast.manager, goal), "assign")
    fill(at, **{field(goal, "assignee"): rep_of(cast)})
    press(at, field(goal, "send"))
    sentence = "Rep has this goal already from May 1, 2026 to May 31, 2026."
    assert problem_at(at, field(goal, "assignee")) == sentence
    assert len(assigned(cast.manager, goal)) == 1


def test_the_form_is_empty_each_time(cast, goal, at_assign):
    fill(at_assign, **{field(goal, "notes"): "half typed"})
    press(at_assign, field(goal, "back"))
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


def test_a_yes_or_no_is_listed_in_words(cast):
    make(cast.manager, by_hand(metric=Metric.BOOLEAN, target_value=Decimal(1), unit=""))
    assert table(open_page(cast.manager, "definitions"), "goal")["target"].tolist() == ["Yes"]


def test_a_goal_that_is_gone_meanwhile_closes(cast, goal):
    at = open_drawer(cast.manager, goal)
    with tenant_session(cast.admin) as db:
        definitions.delete(db, goal)
    at.run()
    assert not at.exception
    assert "more" not in keys(at)
    with pytest.raises(NotFound):
        get(cast.manager, goal)
