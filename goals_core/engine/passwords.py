"""Passwords: which are taken, and what is kept of them."""

import bcrypt

from goals_core.checks import Checks
from goals_core.errors import N_

SHORTEST, LONGEST = 12, 72  # bytes; bcrypt reads no more than 72


def digest(password: str) -> str:
    """The bcrypt hash that streamlit-authenticator compares with."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()


def check(checks: Checks, password: str) -> None:
    """Collect what is wrong with a new password."""
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
