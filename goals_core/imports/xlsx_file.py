"""XLSX: the first sheet's values as they were saved; what could harm is refused before."""

import io
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import IO, Protocol
from xml.parsers import expat
from zipfile import ZipFile

from openpyxl import load_workbook

from goals_core.errors import N_, GoalsError, invalid
from goals_core.imports.values import Percent, Value

MOST_UNPACKED = 64 * 1024 * 1024
MOST_PARTS = 1000
LAST_ROW = 1_048_576
_CHUNK = 65_536
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"  # XLS, and XLSX under a password
# In a number's format these stand for themselves: "…", \x, [red].
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')


class _Cell(Protocol):
    """What is looked at of openpyxl's cells."""

    @property
    def value(self) -> object: ...

    @property
    def number_format(self) -> str | None: ...


class _RootReached(Exception):
    pass


def rows(data: bytes) -> Iterator[tuple[Value, ...]]:
    """Every row up to the last that is not empty; formulas by the value saved with them."""
    if data.startswith(_OLD_OFFICE):
        raise invalid("file", N_("Please save it as XLSX, without a password."))
    try:
        _refuse_harm(data)
        yield from _values(data)
    except GoalsError:
        raise
    except Exception as error:
        raise invalid("file", N_("This XLSX file is broken.")) from error


def _refuse_harm(data: bytes) -> None:
    """Look at each part before anything reads it whole.

    The archive's own directory says how large a part is, and zipfile unpacks no more than that.
    A document type, without which there are no entities, is found by the very parser that openpyxl
    uses, whatever the encoding; Office never writes one.
    """
    with ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise invalid(
                "file",
                N_("Unpacked, the file is larger than {most} MB."),
                most=MOST_UNPACKED >> 20,
            )
        for part in parts:
            if part.filename.casefold().endswith((".xml", ".rels", ".vml")):
                with archive.open(part) as file:
                    _refuse_document_type(file)


def _refuse_document_type(file: IO[bytes]) -> None:
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _on_document_type
    parser.StartElementHandler = _on_root
    try:
        while chunk := file.read(_CHUNK):
            parser.Parse(chunk)
    except _RootReached:
        return


def _on_document_type(*_: object) -> None:
    raise invalid("file", N_("This XLSX file has parts that no spreadsheet writes."))


def _on_root(*_: object) -> None:
    raise _RootReached


def _values(data: bytes) -> Iterator[tuple[Value, ...]]:
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # some programs write wrong ones, which would cut the sheet
        for row in sheet.iter_rows(max_row=LAST_ROW):
            yield tuple(_value(cell) for cell in row)
    finally:
        book.close()


def _value(cell: _Cell) -> Value:
    """A number exactly as its shortest text says; a day without its time."""
    value = cell.value
    match value:
        case None | bool() | str():
            return value
        case int() | float():
            number = Decimal(repr(value))
            return Percent(number.scaleb(2)) if _shows_percent(cell.number_format) else number
        case datetime():
            return value.date()
        case date():
            return value
    return str(value)  # a time of day, a duration


@lru_cache(maxsize=256)  # the formats are the file's own
def _shows_percent(number_format: str | None) -> bool:
    return "%" in _LITERAL.sub("", number_format or "")
