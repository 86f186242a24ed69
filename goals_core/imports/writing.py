"""Sheets written as CSV or XLSX, so that reading them gives back what was put in."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]  # typed, but does not say so

from goals_core.imports import csv_file
from goals_core.imports.values import Percent, Value, text_of

_HEADING = {"bold": True, "bottom": 1, "bg_color": "#EEF1F5"}
_WRAPPED = {"text_wrap": True, "valign": "top"}
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


class Format(StrEnum):
    """The kinds of files."""

    CSV = "csv"
    XLSX = "xlsx"


class Look(StrEnum):
    """How a spreadsheet shows a column, as its own number format."""

    TEXT = "@"  # what is typed stays as it is: 1-2 becomes no day
    NUMBER = "#,##0.00"
    WHOLE = "#,##0"
    RATE = "0.0000######"
    DAY = "yyyy-mm-dd"


@dataclass(frozen=True, slots=True)
class Field:
    """A column as it is written; `choices` are offered in its cells."""

    heading: str
    look: Look = Look.TEXT
    width: int = 16
    choices: tuple[str, ...] = ()
    is_faint: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The sheet that is filled in: its columns, the headings' second line if any, the rows."""

    name: str
    fields: tuple[Field, ...]
    rows: Sequence[Sequence[Value]] = ()
    second: tuple[str, ...] = ()
    fixed: int = 0  # columns that stay in sight
    choices_for: int = 1000  # rows


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet to be read by people."""

    name: str
    headings: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    widths: tuple[int, ...]


def write(table: Table, page: Page, format_: Format) -> bytes:
    """A CSV of the table, or an XLSX of both."""
    if format_ is Format.CSV:
        return csv_file.write([_texts(line) for line in _lines(table)])
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        _write_table(book, table)
        _write_page(book, page)
    return out.getvalue()


def _lines(table: Table) -> list[Sequence[Value]]:
    second = [table.second] if table.second else []
    return [[field.heading for field in table.fields], *second, *table.rows]


def _texts(line: Sequence[Value]) -> list[str]:
    """Numbers and days as machines read them, texts so that no spreadsheet runs them."""
    return [csv_file.defused(v) if isinstance(v, str) else text_of(v) for v in line]


def _write_table(book: Any, table: Table) -> None:  # noqa: ANN401  (xlsxwriter has no types)
    sheet = book.add_worksheet(table.name)
    top = 2 if table.second else 1
    sheet.freeze_panes(top, table.fixed)
    heading, day = book.add_format(_HEADING), book.add_format({"num_format": Look.DAY.value})
    lines = _lines(table)
    for column, field in enumerate(table.fields):
        style = book.add_format(_style(field))
        sheet.set_column(column, column, field.width, style)
        if field.choices:
            rule = {"validate": "list", "source": list(field.choices)}
            sheet.data_validation(top, column, top + table.choices_for - 1, column, rule)
        for row, line in enumerate(lines):
            value = line[column] if column < len(line) else None
            _put(sheet, row, column, value, heading if row < top else style, day)


def _style(field: Field) -> dict[str, str]:
    faint = {"font_color": "#8A8F98"} if field.is_faint else {}
    return {"num_format": field.look.value} | faint


def _put(sheet: Any, row: int, column: int, value: Value, style: Any, day: Any) -> None:  # noqa: ANN401
    match value:
        case None:
            return
        case bool():
            sheet.write_boolean(row, column, value, style)
        case Decimal():
            # a spreadsheet's numbers are floats, which keep the 15 digits that a value can have
            sheet.write_number(row, column, float(value), style)
        case date():
            sheet.write_datetime(row, column, value, day)
        case Percent():
            sheet.write_string(row, column, text_of(value), style)
        case str():
            sheet.write_string(row, column, value, style)


def _write_page(book: Any, page: Page) -> None:  # noqa: ANN401
    sheet = book.add_worksheet(page.name)
    sheet.freeze_panes(1, 0)
    heading, wrapped = book.add_format(_HEADING), book.add_format(_WRAPPED)
    for column, width in enumerate(page.widths):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, page.headings[column], heading)
    for row, line in enumerate(page.rows, start=1):
        for column, text in enumerate(line):
            sheet.write_string(row, column, text, wrapped)
