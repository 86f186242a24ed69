"""What a cell of a file can hold, before anyone knows what it is for."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Percent:
    """A number that the spreadsheet shows with a percent sign: 12.5 is 12.5 %."""

    amount: Decimal


Value = str | Decimal | Percent | date | bool | None


def text_of(value: Value) -> str:
    """A cell as it can be shown."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return plain(value)
        case Percent():
            return f"{plain(value.amount)}%"
        case date():
            return value.isoformat()
    return value


def plain(number: Decimal) -> str:
    """Every digit that counts and no other, with a point: 1000, 12.5."""
    if not number.is_finite():
        return str(number)
    digits = f"{number:f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
