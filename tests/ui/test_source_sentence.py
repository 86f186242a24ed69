"""What a goal is tracked from, as a sentence: any valid source, in both languages; broken ones."""

import string
from datetime import date
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from goals_core import wording
from goals_core.config import PROJECT
from goals_core.kinds import Metric, Source
from goals_core.sources import catalogue, measures
from goals_core.sources.catalogue import ENTITIES, Aggregation, Kind
from goals_core.sources.entity import declare
from goals_core.sources.filters import Operator
from goals_core.wording import Wording, speak_in
from tests.makers import from_sales
from ui import source_sentence
from ui.record_phrases import phrases_of
from ui.wording import md

HOW = {
    Aggregation.SUM: "Sum ",
    Aggregation.COUNT: "Number ",
    Aggregation.AVG: "Average ",
    Aggregation.MIN: "Lowest ",
    Aggregation.MAX: "Highest ",
}
COMPARED = {
    Operator.EQ: "is",
    Operator.NE: "is not",
    Operator.GT: "is more than",
    Operator.GTE: "is at least",
    Operator.LT: "is less than",
    Operator.LTE: "is at most",
}
texts = st.text(string.ascii_letters + "{}%$*[]<>&\"'.,-_ éñ", min_size=1, max_size=12)
values = {
    Kind.TEXT: texts,
    Kind.NUMBER: st.integers(-(10**6), 10**6) | st.decimals(-999, 999, places=2).map(float),
    Kind.DAY: st.dates(date(1970, 1, 1), date(2199, 12, 31)).map(date.isoformat),
}


def told(source: Source, **config: Any) -> str:
    return source_sentence.of_config(source, {"module": source.value} | config)


def deals(**config: Any) -> str:
    usual = {"entity": "opportunities", "aggregation": "sum", "field": "amount"}
    return told(Source.SALES, **usual | config)


def where(filter_: dict[str, Any]) -> str:
    return deals(filter=filter_).removeprefix("Sum of amount of ").removesuffix(", by close date")


@pytest.fixture
def spanish(tmp_path, monkeypatch):
    """The Spanish catalogue, compiled, and a run that speaks it."""
    with (PROJECT / "locale/es/LC_MESSAGES/goals.po").open("rb") as file:
        catalog = read_po(BytesIO(file.read()), locale="es")
    folder = tmp_path / "es" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "goals.mo").open("wb") as file:
        write_mo(file, catalog)
    monkeypatch.setattr(wording, "CATALOGUES", tmp_path)
    wording._translations.cache_clear()
    before = wording._spoken.set(None)
    speak_in("es_MX")
    yield
    wording._spoken.reset(before)
    wording._translations.cache_clear()


@st.composite
def filters(draw, entity):
    """A filter with every operator, on columns and attributes, several of a column too."""
    wanted: dict[str, Any] = {}
    keys = texts.map(lambda key: f"attributes.{key}")
    for column in draw(st.lists(st.sampled_from([*entity.columns]) | keys, max_size=4)):
        kind = entity.columns.get(column) or draw(st.sampled_from([Kind.TEXT, Kind.NUMBER]))
        one = values[kind]
        operators = st.sampled_from(list(Operator))
        wanted[column] = {
            operator.value: draw(_operand(operator, one)) for operator in draw(st.sets(operators))
        } or draw(st.none() | one | st.lists(one, min_size=1, max_size=3))
    return wanted


def _operand(operator, one):
    if operator is Operator.IS_NULL:
        return st.booleans()
    return st.lists(one, min_size=1, max_size=3) if operator is Operator.IN else one


@st.composite
def configs(draw):
    entity = draw(st.sampled_from(ENTITIES))
    aggregation = draw(st.sampled_from(Aggregation))
    config = {
        "module": entity.module.value,
        "entity": entity.name or draw(texts),
        "aggregation": aggregation.value,
        "date_field": draw(st.sampled_from(entity.days)),
        "filter": draw(filters(entity)),
    }
    if aggregation is not Aggregation.COUNT:
        attribute = texts.map(lambda key: f"attributes.{key}")
        config["field"] = draw(st.just(entity.number) | attribute)
    return entity, config


@given(configs())
def test_every_valid_source_is_named_with_all_that_it_asks_for(drawn):
    entity, config = drawn
    sentence = source_sentence.of_config(entity.module, config)
    measure = measures.parse(entity.module, config, metric=Metric.NUMBER, unit="")
    assert sentence.startswith(HOW[measure.aggregation])
    assert (entity.name or config["entity"]).replace("entries", "commission entr") in sentence
    if measure.field:
        assert measure.field.removeprefix("attributes.") in sentence
    if len(entity.days) > 1:
        day = phrases_of(entity.module, entity.name).columns[measure.date_field]
        assert sentence.endswith(f", by {day}")
    for condition in measure.conditions:
        if condition.operator is Operator.IS_NULL:
            assert ("is empty" if condition.values[0] else "is not empty") in sentence
            continue
        for value in condition.values:
            assert _said(entity, condition, value) in sentence
        if (kind := entity.columns.get(condition.column)) is Kind.NUMBER:
            assert COMPARED.get(condition.operator, "is") in sentence, kind


def _said(entity, condition, value):
    """A value in the reader's way; of a state that has a phrase, the phrase."""
    if isinstance(value, str):
        states = phrases_of(entity.module, entity.name).states
        return states.get((condition.column, value), value)
    return str(Wording.DEFAULT.fact(value))


@given(config=st.recursive(st.none() | texts | st.integers(), lambda inner:
       st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2))
       | st.dictionaries(st.sampled_from(["entity", "filter", "aggregation", "field", "module",
                                          "date_field"]), texts | st.just({"a": 1})),
       source=st.sampled_from([each for each in Source if each is not Source.MANUAL]))  # fmt: skip
def test_whatever_is_no_source_any_more_reads_as_something_and_says_what_is_wrong(config, source):
    assert ". No longer valid: " in source_sentence.of_config(source, config)


@pytest.mark.parametrize(
    ("filter_", "words"),
    [
        ({}, "opportunities"),
        ({"stage": "closed_won"}, "won opportunities"),
        ({"stage": ["closed_lost"]}, "lost opportunities"),
        ({"stage": ["closed_won", "closed_lost"]},
         "opportunities where stage is closed_won or closed_lost"),
        ({"stage": {"ne": "closed_won"}}, "opportunities where stage is not closed_won"),
        ({"stage": {"eq": "closed_won", "ne": "x"}},
         "opportunities where stage is closed_won and is not x"),
        ({"account": "Acme"}, "opportunities of account Acme"),
        ({"account": ["Acme", "Globex", "New Corp"], "stage": "closed_won"},
         "won opportunities of account Acme, Globex, or “New Corp”"),
        ({"account": {"ne": "Acme"}}, "opportunities where account is not Acme"),
        ({"amount": {"gte": 1000, "lt": 5000.5}},
         "opportunities where amount is at least 1,000 and is less than 5,000.5"),
        ({"amount": {"gt": 1}, "currency": "EUR"},
         "opportunities where amount is more than 1 and currency is EUR"),
        ({"closed_on": {"gte": "2026-05-01", "lte": "2026-05-31"}},
         "opportunities where close date is from May 1, 2026 and is until May 31, 2026"),
        ({"opened_on": None}, "opportunities where opening date is empty"),
        ({"name": {"gt": "M", "lte": "P"}},
         "opportunities where name comes after M and is or comes before P"),
        ({"external_id": ""}, "opportunities where record ID is “”"),
        ({"attributes.region": "North", "attributes.score": {"gte": 4}, "attributes.vip": True},
         "opportunities where region is North, score is at least 4, and vip is Yes"),
        ({"attributes.code": "4", "attributes.vip": "Yes"},
         "opportunities where code is “4” and vip is “Yes”"),
        ({"attributes.stage": {"is_null": False}},
         "opportunities where attribute “stage” is not empty"),
        ({"attributes.sales region": "a\u202eb\n"},
         "opportunities where “sales region” is “a\ufffdb\ufffd”"),
    ],
)  # fmt: skip
def test_a_filter_is_told_in_plain_words(filter_, words):
    assert where(filter_) == words


def test_the_day_is_told_where_there_are_several():
    assert deals(date_field="opened_on").endswith(", by opening date")
    calls = {"entity": "demo calls", "aggregation": "avg", "field": "value"}
    assert told(Source.CUSTOM, **calls) == "Average of value of “demo calls”"


def test_an_entity_that_has_no_turns_of_phrase_is_told_by_its_names(monkeypatch):
    of_sites = declare(
        Source.CUSTOM,
        "site_visits",
        catalogue.RECORDS.table,
        number="value",
        days=("occurred_on", "planned_on"),
        texts=("status",),
    )
    monkeypatch.setattr(catalogue, "ENTITIES", [*ENTITIES, of_sites])
    visits = {"entity": "site_visits", "aggregation": "sum", "field": "value"}
    assert told(Source.CUSTOM, **visits, filter={"status": "done"}, date_field="planned_on") == (
        "Sum of value of site visits where status is done, by planned on"
    )


def test_a_goal_by_hand_is_recorded_by_hand():
    assert source_sentence.of_config(Source.MANUAL, None) == "Recorded by hand"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"field": "colour"}, "Sum of “colour” of opportunities. No longer valid:"
         " There is no colour; there is amount, attributes.…."),
        ({"filter": {"stage": "closed_won", "hue": {"gte": 3}}},
         'Sum of amount of won opportunities where “hue” {"gte": 3}. No longer valid:'
         " There is no hue; there is name, external_id, currency, stage, account, amount,"
         " closed_on, opened_on, attributes.…."),
        ({"entity": "leads"}, "Sum of amount of “leads”. No longer valid:"
         " There is no leads; there is opportunities."),
        ({"aggregation": "median"}, "Opportunities. No longer valid:"
         " One of sum, count, avg, min, max."),
        ({"date_field": "lost_on"}, "Sum of amount of opportunities, by “lost_on”. No longer valid:"
         " There is no lost_on; there is closed_on, opened_on."),
    ],
)  # fmt: skip
def test_a_column_that_is_gone_is_still_read_and_said_to_be_gone(config, words):
    assert deals(**config) == words


def test_what_people_have_typed_stays_what_it_is_behind_the_escaping_of_the_sink():
    hostile = "![x](https://evil.example) {0} %s <b>"
    sentence = deals(filter={"attributes.{key}": hostile, "account": "{values}"})
    assert hostile in sentence
    assert "“{key}”" in sentence
    assert "“{values}”" in sentence
    shown = md(sentence)
    assert not set(shown) & set("*_`[]()<>!$:~|\\")
    assert unescape(shown).replace("\N{WORD JOINER}", "") == sentence


def test_the_metric_and_the_unit_do_not_change_the_sentence():
    one = source_sentence.sentence(from_sales())
    other = source_sentence.sentence(from_sales(metric=Metric.NUMBER, unit="k"))
    assert one == other == "Sum of amount of won opportunities, by close date"


def test_it_reads_well_in_spanish_too(spanish):
    assert deals(filter={"stage": "closed_won"}) == (
        "Suma del importe de oportunidades ganadas, por fecha de cierre"
    )
    paid = {"entity": "invoices", "aggregation": "count", "date_field": "paid_on"}
    assert told(Source.BILLING, **paid, filter={"status": "paid", "customer": ["A", "Bé"]}) == (
        "Número de facturas pagadas del cliente A o Bé, por fecha de pago"
    )
    calls = {"entity": "demo calls", "aggregation": "avg", "field": "value"}
    wanted = {"attributes.region": "North", "attributes.score": {"gte": 1234.5}, "status": None}
    assert told(Source.CUSTOM, **calls, filter=wanted) == (
        "Promedio del valor de «demo calls» donde region es North, score es al menos 1,234.5"
        " y estado no tiene valor"
    )
    assert deals(aggregation="max", field="attributes.seats") == (
        "Mayor seats de oportunidades, por fecha de cierre"
    )
    assert source_sentence.of_config(Source.MANUAL, None) == "Registrado a mano"


def test_every_turn_of_phrase_has_its_spanish():
    with (PROJECT / "locale/es/LC_MESSAGES/goals.po").open("rb") as file:
        spanish = {str(each.id) for each in read_po(file, locale="es") if each.string}
    said = [phrases_of(entity.module, entity.name) for entity in ENTITIES]
    turns = {
        words
        for each in said
        for kind in (each.columns, each.numbers, each.states, each.of)
        for words in kind.values()
    }
    assert turns - spanish == set()
    assert len(turns) > 10
