"""What the rows of a filter hold to begin with: nothing, or the conditions of a goal."""

from decimal import Decimal
from enum import StrEnum

from goals_core.sources.catalogue import ENTITIES, Entity
from goals_core.sources.filters import Condition, Operator, Scalar
from goals_core.sources.measures import Measure
from ui import source_words
from ui.forms import as_typed

_NO_ROWS: tuple[tuple[str, object], ...] = (("rows", ()), ("made", 0))


class Holds(StrEnum):
    """What a column holds; of an attribute the person says it."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    FLAG = "flag"


def empty_state() -> dict[str, object]:
    """No row, whatever the records."""
    places = map(place_of, ENTITIES)
    return {f"{at}_{name}": zero for at in places for name, zero in _NO_ROWS}


def place_of(entity: Entity) -> str:
    """What the fields of an entity's records are named after."""
    module = entity.module
    first = next(other for other in ENTITIES if other.module is module)
    return module.value if entity is first else f"{module.value}_{entity.name}"


def state_of(measure: Measure) -> dict[str, object]:
    """What the rows show for a goal to begin with."""
    at, count = place_of(measure.entity), len(measure.conditions)
    state: dict[str, object] = {f"{at}_rows": tuple(range(count)), f"{at}_made": count}
    for number, condition in enumerate(measure.conditions):
        holds, comparison = _holds(measure, condition), source_words.offered(condition)
        row = {
            "column": condition.column,
            "holds": holds,
            f"{holds}_comparison": comparison,
            value_name(condition.column, holds, comparison): _held(holds, condition),
        }
        state |= {f"{at}_{number}_{name}": value for name, value in row.items()}
    return state


def value_name(column: str, holds: Holds, operator: str) -> str:
    """Another column or kind of value starts empty, and finds its own value again."""
    return f"{column}_{'values' if operator == Operator.IN else holds}"


def _holds(measure: Measure, condition: Condition) -> Holds:
    kind = measure.entity.columns.get(condition.column)
    if kind is not None:
        return Holds(kind.value)
    if condition.operator is Operator.IS_NULL or isinstance(condition.values[0], str):
        return Holds.TEXT
    return Holds.FLAG if isinstance(condition.values[0], bool) else Holds.NUMBER


def _held(holds: Holds, condition: Condition) -> object:
    """The value of a condition as its field holds it."""
    if condition.operator is Operator.IN:
        return [_typed(value) for value in condition.values]
    value = condition.values[0]
    return value if holds is Holds.DAY else _typed(value)


def _typed(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return as_typed(value) if isinstance(value, Decimal) else str(value)
