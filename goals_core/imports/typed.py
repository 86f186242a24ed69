"""What people write into cells: numbers and days the tenant's way or plainly, yes and no."""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import NamedTuple

from babel import Locale
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol

from goals_core.errors import N_, Invalid, invalid
from goals_core.imports.day_forms import day_forms
from goals_core.imports.values import Percent, Value, text_of
from goals_core.kinds import Metric

_EXAMPLE = Decimal("1234.5")
_LONGEST = 60  # characters of a number with its sign, or of a day
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
_PLAIN = r"\d+(\.(?P<fraction>\d+))?"
_RATE = re.compile(r"(?P<whole>\d+)(?:(?P<sign>[^\d\s])(?P<fraction>\d+))?", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?", re.ASCII)


class Measured(NamedTuple):
    """In what a goal is measured: a sign beside a number must be its own."""

    metric: Metric
    unit: str


def text(value: Value) -> str:
    """A text without the spaces around it."""
    return text_of(value).strip()


def number(value: Value, locale: Locale, measured: Measured | None = None) -> Decimal:
    """A number as it was typed; its sign, if any, is checked where the goal is known.

    `1.000` is what the tenant's locale takes it for; what the locale cannot read is read plainly,
    with a point for the decimals.
    """
    is_yes_no = measured is not None and measured.metric is Metric.BOOLEAN
    match value:
        case bool() if is_yes_no:
            return Decimal(value)
        case Decimal():
            return value
        case Percent():
            _check_sign("%", locale, measured)
            return value.amount
    typed = text(value)
    if is_yes_no and typed.casefold() in _YES_NO:
        return Decimal(_YES_NO[typed.casefold()])
    amount, sign = _read(typed, locale)
    _check_sign(sign, locale, measured)
    return amount


def rate(value: Value, locale: Locale) -> Decimal:
    """An exchange rate, with the tenant's sign for decimals or a point; thousands have no signs.

    `1.085` is refused where the point parts thousands: it is two things to two readers.
    """
    if isinstance(value, Decimal):
        return value
    typed_ = text(value)
    found = _RATE.fullmatch(typed_) if len(typed_) <= _LONGEST else None
    signs = {get_decimal_symbol(locale), "."}
    if found is None or (found["sign"] or ".") not in signs:
        raise invalid("", N_("Please enter a rate such as {example}."), example=Decimal("1.0842"))
    parts_thousands = found["sign"] == get_group_symbol(locale) and len(found["fraction"]) == 3
    if parts_thousands and len(found["whole"]) <= 3 and found["whole"].strip("0"):
        raise invalid(
            "",
            N_("This can be read in two ways; please write a fourth decimal, as in {example}."),
            example=f"{typed_}0",
        )
    return Decimal(f"{found['whole']}.{found['fraction'] or 0}")


def day(value: Value, locale: Locale) -> date:
    """A day in ISO form or as the tenant's locale writes days."""
    if isinstance(value, date):
        return value
    typed = text(value)
    if 0 < len(typed) <= _LONGEST and not isinstance(value, Decimal | Percent | bool):
        typed = unicodedata.normalize("NFKC", typed)
        if found := _ISO.fullmatch(typed):
            return _day(int(found[1]), int(found[2]), int(found[3]))
        for form in day_forms(str(locale)):
            if parts := form.parts(typed):
                return _day(*parts)
    raise _no_day()


def yes_no(value: Value) -> bool:
    """Yes or no, true or false, 1 or 0."""
    known = _YES_NO.get(text(value).casefold())
    if known is None:
        raise invalid("", N_("This must be yes or no."))
    return known


def _read(typed: str, locale: Locale) -> tuple[Decimal, str]:
    group, point = get_group_symbol(locale), get_decimal_symbol(locale)
    tidied = _tidied(typed, group)
    for form, thousands, decimal in (
        (_local_form(group, point), group, point),
        (_signed(_PLAIN), "", "."),
    ):
        found = form.fullmatch(tidied) if len(tidied) <= _LONGEST else None
        if found is None or _is_doubled(found):
            continue
        if len(found["fraction"] or "") > 2:
            # 1.000 is a thousand to one reader and one to another: it is never rounded
            raise invalid("", N_("At most two decimals."))
        digits = found["number"].replace(thousands, "").replace(decimal, ".")
        amount = Decimal(found["first"] + found["second"] + digits)
        return amount, (found["before"] or found["after"]).strip()
    raise invalid("", N_("Please enter a number such as {example}."), example=_EXAMPLE)


def _is_doubled(found: re.Match[str]) -> bool:
    """Two minuses, or a sign on either side."""
    return bool((found["first"] and found["second"]) or (found["before"] and found["after"]))


def _tidied(typed: str, group: str) -> str:
    """Odd minuses, and the spaces and apostrophes between digits, as the locale has them."""
    kept = "".join(c for c in typed if unicodedata.category(c) != "Cf")
    kept = kept.replace("\N{MINUS SIGN}", "-").strip()
    if group.isspace():
        return re.sub(r"(?<=\d)\s(?=\d)", group, kept)
    return re.sub(r"(?<=\d)'(?=\d)", group, kept) if group == _APOSTROPHE else kept


@cache
def _local_form(group: str, point: str) -> re.Pattern[str]:
    g, p = re.escape(group), re.escape(point)
    # groups of three, and in India of two before the last
    return _signed(rf"(?=\D?\d)(\d+|\d{{1,3}}({g}\d{{2,3}})*{g}\d{{3}})?({p}(?P<fraction>\d+))?")


def _signed(digits: str) -> re.Pattern[str]:
    """A number with a plus or minus, and with a currency, percent sign or unit on one side."""
    return re.compile(
        rf"(?P<first>[+-]?)(?P<before>[^\d+-]*?)(?P<second>[+-]?)"
        rf"(?P<number>{digits})(?P<after>[^\d+-]*)"
    )


def _check_sign(sign: str, locale: Locale, measured: Measured | None) -> None:
    if sign and measured is not None and sign not in _signs(measured, str(locale)):
        raise invalid(
            "",
            N_("{sign} does not fit this goal; it is measured in {unit}."),
            sign=sign,
            unit=measured.unit or measured.metric,
        )


@lru_cache(maxsize=1024)  # the units may be the file's own
def _signs(measured: Measured, locale: str) -> frozenset[str]:
    signs = {measured.unit}
    if measured.metric is Metric.CURRENCY:
        signs.add(get_currency_symbol(measured.unit, locale))
    return frozenset(signs)


def _day(year: int, month: int, day_: int) -> date:
    try:
        return date(year, month, day_)
    except ValueError:
        raise _no_day() from None


def _no_day() -> Invalid:
    return invalid("", N_("Please enter a day such as {example}."), example=date(2026, 5, 20))
