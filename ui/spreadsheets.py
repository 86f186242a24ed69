"""Taking a list away as an Excel workbook: numbers and days are what they are, texts stay texts."""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from xlsxwriter import Workbook  # type: ignore[import-untyped]  # typed, but does not say so

from goals_core.actor import Actor
from ui import exports
from ui.exports import Cell

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST_TEXT = 32_767  # characters of a cell; Excel's own limits
_LONGEST_NAME = 31  # characters of a sheet's name


def to_xlsx(columns: Mapping[str, int], rows: Iterable[Sequence[Cell]], *, called: str) -> bytes:
    """One sheet: rows below a header that stays in sight; columns by name and width.

    No text becomes a formula, also not when somebody edits its cell and presses Enter.
    """
    out = io.BytesIO()
    # a row is written out when the next one begins, so that many take no more memory than few
    with Workbook(out, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet(called[:_LONGEST_NAME])
        sheet.freeze_panes(1, 0)
        bold, plain = book.add_format({"bold": True, "bottom": 1}), _as_text(book)
        for place, (name, width) in enumerate(columns.items()):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, name, bold)
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for number, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                _write(sheet, (number, place), cell, plain, moment)
    return out.getvalue()


def file_name(actor: Actor, subject: str) -> str:
    """A name of its own, as a CSV has."""
    return PurePath(exports.file_name(actor, subject)).with_suffix(".xlsx").name


def _as_text(book: Any) -> Any:  # noqa: ANN401  (xlsxwriter's own types)
    """What an apostrophe before a text is in Excel: it says that no formula is meant."""
    return book.add_format({"quote_prefix": True})


def _write(sheet: Any, at: tuple[int, int], cell: Cell, plain: Any, moment: Any) -> None:  # noqa: ANN401
    match cell:
        case str():
            sheet.write_string(*at, cell[:_LONGEST_TEXT], plain)
        case Decimal() | int():
            sheet.write_number(*at, cell)
        case datetime():
            # Excel knows no time zones: what the clock showed
            sheet.write_datetime(*at, cell.replace(tzinfo=None), moment)
        case date():
            sheet.write_datetime(*at, cell)
