"""Overview: the figures are the service's, for what the person may see."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.kinds import Period
from goals_core.services import dashboard, identity, progress
from goals_core.services.dashboard import State
from tests.makers import TODAY, add_deals, by_hand, deal, from_sales, make_goal, standing
from tests.pages.forms import keys, open_page, press, widget
from tests.pages.shown import buttons, click_row, deltas, drawn, sync, table, tiles, words
from ui.wording import Wording


def overview(actor: Actor) -> dashboard.Overview:
    with tenant_session(actor) as db:
        return dashboard.overview(db)


@pytest.fixture
def goals(cast):
    """Sales of both reps of North, of its team and of South's rep; calls of the first rep."""
    made = {
        "first": make_goal(cast, cast.rep, from_sales(name="Sales of one")),
        "second": make_goal(cast, cast.second_rep, from_sales(name="Sales of another")),
        "north": make_goal(cast, cast.north, from_sales(name="Sales of the team")),
        "south": make_goal(cast, cast.south_rep, from_sales(name="Sales of South")),
        "calls": make_goal(cast, cast.rep, by_hand(period=Period.WEEKLY)),
    }
    add_deals(
        cast.tenant,
        deal(cast.rep, "3000"),
        deal(cast.second_rep, "450", TODAY - timedelta(days=10)),
        deal(cast.south_rep, "100"),
    )
    sync(cast.admin)
    return made


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


def test_the_period_narrows_every_figure(cast, goals):
    with tenant_session(cast.rep) as db:
        progress.record(db, assignment_id=goals["calls"], change=Decimal(7), on=TODAY)
    at = open_page(cast.admin, "overview")
    widget(at, "only").set_value(Period.WEEKLY).run()
    assert tiles(at)["Achieved"] == "0 / 1"
    assert list(table(at, "moves")["goal"]) == ["Calls"]
    widget(at, "only").set_value(Period.MONTHLY).run()
    assert tiles(at)["Achieved"] == "2 / 4"


@pytest.mark.parametrize(("period", "goals_shown"), [("Weekly", "/ 1"), ("<b>", "/ 5")])
def test_the_period_comes_from_the_address_if_it_exists(cast, goals, period, goals_shown):
    at = open_page(cast.admin, "my_goals")
    at.query_params["only"] = period
    at.switch_page("../pages/overview.py").run()
    assert tiles(at)["Achieved"].endswith(goals_shown)


def test_at_risk_leads_to_its_page(cast):
    yearly = by_hand(period=Period.CUSTOM, starts_at=date(2026, 1, 1), ends_at=date(2026, 6, 1))
    make_goal(cast, cast.rep, yearly)
    at = press(open_page(cast.rep, "overview"), "why")
    assert at.title[0].value == "At risk"


def test_nothing_at_risk_needs_no_way_there(cast, goals):
    assert "why" not in keys(open_page(cast.rep, "overview"))


def test_who_may_write_is_led_to_the_first_goal(cast):
    at = open_page(cast.manager, "overview")
    assert "No goal is running" in words(at)
    assert press(at, "new_goal").title[0].value == "New goal"


@pytest.mark.parametrize("who", ["rep", "analyst"])
def test_who_may_not_write_only_reads_that_nothing_runs(cast, who):
    at = open_page(getattr(cast, who), "overview")
    assert "No goal is running" in words(at)
    assert "new_goal" not in keys(at)


def test_another_tenant_sees_nothing_of_it(cast, goals):
    assert "No goal is running" in words(open_page(cast.other_manager, "overview"))


def test_it_says_when_it_was_synced(cast, goals, at):
    later = standing(cast.admin, goals["first"]).updated_at + timedelta(minutes=3)
    at(later)
    assert "Synced 3 minutes ago" in words(open_page(cast.admin, "overview"))


def test_before_the_first_sync_it_says_nothing_of_one(cast):
    make_goal(cast, cast.rep)
    assert "Synced" not in words(open_page(cast.admin, "overview"))


def test_a_sync_is_seen_at_once_although_reads_are_cached(cast, goals, at):
    page = open_page(cast.admin, "overview")
    add_deals(cast.tenant, deal(cast.second_rep, "700"))
    at(standing(cast.admin, goals["first"]).updated_at + timedelta(seconds=5))
    sync(cast.admin)
    page.run()
    assert tiles(page)["Achieved"].startswith(f"{overview(cast.admin).states[State.ACHIEVED]} ")


def test_progress_by_hand_is_seen_at_once_although_reads_are_cached(cast, goals):
    page = open_page(cast.admin, "overview")
    before = tiles(page)["Achieved"]
    form = open_page(cast.rep, "goal", id=str(goals["calls"]))
    widget(form, f"number_{goals['calls']}").set_value("100")
    press(form, "record")
    page.run()
    done = overview(cast.admin).states[State.ACHIEVED]
    assert tiles(page)["Achieved"] == f"{done} / 5" != before


def test_names_are_shown_as_they_are_written(cast, goals):
    name = "![x](https://evil.example/x.png) <b>East</b> $1$"
    with tenant_session(cast.admin) as db:
        east = identity.create_team(db, name=name, manager_id=None)
    make_goal(cast, east, from_sales(name="Sales of East"))
    at = open_page(cast.admin, "overview")
    chart = at.get("plotly_chart")[0].proto.spec
    assert "<b>East" not in chart.replace("\\u003c", "<")
    assert "evil" not in "".join(str(m.value) for m in at.markdown)
