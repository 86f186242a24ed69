"""Workers in threads of this process, and what the tests do to them."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import make_url, text

from goals_core import db
from goals_core.actor import Actor
from goals_core.jobs.work import SYNC, Job
from goals_core.jobs.worker import Pace, Worker
from tests.conftest import Cast, Database
from tests.makers import TODAY, from_sales, make_goal, standing

PATIENCE = 30.0
# What is in no test's way: looking for jobs at intervals, and taking workers for dead.
PACE = Pace(beat=0.1, silence=60, polling=60, retry=0.05)
_DEAL = """
    INSERT INTO sales.opportunities (tenant_id, id, external_id, name, account, owner_id, stage,
        amount, currency, closed_on, attributes, created_at, updated_at)
    VALUES (%s, %s, %s, 'A deal', '', %s, 'closed_won', %s, 'USD', %s, '{}', now(), now())
"""


@dataclass
class Gate:
    """A sync that the test holds up, breaks and counts."""

    begun: list[UUID] = field(default_factory=list)
    ended: list[UUID] = field(default_factory=list)
    most_at_once: int = 0
    is_open: threading.Event = field(default_factory=threading.Event)
    broken: set[UUID] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def job(self, **changes: Any) -> Job:
        return replace(SYNC, do=self.pass_, **changes)

    def pass_(self, actor: Actor) -> float | None:
        with self._lock:
            self.begun.append(actor.tenant_id)
            running = self.begun.count(actor.tenant_id) - self.ended.count(actor.tenant_id)
            self.most_at_once = max(self.most_at_once, running)
        try:
            assert self.is_open.wait(PATIENCE)
            if actor.tenant_id in self.broken:
                raise RuntimeError("broken")
            return SYNC.do(actor)
        finally:
            with self._lock:
                self.ended.append(actor.tenant_id)


@contextmanager
def working(
    database: Database, jobs: Sequence[Job] = (SYNC,), *, pace: Pace = PACE, concurrency: int = 2
) -> Iterator[Callable[[], None]]:
    """A worker that listens; gives what stops it, and waits in the end until it has."""
    made: list[tuple[asyncio.AbstractEventLoop, Worker]] = []
    failed: list[BaseException] = []

    async def live() -> None:
        worker = Worker(database.app_url, concurrency=concurrency, jobs=jobs, pace=pace)
        made.append((asyncio.get_running_loop(), worker))
        await worker.run()

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:  # noqa: BLE001  (raised where the test ends)
            failed.append(error)

    def stop() -> None:
        made[0][0].call_soon_threadsafe(made[0][1].stop)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until(lambda: failed or (made and made[0][1].is_listening.is_set()))
        yield stop
    finally:
        if thread.is_alive():
            stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert failed == []


def until(is_so: Callable[[], Any], patience: float = PATIENCE) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.01)


def sales_goal(cast: Cast) -> UUID:
    return make_goal(cast, cast.rep, from_sales())


def value(cast: Cast, goal: UUID) -> Decimal:
    return Decimal(standing(cast.rep, goal).value)


@contextmanager
def another_program(database: Database, cast: Cast) -> Iterator[psycopg.Connection]:
    """Each of its statements is committed at once."""
    url = make_url(database.app_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute("SELECT set_config('app.tenant_id', %s, false)", [str(cast.tenant.id)])
        yield connection


def sell(database: Database, cast: Cast, *amounts: int, on: date = TODAY) -> None:
    """Deals that another program stores, each committed for itself."""
    with another_program(database, cast) as connection:
        for amount in amounts:
            owner = cast.rep.user_id
            deal = (cast.tenant.id, uuid4(), uuid4().hex, owner, amount, on)
            connection.execute(_DEAL, deal)


def queued(cast: Cast) -> list[tuple[str, int]]:
    """The tenant's syncs: their status and their tries."""
    with db.directory() as connection:
        rows = connection.execute(text(_QUEUED), {"lock": f"sync:{cast.tenant.id}"}).all()
    return [(row.status, row.attempts) for row in rows]


_QUEUED = """
    SELECT CAST(status AS text), attempts
    FROM jobs.procrastinate_jobs WHERE lock = :lock ORDER BY id
"""
