"""Arguments for any operation, made from its type hints: ids and texts of theirs among one's own.

What has no maker here fails the test, so that a new operation is tried as soon as it is there.
"""

import inspect
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from random import Random
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from goals_core import clock
from goals_core.actor import Actor
from goals_core.db import TenantSession
from goals_core.permissions import Operation
from tests.makers import TODAY
from tests.walls import whole
from tests.walls.pool import Pool

Makers = dict[Any, Callable[["Draw"], Any]]
_ASKING = (TenantSession, Actor)  # what an operation's first argument may say who asks by


class NoMaker(AssertionError):
    """A parameter of a type that nobody has said how to make."""


@dataclass(frozen=True)
class Parameter:
    """What an operation is to be given."""

    name: str
    hint: Any
    is_required: bool
    by_keyword: bool


@dataclass(frozen=True)
class Draw:
    """Chance, and where ids and texts come from."""

    chance: Random
    pool: Pool
    operation: Operation

    def make(self, hint: Any, name: str) -> Any:
        """A value of a type; the name says what an id or a text means."""
        origin, inner = get_origin(hint), get_args(hint)
        if name in whole.NAMED or hint in whole.MAKERS:
            return (whole.NAMED.get(name) or whole.MAKERS[hint])(self)
        if hint in _PLAIN:
            return _PLAIN[hint](self, name)
        if origin in _GENERIC:
            return _GENERIC[origin](self, inner, name)
        if origin in whole.GENERIC:
            return whole.GENERIC[origin](self, *inner)
        return self._of_class(hint, name)

    def _of_class(self, hint: Any, name: str) -> Any:
        if isinstance(hint, type) and issubclass(hint, Enum):
            return self.chance.choice(list(hint))
        if is_dataclass(hint):
            return self._dataclass(hint)
        raise NoMaker(f"{self.operation.title}: say in tests/walls how to make {name}: {hint}")

    def _dataclass(self, kind: Any) -> Any:
        hints = typing.get_type_hints(kind)
        given = {}
        for each in fields(kind):
            has_default = each.default is not MISSING or each.default_factory is not MISSING
            if each.init and not (has_default and self.chance.random() < 0.3):
                given[each.name] = self.make(hints[each.name], each.name)
        return kind(**given)

    def arguments(self) -> tuple[list[Any], dict[str, Any]]:
        """Positional ones and those by keyword, without who is asking."""
        positional: list[Any] = []
        named: dict[str, Any] = {}
        for each in parameters(self.operation):
            if not each.is_required and self.chance.random() < 0.3:
                continue
            value = self.make(each.hint, each.name)
            if each.by_keyword:
                named[each.name] = value
            else:
                positional.append(value)
        return positional, named


@cache
def asks_as(operation: Operation) -> type | None:
    """What the operation is told who asks by: a session, an actor, or nothing for a visitor."""
    names = list(inspect.signature(operation.function).parameters)
    hint = _hints(operation.function).get(names[0]) if names else None
    return hint if hint in _ASKING else None


@cache
def parameters(operation: Operation) -> tuple[Parameter, ...]:
    """What the operation takes besides who asks."""
    hints = _hints(operation.function)
    found = list(inspect.signature(operation.function).parameters.values())
    made: list[Parameter] = []
    for each in found[1:] if asks_as(operation) else found:
        if each.name not in hints:
            raise NoMaker(f"{operation.title}: {each.name} has no type")
        if each.kind is each.VAR_KEYWORD:
            made += _keys(hints[each.name])
            continue
        is_keyword = each.kind is each.KEYWORD_ONLY or each.default is not each.empty
        made.append(Parameter(each.name, hints[each.name], each.default is each.empty, is_keyword))
    return tuple(made)


def _keys(hint: Any) -> list[Parameter]:
    """The keys of `**wanted: Unpack[Filters]`."""
    (typed,) = get_args(hint)
    return [
        Parameter(name, key, is_required=False, by_keyword=True)
        for name, key in typing.get_type_hints(typed).items()
    ]


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    return typing.get_type_hints(function)


def _one_of(draw: Draw, inner: tuple[Any, ...], name: str) -> Any:
    kinds = [kind for kind in inner if kind is not NoneType]
    if len(kinds) < len(inner) and draw.chance.random() < 0.25:
        return None
    return draw.make(draw.chance.choice(kinds), name)


def _several(draw: Draw, inner: tuple[Any, ...], name: str) -> list[Any]:
    return [draw.make(inner[0], name) for _ in range(draw.chance.randint(1, 3))]


def _mapping(draw: Draw, inner: tuple[Any, ...], name: str) -> dict[Any, Any]:
    key, value = inner
    return {draw.make(key, name): draw.make(value, name) for _ in range(draw.chance.randint(1, 2))}


def _text(draw: Draw, name: str) -> str:
    """Of an import the name is its file's."""
    ending = ".csv" if name == "name" and draw.operation.module.endswith("_import") else ""
    return draw.pool.text_for(draw.chance, name) + ending


def _bytes(draw: Draw, name: str) -> bytes:
    """A file; as an assertion the digest of a provider's word, which one's own may have been."""
    if name != "assertion":
        return whole.file_for(draw)
    known = draw.pool.cells(draw.chance, "assertion_sha256")
    return draw.chance.choice([*known, draw.chance.randbytes(32)])


def _moment(draw: Draw, _name: str) -> datetime:
    return clock.now() + timedelta(hours=draw.chance.randint(-48, 48))


def _day(draw: Draw, _name: str) -> date:
    return TODAY + timedelta(days=draw.chance.choice((0, 0, 0, -1, -20, 12, 40)))


_PLAIN: dict[Any, Callable[[Draw, str], Any]] = {
    UUID: lambda draw, name: draw.pool.id_for(draw.chance, draw.operation, name),
    str: _text,
    bytes: _bytes,
    float: lambda draw, _name: draw.chance.uniform(0, 1),
    int: lambda draw, name: draw.chance.randint(*((1, 3) if name == "version" else (0, 9))),
    bool: lambda draw, _name: draw.chance.random() < 0.5,
    Decimal: lambda draw, _name: Decimal(draw.chance.randint(1, 900)),
    date: _day,
    datetime: _moment,
    timedelta: lambda draw, _name: timedelta(hours=draw.chance.randint(1, 48)),
    Any: lambda draw, name: draw.pool.text_for(draw.chance, name),
    object: lambda draw, name: draw.pool.text_for(draw.chance, name),
}
_GENERIC: dict[Any, Callable[[Draw, tuple[Any, ...], str], Any]] = {
    Union: _one_of,
    UnionType: _one_of,
    list: _several,
    Sequence: _several,
    Collection: _several,
    Iterable: _several,
    set: lambda draw, inner, name: set(_several(draw, inner, name)),
    frozenset: lambda draw, inner, name: frozenset(_several(draw, inner, name)),
    tuple: lambda draw, inner, name: tuple(_several(draw, inner, name)),
    dict: _mapping,
    Mapping: _mapping,
    Callable: lambda _draw, _inner, _name: lambda *given: given[0],
}
