"""What can be chosen of records, in words: entities, columns, comparisons."""

from collections.abc import Mapping

from goals_core.errors import N_
from goals_core.kinds import Source
from goals_core.sources.catalogue import Aggregation, Entity, Kind, find
from goals_core.sources.filters import ATTRIBUTE, Condition, Operator
from ui.wording import _

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
_IN_ORDER: Mapping[str, Mapping[str, str]] = {
    Kind.DAY: {
        Operator.GT: N_("is after"),
        Operator.GTE: N_("is from"),
        Operator.LT: N_("is before"),
        Operator.LTE: N_("is until"),
    },
    Kind.TEXT: {
        Operator.GT: N_("comes after"),
        Operator.GTE: N_("is or comes after"),
        Operator.LT: N_("comes before"),
        Operator.LTE: N_("is or comes before"),
    },
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
    """How a column is compared; days and texts come before and after each other."""
    words = _IN_ORDER.get(kind or "", {})
    return _(words.get(operator, _COMPARISONS[operator]))


def offered(condition: Condition) -> str:
    """The comparison as a form offers it."""
    if condition.operator is Operator.IS_NULL:
        return IS_EMPTY if condition.values[0] else IS_FILLED
    return condition.operator
