"""Goal: how a number came about, what is behind it, and recording more of it."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.kinds import AssigneeType, GoalStatus, GoalType, Metric, Period
from goals_core.services import assignments, definitions, milestones, progress
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
from tests.pages.forms import keys, open_page, press, problem_at, rows, said, widget
from tests.pages.shown import click_row, deltas, drawn, sync, table, tiles, words
from ui.wording import Wording

OTHER_WINDOWS, LOG = "Other windows", "Progress log"
RECORDS = "The records behind this number"


def record(actor, assignment_id, value, on=TODAY, note=""):
    with tenant_session(actor) as db:
        progress.record(db, assignment_id=assignment_id, value=Decimal(value), on=on, note=note)


def open_goal(actor: Actor, goal, **query):
    return open_page(actor, "goal", id=str(goal), **query)


def enter(at, goal, **fields):
    """Fill the form and send it; a form tells its fields together."""
    for name, value in fields.items():
        widget(at, f"{name}_{goal}").set_value(value)
    return press(at, "record")


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

    def test_the_head_says_what_whose_and_when(self, cast):
        draft = by_hand(name="Visits", description="In *person*.")
        goal = make_goal(cast, cast.north, draft, notes="Ask <b>Ann</b> first.")
        shown = words(open_goal(cast.rep, goal))
        assert "Visits" in shown
        assert "North (team) · May 2026 · 11 days left" in shown
        assert "In *person*." in shown
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


class TestTheRecordsBehindIt:
    def test_they_add_up_to_the_value(self, cast):
        goal = make_goal(cast, cast.rep, from_sales())
        add_deals(cast.tenant, *(deal(cast.rep, n, name=f"Deal {n:02}") for n in range(1, 13)))
        sync(cast.admin)
        at = open_goal(cast.rep, goal)
        assert "Total of 12 records: $78" in words(at)
        assert tiles(at)["Reached"] == "$78"
        first = table(at, RECORDS)
        widget(at, "records_page").set_value(2).run()
        both = list(first["counted"]) + list(table(at, RECORDS)["counted"])
        assert (len(first), sum(both)) == (10, 78)

    def test_the_aggregate_is_named(self, cast):
        goal = make_goal(
            cast, cast.rep, from_sales(metric=Metric.NUMBER, unit="", config={"aggregation": "avg"})
        )
        add_deals(cast.tenant, deal(cast.rep, 10), deal(cast.rep, 20))
        sync(cast.admin)
        assert "Average of 2 records: 15" in words(open_goal(cast.rep, goal))

    def test_what_has_no_exchange_rate_is_told(self, cast):
        goal = make_goal(cast, cast.rep, from_sales())
        add_deals(cast.tenant, deal(cast.rep, 10), deal(cast.rep, 20, currency="CHF"))
        sync(cast.admin)
        at = open_goal(cast.rep, goal)
        assert "1 record is left out: there is no exchange rate for its day." in words(at)
        assert "Total of 1 record: $10" in words(at)
        assert "CHF 20" in list(table(at, RECORDS)["amount"])

    def test_what_changed_after_closing_is_told_beside_the_frozen_value(self, cast, at):
        goal = make_goal(cast, cast.rep, from_sales())
        add_deals(cast.tenant, deal(cast.rep, 100))
        at(date(2026, 6, 10))
        sync(cast.admin)
        add_deals(cast.tenant, deal(cast.rep, 50))
        page = open_goal(cast.rep, goal)
        assert "Restated: the records now come to $150. The window closed at $100" in words(page)
        assert tiles(page)["Reached"] == "$100"
        assert tiles(page)["Ended on"] == "May 31, 2026"

    def test_what_the_next_sync_will_bring_is_told(self, cast):
        goal = make_goal(cast, cast.rep, from_sales())
        add_deals(cast.tenant, deal(cast.rep, 50))
        assert "the next sync brings the goal up to it" in words(open_goal(cast.rep, goal))

    def test_none_is_said_to_be_none(self, cast):
        goal = make_goal(cast, cast.rep, from_sales())
        assert "No record falls into this window." in words(open_goal(cast.rep, goal))


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


class TestRecording:
    @pytest.fixture
    def goal(self, cast):
        return make_goal(cast, cast.rep)

    @pytest.fixture
    def page(self, cast, goal):
        return open_goal(cast.rep, goal)

    def test_a_change_is_added(self, cast, goal, page):
        enter(page, goal, number="12.5", note="By phone")
        assert said(page) == ["Recorded: Calls is at 12.5\N{NO-BREAK SPACE}calls now."]
        assert tiles(page)["Reached"] == "12.5 calls"
        assert standing(cast.rep, goal).value == Decimal("12.5")
        assert table(page, LOG).iloc[0]["note"] == "By phone"

    def test_a_new_value_replaces_the_old_one(self, cast, goal, page):
        record(cast.rep, goal, 40)
        enter(page, goal, kind="value", number="35")
        assert standing(cast.rep, goal).value == 35

    def test_a_past_day_of_the_window_is_fine(self, goal, page):
        enter(page, goal, number="3", on=date(2026, 5, 4))
        assert table(page, LOG).iloc[0]["day"] == date(2026, 5, 4)

    def test_after_a_success_the_form_is_empty_again(self, goal, page):
        enter(page, goal, number="12", note="By phone")
        assert widget(page, f"number_{goal}").value == ""
        assert widget(page, f"note_{goal}").value == ""

    def test_the_same_click_twice_records_twice_only_if_typed_twice(self, cast, goal, page):
        enter(page, goal, number="12")
        press(page, "record")
        assert problem_at(page, f"number_{goal}") is not None
        assert standing(cast.rep, goal).value == 12

    @pytest.mark.parametrize(
        ("field", "typed", "says"),
        [
            ("number", "", "Please enter a number"),
            ("number", "twelve", "Please enter a number"),
            ("number", "1e9", "Please enter a number"),
            ("number", "1,2", "Please enter a number"),
            ("number", "NaN", "Please enter a number"),
            ("number", "1.005", "At most two decimals."),
            ("number", "9" * 41, "Please enter a number"),
            ("number", "99,999,999,999,999", "This must be at most"),
            ("note", "x" * 2001, "At most 2,000 characters; this has 2,001."),
            ("note", "a\x00b", "This contains characters that cannot be stored."),
            ("on", date(2026, 5, 21), "This day has not come yet."),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
        self, cast, goal, page, field, typed, says
    ):
        before = rows(cast.rep)
        given = {"number": "12", "note": "By phone", "on": TODAY} | {field: typed}
        enter(page, goal, **given)
        problem = problem_at(page, f"{field}_{goal}")
        assert problem is not None
        assert says in problem
        assert {name: widget(page, f"{name}_{goal}").value for name in given} == given
        assert (rows(cast.rep), said(page)) == (before, [])
        assert standing(cast.rep, goal).value == 0

    def test_two_problems_are_told_at_once(self, goal, page):
        enter(page, goal, number="99,999,999,999,999", note="x" * 2001)
        assert problem_at(page, f"number_{goal}")
        assert problem_at(page, f"note_{goal}")

    def test_a_count_takes_whole_numbers_only(self, cast):
        goal = make_goal(cast, cast.rep, by_hand(metric=Metric.COUNT))
        at = enter(open_goal(cast.rep, goal), goal, number="1.5")
        assert problem_at(at, f"number_{goal}") == "This must be a whole number."

    def test_a_count_does_not_fall_below_nothing(self, cast):
        goal = make_goal(cast, cast.rep, by_hand(metric=Metric.COUNT))
        at = enter(open_goal(cast.rep, goal), goal, number="-1")
        assert "below 0" in problem_at(at, f"number_{goal}")

    def test_an_older_value_is_refused_at_the_day(self, cast, goal, page):
        record(cast.rep, goal, 40)
        enter(page, goal, kind="value", number="35", on=date(2026, 5, 1))
        assert "for an earlier day give the change" in problem_at(page, f"on_{goal}")
        assert standing(cast.rep, goal).value == 40

    def test_a_goal_that_was_paused_meanwhile_says_so(self, cast, goal, page):
        with tenant_session(cast.admin) as db:
            definitions.set_status(db, definition_of(cast.admin, goal), GoalStatus.PAUSED)
        enter(page, goal, number="12")
        assert standing(cast.rep, goal).value == 0
        assert said(page) == []

    def test_numbers_are_typed_the_tenants_way(self, cast, connected):
        goal = make_goal(cast, cast.rep)
        as_owner(
            connected.owner_url,
            "UPDATE core.tenants SET locale = 'de_DE' WHERE id = :id",
            id=cast.tenant.id,
        )
        at = enter(open_goal(cast.rep, goal), goal, number="1.234,5")
        assert standing(cast.rep, goal).value == Decimal("1234.5")
        assert tiles(at)["Reached"] == "1.234,5 calls"


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
