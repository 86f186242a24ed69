"""kill -9 of loaders, syncs, workers, backends and the server itself; and all of them at once.

`python -m tests.proofs.kills --rounds 30 [--seed N]`
`python -m tests.proofs.kills --rounds 0 --loaders 4 --syncs 2 --seconds 60`
"""

import argparse
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from goals_core import clock, db, embedded, schema
from goals_core.kinds import SyncMode
from goals_core.services import tracking
from tests.engine.soak import say
from tests.proofs import aftermath, state
from tests.proofs.chance import Company
from tests.proofs.crowd import Crowd, crowd, failures, wait_until
from tests.proofs.stage import Stage

AS_FOUNDED = Company("America/New_York", 1, 3, 50, 25)
"""The rules that a tenant has in the database: other processes read them there."""
VICTIMS = ("load", "sync", "work", "tell", "backend", "postmaster", "everybody")


@dataclass
class Proof:
    """One company on one server, the crowd that works on it, and what is known of both."""

    home: Path
    app_url: str
    owner_url: str
    stage: Stage
    crowd: Crowd
    rnd: random.Random
    starts: dict[Any, list[int]]
    done: Counter[str] = field(default_factory=Counter)
    servers: list[embedded.Server] = field(default_factory=list)

    def round(self, victim: str, *, loaders: int, syncs: int, workers: int = 0) -> None:
        """Everybody at work, somebody killed; then one sync, and all is as it must be."""
        self._begin(loaders, syncs, workers)
        sleep(self.rnd.random())
        self.kill(victim)
        self.done[victim] += 1
        self._end()

    def crowded(self, seconds: float, *, loaders: int, syncs: int, workers: int = 0) -> None:
        """Everybody at once for a while, and nobody is killed before it is over."""
        self._begin(loaders, syncs, workers)
        sleep(seconds)
        self._end()

    def kill(self, victim: str) -> None:
        match victim:
            case "backend":
                os.kill(self.rnd.choice(self._backends()), signal.SIGKILL)
            case "postmaster":
                self._kill_postmaster()
            case "everybody":
                self._kill_postmaster()
                self.crowd.kill_all()
            case _:
                self.crowd.kill(victim)

    def _begin(self, loaders: int, syncs: int, workers: int = 0) -> None:
        before = self._last_worker()
        for kind, number in {"load": loaders, "sync": syncs, "tell": 1, "work": workers}.items():
            for _ in range(number):
                self.crowd.add(kind, self.rnd)
        self.crowd.wait_for_work()
        if workers:
            wait_until(lambda: self._last_worker() > before, "the worker")

    def _last_worker(self) -> int:
        query = "SELECT coalesce(max(id), 0) AS n FROM jobs.procrastinate_workers"
        return int(as_superuser(self.owner_url, query)[0].n)

    def _syncs_of_workers(self) -> int:
        query = "SELECT count(*) AS n FROM goals.sync_runs WHERE origin = 'worker'"
        return int(as_superuser(self.owner_url, query)[0].n)

    def _end(self) -> None:
        self.crowd.kill_all()
        gone = self.crowd.leave()
        wait_until(self._is_quiet, "the server's peace")
        state.same("failures", failures(gone), [])
        there = aftermath.records_of(self.stage.system)
        self.done += aftermath.account_for(self.stage.world, gone, there)
        lines = [line for each in gone for line in each.diary.lines()]
        self.done["syncs"] += sum("synced" in line for line in lines)
        self.done["syncs of workers"] = self._syncs_of_workers()
        self.done["found busy"] += sum("busy" in line for line in lines)
        assert tracking.sync(self.stage.system, mode=SyncMode.INCREMENTAL)
        aftermath.check(self.stage.shares, self.stage.system, self.starts)
        assert tracking.sync(self.stage.system).updated == 0, "a full sync found something"

    def _is_quiet(self) -> bool:
        """The server answers, and of those who were killed nobody is left on it."""
        try:
            return not self._backends()
        except DBAPIError:
            return False

    def _backends(self) -> list[int]:
        db.engine().dispose()
        ours = "usename = 'goals_app' AND pid <> pg_backend_pid()"
        query = f"SELECT pid FROM pg_stat_activity WHERE {ours} AND datname = current_database()"
        return [row.pid for row in as_superuser(self.owner_url, query)]

    def _kill_postmaster(self) -> None:
        """The server as a whole, which then is started again as the app would start it."""
        number = int((self.home / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(number, signal.SIGKILL)
        self.servers.append(embedded.acquire(self.home))


def as_superuser(url: str, query: str) -> list[Any]:
    engine = create_engine(make_url(url).set(username="postgres"), poolclass=NullPool)
    with engine.connect() as connection:
        return list(connection.execute(text(query)).all())


@contextmanager
def proof(home: Path, app_url: str, owner_url: str, seed: str, set_clock: Any) -> Iterator[Proof]:
    """A company with goals, all of them computed, on a pool that is open."""
    stage = Stage(seed, set_clock, [], rules=AS_FOUNDED)
    tracking.sync(stage.system)
    stage.shares.sync()
    state.check(stage.shares, stage.system)
    starts = {share.key: list(share.values) for share in stage.shares.all}
    spec = {
        "url": app_url,
        "tenant": stage.cast.tenant.slug,
        "people": [str(owner) for owner in stage.owners],
    }
    with (
        tempfile.TemporaryDirectory(prefix="goals diaries ") as folder,
        crowd(Path(folder), spec) as everybody,
    ):
        rnd = random.Random(seed)
        made = Proof(home, app_url, owner_url, stage, everybody, rnd, starts)
        try:
            yield made
        finally:
            for server in made.servers:
                server.release()


def refuse_what_is_not_durable(url: str) -> None:
    """Where a commit need not be on disk, a proof by kill proves nothing about a power cut."""
    names = ("fsync", "full_page_writes", "synchronous_commit")
    found = {name: as_superuser(url, f"SHOW {name}")[0][0] for name in names}
    state.same("durable settings", found, dict.fromkeys(names, "on"))


def main() -> int:
    """0: nothing was lost or doubled; an error says what was."""
    given = _arguments()
    say(f"--seed {given.seed}")
    with tempfile.TemporaryDirectory(prefix="goals kills ") as folder:
        Path(folder).chmod(0o755)  # as root the server runs under another account
        home = Path(folder) / "home"
        server = embedded.acquire(home)
        try:
            schema.migrate(server.owner_url, app_url=server.app_url)
            refuse_what_is_not_durable(server.owner_url)
            db.connect(server.app_url)
            with proof(home, server.app_url, server.owner_url, str(given.seed), _set_clock) as made:
                _run(made, given)
        finally:
            db.disconnect()
            server.release()
    return 0


def _run(made: Proof, given: argparse.Namespace) -> None:
    began, crew = (
        monotonic(),
        {"loaders": given.loaders, "syncs": given.syncs, "workers": given.workers},
    )
    if given.seconds:
        made.crowded(given.seconds, **crew)
        say(f"{given.seconds:.0f} s of a crowd, {monotonic() - began:.0f} s in all")
    for number in range(given.rounds):
        victim = VICTIMS[number % len(VICTIMS)]
        made.round(victim, **crew)
        say(f"round {number + 1}: kill -9 of {victim}, {monotonic() - began:.0f} s")
    say("  ".join(f"{name} {n:,}" for name, n in sorted(made.done.items())))


def _set_clock(moment: datetime) -> None:
    clock.now = lambda: moment


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--loaders", type=int, default=2)
    parser.add_argument("--syncs", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="of `python -m goals_core worker`")
    parser.add_argument("--seconds", type=float, default=0, help="of a crowd before the rounds")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
