"""Files to take away: safe to open, readable by machines."""

from datetime import date
from decimal import Decimal

import pytest

from ui import exports


def csv_of(*cells):
    return exports.to_csv(["A"], [[cell] for cell in cells]).decode("utf-8-sig").splitlines()[1:]


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\u00a0=1", "\tx", "=cmd|' /C calc'!A0"],
)
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(cell):
    (line,) = csv_of(cell)
    assert line.strip('"').startswith("'")


@pytest.mark.parametrize("cell", ["Ann", "a=b", "3+4", "", "O'Brien", "é"])
def test_any_other_text_stays_as_it_is(cell):
    assert csv_of(cell, "x")[0].strip('"') == cell


def test_numbers_and_days_are_written_for_machines():
    assert csv_of(Decimal("-1234.50"), -3, date(2026, 5, 20), None, "x") == [
        "-1234.50",
        "-3",
        "2026-05-20",
        '""',
        "x",
    ]


def test_the_header_is_guarded_too():
    assert exports.to_csv(["=1"], []).decode("utf-8-sig").startswith("'=1")


def test_spreadsheets_are_told_that_it_is_unicode():
    assert exports.to_csv(["é"], []).startswith(b"\xef\xbb\xbf")
