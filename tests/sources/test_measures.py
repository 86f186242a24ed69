"""Measures: what a `source_config` means, and how a wrong one is told."""

from typing import Any

import pytest

from goals_core.errors import Invalid
from goals_core.kinds import Metric, Source
from goals_core.sources.catalogue import ENTITIES, Aggregation
from goals_core.sources.measures import Measure, config_of, parse
from tests.makers import WON, fields

EVERY_DAY = [(entity, day) for entity in ENTITIES for day in entity.days]


def measure(source: Source = Source.SALES, **changed: Any) -> Measure:
    config = {key: value for key, value in (WON | changed).items() if value is not ...}
    return parse(source, config, metric=Metric.CURRENCY, unit="USD")


def refusal(source: Source = Source.SALES, **changed: Any) -> Invalid:
    with pytest.raises(Invalid) as refused:
        measure(source, **changed)
    assert len(fields(refused)) == 1
    return refused.value


def test_the_specifications_example_is_the_sum_of_won_amounts():
    found = measure()
    assert (found.module, found.entity_name) == (Source.SALES, "opportunities")
    assert (found.aggregation, found.field) == (Aggregation.SUM, "amount")
    assert found.conditions[0].values == ("closed_won",)
    assert found.currency == "USD"


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.module.value)
def test_the_usual_day_is_the_first_of_an_entitys(entity):
    name, number = entity.name or "calls", entity.number
    config = {"module": entity.module.value, "entity": name, "filter": {}, "field": number}
    assert measure(entity.module, **config).date_field == entity.days[0]


@pytest.mark.parametrize(("entity", "day"), EVERY_DAY, ids=lambda part: getattr(part, "name", part))
@pytest.mark.parametrize("aggregation", Aggregation)
def test_every_day_and_aggregation_of_an_entity_can_be_said_and_read(entity, day, aggregation):
    config = config_of(
        entity.module,
        entity=entity.name or "calls",
        aggregation=aggregation,
        field=None if aggregation is Aggregation.COUNT else entity.number,
        date_field=day,
        filter_={"name": "x"},
    )
    found = parse(entity.module, config, metric=Metric.NUMBER, unit="")
    assert (found.entity, found.aggregation, found.date_field) == (entity, aggregation, day)
    assert (found.field is None) is (aggregation is Aggregation.COUNT)


def test_a_count_has_no_field_even_when_one_is_given():
    assert measure(aggregation="count").field is None
    assert measure(aggregation="count", field=...).field is None


@pytest.mark.parametrize(
    ("metric", "changed", "currency"),
    [
        (Metric.CURRENCY, {}, "EUR"),
        (Metric.CURRENCY, {"aggregation": "max"}, "EUR"),
        (Metric.CURRENCY, {"aggregation": "count"}, None),
        (Metric.CURRENCY, {"field": "attributes.margin"}, "EUR"),
        (Metric.NUMBER, {"field": "attributes.weight"}, None),
        (Metric.NUMBER, {}, None),
    ],
)
def test_only_money_is_converted_to_the_goals_unit(metric, changed, currency):
    assert parse(Source.SALES, WON | changed, metric=metric, unit="EUR").currency == currency


@pytest.mark.parametrize("config", [None, "sales", ["sales"], 5])
def test_a_config_that_is_no_mapping_is_refused(config):
    with pytest.raises(Invalid) as refused:
        parse(Source.SALES, config, metric=Metric.NUMBER, unit="")
    assert fields(refused) == ["source_config"]


def test_an_unknown_key_is_refused_and_named():
    refused = refusal(sql="DROP TABLE x", where="1=1")
    assert refused.problems[0].field == "source_config"
    assert "sql, where" in str(refused)


@pytest.mark.parametrize("module", ["billing", "SALES", "", None, 5, ["sales"]])
def test_the_module_must_be_the_goals_source(module):
    assert "sales" in str(refusal(module=module))


@pytest.mark.parametrize(
    ("field", "value", "names"),
    [
        ("entity", "invoices", ["invoices", "opportunities"]),
        ("entity", None, ["opportunities"]),
        ("entity", ["opportunities"], ["opportunities"]),
        ("aggregation", "median", list(Aggregation)),
        ("aggregation", None, list(Aggregation)),
        ("aggregation", {"sum": 1}, list(Aggregation)),
        ("field", "owner_id", ["owner_id", "amount", "attributes.…"]),
        ("field", None, ["amount", "attributes.…"]),
        ("field", ["amount"], ["amount"]),
        ("field", "attributes.a\0", ["amount"]),
        ("date_field", "created_at", ["created_at", "closed_on", "opened_on"]),
        ("date_field", ["closed_on"], ["closed_on", "opened_on"]),
        ("date_field", {}, ["closed_on"]),
    ],
)
def test_an_unknown_part_is_refused_with_what_there_is(field, value, names):
    refused = refusal(**{field: value})
    assert refused.problems[0].field == field
    assert all(name in str(refused) for name in names)


@pytest.mark.parametrize("name", ["calls", "support tickets", "Anrufe bei Kunden", "x" * 100])
def test_custom_records_may_have_any_name(name):
    config = {"module": "custom", "entity": name, "filter": {}, "field": "value"}
    assert measure(Source.CUSTOM, **config).entity_name == name


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb", "a\0b", "\ud800", None, 5])
def test_a_name_that_cannot_be_read_is_refused(name):
    refused = refusal(Source.CUSTOM, module="custom", entity=name, field="value", filter={})
    assert refused.problems[0].field == "entity"


def test_nothing_is_tracked_from_a_manual_source():
    assert refusal(Source.MANUAL, module="manual").problems[0].field == "entity"


def test_filters_that_find_other_records_are_told_apart_by_their_text():
    """To Python True equals 1; a plan must not take one for the other."""
    values = (True, 1, "true", "1")
    texts = {repr(measure(filter={"attributes.x": value})) for value in values}
    assert len(texts) == len(values)
    assert repr(measure()) == repr(measure())
