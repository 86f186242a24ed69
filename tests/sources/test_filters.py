"""Filters: what may be asked for, what it means, and that it is only ever data."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text

from goals_core.db import tenant_session
from goals_core.errors import Invalid
from goals_core.kinds import Source
from goals_core.models.sources import Opportunity
from goals_core.sources import filters
from goals_core.sources.catalogue import ENTITIES, entities_of
from goals_core.sources.filters import Condition, Operator
from tests.makers import add_deals, deal, fields

DEALS = entities_of(Source.SALES)[0]


def parse(wanted: Any) -> tuple[Condition, ...]:
    return filters.parse(DEALS, wanted)


def found(actor, wanted: Any) -> list[str]:
    """The names of the deals that a filter lets through."""
    with tenant_session(actor) as db:
        matching = filters.compile_(DEALS.table, parse(wanted))
        query = select(Opportunity.name).where(matching).order_by(Opportunity.name)
        return list(db.scalars(query))


def test_a_plain_value_must_be_equal():
    assert parse({"stage": "closed_won"}) == (Condition("stage", Operator.EQ, ("closed_won",)),)


def test_a_list_is_any_of():
    assert parse({"stage": ["a", "b"]}) == (Condition("stage", Operator.IN, ("a", "b")),)


def test_null_asks_for_what_is_missing():
    assert parse({"closed_on": None}) == (Condition("closed_on", Operator.IS_NULL, (True,)),)


def test_several_operators_all_hold():
    assert parse({"amount": {"gte": 1000, "lt": 2000}}) == (
        Condition("amount", Operator.GTE, (Decimal(1000),)),
        Condition("amount", Operator.LT, (Decimal(2000),)),
    )


def test_a_float_is_the_number_that_was_written():
    assert parse({"amount": 0.1})[0].values == (Decimal("0.1"),)


def test_a_day_is_read_from_iso_text():
    assert parse({"closed_on": {"lt": "2026-05-20"}})[0].values == (date(2026, 5, 20),)


def test_no_filter_lets_everything_through():
    assert parse({}) == ()


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.module.value)
def test_an_unknown_column_is_refused_with_the_columns_that_exist(entity):
    with pytest.raises(Invalid) as refused:
        filters.parse(entity, {"password": "x"})
    assert fields(refused) == ["filter"]
    assert all(name in str(refused.value) for name in ("password", *entity.columns, "attributes.…"))


def test_an_unknown_operator_is_refused_with_the_operators_that_exist():
    with pytest.raises(Invalid) as refused:
        parse({"amount": {"between": [1, 2]}})
    assert fields(refused) == ["filter"]
    assert all(name in str(refused.value) for name in ("between", *Operator))


@pytest.mark.parametrize(
    "column", ["", "tenant_id", "owner_id", "id", "attributes", "attributes.", "attributes.\0", 1]
)
def test_only_whitelisted_columns_can_be_compared(column):
    with pytest.raises(Invalid, match="there is name"):
        parse({column: "x"})


@pytest.mark.parametrize(
    "wanted",
    [
        {"stage": 5},
        {"stage": True},
        {"stage": ["a", None]},
        {"stage": "a\0b"},
        {"stage": "\ud800"},
        {"amount": "a lot"},
        {"amount": True},
        {"amount": float("nan")},
        {"amount": float("inf")},
        {"amount": "NaN"},
        {"amount": {"gt": None}},
        {"amount": {"gt": [1]}, "stage": {"gt": ["a", "b"]}},
        {"amount": "1E+999999"},
        {"amount": {"lt": "1E-200000"}},
        {"amount": 10**40},
        {"closed_on": "yesterday"},
        {"closed_on": 20260520},
        {"closed_on": "2026-02-30"},
        {"closed_on": {"is_null": "yes"}},
        {"closed_on": {"is_null": 1}},
        {"attributes.x": {"gt": None}},
        {"attributes.x": {"eq": {}}},
        {"attributes.x": [[1]]},
        {"stage": []},
        {"stage": ["x"] * 201},
        {"amount": {"gt": []}},
    ],
    ids=lambda wanted: str(wanted)[:40],
)
def test_a_value_of_the_wrong_kind_is_refused_and_the_column_named(wanted):
    with pytest.raises(Invalid) as refused:
        parse(wanted)
    assert fields(refused) == ["filter"]
    assert list(wanted)[-1] in str(refused.value)


@pytest.mark.parametrize("mixed", [[1, "gold"], ["gold", 1], [True, 1], ["true", True]])
def test_values_of_several_kinds_are_refused_since_they_cannot_be_compared_as_one(mixed):
    with pytest.raises(Invalid, match="one kind"):
        parse({"attributes.tier": mixed})


@pytest.mark.parametrize("wanted", ["stage = 'x'", ["stage"], 5, True])
def test_a_filter_that_maps_nothing_is_refused(wanted):
    with pytest.raises(Invalid, match="maps columns"):
        parse(wanted)


@pytest.fixture
def deals(cast):
    """Deals named for what their attribute `x` holds, as JSON knows types."""
    values = {
        "absent": {},
        "array": {"x": [5]},
        "five": {"x": 5},
        "five as text": {"x": "5"},
        "half": {"x": 5.5},
        "large": {"x": 10**40},
        "no": {"x": False},
        "null": {"x": None},
        "object": {"x": {"y": 5}},
        "text": {"x": "gold"},
        "true as text": {"x": "true"},
        "yes": {"x": True},
    }
    add_deals(cast.tenant, *(deal(None, 1, name=n, attributes=v) for n, v in values.items()))
    return cast.admin


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (5, ["five"]),
        ({"gte": 5}, ["five", "half", "large"]),
        ({"lt": 5.5}, ["five"]),
        ([5, 5.5], ["five", "half"]),
        ("gold", ["text"]),
        ("5", ["five", "five as text"]),  # a text is compared with what the value reads as
        (["gold", "5"], ["five", "five as text", "text"]),
        (True, ["true as text", "yes"]),
        (False, ["no"]),
        (None, ["absent", "null"]),
    ],
)
def test_attributes_are_compared_by_what_they_hold_and_stop_nothing(deals, wanted, names):
    assert found(deals, {"attributes.x": wanted}) == names


def test_other_than_a_number_is_everything_that_is_not_that_number(deals):
    everything = found(deals, {})
    others = [name for name in everything if name != "five"]
    assert found(deals, {"attributes.x": {"ne": 5}}) == others


def test_what_is_not_null_has_a_value(deals):
    assert len(found(deals, {"attributes.x": {"is_null": False}})) == 10


ATTACKS = [
    "x'; DROP TABLE sales.opportunities; --",
    "' OR '1'='1",
    '"',
    "%s %(x)s {0} :name",
    "\\",
    "x'); SET ROLE postgres; --",
    "$1",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_injected_value_is_only_a_text_to_compare_with(cast, attack):
    add_deals(cast.tenant, deal(None, 1, name="harmless"), deal(None, 1, name=attack))
    assert found(cast.admin, {"name": attack}) == [attack]
    assert found(cast.admin, {"name": [attack, "other"]}) == [attack]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_injected_key_is_only_the_name_of_an_attribute(cast, attack):
    rows = [deal(None, 1, name="has it", attributes={attack: attack}), deal(None, 1, name="not")]
    add_deals(cast.tenant, *rows)
    assert found(cast.admin, {f"attributes.{attack}": attack}) == ["has it"]
    assert found(cast.admin, {f"attributes.{attack}": None}) == ["not"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_injected_column_is_refused(attack):
    with pytest.raises(Invalid, match="there is name"):
        parse({attack: 1})


def test_a_filter_is_bound_never_spelled_out():
    condition = parse({"name": "Robert'); DROP TABLE students"})
    compiled = str(select(text("1")).where(filters.compile_(DEALS.table, condition)))
    assert "Robert" not in compiled


def test_a_column_that_is_compared_with_nothing_is_refused():
    with pytest.raises(Invalid, match="stage: say what it is compared with"):
        parse({"stage": {}})
