"""The dry run on the form and in the drawer: shown before a goal is activated, in plain words."""

from datetime import date

from goals_core.db import tenant_session
from goals_core.kinds import GoalStatus, Source
from tests import makers
from tests.makers import assign, from_sales
from tests.pages.drawer import get, make, open_drawer
from tests.pages.forms import fill, has_table, open_page, press, said, table, widget
from tests.pages.goal_form import new
from tests.pages.shown import words

WON = {"stage": "closed_won"}


def lines(at):
    """The rows of the dry run's table."""
    return table(at, "window").values.tolist()


def draft_of(cast, **config):
    return make(cast.manager, from_sales(config=config), GoalStatus.DRAFT)


def test_a_draft_is_tried_in_its_drawer_before_it_is_activated(cast, deals):
    goal = draft_of(cast, filter=WON)
    makers.add_deals(cast.tenant, makers.deal(cast.south_rep, 7), makers.deal(cast.rep, 5, None))
    at = open_drawer(cast.manager, goal)
    assert lines(at) == [
        ["May 2026", "$2,300", "3"],
        ["April 2026", "$0", "0"],
        ["March 2026", "$0", "0"],
        ["February 2026", "$0", "0"],
    ]
    assert "No record counts in April 2026, March 2026, and February 2026." in words(at)
    assert "1 record has no date: it falls in no window and counts for nobody." in words(at)
    assert said(press(at, "activate")) == ["The goal is active."]
    assert not has_table(at, "window")


def test_one_that_would_count_nothing_warns_and_is_activated_all_the_same(cast, deals):
    goal = draft_of(cast, filter={"account": "Nobody"})
    at = open_drawer(cast.manager, goal)
    assert "No record would have counted." in words(at)
    press(at, "activate")
    assert said(at) == [
        "The goal is active, though nothing would have counted in its last windows."
    ]
    assert get(cast.manager, goal).status is GoalStatus.ACTIVE


def test_it_is_of_those_who_have_it_and_can_be_of_somebody_else(cast, deals):
    goal = draft_of(cast, filter=WON)
    with tenant_session(cast.manager) as db:
        assign(db, goal, cast.second_rep)
    at = open_drawer(cast.manager, goal)
    whose = widget(at, f"dry_run_whose_{goal.hex}")
    assert whose.options == ["Second Rep", "Everyone whose goals you set", "North (team)", "Rep"]
    assert lines(at)[0] == ["May 2026", "$300", "1"]
    fill(at, **{f"dry_run_whose_{goal.hex}": "Rep"})
    assert lines(at)[0] == ["May 2026", "$2,000", "2"]


def test_a_new_goal_is_tried_as_it_is_typed(cast, at_new):
    fill(at_new, **new(starts_at=date(2026, 5, 1)))
    assert lines(at_new)[0] == ["May 2026", "$7,300", "4"]
    fill(at_new, **new(source=Source.MANUAL))
    assert not has_table(at_new, "window")


def test_saving_and_activating_one_that_would_count_nothing_says_so(cast, at_new):
    fill(at_new, **new(source=Source.COMMISSIONS))
    press(at_new, "new_goal_activate")
    assert "Won deals is saved and active, though nothing would have counted" in words(at_new)


def test_a_change_to_an_active_goal_is_held_against_what_is_live(cast, deals):
    goal = make(cast.manager, from_sales(config={"filter": WON}))
    with tenant_session(cast.manager) as db:
        assign(db, goal, cast.rep)
    at = open_page(cast.manager, "new_goal", edit=str(goal))
    assert lines(at)[0] == ["May 2026", "$2,000", "2"]
    fill(at, **{f"goal_{goal.hex}_sales_0_stage_text": "closed_lost"})
    assert lines(at)[0] == ["May 2026", "$2,000", "$5,000", "+1", "−2", "1"]
    assert "Against what counts now: 1 record gained, 2 records lost." in words(at)
    assert "At least half of what counts now would be lost." in words(at)
    assert table(at, "counted")["what"].tolist() == ["Gained", "Lost", "Lost"]


def test_who_reads_only_tries_nothing(cast, deals):
    assert not has_table(open_drawer(cast.analyst, draft_of(cast)), "window")
