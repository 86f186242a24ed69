"""Goal: progress recorded by hand, and what is wrong with it; each test has its own goal."""

from datetime import date
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.kinds import GoalStatus, Metric
from goals_core.services import definitions
from tests.conftest import NOW, new_cast
from tests.makers import TODAY, as_owner, by_hand, definition_of, make_goal, standing
from tests.pages.forms import press, problem_at, rows, said, widget
from tests.pages.goal_page import LOG, open_goal, record
from tests.pages.shown import table, tiles


@pytest.fixture
def cast(company):
    return company


def enter(at, goal, **fields):
    """Fill the form and send it; a form tells its fields together."""
    return press(at, "record", **{f"{name}_{goal}": value for name, value in fields.items()})


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

    def test_numbers_are_typed_the_tenants_way(self, at, connected):
        at(NOW)
        cast = new_cast()  # another company: it writes numbers its own way
        goal = make_goal(cast, cast.rep)
        as_owner(
            connected.owner_url,
            "UPDATE core.tenants SET locale = 'de_DE' WHERE id = :id",
            id=cast.tenant.id,
        )
        page = enter(open_goal(cast.rep, goal), goal, number="1.234,5")
        assert standing(cast.rep, goal).value == Decimal("1234.5")
        assert tiles(page)["Reached"] == "1.234,5 calls"
