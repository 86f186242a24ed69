"""The one place of words and numbers: translation, and how a tenant writes values and days."""

import copy
import re
import unicodedata
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from functools import cache
from gettext import GNUTranslations, NullTranslations, translation
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from babel import Locale, numbers
from babel.dates import format_date, format_interval, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from goals_core.actor import Actor
from goals_core.config import PROJECT
from goals_core.errors import N_, GoalsError, Invalid, Problem, invalid
from goals_core.kind_names import NAMES
from goals_core.kinds import Metric

CATALOGUES = PROJECT / "locale"
_NBSP = "\N{NO-BREAK SPACE}"
_LONGEST_NUMBER = 40  # characters; far more than NUMERIC(15,2) can need


@dataclass(frozen=True, slots=True)
class Wording:
    """How one tenant writes numbers, money, days and times."""

    locale: Locale
    timezone: ZoneInfo

    DEFAULT: ClassVar["Wording"]

    @classmethod
    def of(cls, actor: Actor) -> "Wording":
        return cls(Locale.parse(actor.tenant.locale), ZoneInfo(actor.tenant.timezone))

    def number(self, amount: Decimal | int) -> str:
        """Every digit that there is, grouped: 1,234.5."""
        return numbers.format_decimal(amount, locale=self.locale, decimal_quantization=False)

    def value(self, amount: Decimal, *, metric: Metric, unit: str) -> str:
        """A goal's value in full: $84,250.50, 12.5%, 42 deals, Yes."""
        match metric:
            case Metric.CURRENCY:
                return self._money(amount, unit)
            case Metric.PERCENTAGE:
                return self._percentage(amount)
            case Metric.BOOLEAN:
                return _("Yes") if amount else _("No")
        return _with_unit(self.number(amount), unit)

    def short(self, amount: Decimal, *, metric: Metric, unit: str) -> str:
        """A goal's value for a tile: $1.2M; cut and not rounded, so that nothing looks reached."""
        if metric in {Metric.PERCENTAGE, Metric.BOOLEAN} or abs(amount) < 1000:
            return self.value(amount, metric=metric, unit=unit)
        if metric is Metric.CURRENCY:
            cut = _cut(amount, self.locale.compact_currency_formats["short"])
            short = numbers.format_compact_currency(
                cut, unit, locale=self.locale, fraction_digits=1
            )
            return _spaced(short, numbers.get_currency_symbol(unit, self.locale))
        cut = _cut(amount, self.locale.compact_decimal_formats["short"])
        short = numbers.format_compact_decimal(cut, locale=self.locale, fraction_digits=1)
        return _with_unit(short, unit)

    def percent(self, percentage: Decimal) -> str:
        """A share of a hundred to one decimal, rounded down: 99.99 is 99.9%, never 100%."""
        return self._percentage(percentage.quantize(Decimal("0.1"), ROUND_FLOOR))

    def day(self, day: date) -> str:
        return format_date(day, "medium", locale=self.locale)

    def span(self, first: date, last: date) -> str:
        """From one day to another, what both share written once."""
        return str(format_interval(first, last, "yMMMd", locale=self.locale))

    def moment(self, at: datetime) -> str:
        """A point in time as the tenant's clock showed it."""
        return f"{self.day(at.astimezone(self.timezone).date())}, {self.clock(at)}"

    def clock(self, at: datetime) -> str:
        """The same without its day."""
        return format_time(at, "short", tzinfo=self.timezone, locale=self.locale)

    def recent(self, at: datetime, today: date) -> str:
        """The same, without the day where that is today."""
        local = at.astimezone(self.timezone)
        if local.date() != today:
            return self.moment(at)
        return format_time(local, "short", tzinfo=self.timezone, locale=self.locale)

    def days_left(self, days: int) -> str:
        """The days until the last one; 0 is the last day itself, fewer is over."""
        if days < 0:
            return n_("ended {count} day ago", "ended {count} days ago", -days)
        if days == 0:
            return _("last day")
        return n_("{count} day left", "{count} days left", days)

    def parse(self, text: str, *, field: str = "value") -> Decimal:
        """The number that a person typed the tenant's way, or `Invalid` for that field."""
        group = numbers.get_group_symbol(self.locale)
        point = numbers.get_decimal_symbol(self.locale)
        typed = _tidy(text, group)
        found = _typed_number(group, point).fullmatch(typed)
        if found is None or len(typed) > _LONGEST_NUMBER:
            example = self.number(Decimal("1234.5"))
            raise invalid(field, N_("Please enter a number such as {example}."), example=example)
        if len(found["fraction"] or "") > 2:
            # 1.000 is a thousand to one reader and one to another: it is neither here
            raise invalid(field, N_("At most two decimals."))
        return Decimal(typed.replace(group, "").replace(point, "."))

    def fact(self, value: object) -> object:
        """A fact of a sentence as a person reads it."""
        match value:
            case StrEnum():
                return name(value)
            case bool():
                return _("Yes") if value else _("No")
            case Decimal() | int():
                return self.number(value)
            case datetime():
                return self.moment(value)
            case date():
                return self.day(value)
        return value

    def _money(self, amount: Decimal, currency: str) -> str:
        # Whole amounts go without ".00"; otherwise no digit that there is gets rounded away.
        decimals = numbers.get_decimal_precision(amount.normalize())
        digits = max(decimals, numbers.get_currency_precision(currency)) if decimals else 0
        pattern = copy.copy(self.locale.currency_formats["standard"])
        pattern.frac_prec = (digits, digits)
        text: str = pattern.apply(amount, self.locale, currency=currency, currency_digits=False)
        return _spaced(text, numbers.get_currency_symbol(currency, self.locale))

    def _percentage(self, percentage: Decimal) -> str:
        share = percentage / 100
        return numbers.format_percent(share, locale=self.locale, decimal_quantization=False)


Wording.DEFAULT = Wording(Locale("en", "US"), ZoneInfo("UTC"))
# A run of a script has its own thread; the guard sets this for each, fragments included.
_spoken: ContextVar[Wording | None] = ContextVar("spoken", default=None)


def speak(actor: Actor) -> Wording:
    """From here on this run speaks the tenant's language."""
    wording = Wording.of(actor)
    _spoken.set(wording)
    return wording


def speak_in(locale: str) -> None:
    """From here on this run speaks a language, though nobody of whom it is has come in."""
    _spoken.set(replace(Wording.DEFAULT, locale=Locale.parse(locale)))


def spoken() -> Wording:
    """The wording of this run; before anyone is known, the default."""
    return _spoken.get() or Wording.DEFAULT


def _(message: str) -> str:
    """The message in the language of this run."""
    return _translations(str(spoken().locale)).gettext(message) if message else ""


def n_(singular: str, plural: str, count: int) -> str:
    """The message for a number, with `{count}` filled in."""
    text = _translations(str(spoken().locale)).ngettext(singular, plural, count)
    return text.format(count=spoken().number(count))


def say(thing: GoalsError | Problem) -> str:
    """An error or a problem as one clear sentence; plain text, so escape it for Markdown."""
    sentence = _(thing.message).format(**{k: spoken().fact(v) for k, v in thing.facts.items()})
    if isinstance(thing, Invalid):
        return " ".join([sentence, *(say(problem) for problem in thing.problems)])
    return sentence


def name(member: StrEnum) -> str:
    """What people call a value of one of the enums."""
    return _(NAMES.get(type(member), {}).get(member.value, member.value))


@cache
def _translations(locale: str) -> NullTranslations:
    names = [locale, locale.partition("_")[0]]
    compiled = translation("goals", CATALOGUES, names, fallback=True)
    if type(compiled) is not NullTranslations:
        return compiled
    paths = (CATALOGUES / name / "LC_MESSAGES" / "goals.po" for name in names)
    found = next((path for path in paths if path.is_file()), None)
    return _compiled(found) if found else compiled


def _compiled(catalogue: Path) -> NullTranslations:
    """A catalogue as translators write it: nobody has to compile one to have it read."""
    made = BytesIO()
    with catalogue.open("rb") as file:
        write_mo(made, read_po(file))
    made.seek(0)
    return GNUTranslations(made)


def _with_unit(number: str, unit: str) -> str:
    return f"{number}{_NBSP}{unit}" if unit else number


def _spaced(text: str, symbol: str) -> str:
    """A currency of letters does not stick to the digits or letters beside it: CHF 12."""
    if symbol[0].isalpha():
        text = re.sub(rf"(?<=\w)(?={re.escape(symbol)})", _NBSP, text)
    if symbol[-1].isalpha():
        text = re.sub(rf"(?<={re.escape(symbol)})(?=\w)", _NBSP, text)
    return text


def _cut(amount: Decimal, formats: Mapping[str, Mapping[str, Any]]) -> Decimal:
    """The amount without the digits that its compact form, of one decimal, cannot show."""
    patterns = {int(size): str(pattern) for size, pattern in formats["other"].items()}
    size = max((size for size in patterns if size <= abs(amount)), default=0)
    zeros = numbers.parse_pattern(patterns[size]).pattern.count("0") if size else 0
    step = Decimal(size) / 10**zeros if zeros else Decimal(1)
    return (amount // step) * step


def _tidy(text: str, group: str) -> str:
    """What was typed without currency and percent signs, odd spaces, apostrophes and minuses."""
    kept = "".join(c for c in text if unicodedata.category(c) not in {"Sc", "Cf"})
    typed = kept.strip().removesuffix("%").strip().replace("\N{MINUS SIGN}", "-")
    if group.isspace():
        typed = re.sub(r"\s", group, typed)
    return typed.replace("'", group) if group == "\N{RIGHT SINGLE QUOTATION MARK}" else typed


@cache
def _typed_number(group: str, point: str) -> re.Pattern[str]:
    g, p = re.escape(group), re.escape(point)
    # groups of three, and in India of two before the last
    return re.compile(
        rf"(?=.*\d)[+-]?(\d+|\d{{1,3}}({g}\d{{2,3}})*{g}\d{{3}})?({p}(?P<fraction>\d+))?"
    )
