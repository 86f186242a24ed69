"""Overview: the figures are the service's, for what the person may see.

None of these tests writes anything, so they share a company and its goals.
"""

from datetime import timedelta

import pytest

from goals_core.services.dashboard import State
from tests.makers import standing
from tests.pages.forms import keys, open_page, widget
from tests.pages.overview_page import make_goals, overview
from tests.pages.shown import buttons, click_row, deltas, drawn, table, tiles, words
from ui.wording import Wording


@pytest.fixture
def cast(company):
    return company


@pytest.fixture(scope="module")
def goals(company):
    return make_goals(company)


def test_the_tiles_are_the_services_figures(cast, goals):
    at = open_page(cast.admin, "overview")
    found = overview(cast.admin)
    percent = Wording.of(cast.admin).percent
    assert tiles(at) == {
        "Average attainment": percent(found.attainment),
        "Achieved": f"{found.states[State.ACHIEVED]} / {found.goals}",
        "On track": str(found.states[State.ON_TRACK]),
        "At risk": str(found.states[State.AT_RISK]),
    }
    assert found.goals == 5


def test_the_pace_is_told_as_a_difference_in_points(cast, goals):
    found = overview(cast.admin)
    ahead = found.attainment - found.expected
    assert deltas(open_page(cast.admin, "overview"))["Average attainment"].startswith(
        f"{ahead:.0f}"[:3]
    )


def test_every_state_is_counted_and_drawn(cast, goals):
    bar = drawn(open_page(cast.admin, "overview"))
    for state, count in overview(cast.admin).states.items():
        name = state.value.replace("_", " ").capitalize()
        assert (f"{name} <b>{count}</b>" in bar) is (count > 0)


def test_the_leaderboard_has_the_services_order(cast, goals):
    leaders = table(open_page(cast.admin, "overview"), "leaders")
    assert list(leaders["name"]) == [leader.name for leader in overview(cast.admin).leaders]
    assert list(leaders["share"]) == [leader.attainment for leader in overview(cast.admin).leaders]


def test_attainment_beyond_a_hundred_is_not_cut(cast, goals):
    assert table(open_page(cast.admin, "overview"), "leaders")["bar"].max() == 150


def test_a_manager_sees_their_own_team_and_its_people(cast, goals):
    at = open_page(cast.manager, "overview")
    assert set(table(at, "leaders")["name"]) == {"Rep", "Second Rep"}
    assert tiles(at)["Achieved"].endswith("/ 4")


def test_a_rep_sees_no_leaderboard_of_one(cast, goals):
    at = open_page(cast.rep, "overview")
    assert "leaders" not in keys(at)
    assert tiles(at)["Achieved"].endswith("/ 3")  # two of theirs, one of their team


def test_a_click_on_a_leader_opens_their_goals(cast, goals):
    at = click_row(open_page(cast.manager, "overview"), "leaders", 1)
    assert not at.exception
    assert widget(at, "whose").value == "Second Rep"
    assert "Sales of another" in buttons(at)


def test_what_moved_tells_the_change_in_the_goals_own_unit(cast, goals):
    moved = table(open_page(cast.admin, "overview"), "moves")
    first = moved[moved["goal"] == "Sales of one"].iloc[0]
    assert (first["change"], first["before"], first["now"]) == ("+$3,000", "$0", "$3,000")
    assert "Sales of another" not in set(moved["goal"])


def test_a_click_on_what_moved_opens_the_goal(cast, goals):
    at = open_page(cast.admin, "overview")
    row = list(table(at, "moves")["goal"]).index("Sales of one")
    at = click_row(at, "moves", row)
    assert at.title[0].value == "Sales of one"
    assert at.query_params["id"] == str(goals["first"])


@pytest.mark.parametrize(("period", "goals_shown"), [("Weekly", "/ 1"), ("<b>", "/ 5")])
def test_the_period_comes_from_the_address_if_it_exists(cast, goals, period, goals_shown):
    at = open_page(cast.admin, "my_goals")
    at.query_params["only"] = period
    at.switch_page("../pages/overview.py").run()
    assert tiles(at)["Achieved"].endswith(goals_shown)


def test_nothing_at_risk_needs_no_way_there(cast, goals):
    assert "why" not in keys(open_page(cast.rep, "overview"))


def test_another_tenant_sees_nothing_of_it(cast, goals):
    assert "No goal is running" in words(open_page(cast.other_manager, "overview"))


def test_it_says_when_it_was_synced(cast, goals, at):
    later = standing(cast.admin, goals["first"]).updated_at + timedelta(minutes=3)
    at(later)
    assert "Synced 3 minutes ago" in words(open_page(cast.admin, "overview"))
