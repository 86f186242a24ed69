"""Guesses at passwords from many addresses at once, and whether the right ones still come in.

`python -m tests.core.guessing` for the 10,000 that the suite has no time for.
"""

import argparse
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from goals_core import db, logs
from goals_core.services import signin
from tests.conftest import PASSWORD, Cast, new_cast
from tests.engine.soak import database, say

THREADS, EACH = 16, 4  # guesses from one address: one fewer than lock
MINE = "203.0.113.7"


def guess(cast: Cast, guesses: int) -> None:
    """At two people and at nobodies; then those people, and one from a guesser's address, come."""
    names = [cast.rep.email, cast.manager.email, *(f"{n}@guess.example" for n in range(8))]
    addresses = [f"198.51.{n // EACH % 250}.{n // EACH // 250}" for n in range(guesses)]

    def try_(number: int) -> object:
        name = names[number % len(names)]
        return signin.prove(name, "a guess that is wrong", address=addresses[number])

    with ThreadPoolExecutor(THREADS) as pool:
        came_in = [login for login in pool.map(try_, range(guesses)) if login is not None]
    assert came_in == []
    for actor, address in (
        (cast.rep, MINE),
        (cast.manager, MINE),
        (cast.admin, addresses[0]),
    ):
        login = signin.prove(actor.email, PASSWORD, address=address)
        assert login is not None
        assert login.actor.user_id == actor.user_id


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guesses", type=int, default=10_000)
    given = parser.parse_args()
    logs.set_up("text", level=logging.ERROR)  # each guess is a warning
    with database() as made:
        db.connect(made.app_url)
        try:
            began = monotonic()
            guess(new_cast(), given.guesses)
        finally:
            db.disconnect()
    took = f"{monotonic() - began:.0f} s"
    say(f"{given.guesses:,} wrong guesses, none came in; who knew theirs did; {took}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
