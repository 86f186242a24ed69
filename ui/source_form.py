"""The selectors that say what a goal is tracked from; together they make its `source_config`."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from goals_core.actor import Actor
from goals_core.engine.drafts import Draft, measure_of
from goals_core.errors import Invalid
from goals_core.kinds import Metric, Source
from goals_core.sources import measures
from goals_core.sources.catalogue import Aggregation, Entity, entities_of, find
from goals_core.sources.filters import ATTRIBUTE
from ui import filter_form, filter_state, offers, source_sentence, source_words
from ui.filter_state import place_of
from ui.forms import Form
from ui.wording import _, md, name


@dataclass(frozen=True)
class Records:
    """The records that the selectors speak of; each source keeps fields of its own."""

    source: Source
    entity: Entity
    entity_name: str
    attributes: Sequence[str]

    @property
    def at(self) -> str:
        """What the fields of these records are named after."""
        return place_of(self.entity)


def state_of(settings: Draft) -> dict[str, object]:
    """What the selectors show for a goal to begin with."""
    state: dict[str, object] = {"source": settings.source}
    try:
        measure = measure_of(settings)
    except Invalid:  # its source is no longer valid: it is chosen anew
        return state
    if measure is None:
        return state
    at = place_of(measure.entity)
    chosen = {
        f"{settings.source.value}_entity": measure.entity_name,
        _way_of(at, settings.metric): measure.aggregation,
        f"{at}_field": measure.field,
        f"{at}_date_field": measure.date_field,
    }
    return state | chosen | filter_state.state_of(measure)


def show(
    form: Form, actor: Actor, *, metric: Metric, fixed: bool
) -> tuple[Source, dict[str, Any] | None]:
    """Draw them; the source and its config as they stand."""
    left, right = st.columns(2)
    # nothing adds up to a yes or a no
    offered = [Source.MANUAL] if metric is Metric.BOOLEAN else list(Source)
    with left:
        source = form.choice("source", _("Tracked from"), offered, words=name, disabled=fixed)
    if source is Source.MANUAL:
        return source, None
    with right:
        records = _records(form, actor, source)
    aggregation, field, date_field = _number(form, records, metric)
    config = measures.config_of(
        source,
        entity=records.entity_name,
        aggregation=aggregation,
        field=field,
        date_field=date_field,
        filter_=filter_form.show(form, actor, records),
    )
    form.line("source_config")
    _say(source, config)
    return source, config


def _say(source: Source, config: dict[str, Any]) -> None:
    """What was chosen as a sentence, as far as it is one yet."""
    with suppress(Invalid):
        measure = measures.parse(source, config, metric=Metric.NUMBER, unit="")
        told = source_sentence.of_measure(measure)
        st.caption(f":material/format_quote: {md(told)}")


def _records(form: Form, actor: Actor, source: Source) -> Records:
    known = offers.entity_names(actor, source)
    field = f"{source.value}_entity"
    if form.read(field) is None and known:
        form.load({field: known[0]})
    chosen = form.typed_choice(
        field,
        _("Records"),
        known,
        at="entity",
        words=partial(source_words.entity, source),
        accept_new_options=any(not entity.name for entity in entities_of(source)),
        placeholder=_("Name of the records"),
    )
    entity = find(source, chosen) or entities_of(source)[-1]
    return Records(source, entity, chosen or "", _attributes(actor, source, chosen or ""))


def _attributes(actor: Actor, source: Source, entity_name: str) -> list[str]:
    try:
        return [f"{ATTRIBUTE}{key}" for key in offers.attributes(actor, source, entity_name)]
    except Invalid:  # no name that records can have
        return []


def _number(form: Form, records: Records, metric: Metric) -> tuple[Aggregation, str | None, str]:
    """How the records make one number, of which column, and the day that puts them in a window."""
    at, word = records.at, partial(source_words.column, records.entity)
    columns = iter(st.columns(3))
    with next(columns):
        how = form.choice(
            _way_of(at, metric),
            _("Calculation"),
            _ways(metric),
            at="aggregation",
            words=source_words.aggregation,
        )
    field = None
    if how is not Aggregation.COUNT:
        numbers = [records.entity.number, *records.attributes]
        with next(columns):
            field = form.choice(f"{at}_field", _("Of"), numbers, at="field", words=word)
    with next(columns):
        date_field = form.choice(
            f"{at}_date_field",
            _("By day"),
            records.entity.days,
            at="date_field",
            words=word,
        )
    return how, field, date_field


def _way_of(at: str, metric: Metric) -> str:
    """The field: a count has its own, which begins with counting."""
    return f"{at}_{'count' if metric is Metric.COUNT else 'number'}_aggregation"


def _ways(metric: Metric) -> list[Aggregation]:
    """The usual way first; an average is no count."""
    if metric is not Metric.COUNT:
        return list(Aggregation)
    return [Aggregation.COUNT, Aggregation.SUM, Aggregation.MIN, Aggregation.MAX]
