"""Exchange rates: what is refused, what goals lack, and that each change reaches log and goals."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url, select, text

from goals_core.db import tenant_session
from goals_core.engine.exchange import Rate
from goals_core.engine.paging import PageRequest
from goals_core.errors import Invalid, NotAllowed, NotFound
from goals_core.kinds import SyncMode
from goals_core.models.core import ExchangeRate
from goals_core.models.journal import JournalBatch
from goals_core.services import audit_reading, rates, tracking
from goals_core.services.rates import RateExists
from tests.makers import (
    TODAY,
    add_deals,
    add_rate,
    deal,
    from_sales,
    make_goal,
    standing,
    statements,
)

MAY_1 = date(2026, 5, 1)


def rate(amount="1.1", *, of="EUR", into="USD", day=MAY_1):
    return Rate(of, into, day, Decimal(amount))


def did(cast, operation, *given, **named):
    with tenant_session(cast.admin) as db:
        return operation(db, *given, **named)


def held(cast):
    with tenant_session(cast.admin) as db:
        rows = db.scalars(select(ExchangeRate).order_by(ExchangeRate.day, ExchangeRate.id))
        return [(r.from_currency, r.to_currency, r.day, r.rate) for r in rows]


def waiting(cast):
    with tenant_session(cast.admin) as db:
        found = select(JournalBatch).where(JournalBatch.taken_at.is_(None))
        return [(b.source_table, b.lines, b.actor_id) for b in db.scalars(found)]


def log(cast):
    with tenant_session(cast.admin) as db:
        lines = audit_reading.list_(db, subject="rate").items
    return [
        (e.tag.partition(":")[2], e.subject_name, {c.field: (c.before, c.after) for c in e.changes})
        for e in reversed(lines)
    ]


@pytest.mark.parametrize(
    ("bad", "field", "said"),
    [
        (rate(of="EURO"), "from_currency", "At most 3 characters"),
        (rate(of="QQQ"), "from_currency", "no ISO 4217"),
        (rate(of=""), "from_currency", "enter something"),
        (rate(of="usd"), "to_currency", "no rate in itself"),
        (rate("0"), "rate", "more than 0"),
        (rate("-1"), "rate", "more than 0"),
        (rate("NaN"), "rate", "must be a number"),
        (rate("1.12345678901"), "rate", "At most 10 decimals"),
        (rate("10000000000"), "rate", "at most 9999999999"),
        (rate(day=date(1969, 12, 31)), "day", "from 1970"),
        (rate(day=TODAY + timedelta(367)), "day", "until 2027-05-21"),
    ],
)
def test_what_can_be_no_rate_is_refused_at_its_field(cast, bad, field, said):
    for operation, given, place in ((rates.add, bad, ""), (rates.put, [rate(), bad], "2.")):
        with pytest.raises(Invalid, match=said) as refused:
            did(cast, operation, given)
        assert [problem.field for problem in refused.value.problems] == [place + field]
    assert held(cast) == waiting(cast) == log(cast) == []


def test_a_rate_keeps_ten_decimals_and_its_codes_are_capitals(cast):
    did(cast, rates.add, rate("0.0068493151", of="jpy", into="usd"))
    assert held(cast) == [("JPY", "USD", MAY_1, Decimal("0.0068493151"))]


def test_each_change_is_in_the_log_and_waits_for_one_full_sync(cast):
    tracking.sync(cast.admin)
    made = did(cast, rates.add, rate("1.1"))
    did(cast, rates.change, made, rate=Decimal("1.25"))
    did(cast, rates.delete, made)
    name = "EUR → USD, 2026-05-01"
    gone = {"name": (name, None), "rate": ("1.2500000000", None)}
    assert log(cast) == [
        ("created", name, {"name": (None, name), "rate": (None, "1.1")}),
        ("changed", name, {"rate": ("1.1000000000", "1.25")}),
        ("deleted", name, gone),
    ]
    assert waiting(cast) == [("core.exchange_rates", 0, cast.admin.user_id)] * 3
    assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).mode is SyncMode.FULL
    assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).mode is SyncMode.INCREMENTAL


def test_a_rates_change_reaches_the_goals(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 100, MAY_1, currency="EUR"))
    made = did(cast, rates.add, rate("1.1"))
    for now in ("1.1", "1.2"):
        did(cast, rates.change, made, rate=Decimal(now))
        tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL)
        assert standing(cast.rep, goal).value == 100 * Decimal(now)


def test_what_is_given_as_it_is_changes_nothing(cast):
    did(cast, rates.put, [rate("1.1"), rate("1.2", day=TODAY)])
    before = (log(cast), waiting(cast))
    done = did(cast, rates.put, [rate("1.10"), rate("1.2", day=TODAY)])
    assert (done.new, done.changed, done.same) == (0, 0, 2)
    made = did(cast, rates.list_).items[0].id
    did(cast, rates.change, made, rate=Decimal("1.2"))
    assert (log(cast), waiting(cast)) == before


def test_many_at_once_are_new_others_or_the_same_for_as_many_statements(cast):
    did(cast, rates.put, [rate("1.1"), rate("1.2", day=TODAY)])
    counts = []
    for more in (1, 40):
        days = [TODAY - timedelta(100 * more + n) for n in range(more)]
        given = [rate("1.1"), rate(f"1.{more}", day=TODAY), *(rate(day=day) for day in days)]
        with tenant_session(cast.admin) as db, statements() as sent:
            done = rates.put(db, given)
        assert (done.new, done.changed, done.same) == (more, 1, 1)
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_a_pair_has_one_rate_a_day(cast):
    did(cast, rates.add, rate())
    with pytest.raises(RateExists, match="EUR → USD, 2026-05-01"):
        did(cast, rates.add, rate("1.3"))
    with pytest.raises(Invalid, match="Row 1 has this pair and day") as refused:
        did(cast, rates.put, [rate("1.3"), rate("1.4", of="eur")])
    assert refused.value.problems[0].field == "2.day"
    assert held(cast) == [("EUR", "USD", MAY_1, Decimal("1.1"))]


def test_rates_are_listed_by_pair_the_newest_first(cast):
    days = [MAY_1, MAY_1 + timedelta(1), MAY_1 + timedelta(2)]
    did(cast, rates.put, [*(rate(day=d) for d in days), rate("0.9", of="USD", into="EUR")])
    pairs = did(cast, rates.pairs)
    assert [(p.from_currency, p.count, p.last_day) for p in pairs] == [
        ("EUR", 3, days[2]),
        ("USD", 1, MAY_1),
    ]
    of_pair = {"from_currency": "EUR", "to_currency": "USD"}
    page = did(cast, rates.list_, **of_pair, page=PageRequest(1, 2))
    assert ([r.day for r in page.items], page.total) == (days[:0:-1], 3)
    assert [r.day for r in did(cast, rates.series, **of_pair)] == days


def test_what_goals_lack_is_told_by_pair_and_month(cast):
    make_goal(cast, cast.rep, from_sales(starts_at=date(2026, 4, 1)))
    make_goal(cast, None, from_sales(target_value=Decimal(5)))  # the same records, once
    euro = {"currency": "EUR"}
    add_deals(
        cast.tenant,
        deal(cast.rep, 1, date(2026, 5, 3), **euro),
        deal(cast.rep, 2, date(2026, 5, 9), **euro),
        deal(cast.rep, 3, date(2026, 5, 10), **euro),
        deal(cast.rep, 4, date(2026, 5, 3), currency="GBP"),
        deal(cast.rep, 5, TODAY),
        deal(cast.rep, 6, date(2026, 5, 3), stage="closed_lost", **euro),
        deal(cast.rep, 7, TODAY + timedelta(3), **euro),  # not yet
        deal(cast.rep, 8, date(2025, 5, 3), **euro),  # in no open window
    )
    add_rate(cast.tenant, "EUR", date(2026, 5, 3), "1.1")  # holds through the ninth
    found = did(cast, rates.lacking)
    assert [(x.from_currency, x.to_currency, x.month, x.records) for x in found] == [
        ("EUR", "USD", MAY_1, 1),
        ("GBP", "USD", MAY_1, 1),
    ]
    assert (found[0].first_on, found[0].last_on) == (date(2026, 5, 10), date(2026, 5, 10))
    did(cast, rates.put, [rate(day=date(2026, 5, 10)), rate("1.3", of="GBP")])
    assert did(cast, rates.lacking) == []


def test_nothing_lacks_where_no_goal_counts_money(cast):
    make_goal(cast, cast.rep)
    add_deals(cast.tenant, deal(cast.rep, 1, currency="EUR"))
    assert did(cast, rates.lacking) == []


@pytest.mark.parametrize("who", ["manager", "rep", "analyst"])
def test_only_who_manages_sees_and_changes_them(cast, who):
    made = did(cast, rates.add, rate())
    with tenant_session(getattr(cast, who)) as db:
        for operation, given in (
            (rates.list_, {}),
            (rates.pairs, {}),
            (rates.lacking, {}),
            (rates.put, {"rates": [rate("2")]}),
            (rates.add, {"rate": rate("2", day=TODAY)}),
            (rates.change, {"rate_id": made, "rate": Decimal(2)}),
            (rates.delete, {"rate_id": made}),
        ):
            with pytest.raises(NotAllowed):
                operation(db, **given)


def test_one_that_is_not_there_is_not_found(cast):
    for operation, given in ((rates.get, {}), (rates.change, {"rate": Decimal(1)})):
        with pytest.raises(NotFound):
            did(cast, operation, uuid4(), **given)
    with pytest.raises(NotFound):
        did(cast, rates.delete, uuid4())


def test_whoever_waits_for_changes_is_woken_by_ours_and_by_others(cast, database):
    """A worker listens; a rate by another program tells it as one by the page does."""
    url = make_url(database.app_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as listener:
        listener.execute("LISTEN goals_changes")
        did(cast, rates.add, rate())
        add_rate(cast.tenant, "GBP", MAY_1, "1.3")
        with tenant_session(cast.admin) as db:
            db.execute(text("DELETE FROM core.exchange_rates"))
        told = [n.payload for n in listener.notifies(timeout=2, stop_after=3)]
    assert told == [str(cast.tenant.id)] * 3
