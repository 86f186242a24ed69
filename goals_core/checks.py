"""Checking what people entered: every problem is collected, then all are told at once."""

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from enum import StrEnum
from math import isfinite
from typing import TypeVar

from goals_core.errors import N_, Invalid, Problem

LARGEST = Decimal("9999999999999.99")
"""The largest value that NUMERIC(15,2) holds."""
EARLIEST_DAY, LATEST_DAY = date(1970, 1, 1), date(2199, 12, 31)

E = TypeVar("E", bound=StrEnum)


class Checks:
    """Collects problems by field; `done` raises them together."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def problem(self, field: str, message: str, **facts: object) -> None:
        self.problems.append(Problem(field, message, facts))

    def done(self) -> None:
        """Raise `Invalid` with every problem found, if any was."""
        if self.problems:
            raise Invalid(*self.problems)

    @contextmanager
    def within(self, field: str) -> Iterator[None]:
        """Collect the problems that a part raises, under the part's own field names or `field`."""
        try:
            yield
        except Invalid as error:
            self.problems += [Problem(p.field or field, p.message, p.facts) for p in error.problems]

    def text(self, field: str, value: object, *, longest: int, required: bool = False) -> str:
        """A text without control characters, spaces trimmed."""
        if not isinstance(value, str):
            self.problem(field, N_("This must be a text."))
            return ""
        value = value.strip()
        if required and not value:
            self.problem(field, N_("Please enter something here."))
        if len(value) > longest:
            self.problem(
                field,
                N_("At most {longest} characters; this has {length}."),
                longest=longest,
                length=len(value),
            )
        if not is_printable(value):
            self.problem(field, N_("This contains characters that cannot be stored."))
        return value

    def value(
        self,
        field: str,
        value: object,
        *,
        least: Decimal = -LARGEST,
        whole: bool = False,
        above: Decimal | None = None,
    ) -> Decimal:
        """A number of at most two decimals within NUMERIC(15,2)."""
        if not isinstance(value, Decimal | int) or isinstance(value, bool):
            self.problem(field, N_("This must be a number."))
            return Decimal(0)
        number = Decimal(value)
        if message := _number_problem(number, least=least, above=above, whole=whole):
            self.problem(field, message, least=least, above=above, most=LARGEST, value=value)
            return Decimal(0)
        return number

    def day(self, field: str, value: object) -> date:
        """A day that a calendar of goals can hold."""
        if type(value) is not date:
            self.problem(field, N_("This must be a day."))
            return EARLIEST_DAY
        if not EARLIEST_DAY <= value <= LATEST_DAY:
            self.problem(
                field,
                N_("This must be a day from {first} to {last}."),
                first=EARLIEST_DAY,
                last=LATEST_DAY,
            )
        return value

    def choice(self, field: str, value: object, kind: type[E]) -> E:
        """One of the values of an enum."""
        try:
            return kind(str(value))
        except ValueError:
            self.problem(field, N_("This must be one of {names}."), names=", ".join(kind))
            return next(iter(kind))

    def attributes(self, field: str, value: object) -> None:
        """A JSON object that can be stored."""
        if not isinstance(value, dict) or not _is_storable(value):
            self.problem(field, N_("This must be a JSON object of texts, numbers and the like."))

    def texts(self, field: str, values: Iterable[object], *, longest: int, most: int) -> list[str]:
        """A list of different, non-empty texts."""
        found = list(values)
        if len(found) > most:
            self.problem(field, N_("At most {most} of them."), most=most)
        checked = [self.text(field, value, longest=longest, required=True) for value in found]
        return list(dict.fromkeys(checked))


def is_printable(value: str) -> bool:
    """Whether a text can be stored and shown: no control characters but tab and line feed."""
    # Cc: control characters (NUL cannot be stored at all); Cs: lone surrogates, not UTF-8
    return all(
        character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs"}
        for character in value
    )


def _is_storable(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and _is_storable(
            [*value, *value.values()]
        )
    if isinstance(value, list):
        return all(_is_storable(part) for part in value)
    if isinstance(value, str):
        return is_printable(value)
    return value is None or isinstance(value, int) or (isinstance(value, float) and isfinite(value))


def printable(value: str) -> str:
    """What can be searched for: without the characters that no text has, spaces trimmed."""
    return "".join(filter(is_printable, value)).strip()


def _number_problem(
    number: Decimal, *, least: Decimal, above: Decimal | None, whole: bool
) -> str | None:
    if not number.is_finite():
        return N_("This must be a number.")
    if above is not None and number <= above:
        return N_("This must be more than {above}.")
    if number < least:
        return N_("This must be at least {least}.")
    if abs(number) > LARGEST:
        return N_("This must be at most {most}.")
    decimals = _decimals(number)
    if decimals > 2:
        return N_("At most two decimals.")
    return N_("This must be a whole number.") if whole and decimals > 0 else None


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
