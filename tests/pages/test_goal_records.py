"""Goal: the records behind its number, and when they and the number differ."""

from datetime import date

from goals_core.kinds import Metric
from tests.makers import add_deals, deal, from_sales, make_goal
from tests.pages.forms import widget
from tests.pages.goal_page import open_goal
from tests.pages.shown import sync, table, tiles, words

RECORDS = "The records behind this number"


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
