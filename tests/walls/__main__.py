"""The walls' long proof: `python -m tests.walls --attempts 100000 [--seed N] [--only N]`.

Four in five attempts are statements, the others operations; what and with what is chance, by the
seed and the attempt's number. It ends at the first one that gets through, and says how to see it
again.
"""

import argparse
import logging
import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from random import Random
from time import monotonic

from goals_core import logs
from tests.engine.soak import database, say
from tests.walls import stage, tally
from tests.walls.companies import World
from tests.walls.exceptions import not_accepted
from tests.walls.in_sql import Catalogue
from tests.walls.operations import stage as set_up
from tests.walls.sql_attempts import Session, session
from tests.walls.tally import SQL, Tally

IN_SQL = 0.8
EVERY = 5_000  # attempts between two lines of progress


class Attack:
    """Attempts by number, and how many there were of each."""

    def __init__(self, world: World, exits: ExitStack) -> None:
        self.everyone, self.catalogue = set_up(world), Catalogue(world)
        self.combinations = self.everyone.combinations()
        mine = world.mine.cast.tenant.id
        self.sessions: dict[str, Session] = {
            how: exits.enter_context(session(world, tenant_id=tenant_id, met=set()))
            for how, tenant_id in (("with another tenant", mine), ("without a tenant", None))
        }
        self.tried: Tally = Tally()

    def attempt(self, seed: int, number: int) -> tuple[str, list[str]]:
        """What was tried, and what it found."""
        chance = Random(f"{seed} {number}")
        return self._statement(chance) if chance.random() < IN_SQL else self._operation(chance)

    def _statement(self, chance: Random) -> tuple[str, list[str]]:
        how = chance.choice(list(self.sessions))
        statement = self.catalogue.drawn(chance)
        self.tried[SQL, f"{statement.kind} {statement.target}", how] += 1
        return f"{how}: {statement}", self.sessions[how].findings(statement)

    def _operation(self, chance: Random) -> tuple[str, list[str]]:
        operation, who, level = chance.choice(self.combinations)
        self.tried[level, operation.title, who] += 1
        attempt = self.everyone.attempt(operation, who, level, chance)
        found = not_accepted(operation.title, attempt.findings())
        return f"{operation.title} by {who} at {level} with {attempt.arguments}", found


def main() -> int:
    """0: nothing got through; 1: something did."""
    given = _arguments()
    logs.set_up("text", level=logging.ERROR)  # refusals are what is asked for
    with database() as made, stage.world(made) as world, ExitStack() as exits:
        return run(Attack(world, exits), given.seed, list(_numbers(given)))


def run(attack: Attack, seed: int, numbers: list[int]) -> int:
    began = monotonic()
    say(f"seed {seed}: {len(numbers):,} attempts")
    for done, number in enumerate(numbers, start=1):
        what, found = attack.attempt(seed, number)
        if found:
            say(f"\nGOT THROUGH: {what}")
            for finding in found:
                say(f"  {finding}")
            say(f"again: python -m tests.walls --seed {seed} --only {number}")
            return 1
        if done % EVERY == 0:
            say(f"{done:>9,} attempts, {done / (monotonic() - began):.0f} per second")
    tally.write(attack.tried)
    say(tally.page(attack.tried))
    say(f"{tally.summary(attack.tried)}; none got through, {monotonic() - began:.0f} s")
    return 0


def _numbers(given: argparse.Namespace) -> Iterator[int]:
    yield from range(given.attempts) if given.only is None else [given.only]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--only", type=int, help="this attempt of the seed alone")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
