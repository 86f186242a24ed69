"""The receipt: the very records behind a number, to the cent, and what was left out."""

from datetime import date
from decimal import Decimal

import pytest

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.paging import PageRequest
from goals_core.errors import NotFound
from goals_core.kinds import GoalType, Metric, Period
from goals_core.models.goals import Assignment
from goals_core.services import receipts, tracking
from goals_core.services.receipts import Receipt
from tests import makers
from tests.conftest import Cast


def test_it_lists_the_records_that_count_newest_first_and_adds_up_to_the_value(cast: Cast):
    makers.add_deals(
        cast.tenant,
        makers.deal(cast.rep, "100.10", date(2026, 5, 4), external_id="A"),
        makers.deal(cast.rep, "-0.20", date(2026, 5, 20), external_id="B"),
        makers.deal(cast.rep, "7", date(2026, 4, 30)),  # another month
        makers.deal(cast.rep, "7", date(2026, 5, 21)),  # tomorrow
        makers.deal(cast.rep, "7", stage="open"),
        makers.deal(cast.second_rep, "7"),
    )
    goal = makers.make_goal(cast, cast.rep, makers.from_sales())
    receipt = _receipt(cast.rep, goal)
    assert [line.external_id for line in receipt.lines.items] == ["B", "A"]
    assert receipt.value == Decimal("99.90") == makers.standing(cast.rep, goal).value
    assert sum(line.counted or 0 for line in receipt.lines.items) == receipt.value


def test_a_teams_receipt_has_who_was_a_member_that_day_and_names_the_owner(cast: Cast):
    makers.add_deals(
        cast.tenant,
        makers.deal(cast.rep, 1, external_id="A"),
        makers.deal(cast.second_rep, 2, external_id="B"),
        makers.deal(cast.south_rep, 4),
        makers.deal(None, 8),
    )
    goal = makers.make_goal(cast, cast.north, makers.from_sales())
    lines = _receipt(cast.manager, goal).lines.items
    assert {(line.external_id, line.owner) for line in lines} == {("A", "Rep"), ("B", "Second Rep")}


def test_the_companys_receipt_has_records_that_nobody_owns_too(cast: Cast):
    makers.add_deals(cast.tenant, makers.deal(None, 8), makers.deal(cast.south_rep, 4))
    goal = makers.make_goal(cast, None, makers.from_sales())
    receipt = _receipt(cast.rep, goal)
    assert receipt.value == Decimal(12)
    assert {line.owner for line in receipt.lines.items} == {None, "South Rep"}


def test_another_currency_counts_by_its_days_rate_and_without_one_is_left_out(cast: Cast):
    makers.add_rate(cast.tenant, "EUR", date(2026, 5, 18), "1.10")
    makers.add_deals(
        cast.tenant,
        makers.deal(cast.rep, "10.05", external_id="EUR", currency="EUR"),
        makers.deal(cast.rep, "10", external_id="GBP", currency="GBP"),
    )
    goal = makers.make_goal(cast, cast.rep, makers.from_sales())
    receipt = _receipt(cast.rep, goal)
    counted = {line.external_id: line.counted for line in receipt.lines.items}
    assert counted == {"EUR": Decimal("11.06"), "GBP": None}
    assert (receipt.value, receipt.left_out) == (Decimal("11.06"), 1)


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [("sum", 60), ("count", 3), ("avg", 20), ("min", 10), ("max", 30)],
)
def test_its_total_is_the_goals_aggregation(cast: Cast, aggregation: str, value: int):
    makers.add_deals(cast.tenant, *(makers.deal(cast.rep, amount) for amount in (10, 20, 30)))
    draft = makers.from_sales(metric=Metric.NUMBER, unit="", config={"aggregation": aggregation})
    goal = makers.make_goal(cast, cast.rep, draft)
    assert _receipt(cast.rep, goal).value == value == makers.standing(cast.rep, goal).value


def test_an_average_of_nothing_is_no_value(cast: Cast):
    draft = makers.from_sales(type=GoalType.MAINTAIN, config={"aggregation": "avg"})
    goal = makers.make_goal(cast, cast.rep, draft)
    receipt = _receipt(cast.rep, goal)
    assert (receipt.value, receipt.lines.total) == (None, 0)


def test_long_receipts_come_in_pages_and_the_total_is_of_all(cast: Cast):
    makers.add_deals(cast.tenant, *(makers.deal(cast.rep, 1) for _ in range(7)))
    goal = makers.make_goal(cast, cast.rep, makers.from_sales())
    last = _receipt(cast.rep, goal, page=PageRequest(number=3, size=3))
    assert (len(last.lines.items), last.lines.total, last.lines.pages) == (1, 7, 3)
    assert last.value == Decimal(7)


def test_a_closed_window_keeps_its_value_and_the_receipt_shows_what_it_would_be_now(cast: Cast, at):
    makers.add_deals(cast.tenant, makers.deal(cast.rep, 100, date(2026, 5, 4)))
    goal = makers.make_goal(cast, cast.rep, makers.from_sales())
    at(date(2026, 6, 10))  # May is over, and so are its days of grace
    tracking.sync(cast.admin)
    makers.add_deals(cast.tenant, makers.deal(cast.rep, 50, date(2026, 5, 31)))
    tracking.sync(cast.admin)
    closed = makers.standing(cast.rep, goal)
    assert (closed.value, closed.closed_at is not None) == (Decimal(100), True)
    assert _receipt(cast.rep, goal).value == Decimal(150)


def test_a_goal_that_is_tracked_by_hand_has_none(cast: Cast):
    goal = makers.make_goal(cast, cast.rep)
    with tenant_session(cast.rep) as db:
        assert receipts.of_assignment(db, goal) is None


@pytest.mark.parametrize("stranger", ["second_rep", "south_manager", "other_manager"])
def test_who_may_not_see_the_goal_sees_no_record_of_it(cast: Cast, stranger: str):
    makers.add_deals(cast.tenant, makers.deal(cast.rep, 100))
    goal = makers.make_goal(cast, cast.rep, makers.from_sales(period=Period.YEARLY))
    with tenant_session(getattr(cast, stranger)) as db, pytest.raises(NotFound):
        receipts.of_assignment(db, goal)
    with tenant_session(cast.rep) as db:
        assert db.get(Assignment, (cast.tenant.id, goal)) is not None  # it is there


def _receipt(actor: Actor, goal, **page) -> Receipt:
    with tenant_session(actor) as db:
        found = receipts.of_assignment(db, goal, **page)
    assert found is not None
    return found
