"""Files as people bring them."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import xlsxwriter

from goals_core.errors import Invalid
from goals_core.imports.preview import Cell, Preview, Row


def csv_of(*rows: Sequence[object], separator: str = ",", encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue().encode(encoding)


def xlsx_of(*rows: Sequence[object], formats: Mapping[int, str] | None = None) -> bytes:
    """`formats` are the number formats of columns, from 0."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        styles = {c: book.add_format({"num_format": f}) for c, f in (formats or {}).items()}
        for row, line in enumerate(rows):
            for column, value in enumerate(line):
                if value is not None:
                    sheet.write(row, column, value, styles.get(column) if row else None)
    return out.getvalue()


def repacked(data: bytes, **parts: bytes) -> bytes:
    """The same archive with other contents of some parts, by the ends of their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for part in old.infolist():
            stem = part.filename.rpartition("/")[2].partition(".")[0]
            new.writestr(part.filename, parts.get(stem, old.read(part)))
    return out.getvalue()


def told(refused: Any) -> list[str]:
    """The sentences of an `Invalid`, from pytest's `raises`."""
    assert isinstance(refused.value, Invalid)
    return [str(problem) for problem in refused.value.problems]


def wrong(preview: Preview[Any]) -> dict[str, str]:
    """What is wrong, by place."""
    return {problem.field: str(problem) for problem in preview.problems}


def cell(row: Row, column: str) -> Cell:
    return next(each for each in row.cells if each.column == column)


def outcomes(preview: Preview[Any]) -> list[str]:
    return [row.outcome.value for row in preview.rows]


def lines(*rows: Iterable[object]) -> list[list[object]]:
    return [list(row) for row in rows]
