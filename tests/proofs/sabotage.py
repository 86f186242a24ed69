"""That the proof of tracking can fail: each way to break the engine is noticed, or it is said.

`python -m tests.proofs.sabotage [--seeds N]`: each broken engine plays so many short histories.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from time import monotonic

import pytest

from goals_core import db
from tests.engine.soak import database, say
from tests.proofs import breakages
from tests.proofs.histories import play, set_clock

FIRST_SEED, STEPS = 500, 8

Broken = Callable[[], AbstractContextManager[None]]


def main() -> int:
    """0: all were noticed; 1: some were not."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--seeds", type=int, default=30)
    seeds = given.parse_args().seeds
    ways: dict[str, Broken] = {
        each.__name__.replace("_", " "): partial(_patched, each) for each in breakages.IN_PYTHON
    }
    for name, words in breakages.IN_WORDS.items():
        ways[name] = partial(breakages.other_words, *words)
    with database() as made:
        db.connect(made.app_url)
        try:
            unnoticed = [
                name for name, broken in ways.items() if not _is_noticed(name, broken, seeds)
            ]
        finally:
            db.disconnect()
    return 1 if unnoticed else 0


def _is_noticed(name: str, broken: Broken, seeds: int) -> bool:
    began = monotonic()
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        try:
            with broken():
                play(str(seed), set_clock, steps=STEPS)
        except breakages.Unsaid:
            continue  # not in this history
        except AssertionError:
            say(f"{name}: noticed with seed {seed} after {monotonic() - began:.0f} s")
            return True
    say(f"NOT NOTICED in {seeds} histories: {name}")
    return False


@contextmanager
def _patched(breakage: Callable[[breakages.Patch], None]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        breakage(patch.setattr)
        yield


if __name__ == "__main__":
    sys.exit(main())
