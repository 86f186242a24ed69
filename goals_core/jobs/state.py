"""What state the worker is in: who works, and what waits, runs or has failed."""

from dataclasses import dataclass

from sqlalchemy import text

from goals_core import db

_WORKERS = """
    SELECT count(*) FROM jobs.procrastinate_workers
    WHERE last_heartbeat > clock_timestamp() - make_interval(secs => :silence)
"""
_JOBS = """
    SELECT j.task_name AS task,
        count(*) FILTER (WHERE j.status = 'todo' AND j.attempts = 0) AS waiting,
        count(*) FILTER (WHERE j.status = 'todo' AND j.attempts > 0) AS retried,
        count(*) FILTER (WHERE j.status = 'doing') AS running,
        count(*) FILTER (WHERE j.status = 'failed') AS failed,
        coalesce(max(extract(epoch FROM clock_timestamp() - e.at))
            FILTER (WHERE j.status = 'todo'), 0) AS oldest
    FROM jobs.procrastinate_jobs j
    LEFT JOIN jobs.procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'
    GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class TaskState:
    """The jobs of one task."""

    task: str
    waiting: int
    retried: int  # wait too, after a failure
    running: int
    failed: int  # for good, in the last days
    oldest: float  # seconds that one has waited


@dataclass(frozen=True, slots=True)
class State:
    """All jobs, and how many workers there are."""

    workers: int
    tasks: tuple[TaskState, ...]


def state(*, silence: float = 30.0) -> State:
    """The state of the queue; who has been silent for so many seconds works no more."""
    with db.directory() as connection:
        workers = connection.scalar(text(_WORKERS), {"silence": silence}) or 0
        rows = connection.execute(text(_JOBS)).all()
    tasks = [TaskState(**{**row._mapping, "oldest": float(row.oldest)}) for row in rows]
    return State(workers, tuple(tasks))
