"""Columns of many rows as PostgreSQL's array literals: one bound text per column.

The driver would adapt each element by itself, which costs more than the rows do.
"""

from collections.abc import Iterable


def array(items: Iterable[object]) -> str:
    """Numbers, ids, days, moments and names of enums; None is NULL."""
    return "{" + ",".join("NULL" if item is None else str(item) for item in items) + "}"


def texts(items: Iterable[str | None]) -> str:
    """Any text, quoted; None is NULL."""
    return "{" + ",".join("NULL" if item is None else _quoted(item) for item in items) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if text else '""'
