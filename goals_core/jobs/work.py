"""What the jobs do, and for whom: each works for one tenant, can be run twice and loses nothing.

Another one is an entry in JOBS.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.kinds import Origin, SyncMode
from goals_core.services import deliveries, rollover, syncs, tenants, tracking

EVERY_MINUTE, EVERY_QUARTER = "* * * * *", "*/15 * * * *"


@dataclass(frozen=True)
class Job:
    """What is done for one tenant; asked for at the start of a worker, and as `often` as said."""

    name: str
    do: Callable[[Actor], float | None]  # in how many seconds again, where something is left
    due: Callable[[], Sequence[UUID]]  # the tenants that there is something to do for
    often: str  # as cron writes it, in UTC
    priority: int = 0  # the higher one is run first
    then: "Job | None" = None  # what it may have made something to do for


def soon() -> float:
    """When to come again where somebody else is at it: not all at the same moment."""
    return random.uniform(0.3, 1)  # noqa: S311  # nosec B311


def sync(actor: Actor) -> float | None:
    """Take what has changed, and compute what it concerns; what others hold just now is left."""
    if not tracking.has_changes(actor):
        return None
    done = tracking.sync(actor, mode=SyncMode.INCREMENTAL, origin=Origin.WORKER)
    if not tracking.has_changes(actor):
        return None
    return 0 if done.changes else soon()


def begin_day(actor: Actor) -> None:
    """Roll windows over, close those whose grace is over, see what is late, and heal any drift."""
    if actor.tenant_id in tenants.with_a_new_day():
        rollover.roll_over(actor)
        tracking.sync(actor, origin=Origin.SCHEDULE)
        with tenant_session(actor) as db:
            syncs.tidy(db)
        deliveries.tidy(actor)


def deliver(actor: Actor) -> float | None:
    """Send what people are to be told; what is left when the time is over comes at once."""
    done = deliveries.deliver(actor)
    return 0 if done.is_cut_short else None


DELIVER = Job("deliver", deliver, tenants.with_news, EVERY_MINUTE)
SYNC = Job("sync", sync, tenants.with_changes, EVERY_MINUTE, priority=10, then=DELIVER)
# Midnight is where the tenant is; no time zone has another offset than by quarters of an hour.
BEGIN_DAY = Job("begin-day", begin_day, tenants.with_a_new_day, EVERY_QUARTER, then=DELIVER)
JOBS = (SYNC, BEGIN_DAY, DELIVER)
