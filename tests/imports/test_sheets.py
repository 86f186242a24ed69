"""Files of any kind become one plain sheet, or say why not; nothing harms the reader."""

import io
import zipfile
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from goals_core.errors import GoalsError, Invalid
from goals_core.imports import csv_file, sheets, writing
from goals_core.imports.values import Percent, Value
from goals_core.imports.writing import Field, Format, Look, Page, Table
from tests.imports.files import csv_of, repacked, told, xlsx_of

AFTERNOON = datetime(2026, 5, 20, 14, 30)  # noqa: DTZ001  (a spreadsheet has no zones)
NO_TEXT = "This is no text; please save it as CSV in UTF-8, or as XLSX."
ABOUT = Page("columns", ("Column",), (), (10,))
quickly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(data: bytes, name: str = "file.csv", most_rows: int = 100) -> list[tuple[int, tuple]]:
    sheet = sheets.read(data, name, most_rows=most_rows)
    return [(line.number, line.cells) for line in (sheet.header, *sheet.lines)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_is_read_in_every_encoding_and_with_every_separator(encoding, separator):
    data = csv_of(
        ("goal", "value"), ("Müller & Söhne", "1,5"), separator=separator, encoding=encoding
    )
    assert read(data) == [(1, ("goal", "value")), (2, ("Müller & Söhne", "1,5"))]


def test_a_separator_is_not_mistaken_for_a_comma_within_the_values():
    data = b"goal, exactly;value, net\nCalls;1,5\nVisits;2,5\n"
    assert read(data)[1] == (2, ("Calls", "1,5"))


def test_the_separator_may_be_told_in_a_first_line_that_spreadsheets_hide():
    assert read(b"sep=|\ngoal|value\nCalls|5\n") == [(1, ("goal", "value")), (2, ("Calls", "5"))]


def test_a_quoted_line_break_stays_within_its_row():
    data = b'goal,note\nCalls,"first\nsecond"\nVisits,x\n'
    assert read(data) == [
        (1, ("goal", "note")),
        (2, ("Calls", "first\nsecond")),
        (3, ("Visits", "x")),
    ]


def test_rows_have_the_numbers_that_a_spreadsheet_shows():
    data = b"\n\ngoal,value\n\nCalls,1\n , \nVisits,2\n\n"
    assert [number for number, _ in read(data)] == [3, 5, 7]
    typed = xlsx_of((), ("goal", "value"), (), ("Calls", 1))
    assert [number for number, _ in read(typed, "a.xlsx")] == [2, 4]


def test_a_quotation_mark_that_is_not_closed_does_not_swallow_the_rows_after_it():
    with pytest.raises(Invalid) as refused:
        read(b'goal,note\nCalls,"ok"\nVisits,"oh\nMore,x\n')
    assert told(refused) == ["Row 3 cannot be read; look at its quotation marks."]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1", "'=1", "''=x", "'x"]
)
def test_a_text_that_was_defused_is_read_as_it_was(text):
    defused = csv_file.defused(text)
    assert not defused.lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))
    assert csv_file.restored(defused) == text


def test_numbers_and_days_of_a_workbook_are_what_they_are():
    data = xlsx_of(
        ("a", "b", "c", "d", "e", "f"),
        (12500, 12500.1, AFTERNOON, True, "1.000", 0.07),
        formats={5: "0.00%", 2: "yyyy-mm-dd"},
    )
    cells = read(data, "a.XLSX")[1][1]
    assert cells == (
        Decimal(12500),
        Decimal("12500.1"),
        date(2026, 5, 20),
        True,
        "1.000",
        Percent(Decimal("7.00")),
    )


def test_a_percent_sign_that_only_decorates_a_number_changes_nothing():
    data = xlsx_of(("a", "b"), (12.5, 3), formats={0: '0.0"%"', 1: "0\\%"})
    assert read(data, "a.xlsx")[1][1] == (Decimal("12.5"), Decimal(3))


def test_times_and_durations_are_texts_which_no_column_takes():
    data = xlsx_of(
        ("a", "b"), (time(8, 30), timedelta(hours=30)), formats={0: "hh:mm", 1: "[h]:mm"}
    )
    assert all(isinstance(cell, str) for cell in read(data, "a.xlsx")[1][1])


def test_a_workbook_that_says_a_wrong_size_of_itself_is_read_whole():
    data = xlsx_of(("a", "b"), (1, 2), (3, 4))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").replace(b'ref="A1:B3"', b'ref="A1"')
    assert len(read(repacked(data, sheet1=sheet), "a.xlsx")) == 3


def test_a_day_that_no_calendar_has_is_an_error_text():
    data = xlsx_of(("a",), (1e9,), formats={0: "yyyy-mm-dd"})
    assert read(data, "a.xlsx")[1][1] == ("#VALUE!",)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.pdf", b"x", "Please bring a CSV or XLSX file."),
        ("a", b"x", "Please bring a CSV or XLSX file."),
        ("a.csv", b"", "The file is empty."),
        ("a.csv", b" \n,,\n,,\n", "The file is empty."),
        ("a.xlsx", b"", "This XLSX file is broken."),
        ("a.xlsx", b"goal,value\n", "This XLSX file is broken."),
        ("a.xlsx", b"PK\x03\x04 not really", "This XLSX file is broken."),
        ("a.xlsx", b"\xd0\xcf\x11\xe0 old", "Please save it as XLSX, without a password."),
        ("a.csv", b"PK\x03\x04\0\0", NO_TEXT),
        ("a.csv", b"\xff\xfea", NO_TEXT),
        ("a.csv", b"a\x81", NO_TEXT),
        ("a.csv", b"a\n" * 102, "The file has more than 100 rows."),
        ("a.csv", b"," * 200 + b"a", "The file has more than 200 columns."),
        ("a.csv", b"a,,c\n1,2,3,4\n", "Column B has values but no heading. Column D has values but"
         " no heading."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why(name, data, sentence):
    with pytest.raises(Invalid) as refused:
        read(data, name)
    assert " ".join(told(refused)) == sentence
    assert {problem.field for problem in refused.value.problems} == {"file"}


def test_a_file_that_is_too_large_is_not_even_opened():
    with pytest.raises(Invalid, match="larger than 5 MB"):
        read(b"a\n" * (sheets.MOST_BYTES // 2 + 1))


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    bomb = repacked(xlsx_of(("a",)), sheet1=b" " * (65 * 1024 * 1024))
    assert len(bomb) < sheets.MOST_BYTES
    with pytest.raises(Invalid, match="Unpacked, the file is larger than 64 MB"):
        read(bomb, "a.xlsx")


def test_a_part_that_lies_about_its_size_is_no_way_around():
    bomb = bytearray(repacked(xlsx_of(("a",)), sheet1=b" " * 1_000_000))
    size = (1_000_000).to_bytes(4, "little")
    at = bomb.rfind(size)
    bomb[at : at + 4] = (100).to_bytes(4, "little")
    with pytest.raises(Invalid, match="broken"):
        read(bytes(bomb), "a.xlsx")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_cannot_be_declared_at_all(encoding):
    laughs = (
        '<?xml version="1.0"?><!-- a comment before --><!DOCTYPE sst [<!ENTITY a "ha">'
        '<!ENTITY b "&a;&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>'
    )
    with pytest.raises(Invalid, match="no spreadsheet writes"):
        read(repacked(xlsx_of(("a",)), sharedStrings=laughs.encode(encoding)), "a.xlsx")


@pytest.mark.parametrize("row", ["1048577", "99999999999999999999"])
def test_a_row_beyond_the_last_one_does_not_keep_the_reader_busy(row):
    xml = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f'<row r="1"><c r="A1"><v>1</v></c></row><row r="{row}"><c><v>1</v></c></row>'
        "</sheetData></worksheet>"
    )
    assert len(read(repacked(xlsx_of(("a",)), sheet1=xml.encode()), "a.xlsx")) == 1


@quickly
@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.xlsx"]))
@example(b'"', "a.csv")
@example(b"sep=\n\na", "a.csv")
@example(b'sep="\na', "a.csv")
def test_random_bytes_raise_nothing_but_what_can_be_said(data, name):
    with suppress(GoalsError):
        read(data, name)


@quickly
@given(st.data())
def test_a_damaged_workbook_raises_nothing_but_what_can_be_said(data):
    """Bytes of the parts themselves are changed, behind valid checksums."""
    parts = zipfile.ZipFile(io.BytesIO(xlsx_of(("a", "b"), ("x", 1.5), (True, date(2026, 1, 1)))))
    name = data.draw(st.sampled_from(parts.namelist()))
    content = bytearray(parts.read(name))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
        content = content or bytearray(b" ")
    stem = name.rpartition("/")[2].partition(".")[0]
    with suppress(GoalsError):
        read(repacked(xlsx_of(("a", "b"), ("x", 1.5)), **{stem: bytes(content)}), "a.xlsx")


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), include_characters="\n\t"),
    min_size=1,
    max_size=30,
).filter(lambda text: text.strip() and "x005F_" not in text)
numbers = st.decimals(
    min_value=Decimal("-9999999999999.99"), max_value=Decimal("9999999999999.99"), places=2
)
days = st.dates(min_value=date(1970, 1, 1), max_value=date(2199, 12, 31))
values = st.one_of(st.none(), texts, numbers, days)


@quickly
@given(st.lists(st.lists(values, min_size=3, max_size=3), max_size=8), st.sampled_from(Format))
def test_any_grid_that_is_written_is_read_back_the_same(rows, format_):
    headings = tuple(Field(name, look) for name, look in zip("abc", Look, strict=False))
    data = writing.write(Table("grid", headings, rows), ABOUT, format_)
    found = dict(read(data, f"grid.{format_}"))
    for number, row in enumerate(rows, start=2):
        cells = found.get(number, ())
        cells = (*cells, *[None] * (3 - len(cells)))
        assert [_same(cell) for cell in cells] == [_same(value) for value in row]


def _same(value: Value) -> object:
    """A CSV keeps what a value says, not of which type it was."""
    if isinstance(value, Decimal):
        return Decimal(value)
    try:
        number = None if value is None or "_" in str(value) else Decimal(str(value))
    except ArithmeticError:
        return value.isoformat() if isinstance(value, date) else value
    return value if number is None or number.is_nan() else number  # the word NaN is itself again
