"""The currencies that a form offers, and what they are called."""

from functools import cache

from babel.core import get_global
from babel.numbers import get_currency_name, get_territory_currencies

from ui.wording import spoken


@cache
def in_use() -> tuple[str, ...]:
    """The codes of those that are legal tender somewhere today."""
    territories = get_global("territory_currencies")
    return tuple(sorted({code for t in territories for code in get_territory_currencies(t)}))


def titled(code: str) -> str:
    """A code with its name; what is no known code stays as it was typed."""
    title = get_currency_name(code, locale=spoken().locale)
    return code if title == code else f"{code} · {title}"
