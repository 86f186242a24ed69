"""At risk: who, which goal and why; filters and pages in the address; all of it as a file."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.kinds import Metric, Period
from goals_core.services import dashboard
from tests.makers import by_hand, make_goal
from tests.pages.forms import keys, open_page, press, widget
from tests.pages.shown import buttons, words

# Of these days nearly all are over on the cast's 20 May.
NEARLY_OVER = {
    "period": Period.CUSTOM,
    "starts_at": date(2026, 1, 1),
    "ends_at": date(2026, 5, 29),
}


def late(**more):
    return by_hand(**NEARLY_OVER | more)


def names(at):
    return [name for name in buttons(at) if name.startswith("Goal")]


def test_it_says_why_in_words_and_numbers(cast):
    revenue = late(name="Revenue", metric=Metric.CURRENCY, unit="USD", target_value=Decimal(50_000))
    make_goal(cast, cast.rep, revenue)
    at = open_page(cast.manager, "at_risk")
    shown = words(at)
    assert "Rep · Jan 1 – May 29, 2026 · 9 days left" in shown
    assert "0% of the target reached with 6% of the time left; $50,000 to go in 9 days." in shown
    assert "1 goal, worst first" in shown


@pytest.mark.parametrize(
    ("today", "says"),
    [
        (date(2026, 5, 28), "100 calls to go in 1 day."),
        (date(2026, 5, 29), "0% of the target reached on the last day; 100 calls to go."),
        (date(2026, 5, 31), "0% of the target reached when the time was over."),
    ],
)
def test_it_says_how_the_time_runs_out(cast, at, today, says):
    make_goal(cast, cast.rep, late())
    at(today)
    assert says in words(open_page(cast.rep, "at_risk"))


def test_what_is_yes_or_no_is_not_done_yet(cast):
    plan = late(metric=Metric.BOOLEAN, target_value=Decimal(1), unit="")
    make_goal(cast, cast.rep, plan)
    assert "Not done yet, with 6% of the time left." in words(open_page(cast.rep, "at_risk"))


def test_the_goals_and_their_order_are_the_services(cast):
    for number in range(4):
        make_goal(cast, cast.rep, late(name=f"Goal {number}"))
    make_goal(cast, cast.rep, by_hand(name="Goal with time"))
    with tenant_session(cast.manager) as db:
        wanted = [goal.goal for goal in dashboard.at_risk(db).items]
    assert names(open_page(cast.manager, "at_risk")) == wanted
    assert len(wanted) == 4


def test_no_risk_is_good_news(cast):
    make_goal(cast, cast.rep)
    at = open_page(cast.manager, "at_risk")
    assert "Nothing is at risk" in words(at)
    assert "export" not in keys(at)


def test_each_sees_what_they_may(cast):
    make_goal(cast, cast.rep, late(name="Goal of the rep"))
    make_goal(cast, cast.south_rep, late(name="Goal of South"))
    assert names(open_page(cast.rep, "at_risk")) == ["Goal of the rep"]
    assert names(open_page(cast.south_manager, "at_risk")) == ["Goal of South"]
    assert len(names(open_page(cast.analyst, "at_risk"))) == 2
    assert "Nothing is at risk" in words(open_page(cast.other_manager, "at_risk"))


def test_filters_come_from_the_address(cast):
    make_goal(cast, cast.rep, late(name="Goal one"))
    make_goal(cast, cast.second_rep, late(name="Goal two"))
    assert names(open_page(cast.manager, "at_risk", search="TWO")) == ["Goal two"]
    assert names(open_page(cast.manager, "at_risk", search="second")) == ["Goal two"]
    assert len(names(open_page(cast.manager, "at_risk", periods="Custom"))) == 2
    at = open_page(cast.manager, "at_risk", periods="Weekly")
    assert "Nothing at risk fits this" in words(at)


@pytest.mark.parametrize("search", ["%", "_", "\\", "' OR 1=1 --", "a\x00b", "x" * 500, "<b>"])
def test_a_search_for_anything_is_just_that(cast, search):
    make_goal(cast, cast.rep, late(name="Goal one"))
    at = open_page(cast.manager, "at_risk")
    widget(at, "search").set_value(search).run()
    assert not at.exception
    assert names(at) == []


def test_many_come_a_page_at_a_time(cast):
    for number in range(13):
        make_goal(cast, cast.rep, late(name=f"Goal {number:02}"))
    at = open_page(cast.manager, "at_risk")
    assert len(names(at)) == 10
    first = set(names(at))
    widget(at, "risk_page").set_value(2).run()
    assert len(first | set(names(at))) == 13
    widget(at, "search").set_value("Goal 01").run()  # one page is left of two
    assert names(at) == ["Goal 01"]


@pytest.mark.parametrize("number", ["99", "0", "-1", "x"])
def test_a_page_that_does_not_exist_is_the_first(cast, number):
    for each in range(11):
        make_goal(cast, cast.rep, late(name=f"Goal {each:02}"))
    assert len(names(open_page(cast.manager, "at_risk", risk_page=number))) == 10


def test_a_name_leads_to_the_goals_page(cast):
    goal = make_goal(cast, cast.rep, late())
    at = press(open_page(cast.manager, "at_risk"), f"open_{goal}")
    assert at.title[0].value == "Calls"


def test_the_file_has_every_row_and_no_formula(cast, monkeypatch):
    made = {}
    monkeypatch.setattr(
        "streamlit.download_button", lambda _label, data, **more: made.update(data=data, **more)
    )
    for number in range(12):
        make_goal(cast, cast.rep, late(name=f"=HYPERLINK({number})"))
    open_page(cast.manager, "at_risk")
    rows = list(csv.DictReader(io.StringIO(made["data"]().decode("utf-8-sig"))))
    assert len(rows) == 12
    assert all(row["Goal"].startswith("'=HYPERLINK") for row in rows)
    assert (rows[0]["Value"], rows[0]["Target"], rows[0]["Last day"]) == (
        "0.00",
        "100.00",
        "2026-05-29",
    )
    assert made["file_name"].startswith(f"{cast.tenant.slug}-at-risk-2026-05-20-")
