"""Columns of many rows as PostgreSQL's array literals: one bound text per column.

The driver would adapt each element by itself, which costs more than the rows do.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Dialect, bindparam
from sqlalchemy.types import UserDefinedType


def array(items: Iterable[object]) -> str:
    """Numbers, ids, days, moments and names of enums; None is NULL."""
    return "{" + ",".join(map(_plain, items)) + "}"


def texts(items: Iterable[str | None]) -> str:
    """Any text, quoted; None is NULL."""
    return "{" + ",".join("NULL" if item is None else _quoted(item) for item in items) + "}"


class Ids(UserDefinedType[Iterable[UUID | str]]):
    """Ids as one bound array, whatever their number."""

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_: Any) -> str:  # noqa: ANN401  (its own signature)
        return "UUID[]"

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:  # noqa: ARG002
        return array


class Numbers(Ids):
    """Decimals as one bound array."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:  # noqa: ANN401  (its own signature)
        return "NUMERIC[]"


def ids_of(ids: Collection[UUID] | Collection[str], name: str | None = None) -> BindParameter[Any]:
    """These ids in a statement."""
    return bindparam(name, ids, Ids())


def _plain(item: object) -> str:
    if item is None:
        return "NULL"
    return item.hex if type(item) is UUID else str(item)  # the hyphens take half of the time


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if text else '""'
