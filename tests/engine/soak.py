"""The engine's long proof: `python -m tests.engine.soak --steps 10000 [--seed N]`."""

import argparse
import random
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import bcrypt
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from goals_core import db, embedded
from tests.conftest import Database, Server, _with_template
from tests.engine.machine import GoalsMachine
from tests.engine.stage import CLOCKED, HITS, RULES

STEPS_PER_STORY, STORIES_PER_ROUND = 100, 20
ENOUGH = 5_000  # steps after which every rule must have had its effect
FORBIDDEN = {"stranger", "onlooker", "colleague"}  # their effect is a refusal


def main() -> int:
    """0: every step agreed; 1: one did not, and how to get there was printed."""
    given = _arguments()
    with database() as made:
        db.connect(made.app_url)
        try:
            return soak(given.steps, given.seed, shrink=given.shrink)
        finally:
            db.disconnect()


def soak(steps: int, first_seed: int, *, shrink: bool) -> int:
    began, number = monotonic(), first_seed
    while HITS["", "steps"] < steps:
        try:
            run(number, shrink=shrink)
        except Exception:  # noqa: BLE001  (whatever it is, it is what is looked for)
            say(f"\nVIOLATION with --seed {number}")
            traceback.print_exc(limit=-6)
            report(monotonic() - began)
            return 1
        number += 1
        done = HITS["", "steps"]
        say(f"seed {number - 1}: {done} steps, {done / (monotonic() - began):.0f}/s")
    report(monotonic() - began)
    if idle := never_effective():
        say(f"never effective: {', '.join(idle)}")
    return 1 if idle and steps >= ENOUGH else 0


def never_effective() -> list[str]:
    """Rules of which nothing ever came: what they wanted to prove was not tried."""
    effective = {name for name, outcome in HITS if outcome == "done" or name in FORBIDDEN}
    return sorted(RULES - effective)


def run(
    number: int,
    *,
    steps: int = STEPS_PER_STORY,
    stories: int = STORIES_PER_ROUND,
    shrink: bool = False,
) -> None:
    """A few stories from one seed."""
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    machine = seed(number)(type("Machine", (GoalsMachine,), {}))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=stories,
            stateful_step_count=steps,
            database=None,
            deadline=None,
            phases=phases,
            verbosity=Verbosity.normal,
            suppress_health_check=list(HealthCheck),
        ),
    )


def report(seconds: float) -> None:
    """How often each rule was done, refused (and with which error) or had nothing to try."""
    steps = HITS["", "steps"]
    say(f"\n{steps} steps in {seconds:.0f} s, {steps / seconds:.1f} per second")
    say("  ".join(f"{part} {spent:.0f} s" for part, spent in CLOCKED.most_common()))
    rules = sorted({name for name, _ in HITS if name})
    for name in rules:
        outcomes = sorted((o, n) for (rule, o), n in HITS.items() if rule == name)
        say(f"{name:22}" + ", ".join(f"{o} {n}" for o, n in outcomes))


def say(text: str) -> None:
    """A line, at once: a soak takes minutes."""
    print(text, flush=True)  # noqa: T201  (a command line prints)


@contextmanager
def database() -> Iterator[Database]:
    gensalt = bcrypt.gensalt
    bcrypt.gensalt = lambda *_: gensalt(4)  # type: ignore[assignment]
    with tempfile.TemporaryDirectory(prefix="goals soak ") as folder:
        Path(folder).chmod(0o755)  # as root the server runs under another account
        running = embedded.acquire(Path(folder) / "home")
        try:
            yield _with_template(Server(running.app_url, running.owner_url)).new_database()
        finally:
            running.release()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--shrink", action="store_true", help="make a violation's story short")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
