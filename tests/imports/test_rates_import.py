"""Exchange rates from a file: all rows or none, never guessed, twice the same as once."""

from datetime import date
from decimal import Decimal

import pytest
from babel import Locale

from goals_core.db import tenant_session
from goals_core.errors import Invalid, NotAllowed
from goals_core.imports import rates_import, typed
from goals_core.imports.templates import Kind, template
from goals_core.imports.writing import Format
from goals_core.services import audit_reading, rates
from tests.imports.files import cell, csv_of, outcomes, wrong, xlsx_of
from tests.makers import add_rate, with_settings

HEAD = ("from_currency", "to_currency", "day", "rate")


def file_of(*rows, head=HEAD):
    return csv_of(head, *rows)


def looked_at(actor, data, name="rates.csv"):
    with tenant_session(actor) as db:
        return rates_import.read(db, data, name)


def brought_in(actor, data, name="rates.csv"):
    with tenant_session(actor) as db:
        return rates_import.commit(db, rates_import.read(db, data, name))


def held(cast):
    with tenant_session(cast.admin) as db:
        found = rates.list_(db).items
    return {(r.from_currency, r.to_currency, r.day): r.rate for r in found}


def tags(cast):
    with tenant_session(cast.admin) as db:
        return [entry.tag for entry in audit_reading.list_(db, subject="rate").items]


def test_a_file_is_shown_before_it_is_written_and_a_second_time_changes_nothing(cast):
    add_rate(cast.tenant, "EUR", date(2026, 5, 1), "1.1")
    add_rate(cast.tenant, "GBP", date(2026, 5, 1), "1.3")
    data = file_of(
        ("eur", "usd", "2026-05-01", "1.0842"),
        ("GBP", "USD", "5/1/26", "1.30"),
        ("JPY", "USD", "May 1, 2026", "0.0068493151"),
    )
    preview = looked_at(cast.admin, data)
    assert outcomes(preview) == ["changed", "same", "new"]
    assert cell(preview.rows[0], "rate").before == Decimal("1.1")
    assert tags(cast) == []
    done = brought_in(cast.admin, data)
    assert (done.new, done.changed, done.same) == (1, 1, 1)
    assert held(cast) == {
        ("EUR", "USD", date(2026, 5, 1)): Decimal("1.0842"),
        ("GBP", "USD", date(2026, 5, 1)): Decimal("1.3"),
        ("JPY", "USD", date(2026, 5, 1)): Decimal("0.0068493151"),
    }
    assert sorted(tags(cast)) == ["rate:changed", "rate:created"]
    assert outcomes(looked_at(cast.admin, data)) == ["same"] * 3
    again = brought_in(cast.admin, data)
    assert (again.new, again.changed, again.same) == (0, 0, 3)


def test_every_bad_row_is_told_with_its_number_and_nothing_is_written(cast):
    data = file_of(
        ("EUR", "USD", "2026-05-01", "1.1"),
        ("QQQ", "USD", "2026-05-01", "1.1"),
        ("EUR", "EUR", "2026-05-01", "1.1"),
        ("EUR", "USD", "2026-05-02", "0"),
        ("EUR", "USD", "31.31.2026", "1,084.20"),
        ("EUR", "USD", "", "1.12345678901"),
        ("eur", "usd", "2026-05-01", "1.2"),
        ("EUR", "USD", "2030-01-01", "1.2"),
        ("EUR", "USD", "2026-05-03", ""),
    )
    preview = looked_at(cast.admin, data)
    found = wrong(preview)
    assert list(found) == [
        "3.from_currency",
        "4.to_currency",
        "5.rate",
        "6.day",
        "6.rate",
        "7.day",
        "8.day",
        "9.day",
        "10.rate",
    ]
    assert found["8.day"] == "Row 2 has this pair and day already."
    assert found["5.rate"] == "A rate is more than 0."
    with pytest.raises(Invalid):
        brought_in(cast.admin, data)
    assert held(cast) == {}


def test_a_workbooks_numbers_count_as_they_are(cast):
    rows = [
        ("EUR", "USD", date(2026, 5, 1), 1.0842),
        ("JPY", "USD", date(2026, 5, 1), 0.00684931),
        ("KWD", "USD", date(2026, 5, 1), 1 / 3),
    ]
    preview = looked_at(cast.admin, xlsx_of(HEAD, *rows), "rates.xlsx")
    assert wrong(preview) == {"4.rate": "At most 10 decimals."}
    brought_in(cast.admin, xlsx_of(HEAD, *rows[:2]), "rates.xlsx")
    assert sorted(held(cast).values()) == [Decimal("0.00684931"), Decimal("1.0842")]


@pytest.mark.parametrize(
    ("locale", "text", "read"),
    [
        ("en_US", "1.085", "1.085"),
        ("en_US", "1,085", None),
        ("en_US", "1,085.5", None),
        ("de_DE", "1,0842", "1.0842"),
        ("de_DE", "1.0842", "1.0842"),
        ("de_DE", "1.085", "two ways"),
        ("de_DE", "0.085", "0.085"),
        ("de_DE", "1234.567", "1234.567"),
        ("fr_FR", "1,085", "1.085"),
        ("es_MX", "150", "150"),
        ("en_US", "-1.1", None),
        ("en_US", "1e3", None),
        ("en_US", "", None),
        ("en_US", "EUR 1.1", None),
        ("en_US", "٣", None),
    ],
)
def test_a_rate_is_read_the_tenants_way_and_never_guessed(locale, text, read):
    if read and read[0].isdecimal():
        assert typed.rate(text, Locale.parse(locale)) == Decimal(read)
    else:
        with pytest.raises(Invalid, match=read or "a rate such as"):
            typed.rate(text, Locale.parse(locale))


def test_the_template_can_be_filled_in_and_brought_back(cast):
    for format_ in Format:
        with tenant_session(cast.admin) as db:
            empty = template(db, Kind.RATES, format_)
        preview = looked_at(cast.admin, empty, f"rates.{format_.value}")
        assert (preview.columns, preview.rows, preview.problems) == (HEAD, (), ())


def test_days_and_rates_are_read_in_the_companys_language(cast):
    german = with_settings(cast.admin, locale="de_DE")
    brought_in(german, csv_of(HEAD, ("EUR", "USD", "20.05.2026", "1,0842"), separator=";"))
    assert held(cast) == {("EUR", "USD", date(2026, 5, 20)): Decimal("1.0842")}


@pytest.mark.parametrize("who", ["manager", "rep", "analyst"])
def test_it_is_for_those_who_manage(cast, who):
    actor = getattr(cast, who)
    with pytest.raises(NotAllowed, match="goals:manage"):
        looked_at(actor, file_of())
    preview = looked_at(cast.admin, file_of(("EUR", "USD", "2026-05-01", "1.1")))
    with tenant_session(actor) as db:
        with pytest.raises(NotAllowed, match="goals:manage"):
            rates_import.commit(db, preview)
        with pytest.raises(NotAllowed, match="goals:manage"):
            template(db, Kind.RATES, Format.CSV)
