"""An outcome as text: everything that a result or an error says, in one order, without chance."""

import io
import zipfile
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from goals_core.errors import GoalsError, Invalid
from goals_core.models.base import Base

_WHEN_IT_WAS_WRITTEN = "docProps/core.xml"


def result(value: Any) -> str:
    """What a value holds, however deep; how long something took is left out."""
    if isinstance(value, float):
        return "…"
    for kind, tell in _TELLERS.items():
        if isinstance(value, kind):
            return tell(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _named(value, {f.name: getattr(value, f.name) for f in fields(value)})
    return str(value)


def error(raised: Exception) -> str:
    """The kind of error, its sentence and its facts; of the database's its code and constraint."""
    if isinstance(raised, Invalid):
        return f"Invalid: {result(list(raised.problems))}"
    if isinstance(raised, GoalsError):
        return f"{type(raised).__name__}: {raised} {result(raised.facts)}"
    if isinstance(raised, DBAPIError):
        return database_error(raised.orig)
    return f"{type(raised).__name__}: {raised}"


def database_error(raised: Any) -> str:
    said = raised.diag
    parts = (said.message_primary, said.message_detail, said.message_hint, said.context)
    return f"{raised.sqlstate} {said.constraint_name} {' | '.join(part or '' for part in parts)}"


def _row(row: Base) -> str:
    attributes = inspect(row).mapper.column_attrs
    return _named(row, {each.key: getattr(row, each.key) for each in attributes})


def _named(value: object, cells: Mapping[str, Any]) -> str:
    return type(value).__name__ + _mapping(cells)


def _mapping(found: Mapping[Any, Any]) -> str:
    return "{" + ", ".join(f"{result(k)}: {result(v)}" for k, v in found.items()) + "}"


def _several(found: Any) -> str:
    each = [result(value) for value in found]
    return "[" + ", ".join(sorted(each) if isinstance(found, Set) else each) + "]"


def _file(content: bytes) -> str:
    """A file as its text; of a workbook every part but the one that says when it was written."""
    if not content.startswith(b"PK"):
        return content.decode(errors="replace")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        names = [name for name in book.namelist() if name != _WHEN_IT_WAS_WRITTEN]
        return "\n".join(f"{name}: {book.read(name).decode(errors='replace')}" for name in names)


_TELLERS: dict[Any, Any] = {
    Enum: lambda value: str(value.value),
    str: str,
    bytes: _file,
    Base: _row,
    Mapping: _mapping,
    (list, tuple, set, frozenset): _several,
}
