"""What the jobs do, and for whom: each works for one tenant, can be run twice and loses nothing.

Another one is an entry in JOBS.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from goals_core.actor import Actor
from goals_core.kinds import Origin, SyncMode
from goals_core.services import rollover, tenants, tracking

EVERY_MINUTE, EVERY_QUARTER = "* * * * *", "*/15 * * * *"


@dataclass(frozen=True)
class Job:
    """What is done for one tenant; asked for at the start of a worker, and as `often` as said."""

    name: str
    do: Callable[[Actor], bool]  # whether something is left that is soon to be tried again
    due: Callable[[], Sequence[UUID]]  # the tenants that there is something to do for
    often: str  # as cron writes it, in UTC
    priority: int = 0  # the higher one is run first


def sync(actor: Actor) -> bool:
    """Take what has changed, and compute what it concerns; what others hold is left."""
    if not tracking.has_changes(actor):
        return False
    tracking.sync(actor, mode=SyncMode.INCREMENTAL, origin=Origin.WORKER)
    return tracking.has_changes(actor)


def begin_day(actor: Actor) -> bool:
    """Roll windows over, close those whose grace is over, see what is late, and heal any drift."""
    if actor.tenant_id in tenants.with_a_new_day():
        rollover.roll_over(actor)
        tracking.sync(actor, origin=Origin.SCHEDULE)
    return False


SYNC = Job("sync", sync, tenants.with_changes, EVERY_MINUTE, priority=10)
# Midnight is where the tenant is; no time zone has another offset than by quarters of an hour.
BEGIN_DAY = Job("begin-day", begin_day, tenants.with_a_new_day, EVERY_QUARTER)
JOBS = (SYNC, BEGIN_DAY)
