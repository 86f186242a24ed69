"""From a line of a sheet to cells that are read, or say what is wrong with them."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from babel import Locale

from goals_core.checks import Checks
from goals_core.errors import Invalid
from goals_core.imports import typed
from goals_core.imports.columns import Column, Form
from goals_core.imports.preview import Cell
from goals_core.imports.sheets import Line
from goals_core.imports.typed import Measured
from goals_core.imports.values import Value, text_of


class Reader:
    """Reads the cells of a file by its columns, the tenant's way."""

    def __init__(
        self, places: Mapping[str, int], columns: Mapping[str, Column], locale: str
    ) -> None:
        self._places, self._columns = places, columns
        self._locale = Locale.parse(locale)

    def raw(self, line: Line, key: str) -> Value:
        """What the file has in a column; None if it has no such column."""
        return line.at(self._places[key]) if key in self._places else None

    def text(self, line: Line, key: str) -> str:
        return typed.text(self.raw(line, key))

    def day(self, line: Line, key: str) -> date | None:
        """The day in a column; None where there is none to be read."""
        try:
            return typed.day(self.raw(line, key), self._locale)
        except Invalid:
            return None

    def cells(
        self,
        line: Line,
        measured: Measured | None = None,
        others: Mapping[str, Callable[[str], object]] | None = None,
    ) -> dict[str, Cell]:
        """Every cell of a line; `others` read the texts of some columns their own way."""
        return {
            key: self._cell(key, line.at(index), measured, (others or {}).get(key))
            for key, index in self._places.items()
        }

    def _cell(
        self,
        key: str,
        value: Value,
        measured: Measured | None,
        other: Callable[[str], object] | None,
    ) -> Cell:
        if value is None:
            return Cell(key, "")
        found: Any = None
        checks = Checks()
        with checks.within(key):
            found = other(typed.text(value)) if other else self._read(key, value, measured)
        return Cell(key, text_of(value), found, tuple(checks.problems))

    def _read(self, key: str, value: Value, measured: Measured | None) -> object:
        match self._columns[key].form:
            case Form.NUMBER:
                return typed.number(value, self._locale, measured)
            case Form.RATE:
                return typed.rate(value, self._locale)
            case Form.DAY:
                return typed.day(value, self._locale)
            case Form.YES_NO:
                return typed.yes_no(value)
        return typed.text(value)


def is_bad(cells: Mapping[str, Cell]) -> bool:
    return any(cell.problems for cell in cells.values())


def value_of(cells: Mapping[str, Cell], key: str) -> Any:  # noqa: ANN401  (the form says what)
    """What was read; None where there is no such column or nothing in it."""
    return cells[key].value if key in cells else None
