"""Compiled filters on random records find what a second model, told in Python, finds."""

import json
import operator
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from goals_core.db import tenant_session
from goals_core.kinds import Source
from goals_core.models.sources import Opportunity
from goals_core.sources import filters
from goals_core.sources.catalogue import entities_of
from tests.makers import add_deals, deal, random_rows

ORDER = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
TEXTS = ("", "a", "b", "true", "5", "O'Hara", "été")
NUMBERS = tuple(map(Decimal, ("-5.00", "0.00", "0.01", "5.00", "1000.00")))
DAYS = (date(2026, 1, 1), date(2026, 5, 20), date(2027, 12, 31))
ORDERED_TEXTS = ("a", "b", "c")  # how other letters are sorted is the database's business
ATTRIBUTES = (None, True, False, "a", "b", "true", "5", 5, -5, 0.01, [5], {"k": "a"})

rows = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(TEXTS),
        "account": st.sampled_from(ORDERED_TEXTS),
        "amount": st.sampled_from(NUMBERS),
        "closed_on": st.none() | st.sampled_from(DAYS),
        "attributes": st.just({}) | st.fixed_dictionaries({"x": st.sampled_from(ATTRIBUTES)}),
    }
)


def found(db, wanted):
    entity = entities_of(Source.SALES)[0]
    matching = filters.compile_(entity.table, filters.parse(entity, wanted))
    return list(db.scalars(select(Opportunity.name).where(matching).order_by(Opportunity.name)))


def conditions_on(column: str, values: st.SearchStrategy, *, ordered: bool = True):
    comparisons = {"eq": values, "ne": values, "in": st.lists(values, min_size=1, max_size=3)}
    if ordered:
        comparisons |= dict.fromkeys(ORDER, values)
    return st.one_of(
        st.tuples(st.just(column), st.just(name), wanted) for name, wanted in comparisons.items()
    ) | st.tuples(st.just(column), st.just("is_null"), st.booleans())


conditions = st.one_of(
    conditions_on("stage", st.sampled_from(TEXTS), ordered=False),
    conditions_on("account", st.sampled_from(ORDERED_TEXTS)),
    conditions_on("amount", st.sampled_from(NUMBERS)),
    conditions_on("closed_on", st.sampled_from(DAYS)),
    conditions_on("attributes.x", st.sampled_from(("a", "true", "5")), ordered=False),
    conditions_on("attributes.x", st.sampled_from((5, -5, Decimal("0.01")))),
    conditions_on("attributes.x", st.booleans(), ordered=False),
)


def holds(row: dict, column: str, name: str, wanted: Any) -> bool:
    """One condition, told in Python: None is SQL's unknown."""
    sample = wanted[0] if isinstance(wanted, list) else wanted
    if name == "is_null":
        return (raw(row, column) is None) is wanted
    value = comparable(row, column, sample)
    if name == "ne":
        return value is None or value != plain(sample)
    if value is None:
        return False
    if name == "in":
        return value in [plain(one) for one in wanted]
    return (ORDER | {"eq": operator.eq})[name](value, plain(wanted))


def raw(row: dict, column: str) -> Any:
    return row["attributes"].get("x") if column == "attributes.x" else row[column]


def comparable(row: dict, column: str, sample: Any) -> Any:
    """What SQL compares with the sample: an attribute is read as the sample's kind."""
    value = raw(row, column)
    if column != "attributes.x" or value is None:
        return value
    if isinstance(sample, str | bool):
        return value if isinstance(value, str) else json.dumps(value)
    return Decimal(str(value)) if type(value) in {int, float} else None


def plain(sample: Any) -> Any:
    return json.dumps(sample) if isinstance(sample, bool) else sample


@random_rows
@given(st.lists(rows, min_size=1, max_size=12), st.lists(conditions, min_size=1, max_size=8))
def test_compiled_filters_find_what_a_second_model_finds(cast, many, wanted):
    with tenant_session(cast.admin) as db:
        db.execute(delete(Opportunity))
    add_deals(
        cast.tenant, *(deal(None, 0) | row | {"name": f"{n:02}"} for n, row in enumerate(many))
    )
    with tenant_session(cast.admin) as db:
        for asked in wanted:
            column, name, value = asked
            expected = [f"{n:02}" for n, row in enumerate(many) if holds(row, *asked)]
            assert found(db, {column: {name: value}}) == expected, asked


def test_the_second_model_itself_can_tell_records_apart():
    row = {"attributes": {"x": 5}, "amount": Decimal(1), "closed_on": None}
    assert holds(row, "attributes.x", "gte", 5)
    assert not holds(row, "attributes.x", "gt", 5)
    assert not holds(row, "closed_on", "lt", DAYS[0])
    assert holds(row, "closed_on", "ne", DAYS[0])
