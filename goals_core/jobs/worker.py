"""The worker's life: connect, listen, sweep, run jobs; and again when the connection was lost.

The first signal ends it when the running jobs are done, the second one at once. What a worker that
ends at once leaves is taken up by another one, or by the next.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import Any

import psycopg
from procrastinate.exceptions import ConnectorException
from psycopg import AsyncConnection
from sqlalchemy.exc import DBAPIError

from goals_core import logs
from goals_core.jobs import queue
from goals_core.jobs.listener import listening, wake
from goals_core.jobs.queue import Queue
from goals_core.jobs.runner import Runner, take_up
from goals_core.jobs.work import JOBS, Job

log = logs.get("goals_core.jobs")

LOST = (ConnectorException, psycopg.OperationalError, DBAPIError, OSError)
CONNECTIONS_PER_JOB = 4  # a sync has its turn, its transaction and two threads of the roll-over


@dataclass(frozen=True)
class Pace:
    """Seconds between this and that."""

    beat: float = 2.0  # a worker says that it lives
    silence: float = 12.0  # so long without a word, and it has gone
    polling: float = 1.0  # looks for jobs that were put off
    retry: float = 0.2  # the first pause before connecting anew
    longest_retry: float = 10.0


class Worker:
    """One worker of one database, which the services of this process are connected to."""

    def __init__(
        self, url: str, *, concurrency: int, jobs: Collection[Job] = JOBS, pace: Pace | None = None
    ) -> None:
        self._url, self._concurrency, self._jobs = url, concurrency, jobs
        self._pace = pace or Pace()
        self._stopping = asyncio.Event()
        self._runner: Runner | None = None
        self.is_listening = asyncio.Event()

    def stop(self) -> None:
        """Take no further job, and end when the running ones are done."""
        self._stopping.set()
        if self._runner:
            self._runner.stop()  # type: ignore[no-untyped-call]

    async def run(self) -> None:
        """Until `stop`."""
        threads = ThreadPoolExecutor(self._concurrency + 2, thread_name_prefix="job")
        asyncio.get_running_loop().set_default_executor(threads)
        pause = self._pace.retry
        while not self._stopping.is_set():
            began = monotonic()
            try:
                async with self._connected() as (connection, its_queue):
                    await self._work(connection, its_queue)
            except LOST as error:
                log.warning("The worker has lost the database, and connects anew", exc_info=error)
                if monotonic() - began > self._pace.longest_retry:
                    pause = self._pace.retry
                await self._rest(pause)
                pause = min(pause * 2, self._pace.longest_retry)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[AsyncConnection, Queue]]:
        """It listens first: what is committed from now on is heard, the sweep finds the rest."""
        async with AsyncExitStack() as stack:
            connection = await stack.enter_async_context(listening(self._url))
            opened = queue.make(self._url, jobs=self._jobs, connections=self._concurrency + 2)
            await stack.enter_async_context(opened.app.open_async())
            yield connection, opened

    async def _work(self, connection: AsyncConnection, its_queue: Queue) -> None:
        """Run jobs until `stop`, or until something beside them fails."""
        runner = Runner(its_queue, concurrency=self._concurrency, polling=self._pace.polling)
        self._runner, its_queue.look = runner, runner.look
        if self._stopping.is_set():
            return
        async with _beside(
            runner.stop,
            wake(connection, its_queue),
            self._begin(its_queue),
            self._beat(its_queue, runner),
            self._inherit(its_queue),
        ):
            await runner.run()  # type: ignore[no-untyped-call]
        if not self._stopping.is_set():
            raise ConnectorException("A part of the worker has ended")

    async def _begin(self, its_queue: Queue) -> None:
        """The sweep: what there was to do while nobody listened."""
        for job in self._jobs:
            await its_queue.put_due(job)
        log.info("The worker is ready", concurrency=self._concurrency)
        self.is_listening.set()

    async def _beat(self, its_queue: Queue, runner: Runner) -> None:
        """Say that this worker lives, also while its last jobs end."""
        while True:
            await asyncio.sleep(self._pace.beat)
            if runner.worker_id is not None:
                await its_queue.app.job_manager.update_heartbeat(runner.worker_id)

    async def _inherit(self, its_queue: Queue) -> None:
        """Take up what workers have left that have gone."""
        while True:
            await take_up(its_queue, silent_for=self._pace.silence)
            await asyncio.sleep(self._pace.silence / 3)


def run(url: str, *, concurrency: int, with_parent: bool, give_up: Callable[[], None]) -> None:
    """Run a worker until a signal ends it, or its parent does; at the second signal it gives up."""

    async def live() -> None:
        worker = Worker(url, concurrency=concurrency)
        _end_by_signals(worker, give_up)
        if with_parent:
            _end_with_parent(worker)
        await worker.run()

    # what a job's failure comes to is said by us, once
    logging.getLogger("procrastinate.worker").addFilter(_is_no_outcome)
    asyncio.run(live())
    log.info("The worker has ended")


def _is_no_outcome(record: logging.LogRecord) -> bool:
    return not str(getattr(record, "action", "")).startswith("job_")


def _end_by_signals(worker: Worker, give_up: Callable[[], None]) -> None:
    times = count(1)

    def end() -> None:
        if next(times) == 1:
            log.info("The worker ends when its jobs are done; once more, and it ends at once")
            worker.stop()
            return
        give_up()
        os._exit(1)

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)


def _end_with_parent(worker: Worker) -> None:
    """The parent holds the other end of our standard input, and lets go of it however it ends."""
    loop = asyncio.get_running_loop()

    def look() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            worker.stop()

    loop.add_reader(sys.stdin.fileno(), look)


@asynccontextmanager
async def _beside(
    stop: Callable[[], None], *tasks: Coroutine[Any, Any, None]
) -> AsyncIterator[None]:
    """Run these until the block ends; the first one that fails stops it, and is raised after it."""
    failed: list[BaseException] = []

    async def watched(task: Coroutine[Any, Any, None]) -> None:
        try:
            await task
        except Exception as error:  # noqa: BLE001  (raised below)
            failed.append(error)
            stop()

    running = [asyncio.create_task(watched(task)) for task in tasks]
    try:
        yield
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    if failed:
        raise failed[0]
