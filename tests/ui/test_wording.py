"""Words and numbers: exact both ways, never rosier than they are."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from html import unescape
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from hypothesis import example, given
from hypothesis import strategies as st

from goals_core import kinds, wording
from goals_core.actor import Actor, Tenant
from goals_core.errors import Busy, Invalid, NotFound, Problem, Stale, invalid
from goals_core.kind_names import NAMES
from goals_core.kinds import AssignmentStatus, GoalStatus, Metric
from goals_core.permissions import Role
from ui.wording import Wording, md, n_, name, say, speak, spoken

LOCALES = ["en_US", "en_IN", "es_MX", "es_ES", "de_DE", "de_CH", "fr_FR", "sv_SE", "ja_JP", "pt_BR"]
MONEY = st.decimals(
    Decimal("-9999999999999.99"), Decimal("9999999999999.99"), places=2, allow_nan=False
)
PERCENT = st.decimals(Decimal(0), Decimal(1000), places=4, allow_nan=False)

US = Wording(Locale("en", "US"), ZoneInfo("America/New_York"))
GERMAN = Wording(Locale("de", "DE"), ZoneInfo("Europe/Berlin"))


def of(locale):
    return Wording(Locale.parse(locale), ZoneInfo("UTC"))


def actor(locale="de_DE"):
    tenant = Tenant(UUID(int=1), "t", "T", "Europe/Berlin", locale, "EUR", 1, 3, 50, 25)
    return Actor(tenant, UUID(int=2), Role.REP, "Rita")


@pytest.fixture(autouse=True)
def _nobody_speaks():
    token = wording._spoken.set(None)
    yield
    wording._spoken.reset(token)


@pytest.mark.parametrize("locale", LOCALES)
@given(amount=MONEY)
def test_a_number_is_read_as_it_is_written(locale, amount):
    assert of(locale).parse(of(locale).number(amount)) == amount


@pytest.mark.parametrize("locale", LOCALES)
@given(amount=MONEY)
def test_money_is_read_as_it_is_written_where_its_sign_is_a_symbol(locale, amount):
    written = of(locale).value(abs(amount), metric=Metric.CURRENCY, unit="EUR")
    if "€" in written:
        assert of(locale).parse(written) == abs(amount)


@pytest.mark.parametrize(
    ("words", "typed", "number"),
    [
        (US, "1,234.50", "1234.50"),
        (US, " $1,234.5 ", "1234.5"),
        (US, "-.5", "-0.5"),
        (US, "12.5%", "12.5"),
        (US, "\N{MINUS SIGN}7", "-7"),
        (GERMAN, "1.234,5", "1234.5"),
        (GERMAN, "1.234", "1234"),
        (of("de_CH"), "1'234.50", "1234.5"),
        (of("fr_FR"), "1 234,50", "1234.5"),
        (of("en_IN"), "12,34,567", "1234567"),
    ],
)
def test_people_type_numbers_their_way(words, typed, number):
    assert words.parse(typed) == Decimal(number)


@pytest.mark.parametrize(
    "typed", ["", " ", "abc", "-", ".", "1,5", "1.2.3", "1e5", "NaN", "Infinity", "1 2", "9" * 41]
)
def test_what_is_no_number_is_refused_at_its_field(typed):
    with pytest.raises(Invalid) as refused:
        US.parse(typed, field="target_value")
    assert [problem.field for problem in refused.value.problems] == ["target_value"]
    assert "1,234.5" in say(refused.value)


@pytest.mark.parametrize(("words", "typed"), [(US, "1.000"), (US, "0.125"), (GERMAN, "1,000")])
def test_a_third_decimal_is_refused_since_it_may_be_meant_as_thousands(words, typed):
    with pytest.raises(Invalid, match="two decimals"):
        words.parse(typed)


@given(text=st.text())
def test_whatever_is_typed_is_a_finite_number_or_refused(text):
    with suppress(Invalid):
        assert US.parse(text).is_finite()


@pytest.mark.parametrize(
    ("percentage", "text"),
    [("99.99", "99.9%"), ("100", "100%"), ("0.09", "0%"), ("12.5", "12.5%"), ("-0.01", "-0.1%")],
)
def test_a_percentage_is_never_rounded_up(percentage, text):
    assert US.percent(Decimal(percentage)) == text


@given(percentage=PERCENT)
@example(percentage=Decimal("99.9999"))
def test_only_what_is_reached_looks_reached(percentage):
    shown = Decimal(US.percent(percentage).rstrip("%").replace(",", ""))
    assert shown <= percentage < shown + Decimal("0.1")


@pytest.mark.parametrize(
    ("words", "amount", "metric", "unit", "text"),
    [
        (US, "100000", Metric.CURRENCY, "USD", "$100,000"),
        (US, "84250.5", Metric.CURRENCY, "USD", "$84,250.50"),
        (US, "-12.34", Metric.CURRENCY, "USD", "-$12.34"),
        (US, "1234.5", Metric.CURRENCY, "JPY", "¥1,234.5"),
        (US, "12", Metric.CURRENCY, "CHF", "CHF\xa012"),
        (GERMAN, "1234.5", Metric.CURRENCY, "EUR", "1.234,50\xa0€"),
        (US, "12.5", Metric.PERCENTAGE, "%", "12.5%"),
        (GERMAN, "12.5", Metric.PERCENTAGE, "%", "12,5\xa0%"),
        (US, "1", Metric.BOOLEAN, "", "Yes"),
        (US, "0", Metric.BOOLEAN, "", "No"),
        (US, "1042", Metric.COUNT, "deals", "1,042\xa0deals"),
        (US, "42.00", Metric.COUNT, "", "42"),
        (US, "8.5", Metric.NUMBER, "points", "8.5\xa0points"),
    ],
)
def test_a_value_is_written_in_full(words, amount, metric, unit, text):
    assert words.value(Decimal(amount), metric=metric, unit=unit) == text


@pytest.mark.parametrize(
    ("words", "amount", "metric", "unit", "text"),
    [
        (US, "1234567", Metric.CURRENCY, "USD", "$1.2M"),
        (US, "1299999", Metric.CURRENCY, "USD", "$1.2M"),
        (US, "999999.99", Metric.CURRENCY, "USD", "$999.9K"),
        (US, "-1299999", Metric.CURRENCY, "USD", "-$1.2M"),
        (US, "2500", Metric.CURRENCY, "CHF", "CHF\xa02.5K"),
        (US, "999.99", Metric.CURRENCY, "USD", "$999.99"),
        (GERMAN, "1250000", Metric.CURRENCY, "EUR", "1,2\xa0Mio.\xa0€"),
        (US, "12345", Metric.COUNT, "deals", "12.3K\xa0deals"),
        (US, "250", Metric.COUNT, "", "250"),
        (US, "1250", Metric.PERCENTAGE, "%", "1,250%"),
    ],
)
def test_a_tile_has_the_value_in_short(words, amount, metric, unit, text):
    assert words.short(Decimal(amount), metric=metric, unit=unit) == text


@given(amount=st.integers(1000, 999_999))
def test_a_tile_never_shows_more_than_there_is(amount):
    shown = US.short(Decimal(amount), metric=Metric.COUNT, unit="").removesuffix("K")
    assert Decimal(shown) * 1000 <= amount < (Decimal(shown) + Decimal("0.1")) * 1000


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("metric", list(Metric))
def test_every_locale_writes_every_metric(locale, metric):
    for write in (of(locale).value, of(locale).short):
        assert write(Decimal("1234567.89"), metric=metric, unit="USD")


def test_days_are_written_the_tenants_way():
    assert US.day(date(2026, 3, 31)) == "Mar 31, 2026"
    assert GERMAN.day(date(2026, 3, 31)) == "31.03.2026"


def test_a_span_says_once_what_both_days_share():
    thin = "\N{THIN SPACE}"
    span = US.span(date(2026, 1, 1), date(2026, 3, 31))
    assert span.replace(thin, " ") == "Jan 1 – Mar 31, 2026"


def test_a_moment_is_told_by_the_tenants_clock():
    at = datetime(2026, 1, 1, 2, 30, tzinfo=UTC)
    assert US.moment(at).replace("\N{NARROW NO-BREAK SPACE}", " ") == "Dec 31, 2025, 9:30 PM"
    assert GERMAN.moment(at) == "01.01.2026, 03:30"


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (15, "15 days left"),
        (1, "1 day left"),
        (0, "last day"),
        (-1, "ended 1 day ago"),
        (-9, "ended 9 days ago"),
    ],
)
def test_the_days_left_are_counted(days, text):
    assert US.days_left(days) == text


def test_a_wording_is_made_from_the_tenant():
    assert Wording.of(actor("de_DE")) == GERMAN


def test_what_is_said_follows_who_is_signed_in():
    assert spoken() == Wording.DEFAULT
    assert speak(actor("de_DE")) == spoken() == GERMAN


def test_an_error_is_said_with_its_facts_formatted():
    speak(actor("de_DE"))
    since = datetime(2026, 1, 1, 2, 30, tzinfo=UTC)
    assert say(Busy(who="Ana", since=since)).startswith("Ana has been syncing since 01.01.2026,")
    problem = Problem("x", "{a} {b} {c} {d} {e}", {
        "a": Decimal("1234.5"), "b": date(2026, 3, 31), "c": Metric.COUNT, "d": 1000, "e": "text",
    })  # fmt: skip
    assert say(problem) == "1.234,5 31.03.2026 Count 1.000 text"


def test_an_error_about_inputs_says_what_is_wrong_with_them():
    assert say(invalid("name", "At most {n}.", n=5)) == "Please check what you entered. At most 5."


def test_a_name_in_an_error_is_left_as_it_is():
    assert "{name}" in say(Stale(name="{name}"))
    assert "100%" in say(NotFound("100% goal"))


def test_every_value_of_every_enum_has_a_name():
    classes = [kind for kind in vars(kinds).values() if isinstance(kind, type)]
    enums = {kind for kind in classes if issubclass(kind, StrEnum) and kind is not StrEnum}
    # how a sync or a delivery ended is told in sentences of their own
    assert (enums - {kinds.Ending, kinds.DeliveryState}) | {Role} == ENUMS
    assert all(name(member) and name(member)[0].isupper() for kind in ENUMS for member in kind)


def test_the_same_word_of_two_enums_is_told_apart():
    assert name(GoalStatus.ACTIVE) == "Active"
    assert name(AssignmentStatus.ACTIVE) == "In progress"


def test_numbers_choose_singular_or_plural():
    assert n_("{count} goal", "{count} goals", 1) == "1 goal"
    assert n_("{count} goal", "{count} goals", 1200) == "1,200 goals"


def test_a_catalogue_translates_for_its_tenants_only(tmp_path, monkeypatch):
    catalog = Catalog(locale="es")
    catalog.add("Achieved", "Lograda")
    catalog.add(("{count} day left", "{count} days left"), ("queda {count} día", "quedan {count}"))
    folder = tmp_path / "es" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "goals.mo").open("wb") as file:
        write_mo(file, catalog)
    monkeypatch.setattr(wording, "CATALOGUES", tmp_path)
    wording._translations.cache_clear()
    speak(actor("es_MX"))
    assert (name(AssignmentStatus.ACHIEVED), spoken().days_left(1)) == ("Lograda", "queda 1 día")
    assert name(AssignmentStatus.FAILED) == "Failed"
    speak(actor("de_DE"))
    assert name(AssignmentStatus.ACHIEVED) == "Achieved"
    wording._translations.cache_clear()


@given(text=st.text())
def test_escaped_text_holds_nothing_that_markdown_reads(text):
    rest = md(text)
    assert not set(rest) & set("*_`[]()<>!$:~|\\\n")


def test_escaped_text_shows_as_it_was_typed():
    assert md("Q1 *100%* $5") == "Q1 &#42;100&#37;&#42; &#36;5"


@pytest.mark.parametrize("address", ["https://example.invalid", "http://a.b", "WWW.b.example"])
def test_no_web_address_becomes_a_link(address):
    shown = unescape(md(address))
    assert re.search(r"https?://|www\.", shown, re.IGNORECASE) is None
    assert shown.replace("\N{WORD JOINER}", "") == address


ENUMS = set(NAMES)
