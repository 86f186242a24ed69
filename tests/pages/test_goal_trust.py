"""Goal: what moved its number, what it was at a moment, and how far it can be trusted."""

from datetime import date, time, timedelta

from sqlalchemy import delete, update

from goals_core import clock
from goals_core.db import tenant_session
from goals_core.kinds import Metric
from goals_core.models.sources import Opportunity
from tests.conftest import NOW
from tests.makers import TODAY, add_deals, deal, from_sales, make_goal
from tests.pages.forms import open_page, widget
from tests.pages.goal_page import LOG, open_goal
from tests.pages.shown import sync, table, tiles, words
from tests.services.test_tracking_runs import spoil

MOVED, AS_OF = "What moved it", "As of"
HOUR = timedelta(hours=1)


def show_tab(at, name):
    at.session_state["tab"] = name
    at.run()
    assert not at.exception
    return at


def change(cast, **columns):
    with tenant_session(cast.system) as db:
        db.execute(update(Opportunity).where(Opportunity.name == "Big one").values(**columns))


def a_goal(cast, amount=1200, **draft):
    goal = make_goal(cast, cast.rep, from_sales(**draft))
    add_deals(cast.tenant, deal(cast.rep, amount, name="Big one"))
    sync(cast.admin)
    return goal


class TestWhatMovedIt:
    def told(self, cast, goal):
        at = show_tab(open_goal(cast.rep, goal), MOVED)
        return table(at, MOVED).iloc[0]

    def test_an_amount_is_told_before_and_after(self, cast):
        goal = a_goal(cast)
        change(cast, amount=1500)
        row = self.told(cast, goal)
        what = "Amount $1,200 → $1,500 (not counted yet)"
        assert (row["record"], row["what"]) == ("Big one", what)
        assert (row["before"], row["after"], row["change"]) == ("$1,200", "$1,500", "+$300")
        assert row["by"] == "Another program"

    def test_what_happened_is_told_in_words(self, cast):
        goal = a_goal(cast)
        words_of = [
            ({"stage": "open"}, "Stage closed_won → open", "-$1,200"),
            ({"stage": "closed_won"}, "Won on May 20, 2026", "+$1,200"),
            ({"owner_id": cast.second_rep.user_id}, "Moved from Rep to Second Rep", "-$1,200"),
            ({"owner_id": cast.rep.user_id}, "Moved from Second Rep to Rep", "+$1,200"),
            ({"owner_id": None}, "Taken from Rep, now nobody's", "-$1,200"),
            ({"owner_id": cast.rep.user_id}, "Given to Rep", "+$1,200"),
            (
                {"closed_on": date(2026, 6, 3)},
                "Close date moved out of this window: May 20, 2026 → Jun 3, 2026",
                "-$1,200",
            ),
            (
                {"closed_on": TODAY},
                "Close date moved into this window: Jun 3, 2026 → May 20, 2026",
                "+$1,200",
            ),
            ({"currency": "CHF"}, "Currency USD → CHF, no exchange rate", "-$1,200"),
        ]
        for columns, _, _ in words_of:
            change(cast, **columns)
        shown = table(show_tab(open_goal(cast.rep, goal), MOVED), MOVED)
        told = [(f"{what} (not counted yet)", by) for _, what, by in reversed(words_of)]
        first = ("Added, close date May 20, 2026", "+$1,200")
        assert list(zip(shown["what"], shown["change"], strict=True)) == [*told, first]

    def test_what_is_deleted_is_told(self, cast):
        goal = a_goal(cast)
        with tenant_session(cast.system) as db:
            db.execute(delete(Opportunity))
        row = self.told(cast, goal)
        assert row["what"] == "Deleted (not counted yet)"
        assert (row["before"], row["after"]) == ("$1,200", "—")

    def test_of_an_average_no_change_is_told(self, cast):
        goal = a_goal(cast, metric=Metric.NUMBER, unit="", config={"aggregation": "avg"})
        row = self.told(cast, goal)
        assert "change" not in row
        assert (row["what"], row["after"]) == ("Added, close date May 20, 2026", "1,200")

    def test_a_line_of_the_log_shows_its_records(self, cast):
        goal = a_goal(cast)
        at = show_tab(open_goal(cast.rep, goal), LOG)
        assert "Select a line to see which records moved it." in words(at)
        (log,) = [each for each in at.dataframe if each.proto.alt == LOG]
        at.session_state[log.key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
        at.run()
        assert list(table(at, MOVED)["record"]) == ["Big one"]

    def test_where_nothing_has_it_is_said(self, cast):
        goal = make_goal(cast, cast.rep, from_sales())
        at = show_tab(open_goal(cast.rep, goal), MOVED)
        assert "No change of a record has moved this number." in words(at)


class TestAsOf:
    def test_now_is_as_it_is(self, cast):
        at = show_tab(open_goal(cast.rep, a_goal(cast)), AS_OF)
        shown = tiles(at)
        assert (shown["By its records"], shown["Its page said"]) == ("$1,200", "$1,200")
        assert shown["State"] == "Achieved"

    def test_what_the_page_did_not_say_yet_is_told(self, cast, at):
        goal = make_goal(cast, cast.rep, from_sales())
        at(NOW + HOUR)
        with tenant_session(cast.admin) as db:
            ingest_one(db, cast, 700)
        at(NOW + 3 * HOUR)
        sync(cast.admin)
        page = show_tab(open_goal(cast.rep, goal), AS_OF)
        widget(page, "as_of_time").set_value(time(16, 0)).run()  # in New York
        assert "At May 20, 2026, 4:00 PM its records came to $700. Its page said $0" in words(page)
        assert tiles(page)["Attainment"] == "70%"
        assert list(table(page, "The records behind this number")["counted"]) == [700]
        widget(page, "as_of_time").set_value(time(14, 30)).run()
        assert "its records came to $0, and its page said the same." in words(page)
        assert "No record fell into this window." in words(page)

    def test_what_is_not_known_is_said(self, cast):
        goal = a_goal(cast)
        page = show_tab(open_goal(cast.rep, goal), AS_OF)
        widget(page, "as_of_day").set_value(TODAY - timedelta(days=3)).run()
        assert "What its records said before May 20, 2026, 2:00 PM is not known" in words(page)
        assert tiles(page)["By its records"] == "—"


class TestTrust:
    def test_a_line_says_how_fresh_it_is_and_what_counts(self, cast):
        goal = a_goal(cast)
        assert "1 record counts · as of just now · nothing has changed since" in words(
            open_goal(cast.rep, goal)
        )
        add_deals(cast.tenant, deal(cast.rep, 5))
        assert "1 change waits for the next sync" in words(open_goal(cast.rep, goal))

    def test_what_is_left_out_is_told_with_why(self, cast):
        goal = make_goal(cast, cast.rep, from_sales())
        add_deals(
            cast.tenant,
            deal(cast.rep, 5, on=None),
            deal(None, 5),
            deal(cast.rep, 5, on=TODAY + timedelta(days=1)),
        )
        said = words(open_goal(cast.rep, goal))
        for why in ("has no date", "of these days has no owner", "is dated later than today"):
            assert f"1 {why}" in said

    def test_what_waits_for_a_rate_is_told_and_that_the_window_stays_open(self, cast, at):
        goal = make_goal(cast, cast.rep, from_sales())
        add_deals(cast.tenant, deal(cast.rep, 5, currency="CHF"))
        sync(cast.admin)
        said = words(open_goal(cast.rep, goal))
        assert "1 record is left out: there is no exchange rate for its day. Until that is" in said
        assert "is not closed before" not in said
        at(date(2026, 6, 10))
        sync(cast.admin)
        ended = "Its window ended on May 31, 2026 and is not closed before."
        assert ended in words(open_goal(cast.rep, goal))

    def test_what_cannot_be_computed_says_of_when_its_number_is(self, cast, database):
        goal = a_goal(cast)
        spoil(database, cast, goal)
        sync(cast.admin)
        page = open_goal(cast.rep, goal)
        said = words(page)
        assert "There is no leads" in said
        assert "The number is of May 20, 2026, 2:00 PM." in said
        assert "nobody is told that it is at risk, achieved or failed" in said
        assert "Its records can be listed once it can be computed." in said
        assert "can be told once the goal can be computed" in words(show_tab(page, MOVED))
        assert "Its page said $1,200. What its records said" in words(show_tab(page, AS_OF))

    def test_a_list_marks_what_is_in_doubt(self, cast):
        make_goal(cast, cast.rep, from_sales())
        add_deals(cast.tenant, deal(cast.rep, 5, currency="CHF"))
        sync(cast.admin)
        assert "1 record left out" in words(open_page(cast.rep, "my_goals"))


def ingest_one(db, cast, amount):
    from goals_core.engine import ingest
    from goals_core.sources.catalogue import OPPORTUNITIES

    row = deal(cast.rep, amount, name="Big one")
    ingest.put(db, OPPORTUNITIES, [{k: v for k, v in row.items() if not k.endswith("_at")}])
    assert clock.now() > NOW
