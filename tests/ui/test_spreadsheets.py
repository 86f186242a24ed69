"""Workbooks to take away: what is a number is one, what is a text is never a formula."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from goals_core.actor import Actor, Tenant
from ui import spreadsheets


def sheet_of(*rows, called="Goals", columns=None):
    made = spreadsheets.to_xlsx(columns or {"A": 10, "B": 20}, rows, called=called)
    return load_workbook(io.BytesIO(made)).active


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "{=1}", "=cmd|' /C calc'!A0"])
def test_a_text_is_never_a_formula_also_when_it_is_edited(text):
    cell = sheet_of([text])["A2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)


@pytest.mark.parametrize("text", ["https://example.com", "mailto:a@b.example", "0123", "Ann"])
def test_a_text_is_neither_a_link_nor_a_number(text):
    cell = sheet_of([text])["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


def test_numbers_days_and_moments_are_what_they_are():
    moment = datetime(2026, 5, 20, 14, 30, tzinfo=UTC)
    sheet = sheet_of([Decimal("9999999999999.99"), 3, date(2026, 5, 20), moment, None])
    number, whole, day, at = (cell.value for cell in sheet[2][:4])
    assert (number, whole) == (9999999999999.99, 3)
    assert (day.date(), str(at)) == (date(2026, 5, 20), "2026-05-20 14:30:00")


def test_the_header_stays_in_sight():
    sheet = sheet_of(["x"])
    assert ([cell.value for cell in sheet[1]], sheet.freeze_panes) == (["A", "B"], "A2")
    assert sheet["A1"].font.bold


def test_there_may_be_no_rows():
    assert sheet_of().max_row == 1


def test_a_long_name_of_the_sheet_and_a_long_text_are_cut():
    sheet = sheet_of(["x" * 40_000], called="y" * 40)
    assert (len(sheet["A2"].value), len(sheet.title)) == (32_767, 31)


def test_each_file_has_a_name_of_its_own():
    tenant = Tenant(
        id=None,
        slug="acme",
        name="Acme",
        timezone="UTC",
        locale="en_US",
        currency="USD",
        fiscal_year_start=1,
        grace_days=3,
        risk_progress_below=50,
        risk_time_left=25,
    )
    names = {spreadsheets.file_name(Actor.system(tenant), "audit-log") for _ in range(5)}
    assert len(names) == 5
    assert all(name.startswith("acme-audit-log-") for name in names)
    assert all(name.endswith(".xlsx") for name in names)
