"""What a goal is tracked from, as a sentence: Sum of amount of won opportunities, by close date.

Plain text, with names and values as people have typed them: escape it at the sink.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from babel.lists import format_list

from goals_core.engine.drafts import Draft
from goals_core.errors import N_, Invalid
from goals_core.kinds import Metric, Source
from goals_core.sources import filters, measures
from goals_core.sources.catalogue import Aggregation, Entity, Kind, entities_of, find
from goals_core.sources.filters import ATTRIBUTE, Condition, Operator, Scalar
from goals_core.sources.measures import Measure
from ui import source_words
from ui.record_phrases import Phrases, phrases_of
from ui.wording import _, say, spoken

_WHAT: Mapping[Aggregation | None, str] = {
    Aggregation.SUM: N_("sum {of_field} of {records}"),
    Aggregation.COUNT: N_("number of {records}"),
    Aggregation.AVG: N_("average {of_field} of {records}"),
    Aggregation.MIN: N_("lowest {field} of {records}"),
    Aggregation.MAX: N_("highest {field} of {records}"),
    None: N_("{records}"),
}
_ONE_WORD = re.compile(r"[^\W\d_][\w-]*")


def sentence(settings: Draft) -> str:
    """What a goal counts or adds up; where that is not possible any more, also why."""
    return of_config(settings.source, settings.source_config)


def of_config(source: Source, config: object) -> str:
    """The same of a source and its `source_config` alone."""
    if source is Source.MANUAL:
        return _("Recorded by hand")
    try:
        measure = measures.parse(source, config, metric=Metric.NUMBER, unit="")
    except Invalid as error:
        read = _told(_Reading.of_config(source, config))
        problems = " ".join(say(problem) for problem in error.problems)
        return _("{sentence}. No longer valid: {problems}").format(sentence=read, problems=problems)
    return of_measure(measure)


def of_measure(measure: Measure) -> str:
    """The same of a source that was checked."""
    return _told(_Reading.of_measure(measure))


@dataclass(frozen=True)
class _Reading:
    """What a `source_config` says, as far as it can be read."""

    source: Source
    entity: Entity
    entity_name: str
    aggregation: Aggregation | None
    field: str | None
    day: str | None
    conditions: Sequence[Condition]
    unread: Sequence[str] = ()  # conditions as they are written

    @classmethod
    def of_measure(cls, measure: Measure) -> "_Reading":
        return cls(
            source=measure.module,
            entity=measure.entity,
            entity_name=measure.entity_name,
            aggregation=measure.aggregation,
            field=measure.field,
            day=measure.date_field,
            conditions=measure.conditions,
        )

    @classmethod
    def of_config(cls, source: Source, config: object) -> "_Reading":
        """Of one that is not valid: what makes sense of it, and the rest as it is written."""
        said = config if isinstance(config, Mapping) else {}
        entity = find(source, said.get("entity")) or entities_of(source)[0]
        conditions, unread = _read_leniently(entity, said.get("filter"))
        aggregation = None
        with suppress(ValueError):
            aggregation = Aggregation(str(said.get("aggregation")))
        return cls(
            source=source,
            entity=entity,
            entity_name=str(said.get("entity") or entity.name),
            aggregation=aggregation,
            field=None if aggregation is Aggregation.COUNT else str(said.get("field") or "…"),
            day=str(said["date_field"]) if said.get("date_field") else None,
            conditions=conditions,
            unread=unread,
        )

    @property
    def phrases(self) -> Phrases:
        return phrases_of(self.source, self.entity.name)


def _read_leniently(entity: Entity, wanted: object) -> tuple[list[Condition], list[str]]:
    if not isinstance(wanted, Mapping):
        return [], [_json(wanted)] if wanted else []
    read: list[Condition] = []
    unread: list[str] = []
    for column, one in wanted.items():
        try:
            read += filters.parse(entity, {column: one})
        except Invalid:
            unread.append(f"{_quoted(str(column))} {_json(one)}")
    return read, unread


def _told(read: _Reading) -> str:
    field = read.field or ""
    of_field = read.phrases.numbers.get(field, N_("of {field}"))
    words = {
        "records": _records(read),
        "field": _column(read, field),
        "of_field": _(of_field).format(field=_column(read, field)),
    }
    told = _(_WHAT[read.aggregation]).format(**words)
    if read.day is not None and (len(read.entity.days) > 1 or read.day not in read.entity.days):
        told = _("{sentence}, by {day}").format(sentence=told, day=_column(read, read.day))
    return told[:1].upper() + told[1:]


def _records(read: _Reading) -> str:
    """Won opportunities of account Acme where amount is at least 1,000."""
    by_column = _by_column(read.conditions)
    state = next((column for column, each in by_column.items() if _state(read, each)), None)
    records = _(_state(read, by_column.pop(state)) or "") if state else _noun(read)
    where: list[str] = []
    for column, conditions in by_column.items():
        if column in read.phrases.of and _is_listed(conditions):
            of = _(read.phrases.of[column]).format(values=_values(conditions[0].values))
            records = f"{records} {of}"
        else:
            where.append(_condition(read, column, conditions))
    if conditions_told := [*where, *read.unread]:
        listed = format_list(conditions_told, locale=spoken().locale)
        return _("{records} where {conditions}").format(records=records, conditions=listed)
    return records


def _noun(read: _Reading) -> str:
    """What the records are called; those that may bear any name by theirs."""
    if read.entity_name != read.entity.name:
        return _quoted(read.entity_name)
    return _lowered(source_words.entity(read.source, read.entity_name))


def _state(read: _Reading, conditions: Sequence[Condition]) -> str | None:
    """The phrase for records of this one state, if there is one."""
    if not _is_listed(conditions) or len(conditions[0].values) != 1:
        return None
    return read.phrases.states.get((conditions[0].column, str(conditions[0].values[0])))


def _is_listed(conditions: Sequence[Condition]) -> bool:
    """Whether it is just said what the column is, or which of several."""
    return len(conditions) == 1 and conditions[0].operator in {Operator.EQ, Operator.IN}


def _by_column(conditions: Iterable[Condition]) -> dict[str, list[Condition]]:
    found: dict[str, list[Condition]] = {}
    for condition in conditions:
        found.setdefault(condition.column, []).append(condition)
    return found


def _condition(read: _Reading, column: str, conditions: Sequence[Condition]) -> str:
    """Amount is at least 1,000 and is less than 5,000."""
    told = format_list([_compared(read, each) for each in conditions], locale=spoken().locale)
    return f"{_column(read, column)} {told}"


def _compared(read: _Reading, condition: Condition) -> str:
    first = condition.values[0]
    kind = read.entity.columns.get(condition.column)
    if kind is None and isinstance(first, str):
        kind = Kind.TEXT
    if condition.operator is Operator.IS_NULL:
        return source_words.comparison(source_words.offered(condition))
    operator = Operator.EQ if condition.operator is Operator.IN else condition.operator
    return f"{source_words.comparison(operator, kind)} {_values(condition.values)}"


def _column(read: _Reading, key: str) -> str:
    """What a column is called in the middle of a sentence; an attribute by its own key."""
    if key in read.phrases.columns:
        return _(read.phrases.columns[key])
    if key in read.entity.columns:
        return _lowered(source_words.column(read.entity, key))
    if not key.startswith(ATTRIBUTE):
        return _quoted(key)
    own = key.removeprefix(ATTRIBUTE)
    if own in read.entity.columns:  # which is something else
        return _("attribute {key}").format(key=_quoted(own))
    return own if _ONE_WORD.fullmatch(own) else _quoted(own)


def _values(values: Sequence[Scalar]) -> str:
    return format_list([_value(each) for each in values], "or", locale=spoken().locale)


def _value(value: Scalar) -> str:
    """A text of several words, or one that could be taken for something else, is in quotes."""
    if isinstance(value, bool | Decimal | date):
        return str(spoken().fact(value))
    is_plain = _ONE_WORD.fullmatch(value) and value not in {_("Yes"), _("No")}
    return value if is_plain else _quoted(value)


def _quoted(text: str) -> str:
    """In the quotes of the language; a sign that cannot be seen is shown as one that can."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return _("“{text}”").format(text=shown)


def _lowered(words: str) -> str:
    """As in the middle of a sentence; an abbreviation such as ID stays."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


def _json(value: Any) -> str:  # noqa: ANN401  (whatever JSON has)
    return json.dumps(value, ensure_ascii=False, default=str)
