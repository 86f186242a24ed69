"""Passwords: which are taken, and what is kept of them."""

import re
import threading
from collections.abc import Iterable
from math import prod

import bcrypt
from zxcvbn import zxcvbn
from zxcvbn.matching import L33T_TABLE

from goals_core.checks import Checks
from goals_core.errors import N_

SHORTEST, LONGEST = 12, 72  # bytes; bcrypt reads no more than 72

# So many guesses keep a bcrypt hash safe from whoever has stolen it (zxcvbn's highest score).
_LEAST_GUESSES = 10**10
# The estimate takes seconds for long texts made to slow it down. A part that cannot be guessed
# makes all of it safe, so it is made for the beginning and the end.
_PART = 24
# It reads signs as letters, p@$$ as pass, in every combination: of signs that have more meanings
# than this together, each but the digits is read in one way only.
_MOST_READINGS = 16
_LETTER_OF = {sign: letter for letter, signs in L33T_TABLE.items() for sign in signs}
_READ_ONCE = str.maketrans(
    {sign: letter for sign, letter in _LETTER_OF.items() if not sign.isdigit()}
)
_LEAST_REST = 8
# The library keeps the known words of whoever asks in one place for all threads.
_one_at_a_time = threading.Lock()
_WORD = re.compile(r"\w+")


def digest(password: str) -> str:
    """The bcrypt hash that streamlit-authenticator compares with."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()


def check(checks: Checks, password: str, *, about: Iterable[str] = ()) -> None:
    """Collect what is wrong with a new password.

    `about` are texts that others know of the person: name, e-mail, company. A password of their
    words counts as guessed at once.
    """
    try:
        length = len(password.encode())
    except UnicodeEncodeError:  # a lone surrogate
        checks.problem("password", N_("This contains characters that cannot be stored."))
        return
    if not SHORTEST <= length <= LONGEST:
        checks.problem(
            "password",
            N_("A password has {least} to {most} bytes."),
            least=SHORTEST,
            most=LONGEST,
        )
    elif is_common(password, about):
        checks.problem(
            "password",
            N_("This is easy to guess. Four words that have nothing to do with you are not."),
        )


def is_common(password: str, about: Iterable[str] = ()) -> bool:
    """Whether it is among those tried first: leaked, common, repeated, or made of known words."""
    known = {word.casefold() for text in about for word in _WORD.findall(text) if len(word) > 2}
    if _is_made_of(known, password.casefold()):
        return True
    parts = {password[:_PART], password[-_PART:]}
    return all(_guesses(part, known) < _LEAST_GUESSES for part in parts)


def _guesses(part: str, known: Iterable[str]) -> int:
    """How many tries it takes at most, found out in a time that no text can stretch."""
    read = part if _readings(part) <= _MOST_READINGS else part.translate(_READ_ONCE)
    with _one_at_a_time:
        return int(zxcvbn(read, user_inputs=sorted(known))["guesses"])


def _readings(part: str) -> int:
    """In how many ways its signs can stand for letters."""
    signs = set(part)
    per_letter = [len(signs.intersection(each)) or 1 for each in L33T_TABLE.values()]
    ambiguous = [sign for sign in signs if sum(sign in all_ for all_ in L33T_TABLE.values()) > 1]
    return prod(per_letter) << len(ambiguous)


def _is_made_of(known: Iterable[str], password: str) -> bool:
    """Whether little is left without the known words and what stands between them."""
    rest = password
    for word in sorted(known, key=len, reverse=True):
        rest = rest.replace(word, " ")
    return rest != password and len("".join(_WORD.findall(rest))) < _LEAST_REST
