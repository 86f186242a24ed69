"""Random histories: after each step incremental, full and independent computation say the same.

`python -m tests.proofs.histories --steps 3000 [--seconds N] [--seed N]` for longer than the suite.
"""

import argparse
import random
import sys
import traceback
from collections import Counter
from collections.abc import Collection
from datetime import date, datetime
from time import monotonic

from goals_core import clock, db
from goals_core.kinds import SyncMode
from goals_core.services import tracking
from tests.engine.soak import database, say
from tests.proofs import state
from tests.proofs.deeds import Deed
from tests.proofs.repertoire import AFTER_A_SYNC, DEEDS
from tests.proofs.stage import GOALS, RECORDS, Piece, SetClock, Stage

STEPS = 12  # of one history
PATIENCE = 240.0  # seconds for making a failing history short
DONE: Counter[str] = Counter()


class History:
    """One company's history."""

    def __init__(
        self, seed: str, set_clock: SetClock, trace: list[str], without: Collection[Piece] = ()
    ) -> None:
        self.stage = Stage(seed, set_clock, trace, without)
        self._full_on: date | None = None
        self._rates = 0

    def run(self, steps: int) -> None:
        self._sync()
        for number in range(steps):
            if self.stage.has("step", number):
                self._step(number)

    def _step(self, number: int) -> None:
        """Some deeds, a sync of what they changed; sometimes a full one finds nothing to do."""
        rnd = self.stage.luck("step", number)
        self.stage.say(f"step {number}")
        deeds, weights = zip(*DEEDS, strict=True)
        for deed in rnd.choices(deeds, weights, k=rnd.choice((1, 1, 2, 3))):
            self._do(deed, rnd)
        self._sync()
        if rnd.random() < 0.3:
            self._full_sync()

    def _do(self, deed: Deed, rnd: random.Random) -> None:
        if deed in AFTER_A_SYNC:
            self._sync()
        DONE[deed.__name__] += 1
        deed(self.stage, rnd)

    def _sync(self) -> None:
        self.stage.say("sync")
        done = tracking.sync(self.stage.actor, mode=SyncMode.INCREMENTAL)
        self._check_mode(done.mode)
        self.stage.shares.sync()
        state.check(self.stage.shares, self.stage.actor)
        DONE[f"{done.mode} syncs"] += 1

    def _full_sync(self) -> None:
        done = tracking.sync(self.stage.actor)
        assert (done.mode, done.updated) == (SyncMode.FULL, 0), "a full sync found something"
        state.check(self.stage.shares, self.stage.actor)

    def _check_mode(self, mode: SyncMode) -> None:
        """It is a full one only on a new day, and after another rate."""
        today, rates = self.stage.world.today, self.stage.rate_changes
        if (self._full_on, self._rates) == (today, rates):
            assert mode is SyncMode.INCREMENTAL, "a full sync that nothing asked for"
        if mode is SyncMode.FULL:
            self._full_on, self._rates = today, rates


def play(
    seed: str, set_clock: SetClock, *, steps: int = STEPS, without: Collection[Piece] = ()
) -> None:
    """A history to its end, or an error that tells it."""
    trace: list[str] = []
    try:
        History(seed, set_clock, trace, without).run(steps)
    except Exception as error:
        error.add_note("\n".join([f"Seed {seed}. What happened:", *trace]))
        raise


def shortest(seed: str, set_clock: SetClock) -> set[Piece]:
    """What can be left out of a failing history, piece by piece, so that it still fails."""
    until, without = monotonic() + PATIENCE, set[Piece]()
    pieces = [("step", n) for n in reversed(range(STEPS))]
    pieces += [("goal", n) for n in range(GOALS)] + [("record", n) for n in range(RECORDS)]
    size = 8
    while size and monotonic() < until:
        for at in range(0, len(pieces), size):
            part = set(pieces[at : at + size]) - without
            if part and monotonic() < until and _fails(seed, set_clock, without | part):
                without |= part
        size //= 2
    return without


def _fails(seed: str, set_clock: SetClock, without: Collection[Piece]) -> bool:
    try:
        play(seed, set_clock, without=without)
    except Exception:  # noqa: BLE001  (whatever it is, it is what is looked for)
        return True
    return False


def main() -> int:
    """0: all agreed; 1: they did not, and the shortest way there was printed."""
    given = _arguments()
    with database() as made:
        db.connect(made.app_url)
        try:
            return _play_many(given.steps, given.seconds, given.seed)
        finally:
            db.disconnect()


def _play_many(steps: int, seconds: float, seed: int) -> int:
    began = monotonic()
    for done in range(0, steps, STEPS):
        if monotonic() - began > seconds:
            break
        try:
            play(str(seed), set_clock)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is what is looked for)
            say(f"FAILED with --seed {seed} --steps {STEPS}: {error!s:.2000}\nMaking it short …")
            _tell(str(seed))
            return 1
        seed += 1
        say(f"seed {seed - 1}: {done + STEPS} steps, {monotonic() - began:.0f} s")
    say("  ".join(f"{name} {n:,}" for name, n in sorted(DONE.items())))
    return 0


def _tell(seed: str) -> None:
    """The shortest history that fails, and how."""
    without = shortest(seed, set_clock)
    try:
        play(seed, set_clock, without=without)
    except Exception:  # noqa: BLE001  (whatever it is, it is what is looked for)
        traceback.print_exc(limit=-4, chain=False)


def set_clock(moment: datetime) -> None:
    clock.now = lambda: moment


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
