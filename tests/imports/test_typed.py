"""Numbers and days as people write them: the tenant's way first, then plainly, never guessed."""

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from goals_core.errors import GoalsError, Invalid
from goals_core.imports import typed
from goals_core.imports.typed import Measured
from goals_core.imports.values import Percent
from goals_core.kinds import Metric
from tests.imports.files import told

DOLLARS, EUROS = Measured(Metric.CURRENCY, "USD"), Measured(Metric.CURRENCY, "EUR")
CALLS, SHARE = Measured(Metric.COUNT, "calls"), Measured(Metric.PERCENTAGE, "%")
YES_NO = Measured(Metric.BOOLEAN, "")
LOCALES = ["en_US", "en_IN", "de_DE", "de_CH", "fr_FR", "es_MX", "pt_BR", "sv_SE", "ja_JP", "ar_EG"]


def number(text: object, locale: str = "en_US", measured: Measured | None = None) -> Decimal:
    return typed.number(text, Locale.parse(locale), measured)


@pytest.mark.parametrize(
    ("text", "locale", "measured", "expected"),
    [
        ("$ 12,500.00", "en_US", DOLLARS, "12500"),
        ("USD 1,000", "en_US", DOLLARS, "1000"),
        ("-$5", "en_US", DOLLARS, "-5"),
        ("$-5.5", "en_US", DOLLARS, "-5.5"),
        ("\N{MINUS SIGN}5", "sv_SE", None, "-5"),
        ("12.500,00 €", "de_DE", EUROS, "12500"),
        ("1.000", "de_DE", EUROS, "1000"),
        ("1.5", "de_DE", EUROS, "1.5"),
        ("1234.56", "de_DE", EUROS, "1234.56"),
        ("1 234,5", "fr_FR", None, "1234.5"),
        ("1'234.5", "de_CH", None, "1234.5"),
        ("12,34,567", "en_IN", None, "1234567"),
        ("42 calls", "en_US", CALLS, "42"),
        ("12.5%", "en_US", SHARE, "12.5"),
        ("12,5 %", "de_DE", SHARE, "12.5"),
        (Percent(Decimal("12.5")), "en_US", SHARE, "12.5"),
        (".5", "en_US", None, "0.5"),
        ("yes", "en_US", YES_NO, "1"),
        (False, "en_US", YES_NO, "0"),
    ],
)  # fmt: skip
def test_a_number_is_read_as_it_was_meant(text, locale, measured, expected):
    assert number(text, locale, measured) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "locale", "sentence"),
    [
        ("1.000", "en_US", "At most two decimals."),
        ("1,000.123", "en_US", "At most two decimals."),
        ("1234.567", "de_DE", "At most two decimals."),
        ("1,5", "en_US", "Please enter a number such as 1234.5."),
        ("1.5.2", "en_US", "Please enter a number such as 1234.5."),
        ("--5", "en_US", "Please enter a number such as 1234.5."),
        ("$5$", "en_US", "Please enter a number such as 1234.5."),
        ("(5)", "en_US", "Please enter a number such as 1234.5."),
        ("", "en_US", "Please enter a number such as 1234.5."),
        ("1e5", "en_US", "Please enter a number such as 1234.5."),
        ("9" * 61, "en_US", "Please enter a number such as 1234.5."),
        (True, "en_US", "Please enter a number such as 1234.5."),
        (date(2026, 1, 1), "en_US", "Please enter a number such as 1234.5."),
    ],
)  # fmt: skip
def test_a_number_that_could_mean_two_things_or_nothing_is_refused(text, locale, sentence):
    with pytest.raises(Invalid) as refused:
        number(text, locale)
    assert told(refused) == [sentence]


@pytest.mark.parametrize(
    ("text", "measured"),
    [("€ 500", DOLLARS), ("50%", DOLLARS), (Percent(Decimal(50)), DOLLARS), ("$5", CALLS),
     ("5 visits", CALLS)],
)  # fmt: skip
def test_a_sign_that_is_not_the_goals_own_is_refused(text, measured):
    with pytest.raises(Invalid, match="does not fit this goal; it is measured in"):
        number(text, "en_US", measured)


@given(st.decimals("-9999999999999.99", "9999999999999.99", places=2), st.sampled_from(LOCALES))
def test_every_number_that_a_locale_writes_is_read_back(value, locale):
    assert number(format_decimal(value, locale=locale, decimal_quantization=False), locale) == value
    assert number(f"{value:f}", locale) == value


@given(st.dates(date(1970, 1, 1), date(2199, 12, 31)), st.sampled_from(LOCALES))
def test_every_day_that_a_locale_writes_is_read_back(day, locale):
    known = Locale.parse(locale)
    for form in ("medium", "long"):
        assert typed.day(format_date(day, form, locale=known), known) == day
    assert typed.day(day.isoformat(), known) == day


@pytest.mark.parametrize(
    ("text", "locale", "expected"),
    [
        ("2026-05-04", "de_DE", date(2026, 5, 4)),
        ("2026-05-04 00:00:00", "en_US", date(2026, 5, 4)),
        ("5/4/26", "en_US", date(2026, 5, 4)),
        ("5/4/2026", "en_US", date(2026, 5, 4)),
        ("5-4-2026", "en_US", date(2026, 5, 4)),
        ("4/5/2026", "es_MX", date(2026, 5, 4)),
        ("04.05.26", "de_DE", date(2026, 5, 4)),
        ("May 4, 2026", "en_US", date(2026, 5, 4)),
        ("4. Mai 2026", "de_DE", date(2026, 5, 4)),
    ],
)
def test_a_day_is_read_as_the_tenant_writes_it(text, locale, expected):
    assert typed.day(text, Locale.parse(locale)) == expected


@pytest.mark.parametrize(
    "text",
    ["20/05/2026", "2026-13-01", "2026-02-30", "20260520", "46162", "", "May 2026", "2/29/26"],
)
def test_a_day_is_never_guessed(text):
    with pytest.raises(Invalid, match="Please enter a day such as"):
        typed.day(text, Locale("en", "US"))


@given(st.text(max_size=70), st.sampled_from(LOCALES))
def test_any_text_is_read_or_refused_in_words(text, locale):
    known = Locale.parse(locale)
    for read in (typed.number, typed.day):
        with suppress(GoalsError):
            read(text, known)
