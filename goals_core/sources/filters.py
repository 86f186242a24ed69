"""Which records count: conditions on whitelisted columns and attributes, checked, then compiled."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Numeric, and_, case, cast, func, literal
from sqlalchemy.dialects.postgresql import JSONB

from goals_core.errors import N_, invalid
from goals_core.sources.catalogue import Entity, Kind

ATTRIBUTE = "attributes."
_MOST_VALUES = 200
_MOST_DIGITS = 30  # before the decimal point, and after it

Scalar = str | Decimal | date | bool


class Operator(StrEnum):
    EQ = "eq"
    NE = "ne"
    IN = "in"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IS_NULL = "is_null"


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """One comparison that a record must meet.

    Equal by its text: to Python True equals 1, but they find other records.
    """

    column: str  # a column of the entity, or `attributes.` and a key
    operator: Operator
    values: tuple[Scalar, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


def parse(entity: Entity, filters: object) -> tuple[Condition, ...]:
    """The conditions of a filter such as {"stage": "closed_won", "amount": {"gte": 1000}}."""
    if not isinstance(filters, Mapping):
        raise invalid("filter", N_("A filter maps columns to what they must be."))
    return tuple(
        c for column, wanted in filters.items() for c in _conditions(entity, column, wanted)
    )


def compile_(records: FromClause, conditions: Iterable[Condition]) -> ColumnElement[bool]:
    """The conditions as SQL, on the entity's table or on what has its columns."""
    return and_(literal(True), *(_compile(records, condition) for condition in conditions))


def _conditions(entity: Entity, column: object, wanted: object) -> Iterable[Condition]:
    kind = _kind(entity, column)
    assert isinstance(column, str)  # noqa: S101  (_kind refused anything else)
    if wanted == {}:
        raise invalid("filter", N_("{column}: say what it is compared with."), column=column)
    if isinstance(wanted, Mapping):
        for operator, value in wanted.items():
            yield _condition(column, kind, operator, value)
    elif isinstance(wanted, list):
        yield _condition(column, kind, Operator.IN, wanted)
    elif wanted is None:
        yield _condition(column, kind, Operator.IS_NULL, True)
    else:
        yield _condition(column, kind, Operator.EQ, wanted)


def _kind(entity: Entity, column: object) -> Kind | None:
    """What the column holds; None for an attribute, which may hold anything."""
    if isinstance(column, str):
        if column in entity.columns:
            return entity.columns[column]
        if column.startswith(ATTRIBUTE) and len(column) > len(ATTRIBUTE) and "\0" not in column:
            return None
    names = ", ".join([*entity.columns, f"{ATTRIBUTE}…"])
    raise invalid(
        "filter", N_("There is no {column}; there is {names}."), column=column, names=names
    )


def _condition(column: str, kind: Kind | None, operator: object, value: object) -> Condition:
    try:
        op = Operator(str(operator))
    except ValueError:
        raise invalid(
            "filter",
            N_("{column}: there is no {operator}; there is {names}."),
            column=column,
            operator=operator,
            names=", ".join(Operator),
        ) from None
    if op is Operator.IS_NULL:
        return Condition(column, op, (_flag(column, value),))
    values = value if isinstance(value, list) else [value]
    if op is not Operator.IN and len(values) != 1:
        raise invalid("filter", N_("{column}: only `in` takes a list."), column=column)
    if not 0 < len(values) <= _MOST_VALUES:
        raise invalid(
            "filter", N_("{column}: from 1 to {most} values."), column=column, most=_MOST_VALUES
        )
    scalars = tuple(_scalar(column, kind, v) for v in values)
    if len({type(scalar) for scalar in scalars}) > 1:  # they are compared as one type
        raise invalid("filter", N_("{column}: give values of one kind."), column=column)
    return Condition(column, op, scalars)


def _flag(column: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise invalid("filter", N_("{column}: is_null is true or false."), column=column)


def _scalar(column: str, kind: Kind | None, value: object) -> Scalar:
    readers: dict[Kind | None, Callable[[object], Scalar]] = {
        Kind.TEXT: _text,
        Kind.NUMBER: _number,
        Kind.DAY: _day,
        None: _anything,
    }
    try:
        return readers[kind](value)
    except (ValueError, InvalidOperation):
        raise invalid(
            "filter",
            N_("{column}: {value} is no {kind}."),
            column=column,
            value=value,
            kind=kind.value if kind else "text, number or yes/no",
        ) from None


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    value.encode()  # a lone surrogate cannot be stored: UnicodeEncodeError is a ValueError
    return value


def _number(value: object) -> Decimal:
    # JSON's numbers come as int or float; a float's shortest text is what was written
    number = Decimal("NaN" if isinstance(value, bool) else str(value))
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or max(-exponent, number.adjusted()) > _MOST_DIGITS:
        raise ValueError  # not finite, or too long for the database: that would stop every goal
    return number


def _day(value: object) -> date:
    if type(value) is date:
        return value
    return date.fromisoformat(_text(value))


def _anything(value: object) -> Scalar:
    if isinstance(value, bool):
        return value
    return _text(value) if isinstance(value, str) else _number(value)


def _compile(records: FromClause, condition: Condition) -> ColumnElement[bool]:
    if condition.column.startswith(ATTRIBUTE):
        return _compile_attribute(records.c.attributes, condition)
    return _compare(records.c[condition.column], condition)


def _compile_attribute(attributes: ColumnElement[Any], condition: Condition) -> ColumnElement[bool]:
    key = condition.column.removeprefix(ATTRIBUTE)
    json, as_text = attributes[key], func.jsonb_extract_path_text(attributes, key)
    if condition.operator is Operator.IS_NULL:
        absent = func.coalesce(func.jsonb_typeof(json), "null") == "null"
        return absent if condition.values[0] else ~absent
    if isinstance(condition.values[0], Decimal):
        # only what is a number is compared as one: a text there must not stop the whole sync
        number = case((func.jsonb_typeof(json) == "number", cast(cast(json, JSONB), Numeric)))
        return _compare(number, condition)
    if isinstance(condition.values[0], bool):
        words = tuple("true" if value else "false" for value in condition.values)
        return _compare(as_text, Condition("", condition.operator, words))
    return _compare(as_text, condition)


def _compare(column: ColumnElement[Any], condition: Condition) -> ColumnElement[bool]:
    first = condition.values[0]
    comparisons: dict[Operator, Callable[[], ColumnElement[bool]]] = {
        Operator.EQ: lambda: column == first,
        Operator.NE: lambda: column.is_distinct_from(first),
        Operator.IN: lambda: column.in_(condition.values),
        Operator.GT: lambda: column > first,
        Operator.GTE: lambda: column >= first,
        Operator.LT: lambda: column < first,
        Operator.LTE: lambda: column <= first,
        Operator.IS_NULL: lambda: column.is_(None) if first else column.is_not(None),
    }
    return comparisons[condition.operator]()
