"""Running jobs: procrastinate's worker, with what it leaves to its polling or to chance."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from procrastinate import JobContext
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.job_context import JobResult
from procrastinate.jobs import DeleteJobCondition, Status
from procrastinate.jobs import Job as QueuedJob
from procrastinate.retry import RetryDecision
from procrastinate.worker import Worker

from goals_core import logs
from goals_core.jobs.queue import MOST_TRIES, Queue, pause

# Under it who takes up what the dead left: two at once could take it from each other.
_HEIR = 7_233_003
_OF_THE_DEAD = "SELECT pg_try_advisory_xact_lock(%(key)s) AS free"
# What waits takes the place of what failed, with its tries and its pause.
_FOLLOW = """
    UPDATE procrastinate_jobs SET attempts = greatest(attempts, %(attempts)s),
        scheduled_at = greatest(scheduled_at, %(retry_at)s)
    WHERE queueing_lock = %(queueing_lock)s AND status = 'todo'
"""

log = logs.get("goals_core.jobs")


class Runner(Worker):
    """A worker that looks for jobs whenever there can be one, and gives none up by accident."""

    def __init__(self, queue: Queue, *, concurrency: int, polling: float) -> None:
        super().__init__(
            queue.app,
            concurrency=concurrency,
            fetch_job_polling_interval=polling,  # for jobs that are to be run later
            abort_job_polling_interval=3600.0,  # nobody aborts one
            update_heartbeat_interval=3600.0,  # ours goes on while the last jobs end
            stalled_worker_timeout=86_400.0,  # `take_up` forgets them, with their jobs
            delete_jobs=DeleteJobCondition.SUCCESSFUL,
            install_signal_handlers=False,
        )

    def look(self) -> None:
        """Look for a job now, and in a moment: whoever just looked forgets that it was told."""
        self._new_job_event.set()
        asyncio.get_running_loop().call_later(0.05, self._new_job_event.set)

    async def _handle_notification(self, **told: Any) -> None:  # noqa: ANN401
        await super()._handle_notification(**told)
        self.look()

    async def _process_job(self, context: JobContext) -> None:
        try:
            await super()._process_job(context)
        except ConnectorException as error:
            log.warning("The end of a job could not be noted; it is run again", exc_info=error)
        finally:
            self.look()  # for one that waited for this one's lock

    async def _persist_job_status(
        self,
        job: QueuedJob,
        status: Status,
        retry_decision: RetryDecision | None,
        context: JobContext,
        job_result: JobResult | None,
    ) -> None:
        try:
            await super()._persist_job_status(job, status, retry_decision, context, job_result)
        except UniqueViolation:  # one like it waits already, which is run in its place
            at = retry_decision and retry_decision.retry_at
            await _follow(self.app.job_manager, job, at or datetime.now(UTC))


async def take_up(queue: Queue, *, silent_for: float) -> int:
    """Let jobs of workers be run again that have been silent for so many seconds; how many."""
    pool, manager = queue.app.connector.pool, queue.app.job_manager  # type: ignore[attr-defined]
    async with pool.connection() as connection, connection.transaction():
        heir = await (await connection.execute(_OF_THE_DEAD, {"key": _HEIR})).fetchone()
        if not heir[0]:
            return 0
        left = list(await manager.get_stalled_jobs(seconds_since_heartbeat=silent_for))
        for job in left:
            log.warning("A job is taken up from a worker that has gone", job=job.task_name)
            await _again(manager, job)
        await manager.prune_stalled_workers(silent_for)
    if left:
        queue.look()
    return len(left)


async def _again(manager: Any, job: QueuedJob) -> None:  # noqa: ANN401
    """At once the first time: a job that ends its workers is not run by one after the other."""
    if job.attempts + 1 >= MOST_TRIES:
        await manager.finish_job(job=job, status=Status.FAILED, delete_job=False)
        return
    at = datetime.now(UTC) + timedelta(seconds=pause(job.attempts) if job.attempts else 0)
    try:
        await manager.retry_job(job=job, retry_at=at)
    except UniqueViolation:
        await _follow(manager, job, at)


async def _follow(manager: Any, job: QueuedJob, at: datetime) -> None:  # noqa: ANN401
    await manager.connector.execute_query_async(
        _FOLLOW, attempts=job.attempts + 1, retry_at=at, queueing_lock=job.queueing_lock
    )
    await manager.finish_job(job=job, status=Status.SUCCEEDED, delete_job=True)
