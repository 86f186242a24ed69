"""Many threads of several tenants on one pool, while everything that can break a connection does.

`python -m tests.db.storm --seconds 120` for longer than the suite has time.
"""

import argparse
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool

from goals_core import clock, db
from goals_core.db import TenantSession, tenant_session
from goals_core.models.base import new_id
from goals_core.models.core import Team
from tests.conftest import Cast, Database, new_cast
from tests.engine import soak
from tests.engine.soak import say

THREADS, TENANTS = 32, 4
_LEFT_OVER = """
    SELECT nullif(current_setting('app.tenant_id', true), ''),
        (SELECT count(*) FROM core.users) + (SELECT count(*) FROM goals.assignments),
        (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'),
        (SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
            WHERE l.pid = pg_backend_pid() AND l.mode <> 'AccessShareLock'),
        (SELECT string_agg(name, ', ') FROM pg_settings
            WHERE source = 'session' AND name <> 'app.tenant_id'),
        current_user
"""
_CLEAN = (None, 0, 0, 0, None, "goals_app")


class Interrupted(Exception):
    """What a block raises to be undone."""


@dataclass
class Storm:
    """What was done, how often, and what was wrong."""

    casts: list[Cast]
    superuser: Engine
    until: float
    done: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def blow(self) -> None:
        """All threads, until the time is over."""
        threads = [threading.Thread(target=self._thread, args=(n,)) for n in range(THREADS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    def _thread(self, number: int) -> None:
        chance = random.Random(number)
        while monotonic() < self.until and not self.wrong:
            name = chance.choice(list(DEEDS))
            cast = chance.choice(self.casts)
            try:
                DEEDS[name](self, cast, chance)
                self._count(name)
                self._look_at_a_fresh_connection()
            except DBAPIError as error:
                if not error.connection_invalidated:
                    self._note(f"{name}: {error}")
                self._count("lost in between")
            except Exception as error:  # noqa: BLE001  (whatever it is, it is wrong)
                self._note(f"{name}: {type(error).__name__} {error}")

    def _look_at_a_fresh_connection(self) -> None:
        """What was checked out anew has nothing of whoever had it before."""
        with db.engine().connect() as connection:
            driver: Any = connection.connection.driver_connection
            status = driver.info.transaction_status
            found = tuple(connection.execute(text(_LEFT_OVER)).one())
        if (status, found) != (TransactionStatus.IDLE, _CLEAN):
            self._note(f"left over: {status.name} {found}")
        self._count("looked")

    def sees_its_own(self, session: TenantSession) -> None:
        """Every table read says the session's tenant, and there is something to read."""
        for table in ("core.users", "core.teams", "core.audit_log"):
            seen = session.scalars(text(f"SELECT DISTINCT tenant_id FROM {table}")).all()
            if seen != [session.tenant_id]:
                self._note(f"{session.tenant_id} saw {seen} in {table}")
        self._count("read")

    def kill(self, process: int) -> None:
        """End a connection from outside, as an administrator or a failing network would."""
        with self.superuser.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": process})

    def cancel(self, process: int, finished: threading.Event) -> None:
        """Cancel what a connection sleeps in, as soon as it does, and nothing else of it."""
        sleeps = "pid = :pid AND state = 'active' AND query LIKE '%pg_sleep%'"
        query = text(f"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE {sleeps}")
        while not finished.wait(0.02):
            with self.superuser.connect() as connection:
                connection.execute(query, {"pid": process})

    def _count(self, name: str) -> None:
        with self.lock:
            self.done[name] += 1

    def _note(self, what: str) -> None:
        with self.lock:
            self.wrong.append(what)


def _reads(storm: Storm, cast: Cast, chance: random.Random) -> None:
    with tenant_session(chance.choice((cast.rep, cast.manager, cast.admin))) as session:
        storm.sees_its_own(session)


def _writes(storm: Storm, cast: Cast, _chance: random.Random) -> None:
    with tenant_session(cast.admin) as session:
        session.add(_team())
        session.flush()
        storm.sees_its_own(session)


def _raises(storm: Storm, cast: Cast, _chance: random.Random) -> None:
    with suppress(Interrupted), tenant_session(cast.admin) as session:
        session.add(_team())
        session.flush()
        session.execute(text("SET LOCAL statement_timeout = 5000"))
        storm.sees_its_own(session)
        raise Interrupted


def _fails(storm: Storm, cast: Cast, _chance: random.Random) -> None:
    """A statement that the database refuses ends the transaction."""
    with suppress(IntegrityError), tenant_session(cast.admin) as session:
        storm.sees_its_own(session)
        twice = new_id()
        for _ in range(2):
            session.execute(text(_INSERT), {"t": session.tenant_id, "id": twice})


def _times_out(storm: Storm, cast: Cast, _chance: random.Random) -> None:
    with _expected(psycopg.errors.QueryCanceled), tenant_session(cast.rep) as session:
        storm.sees_its_own(session)
        session.execute(text("SET LOCAL statement_timeout = 20"))
        session.execute(text("SELECT pg_sleep(5)"))


def _is_cancelled(storm: Storm, cast: Cast, _chance: random.Random) -> None:
    finished = threading.Event()
    with _expected(psycopg.errors.QueryCanceled), tenant_session(cast.rep) as session:
        process = session.scalar(text("SELECT pg_backend_pid()")) or 0
        canceller = threading.Thread(target=storm.cancel, args=(process, finished))
        canceller.start()
        try:
            session.execute(text("SELECT pg_sleep(5)"))
        finally:
            finished.set()
            canceller.join()


def _is_killed(storm: Storm, cast: Cast, _chance: random.Random) -> None:
    """In the middle of a transaction: what it wrote is gone, and so is the connection."""
    with _expected(psycopg.OperationalError), tenant_session(cast.admin) as session:
        session.add(_team())
        session.flush()
        storm.kill(session.scalar(text("SELECT pg_backend_pid()")) or 0)
        storm.sees_its_own(session)


def _is_killed_at_rest(storm: Storm, cast: Cast, _chance: random.Random) -> None:
    """While it waits in the pool: whoever gets it next does not notice."""
    with tenant_session(cast.rep) as session:
        process = session.scalar(text("SELECT pg_backend_pid()"))
    storm.kill(process or 0)


def _rolls_back(storm: Storm, cast: Cast, _chance: random.Random) -> None:
    """By itself, and goes on: the tenant is set again."""
    with tenant_session(cast.admin) as session:
        session.add(_team())
        session.flush()
        session.rollback()
    with tenant_session(cast.admin) as session:
        storm.sees_its_own(session)


def _nests(storm: Storm, cast: Cast, _chance: random.Random) -> None:
    with tenant_session(cast.admin) as session:
        with suppress(Interrupted), session.begin_nested():
            session.add(_team())
            session.flush()
            raise Interrupted
        with session.begin_nested():
            storm.sees_its_own(session)
        storm.sees_its_own(session)


def _crosses(storm: Storm, cast: Cast, _chance: random.Random) -> None:
    """A session of one tenant inside of another's: two connections, each with its own."""
    other = next(each for each in storm.casts if each is not cast)
    with tenant_session(cast.rep) as session:
        with tenant_session(other.rep) as inner:
            storm.sees_its_own(inner)
        storm.sees_its_own(session)


DEEDS: dict[str, Callable[[Storm, Cast, random.Random], None]] = {
    "reads": _reads,
    "writes": _writes,
    "raises": _raises,
    "fails": _fails,
    "times out": _times_out,
    "is cancelled": _is_cancelled,
    "is killed": _is_killed,
    "is killed at rest": _is_killed_at_rest,
    "rolls back": _rolls_back,
    "nests": _nests,
    "crosses": _crosses,
}


@contextmanager
def _expected(kind: type[Exception]) -> Iterator[None]:
    """What the disturbance must lead to, or it was none."""
    try:
        yield
    except DBAPIError as error:
        if not isinstance(error.orig, kind):
            raise
    else:
        raise AssertionError(f"nothing happened, where {kind.__name__} should have")


def _team() -> Team:
    id_ = new_id()
    return Team(id=id_, name=f"Team {id_}", manager_id=None, created_at=clock.now())


_INSERT = """
    INSERT INTO core.teams (tenant_id, id, name, created_at)
    VALUES (:t, :id, CAST(:id AS text), now())
"""


def blow(database: Database, seconds: float) -> Storm:
    """A storm of some seconds on a pool that is open already."""
    superuser = make_url(database.owner_url).set(username="postgres")
    casts = [new_cast() for _ in range(TENANTS)]
    storm = Storm(casts, create_engine(superuser, poolclass=NullPool), monotonic() + seconds)
    storm.blow()
    return storm


def main() -> int:
    """0: nobody saw what is not theirs; 1: somebody did, or something was left over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    with soak.database() as made:
        db.connect(made.app_url)
        try:
            storm = blow(made, parser.parse_args().seconds)
        finally:
            db.disconnect()
    say("  ".join(f"{name} {count:,}" for name, count in sorted(storm.done.items())))
    for each in storm.wrong:
        say(f"WRONG: {each}")
    return 1 if storm.wrong or DEEDS.keys() - storm.done.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
