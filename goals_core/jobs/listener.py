"""Hearing of changes: each COMMIT that leaves lines in the journal says so, with its tenant's id.

What is heard while jobs are put in is put in together. Nobody hears what is said while the
connection is lost: who listens again sweeps.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from goals_core.jobs.queue import Queue, address
from goals_core.jobs.work import SYNC

_QUIET = 20.0  # seconds, after which the connection is tried
_KEEPALIVES = {"keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 3}


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection that hears of every change from now on."""
    where = make_conninfo(address(url), connect_timeout=5, **_KEEPALIVES)
    connection = await AsyncConnection.connect(where, autocommit=True)
    async with connection:
        await connection.execute("LISTEN goals_changes")
        yield connection


async def wake(connection: AsyncConnection, queue: Queue) -> None:
    """Let changes be taken as they are heard of, until the connection is lost."""
    heard: set[UUID] = set()
    news = asyncio.Event()
    hearing = asyncio.create_task(_hear(connection, heard, news))
    putting = asyncio.create_task(_put(queue, heard, news))
    try:
        done, _ = await asyncio.wait({hearing, putting}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (hearing, putting):
            task.cancel()
        await asyncio.gather(hearing, putting, return_exceptions=True)


async def _hear(connection: AsyncConnection, heard: set[UUID], news: asyncio.Event) -> None:
    while True:
        async for notice in connection.notifies(timeout=_QUIET):
            with suppress(ValueError):  # whoever may connect may say anything
                heard.add(UUID(notice.payload))
                news.set()
        await connection.execute("SELECT 1")


async def _put(queue: Queue, heard: set[UUID], news: asyncio.Event) -> None:
    while True:
        await news.wait()
        news.clear()
        tenant_ids = set(heard)
        heard.clear()
        await queue.put(SYNC, tenant_ids)
