"""The queue: procrastinate, which keeps it in PostgreSQL, with the tasks that it knows.

1. A job is put in unless one like it, of the same tenant, waits already.
2. It is run when none like it of the same tenant runs.
3. One that fails is run again, later each time; one that finds its tenant busy soon.
"""

import asyncio
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from procrastinate import App, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job as QueuedJob
from procrastinate.retry import BaseRetryStrategy
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import make_url

from goals_core import logs
from goals_core.actor import Actor
from goals_core.errors import Busy
from goals_core.jobs.work import JOBS, Job, soon
from goals_core.services import tenants

SCHEMA = "jobs"
MOST_TRIES = 12
LONGEST_PAUSE = 300.0  # seconds
KEPT_HOURS = 24 * 14  # of what failed for good; what was done is gone at once

log = logs.get("goals_core.jobs")


@dataclass
class Queue:
    """An open queue; `look` is what this process's worker does when it has put something in."""

    app: App
    look: Callable[[], None] = lambda: None

    async def put(self, job: Job, tenant_ids: Collection[UUID], *, after: float = 0) -> None:
        """Let a job be run for tenants, in so many seconds; not where one waits already."""
        task = self.app.tasks[job.name]
        for tenant_id in tenant_ids:
            key = f"{job.name}:{tenant_id}"
            schedule: Any = {"schedule_in": {"seconds": after}} if after else {}
            try:
                await task.configure(lock=key, queueing_lock=key, **schedule).defer_async(
                    tenant_id=str(tenant_id)
                )
            except AlreadyEnqueued:
                continue
            asyncio.get_running_loop().call_later(after, self.look)

    async def put_due(self, job: Job) -> None:
        """Let a job be run for all tenants that it has something to do for."""
        await self.put(job, await asyncio.to_thread(job.due))


def make(url: str, *, jobs: Collection[Job] = JOBS, connections: int = 4) -> Queue:
    """The queue of a database, not yet opened."""
    connector = PsycopgConnector(
        conninfo=address(url),
        min_size=1,
        max_size=connections,
        timeout=5.0,
        configure=_each_statement_alone,
    )
    queue = Queue(App(connector=connector))
    for job in jobs:
        _declare(queue, job)
    queue.app.periodic(cron="20 * * * *")(
        queue.app.task(name="tidy", queueing_lock="tidy", pass_context=True)(_tidy)
    )
    return queue


def address(url: str) -> str:
    """For the driver: procrastinate names its tables without their schema.

    What a power cut could lose is found again by what the queue asks at its start.
    """
    given = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    options = conninfo_to_dict(given).get("options") or ""
    ours = f"{options} -c search_path={SCHEMA} -c synchronous_commit=off".strip()
    return make_conninfo(given, options=ours, application_name="goals worker")


def pause(tries: int) -> float:
    """Seconds before another try: twice as many each time, up to a bound, and never the same."""
    return float(min(2.0**tries, LONGEST_PAUSE) * random.uniform(0.5, 1))  # noqa: S311  # nosec B311


class Backoff(BaseRetryStrategy):
    """Later each time, and not for ever."""

    def get_retry_decision(
        self, *, exception: BaseException, job: QueuedJob
    ) -> RetryDecision | None:
        if job.attempts + 1 >= MOST_TRIES or not isinstance(exception, Exception):
            return None
        return RetryDecision(retry_in={"milliseconds": round(pause(job.attempts) * 1000)})


def _declare(queue: Queue, job: Job) -> None:
    async def work(tenant_id: str) -> None:
        await _work(queue, job, UUID(tenant_id))

    async def due(timestamp: int) -> None:  # noqa: ARG001  (for when it was due)
        await queue.put_due(job)

    app = queue.app
    app.task(name=job.name, priority=job.priority, retry=Backoff())(work)
    name = f"due:{job.name}"
    # first of all, since all the others may have come by it
    app.periodic(cron=job.often)(app.task(name=name, queueing_lock=name, priority=100)(due))


async def _work(queue: Queue, job: Job, tenant_id: UUID) -> None:
    try:
        again = await asyncio.to_thread(_do, job.do, tenant_id)
    except Exception:
        log.warning("A job failed", job=job.name, tenant=tenant_id, exc_info=True)
        raise
    if again is not None:
        await queue.put(job, [tenant_id], after=again)
    then = job.then
    if then and then.name in queue.app.tasks and tenant_id in await asyncio.to_thread(then.due):
        await queue.put(then, [tenant_id])


def _do(deed: Callable[[Actor], float | None], tenant_id: UUID) -> float | None:
    if (tenant := tenants.find_tenant(tenant_id)) is None:
        return None
    try:
        return deed(Actor.system(tenant))
    except Busy:  # no failure, and not counted as one
        return soon()


async def _tidy(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


async def _each_statement_alone(connection: AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
