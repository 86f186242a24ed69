"""How a locale writes days, turned around: from its own patterns to year, month and day."""

import re
from dataclasses import dataclass
from functools import cache

from babel import Locale

_FIELD = re.compile(r"'(?P<quoted>[^']*)'|(?P<letters>[yMLd]+)|(?P<other>.)", re.DOTALL)
_NUMBER_SIGNS = "/.-"
_CENTURY = 2000


@dataclass(frozen=True, slots=True)
class DayForm:
    """One pattern of a locale as a regular expression."""

    form: re.Pattern[str]
    months: dict[str, int]

    def parts(self, typed: str) -> tuple[int, int, int] | None:
        """Year, month and day, if this is how they were written."""
        found = self.form.fullmatch(typed.casefold())
        if found is None:
            return None
        month = found["month"]
        year = int(found["year"])
        return (
            year + _CENTURY if len(found["year"]) == 2 else year,
            int(month) if month.isdecimal() else self.months[month],
            int(found["day"]),
        )


@cache
def day_forms(locale: str) -> tuple[DayForm, ...]:
    """The short, medium and long forms; the short one with any of its usual signs."""
    known = Locale.parse(locale)
    months = {
        name.casefold(): number
        for context in known.months.values()
        for width in ("abbreviated", "wide")
        for number, name in context.get(width, {}).items()
    }
    patterns = [known.date_formats[width].pattern for width in ("short", "medium", "long")]
    return tuple(
        DayForm(re.compile(form), months)
        for form in (_expression(pattern, tuple(months)) for pattern in patterns)
        if all(f"<{part}>" in form for part in ("year", "month", "day"))
    )


def _expression(pattern: str, months: tuple[str, ...]) -> str:
    return "".join(_part(found, months) for found in _FIELD.finditer(pattern.strip()))


def _part(found: re.Match[str], months: tuple[str, ...]) -> str:
    letters = found["letters"]
    if letters is None:
        return _literal(found["quoted"] if found["quoted"] is not None else found["other"])
    if letters[0] == "y":
        return r"(?P<year>\d{4}|\d{2})" if letters == "yy" else r"(?P<year>\d{4})"
    if letters[0] == "d":
        return r"(?P<day>\d{1,2})"
    if len(letters) < 3:
        return r"(?P<month>\d{1,2})"
    longest_first = sorted(map(re.escape, months), key=len, reverse=True)
    return f"(?P<month>{'|'.join(longest_first)})"


def _literal(text: str) -> str:
    if text in _NUMBER_SIGNS and text:
        return f"[{re.escape(_NUMBER_SIGNS)}]"
    return "".join(r"\s+" if c.isspace() else re.escape(c.casefold()) for c in text)
