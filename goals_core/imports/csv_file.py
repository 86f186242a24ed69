"""CSV as spreadsheets write it: their encodings, their separators, their defused formulas."""

import csv
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from itertools import islice

from goals_core.errors import N_, invalid
from goals_core.imports.values import Value

SEPARATORS = ",;\t"
_SAMPLE = 50  # rows by which the separator is found out
_TOLD = re.compile(r"sep=([^\"\s]|\t)\r?\n")
# A spreadsheet takes a text that begins like this for a formula, and runs it.
_FORMULA = re.compile(r"'*(\s*[=+\-@]|[\t\r\n])")
_DEFUSED = re.compile(r"'+(\s*[=+\-@]|[\t\r\n])")


def rows(data: bytes) -> Iterator[tuple[Value, ...]]:
    """Every row, the empty ones too, so that they can be counted as a spreadsheet does."""
    text = _decoded(data)
    if told := _TOLD.match(text):  # a line for the spreadsheet, which does not show it
        text, separator = text[told.end() :], told[1]
    else:
        separator = _separator(text)
    for row in _parsed(text, separator):
        yield tuple(restored(cell) for cell in row)


def write(lines: Iterable[Iterable[str]]) -> bytes:
    """UTF-8 with the mark by which spreadsheets know it."""
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue().encode("utf-8-sig")


def defused(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """The text that was defused."""
    return text[1:] if _DEFUSED.match(text) else text


def _decoded(data: bytes) -> str:
    """UTF-8 or UTF-16 by its mark, else UTF-8, else what Western Windows writes."""
    marked = data.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    for encoding in ["utf-16"] if marked else ["utf-8-sig", "cp1252"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
        break
    raise invalid("file", N_("This is no text; please save it as CSV in UTF-8, or as XLSX."))


def _separator(text: str) -> str:
    """The one that finds several headings and most rows that are as long."""
    return max(SEPARATORS, key=lambda separator: _fit(text, separator))


def _fit(text: str, separator: str) -> tuple[int, int]:
    width, alike = 0, 0
    try:
        for row in islice(filter("".join, _reader(text, separator)), _SAMPLE):
            width = width or len(row)
            alike += len(row) == width
    except csv.Error:
        pass  # what was found before it counts
    return (alike, width) if width > 1 else (0, 0)


def _parsed(text: str, separator: str) -> Iterator[list[str]]:
    reader, number = _reader(text, separator), 0
    while True:
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise invalid(
                "file", N_("Row {row} cannot be read; look at its quotation marks."), row=number
            ) from error
        yield row


def _reader(text: str, separator: str) -> Iterator[list[str]]:
    # strict: otherwise a quotation mark that is not closed swallows all rows after it
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
