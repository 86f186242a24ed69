"""A file of any kind as one plain sheet: numbered lines of cells, nothing read into them yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from goals_core.errors import N_, Invalid, Problem, invalid
from goals_core.imports import csv_file, xlsx_file
from goals_core.imports.values import Value

MOST_BYTES = 5 * 1024 * 1024
MOST_COLUMNS = 200
_READERS = {
    ".csv": csv_file.rows,
    ".tsv": csv_file.rows,
    ".txt": csv_file.rows,
    ".xlsx": xlsx_file.rows,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row that is not empty; `number` is the one that a spreadsheet shows beside it."""

    number: int
    cells: tuple[Value, ...]

    def at(self, index: int) -> Value:
        """The cell of a column; a line may end before it."""
        return self.cells[index] if index < len(self.cells) else None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first line that is not empty is the headings."""

    header: Line
    lines: tuple[Line, ...]


def read(data: bytes, name: str, *, most_rows: int) -> Sheet:
    """The first sheet of a file; `Invalid` says what keeps it from being read."""
    reader = _READERS.get(PurePath(name).suffix.casefold())
    if reader is None:
        raise invalid("file", N_("Please bring a CSV or XLSX file."))
    if len(data) > MOST_BYTES:
        raise invalid("file", N_("The file is larger than {most} MB."), most=MOST_BYTES >> 20)
    lines = list(_lines(reader(data), most_rows))
    if not lines:
        raise invalid("file", N_("The file is empty."))
    _need_headings(lines)
    return Sheet(lines[0], tuple(lines[1:]))


def letter(index: int) -> str:
    """What a spreadsheet calls a column: 0 is A, 26 is AA."""
    letters = ""
    while index >= 0:
        index, rest = index // 26 - 1, index % 26
        letters = chr(ord("A") + rest) + letters
    return letters


def _lines(rows: Iterator[tuple[Value, ...]], most_rows: int) -> Iterator[Line]:
    """What is not empty; more than was asked for ends it at once, before it is all read."""
    found = 0
    for number, row in enumerate(rows, start=1):
        cells = _trimmed(row)
        if not cells:
            continue
        if len(cells) > MOST_COLUMNS:
            raise invalid("file", N_("The file has more than {most} columns."), most=MOST_COLUMNS)
        found += 1
        if found > most_rows + 1:  # and the headings
            raise invalid("file", N_("The file has more than {most} rows."), most=most_rows)
        yield Line(number, cells)


def _trimmed(row: tuple[Value, ...]) -> tuple[Value, ...]:
    """Without the empty cells at its end; a text of spaces alone is empty too."""
    cells = [None if isinstance(cell, str) and not cell.strip() else cell for cell in row]
    while cells and cells[-1] is None:
        cells.pop()
    return tuple(cells)


def _need_headings(lines: list[Line]) -> None:
    """No value may stand where nothing says what it means."""
    header, width = lines[0], max(len(line.cells) for line in lines)
    problems = [
        Problem(
            "file",
            N_("Column {column} has values but no heading."),
            {"column": letter(index)},
        )
        for index in range(width)
        if header.at(index) is None and any(line.at(index) is not None for line in lines)
    ]
    if problems:
        raise Invalid(*problems)
