"""Overview: what was written is seen at once, and what nobody has written yet."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.kinds import Period
from goals_core.services import progress, teams
from goals_core.services.dashboard import State
from tests.makers import TODAY, add_deals, by_hand, deal, from_sales, make_goal, standing
from tests.pages.forms import keys, open_page, press, widget
from tests.pages.overview_page import make_goals, overview
from tests.pages.shown import sync, table, tiles, words


@pytest.fixture
def goals(cast):
    return make_goals(cast)


def test_the_period_narrows_every_figure(cast, goals):
    with tenant_session(cast.rep) as db:
        progress.record(db, assignment_id=goals["calls"], change=Decimal(7), on=TODAY)
    at = open_page(cast.admin, "overview")
    widget(at, "only").set_value(Period.WEEKLY).run()
    assert tiles(at)["Achieved"] == "0 / 1"
    assert list(table(at, "moves")["goal"]) == ["Calls"]
    widget(at, "only").set_value(Period.MONTHLY).run()
    assert tiles(at)["Achieved"] == "2 / 4"


def test_at_risk_leads_to_its_page(cast):
    yearly = by_hand(period=Period.CUSTOM, starts_at=date(2026, 1, 1), ends_at=date(2026, 6, 1))
    make_goal(cast, cast.rep, yearly)
    at = press(open_page(cast.rep, "overview"), "why")
    assert at.title[0].value == "At risk"


def test_who_may_write_is_led_to_the_first_goal(cast):
    at = open_page(cast.manager, "overview")
    assert "No goal is running" in words(at)
    assert press(at, "new_goal").title[0].value == "New goal"


@pytest.mark.parametrize("who", ["rep", "analyst"])
def test_who_may_not_write_only_reads_that_nothing_runs(cast, who):
    at = open_page(getattr(cast, who), "overview")
    assert "No goal is running" in words(at)
    assert "new_goal" not in keys(at)


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
        east = teams.create_team(db, name=name, manager_id=None)
    make_goal(cast, east, from_sales(name="Sales of East"))
    at = open_page(cast.admin, "overview")
    chart = at.get("plotly_chart")[0].proto.spec
    assert "<b>East" not in chart.replace("\\u003c", "<")
    assert "evil" not in "".join(str(m.value) for m in at.markdown)
