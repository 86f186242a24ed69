"""The page of exchange rates: what there is, what goals lack, adding, changing and deleting one."""

from datetime import date
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.engine.exchange import Rate
from goals_core.services import rates
from tests.makers import TODAY, add_deals, add_rate, deal, from_sales, make_goal
from tests.pages.forms import open_page, press
from tests.pages.shown import table, words

TABLE = "rates_table"


def open_rates(actor, **query):
    return open_page(actor, "rates", **query)


def put(cast, day, amount, of="EUR"):
    with tenant_session(cast.admin) as db:
        return rates.add(db, Rate(of, "USD", day, Decimal(amount)))


def listed(cast):
    with tenant_session(cast.admin) as db:
        return [(r.from_currency, r.to_currency, r.day, r.rate) for r in rates.list_(db).items]


def wrongs(at):
    return [each.value for each in at.markdown if ":red[:material/error:" in each.value]


def test_without_rates_the_page_says_what_they_are_for(cast):
    assert "There are no exchange rates yet" in words(open_rates(cast.admin))


def test_rates_are_listed_newest_first_and_by_pair_with_its_course(cast):
    put(cast, date(2026, 5, 1), "1.0842")
    put(cast, TODAY, "1.1")
    put(cast, TODAY, "1.3", of="GBP")
    at = open_rates(cast.admin)
    assert [tuple(row) for row in table(at, TABLE).values.tolist()] == [
        ("May 20, 2026", "EUR → USD", "1.1"),
        ("May 20, 2026", "GBP → USD", "1.3"),
        ("May 1, 2026", "EUR → USD", "1.0842"),
    ]
    assert not at.get("plotly_chart")
    at = open_rates(cast.admin, pair="EUR → USD")
    assert table(at, TABLE)["rate"].tolist() == ["1.1", "1.0842"]
    (chart,) = at.get("plotly_chart")
    assert "EUR → USD: 1.1" in chart.proto.alt


def test_what_goals_lack_is_said_with_pair_and_month(cast):
    make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 1, date(2026, 5, 3), currency="EUR"))
    add_deals(cast.tenant, deal(cast.rep, 1, date(2026, 5, 9), currency="EUR"))
    at = open_rates(cast.admin)
    assert "2 records are left out for want of a rate" in words(at)
    (line,) = table(at, "Records without a rate").values.tolist()
    assert tuple(line[:3]) == ("EUR → USD", "May 2026", 2)
    add_rate(cast.tenant, "EUR", date(2026, 5, 3), "1.1")
    assert "left out for want" not in words(open_rates(cast.admin))


def test_a_rate_is_added_and_what_is_wrong_stands_at_its_field(cast):
    at = press(open_rates(cast.admin), "new_rate")
    at = press(at, "rate_send", rate_rate="1,5")
    assert len(wrongs(at)) == 2
    assert listed(cast) == []
    at = press(at, "rate_send", rate_from_currency="EUR", rate_rate="1.0842")
    assert listed(cast) == [("EUR", "USD", TODAY, Decimal("1.0842"))]
    assert any("the next sync computes everything" in each.value for each in at.success)


def test_a_rate_is_changed_and_deleted(cast):
    made = put(cast, TODAY, "1.0842")
    at = open_rates(cast.admin, rate=str(made))
    assert at.text_input(key="rate_rate").value == "1.0842"
    press(at, "rate_send", rate_rate="1.09")
    assert listed(cast) == [("EUR", "USD", TODAY, Decimal("1.09"))]
    at = press(open_rates(cast.admin, rate=str(made)), "rate_delete")
    press(at, "rate_yes")
    assert listed(cast) == []


def test_an_address_of_a_rate_that_is_not_there_opens_nothing(cast):
    for address in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        at = open_rates(cast.admin, rate=address)
        assert "rate" not in at.query_params


@pytest.mark.parametrize("who", ["manager", "rep", "analyst"])
def test_it_is_for_those_who_manage(cast, who):
    assert "This page is not yours to use" in words(open_rates(getattr(cast, who)))
