"""What a goal is tracked from, in words: modules, columns, comparisons."""

from collections.abc import Mapping

from goals_core.engine.drafts import Draft, measure_of
from goals_core.errors import N_, Invalid
from goals_core.kinds import Source
from goals_core.sources.catalogue import Aggregation, Entity, Kind, find
from goals_core.sources.filters import ATTRIBUTE, Condition, Operator
from goals_core.sources.measures import Measure
from ui.wording import _, name, spoken

IS_EMPTY, IS_FILLED = "is_empty", "is_filled"  # how a form offers `is_null`

_AGGREGATIONS: Mapping[Aggregation, str] = {
    Aggregation.SUM: N_("Sum"),
    Aggregation.COUNT: N_("Count"),
    Aggregation.AVG: N_("Average"),
    Aggregation.MIN: N_("Lowest"),
    Aggregation.MAX: N_("Highest"),
}
_COMPARISONS: Mapping[str, str] = {
    Operator.EQ: N_("is"),
    Operator.NE: N_("is not"),
    Operator.IN: N_("is one of"),
    Operator.GT: N_("is more than"),
    Operator.GTE: N_("is at least"),
    Operator.LT: N_("is less than"),
    Operator.LTE: N_("is at most"),
    IS_EMPTY: N_("is empty"),
    IS_FILLED: N_("is not empty"),
}
_DAY_COMPARISONS: Mapping[str, str] = {
    Operator.GT: N_("is after"),
    Operator.GTE: N_("is from"),
    Operator.LT: N_("is before"),
    Operator.LTE: N_("is until"),
}


def column(of: Entity, key: str) -> str:
    """What people call a column; an attribute by its own key, which may be that of a column."""
    if key.startswith(ATTRIBUTE):
        return _("{key} (attribute)").format(key=key.removeprefix(ATTRIBUTE))
    return _(of.word(key))


def entity(source: Source, key: str) -> str:
    """What people call the records of an entity; those that may bear any name by theirs."""
    found = find(source, key)
    return _(found.title) if found and found.name else key


def aggregation(how: Aggregation) -> str:
    return _(_AGGREGATIONS[how])


def comparison(operator: str, kind: str | None = None) -> str:
    """How a column is compared; days come before and after each other."""
    words = _DAY_COMPARISONS if kind == Kind.DAY else {}
    return _(words.get(operator, _COMPARISONS[operator]))


def offered(condition: Condition) -> str:
    """The comparison as a form offers it."""
    if condition.operator is Operator.IS_NULL:
        return IS_EMPTY if condition.values[0] else IS_FILLED
    return condition.operator


def source(settings: Draft) -> str:
    """Where the numbers come from, for a table's cell: Sales · Sum of Amount."""
    measure = _measure(settings)
    if measure is None:
        return name(settings.source)
    return f"{name(settings.source)} · {_what(measure)}"


def source_in_full(settings: Draft) -> str:
    """The same with the records, their day and the filter."""
    measure = _measure(settings)
    if measure is None:
        return name(settings.source)
    parts = [
        entity(settings.source, measure.entity_name),
        _what(measure),
        _("by {day}").format(day=column(measure.entity, measure.date_field)),
    ]
    if measure.conditions:
        conditions = _(" and ").join(_condition(measure, each) for each in measure.conditions)
        parts.append(_("where {conditions}").format(conditions=conditions))
    return " · ".join(parts)


def _measure(settings: Draft) -> Measure | None:
    try:
        return measure_of(settings)
    except Invalid:  # it was valid when it was saved; its sync error says what is wrong now
        return None


def _what(measure: Measure) -> str:
    how = aggregation(measure.aggregation)
    if measure.field is None:
        return how
    return _("{sum} of {field}").format(sum=how, field=column(measure.entity, measure.field))


def _condition(measure: Measure, condition: Condition) -> str:
    kind = measure.entity.columns.get(condition.column)
    words = [column(measure.entity, condition.column), comparison(offered(condition), kind)]
    if condition.operator is not Operator.IS_NULL:
        words.append(", ".join(str(spoken().fact(value)) for value in condition.values))
    return " ".join(words)
