"""Goal: how a number came about, who sees it, its log and its other windows."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from goals_core.db import tenant_session
from goals_core.kinds import AssigneeType, GoalStatus, GoalType, Metric, Period
from goals_core.services import assignments, definitions, milestones
from tests.makers import (
    TODAY,
    add_deals,
    as_owner,
    by_hand,
    deal,
    definition_of,
    from_sales,
    make_goal,
    standing,
)
from tests.pages.forms import keys, press, widget
from tests.pages.goal_page import LOG, OTHER_WINDOWS, open_goal, record
from tests.pages.shown import click_row, deltas, drawn, sync, table, tiles, words
from ui.wording import Wording


def show_tab(at, name):
    at.session_state["tab"] = name
    return at.run()


class TestWhatItShows:
    def test_the_tiles_are_the_services_figures(self, cast):
        goal = make_goal(cast, cast.rep, from_sales(target_value=Decimal(4000)))
        add_deals(cast.tenant, deal(cast.rep, "1234.50"))
        sync(cast.admin)
        now, percent = standing(cast.rep, goal), Wording.of(cast.rep).percent
        at = open_goal(cast.rep, goal)
        assert tiles(at) == {
            "Reached": "$1,234.50",
            "Target": "$4,000",
            "Attainment": percent(now.attainment),
            "Expected by now": "$2,580.65",
            "Days left": "11",
        }
        assert now.pace.expected_value == Decimal("2580.65")
        assert deltas(at)["Attainment"] == "-33.7 pt"
        assert "$2,765.50 to go, $252 a day." in words(at)  # rounded up: never too little
        assert "Sum of amount of won opportunities, by close date" in words(at)

    def test_the_head_says_what_whose_and_when(self, cast):
        draft = by_hand(name="Visits", description="In *person*.")
        goal = make_goal(cast, cast.north, draft, notes="Ask <b>Ann</b> first.")
        shown = words(open_goal(cast.rep, goal))
        assert "Visits" in shown
        assert "North (team) · May 2026 · 11 days left" in shown
        assert "In *person*." in shown
        assert "Recorded by hand" in shown
        assert "Ask <b>Ann</b> first." in shown

    def test_the_chart_has_value_pace_and_milestones(self, cast):
        goal = make_goal(cast, cast.rep)
        record(cast.rep, goal, 30, TODAY - timedelta(days=3))
        chart = open_goal(cast.rep, goal).get("plotly_chart")[0].proto
        for name in ("Value", "Pace", "Milestones", "Target 100"):
            assert f'"{name}' in chart.spec
        assert "<b>30 calls</b>" in chart.spec.encode().decode("unicode_escape").replace(
            "\xa0", " "
        )
        assert '"format": "svg"' in chart.config
        assert '"filename": "calls"' in chart.config

    def test_milestones_name_the_day_whose_readings_passed_them(self, cast):
        goal = make_goal(cast, cast.rep)
        record(cast.rep, goal, 30, TODAY - timedelta(days=3))
        record(cast.rep, goal, 60)
        with tenant_session(cast.rep) as db:
            found = milestones.list_(db, goal)
        assert [(m.percentage, m.value, m.passed_on) for m in found] == [
            (25, 25, TODAY - timedelta(days=3)),
            (50, 50, TODAY),
            (75, 75, None),
            (100, 100, None),
        ]
        shown = words(open_goal(cast.rep, goal))
        assert "25% 25 calls · May 17, 2026" in shown.replace("* ", " ")
        assert "100% 100 calls" in shown

    def test_a_day_has_no_course_but_its_log(self, cast):
        goal = make_goal(cast, cast.rep, by_hand(period=Period.DAILY))
        record(cast.rep, goal, 3)
        at = open_goal(cast.rep, goal)
        assert list(table(at, LOG)["change"]) == ["+3 calls"]
        assert not at.get("plotly_chart")

    def test_what_is_yes_or_no_is_written_so(self, cast):
        plan = by_hand(
            name="Plan", metric=Metric.BOOLEAN, target_value=Decimal(1), unit="", milestones=()
        )
        goal = make_goal(cast, cast.rep, plan)
        at = open_goal(cast.rep, goal)
        assert (tiles(at)["Reached"], tiles(at)["Target"]) == ("No", "Yes")
        press(at, "record")
        assert tiles(at)["Reached"] == "Yes"

    def test_a_goal_that_could_not_be_computed_says_why(self, cast, connected):
        goal = make_goal(cast, cast.rep, from_sales())
        as_owner(
            connected.owner_url,
            "UPDATE goals.definitions SET sync_error = 'There is no *stage*.' WHERE id = :id",
            id=definition_of(cast.admin, goal),
        )
        assert "There is no *stage*." in words(open_goal(cast.rep, goal))

    def test_a_paused_goal_is_not_behind(self, cast):
        goal = make_goal(cast, cast.rep)
        with tenant_session(cast.admin) as db:
            definitions.set_status(db, definition_of(cast.admin, goal), GoalStatus.PAUSED)
        at = open_goal(cast.rep, goal)
        assert "Paused: nothing is tracked." in words(at)
        assert "record" not in keys(at)
        assert deltas(at)["Attainment"] == ""


class TestWhoSeesIt:
    @pytest.mark.parametrize("address", ["", "x", "0", "' OR 1=1", str(UUID(int=7))])
    def test_an_address_without_a_goal_leads_back(self, cast, address):
        at = open_goal(cast.rep, address)
        assert "There is no such goal" in words(at)
        assert press(at, "back").title[0].value == "My goals"

    @pytest.mark.parametrize("who", ["second_rep", "south_manager", "other_manager"])
    def test_a_goal_out_of_sight_is_not_found(self, cast, who):
        goal = make_goal(cast, cast.rep, by_hand(name="Secret"))
        at = open_goal(getattr(cast, who), goal)
        assert "There is no such goal" in words(at)
        assert "Secret" not in words(at)

    @pytest.mark.parametrize("who", ["rep", "manager", "admin"])
    def test_who_may_record_finds_the_form(self, cast, who):
        goal = make_goal(cast, cast.rep)
        assert "record" in keys(open_goal(getattr(cast, who), goal))

    def test_who_may_not_record_finds_none(self, cast):
        goal = make_goal(cast, cast.rep)
        assert "record" not in keys(open_goal(cast.analyst, goal))
        team = make_goal(cast, cast.north, by_hand(name="Team"))
        assert "record" not in keys(open_goal(cast.rep, team))

    def test_what_tracks_itself_has_no_form(self, cast):
        goal = make_goal(cast, cast.rep, from_sales())
        assert "record" not in keys(open_goal(cast.rep, goal))


class TestTheLogAndOtherWindows:
    def test_the_log_says_who_recorded_what(self, cast):
        goal = make_goal(cast, cast.rep)
        record(cast.manager, goal, 12, note="<b>By</b> phone")
        log = table(open_goal(cast.rep, goal), LOG).iloc[0]
        assert (log["change"], log["by"]) == ("+12 calls", "Manager")
        assert (log["note"], log["source"]) == ("<b>By</b> phone", "By hand")

    def test_the_log_comes_a_page_at_a_time(self, cast):
        goal = make_goal(cast, cast.rep)
        for value in range(1, 13):
            record(cast.rep, goal, value)
        at = open_goal(cast.rep, goal)
        assert len(table(at, LOG)) == 10
        widget(at, "log_page").set_value(2).run()
        assert list(table(at, LOG)["change"]) == ["+1 calls", "+1 calls"]

    def test_earlier_windows_of_the_same_assignee_lead_to_their_pages(self, cast):
        goal = make_goal(cast, cast.rep)
        with tenant_session(cast.admin) as db:
            mine = {
                "definition_id": definition_of(cast.admin, goal),
                "assignee_type": AssigneeType.USER,
            }
            april = assignments.create(db, **mine, user_id=cast.rep.user_id, on=date(2026, 4, 1))
            assignments.create(db, **mine, user_id=cast.second_rep.user_id, on=date(2026, 3, 1))
        at = show_tab(open_goal(cast.rep, goal), OTHER_WINDOWS)
        assert list(table(at, "windows")["window"]) == ["May 2026", "April 2026"]
        at = click_row(at, "windows", 1)
        assert at.query_params["id"] == str(april)
        assert "April 2026" in words(at)

    def test_a_single_window_is_said_to_be_one(self, cast):
        goal = make_goal(cast, cast.rep)
        at = show_tab(open_goal(cast.rep, goal), OTHER_WINDOWS)
        assert "This is the only window so far." in words(at)


def test_names_and_notes_are_shown_as_they_are_written(cast):
    evil = "![x](https://evil.example/x.png) $a$ <b>b</b>"
    goal = make_goal(cast, cast.rep, by_hand(name=evil, description=evil, unit="*u*"), notes=evil)
    record(cast.rep, goal, 1, note=evil)
    at = open_goal(cast.rep, goal)
    kinds = (at.title, at.markdown, at.caption, at.metric)
    raw = [element.value for kind in kinds for element in kind]
    assert not any("](" in str(text) or "<b>" in str(text) for text in raw)
    assert evil in words(at)
    assert "<b>" not in drawn(at)


def test_a_limit_shows_what_is_left_of_it(cast):
    goal = make_goal(cast, cast.rep, by_hand(type=GoalType.LIMIT, name="Complaints"))
    record(cast.rep, goal, 40)
    shown = tiles(open_goal(cast.rep, goal))
    assert (shown["Now"], shown["Limit"]) == ("40 calls", "100 calls")
    assert (shown["Used"], shown["Left"]) == ("40%", "60 calls")
