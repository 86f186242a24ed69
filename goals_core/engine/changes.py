"""Writing what a computation found: one statement per table, whatever the number of rows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, text, update

from goals_core import clock
from goals_core.arrays import array, ids_of
from goals_core.db import TenantSession
from goals_core.engine import outbox
from goals_core.engine.outbox import News
from goals_core.kinds import AssignmentStatus, Event
from goals_core.models.base import new_id_text
from goals_core.models.goals import Definition, MilestoneNotification

TICK = timedelta(microseconds=1)
_STATUS_NEWS = {
    AssignmentStatus.ACHIEVED: Event.ACHIEVED,
    AssignmentStatus.FAILED: Event.FAILED,
}

_UPDATE = text(
    """
    UPDATE goals.assignments a
    SET current_value = n.value, progress_percentage = n.progress, status = n.status,
        achieved_at = n.achieved_at, closed_at = n.closed_at, last_updated_at = n.last_updated_at,
        at_risk_since = n.at_risk_since, left_out = n.left_out, untold = n.untold, rearm = false,
        updated_at = :now
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:values AS numeric[]), CAST(:progress AS numeric[]),
        CAST(:statuses AS goals.assignment_status[]), CAST(:achieved AS timestamptz[]),
        CAST(:closed AS timestamptz[]), CAST(:updated AS timestamptz[]),
        CAST(:at_risk AS timestamptz[]), CAST(:left_out AS integer[]), CAST(:untold AS boolean[])
    ) AS n (id, value, progress, status, achieved_at, closed_at, last_updated_at, at_risk_since,
        left_out, untold)
    WHERE a.tenant_id = :tenant_id AND a.id = n.id
    """
)
_LOG = text(
    """
    INSERT INTO goals.progress_log (tenant_id, id, assignment_id, previous_value, new_value,
        change_amount, source, source_reference, notes, logged_at, logged_by, occurred_at, kind)
    SELECT :tenant_id, n.id, n.assignment_id, n.previous, n.value, n.value - n.previous,
        'automatic', :reference, '', n.logged_at, :actor_id, :now, 'value'
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:assignment_ids AS uuid[]), CAST(:previous AS numeric[]),
        CAST(:values AS numeric[]), CAST(:logged AS timestamptz[])
    ) AS n (id, assignment_id, previous, value, logged_at)
    ON CONFLICT (tenant_id, id) DO NOTHING
    """
)
_REARM = text(
    """
    DELETE FROM goals.milestone_notifications m
    USING unnest(CAST(:ids AS uuid[]), CAST(:progress AS numeric[])) AS n (id, progress)
    WHERE m.tenant_id = :tenant_id AND m.assignment_id = n.id
        AND m.milestone_percentage > n.progress
    """
)
_MILESTONES = text(
    """
    INSERT INTO goals.milestone_notifications
        (tenant_id, id, assignment_id, milestone_percentage, achieved_value, notified_at)
    SELECT :tenant_id, n.id, n.assignment_id, n.percentage, n.value,
        CASE WHEN n.notify THEN CAST(:now AS timestamptz) END
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:assignment_ids AS uuid[]), CAST(:percentages AS integer[]),
        CAST(:values AS numeric[]), CAST(:notify AS boolean[])
    ) AS n (id, assignment_id, percentage, value, notify)
    ON CONFLICT (tenant_id, assignment_id, milestone_percentage) DO NOTHING
    RETURNING assignment_id, milestone_percentage, notified_at
    """
)


@dataclass(frozen=True, slots=True)
class Change:
    """An assignment's new state, and what the log and the milestones need of the old one."""

    id: UUID
    previous: Decimal
    value: Decimal
    progress: Decimal
    had_progress: Decimal
    status: AssignmentStatus
    was: AssignmentStatus
    achieved_at: datetime | None
    closed: bool
    at_risk: bool
    at_risk_since: datetime | None  # when it was told before
    left_out: int  # while a number is known to lack records, nothing is said of what it means
    untold: bool  # so its status waits to be told
    had_untold: bool
    rearm: bool
    silent: bool  # its window was closed when it was assigned: recorded, told to nobody
    last_updated_at: datetime | None
    is_automatic: bool  # a reading by hand has written its own line of the log
    milestones: Sequence[Mapping[str, Any]]

    @property
    def differs(self) -> bool:
        """Whether it is not as it was, in its figures or in what is told of it."""
        before = (self.previous, self.had_progress, self.was, self.had_untold)
        after = (self.value, self.progress, self.status, self.untold)
        return before != after or self.at_risk is (self.at_risk_since is None)

    @property
    def is_logged(self) -> bool:
        return self.is_automatic and self.value != self.previous

    def logged_at(self, now: datetime) -> datetime:
        """The time of its line: strictly after the last one's, even when clocks disagree."""
        return next_moment(self.last_updated_at, now)

    @property
    def passed(self) -> list[Mapping[str, Any]]:
        """The milestones between the old and the new progress; all below it when re-armed."""
        since = Decimal(0) if self.rearm else self.had_progress
        return [m for m in self.milestones if since < m["percentage"] <= self.progress]

    def news(self) -> Iterator[News]:
        """What its new status is worth telling."""
        if self.silent:
            return
        became = self.status is not self.was or self.had_untold
        if became and not self.untold and self.status in _STATUS_NEWS:
            yield News(_STATUS_NEWS[self.status], self.id)
        if self.at_risk and self.at_risk_since is None:
            yield News(Event.AT_RISK, self.id)


def is_untold(row: Row[*tuple[Any, ...]], status: AssignmentStatus, left_out: int) -> bool:
    """Whether a status is worth telling and is held back, now or since before.

    What is no longer so when the records are complete is never told.
    """
    became = status is not row.status or row.untold
    return left_out > 0 and became and status in _STATUS_NEWS


def next_moment(last: datetime | None, now: datetime) -> datetime:
    """Now, or the next possible moment after `last` when the clock has not passed it."""
    return now if last is None else max(now, last + TICK)


def write(db: TenantSession, changed: Sequence[Change], *, reference: str | None) -> None:
    """Write assignments, their log, the milestones that were passed, and what is to be told."""
    if not changed:
        return
    now = clock.now()
    shared = {"tenant_id": db.tenant_id, "now": now}
    db.execute(_UPDATE, shared | _states(changed, now))
    if logged := [change for change in changed if change.is_logged]:
        who = {"actor_id": db.actor.user_id, "reference": reference}
        db.execute(_LOG, shared | who | _lines(logged, now))
    news = _pass_milestones(db, changed, shared)
    outbox.tell(db, [*news, *(item for change in changed for item in change.news())])


def forget(db: TenantSession, ids: Collection[UUID]) -> None:
    """Delete what was noted and told of assignments that are to be deleted."""
    noted = delete(MilestoneNotification).where(
        MilestoneNotification.assignment_id == func.any(ids_of(ids))
    )
    db.execute(noted, execution_options={"synchronize_session": False})
    outbox.forget(db, ids)


def set_sync_error(db: TenantSession, definition_id: UUID, error: str | None) -> None:
    """Say on a definition why the sync could not compute it; None: it could.

    Left to the next one where somebody else holds the definition: two that wait for each other
    would end in a deadlock.
    """
    free = select(Definition.id).where(Definition.id == definition_id)
    free = free.with_for_update(skip_locked=True, key_share=True)
    db.execute(
        update(Definition).where(Definition.id.in_(free)).values(sync_error=error),
        execution_options={"synchronize_session": False},
    )


def _pass_milestones(
    db: TenantSession, changed: Sequence[Change], shared: dict[str, Any]
) -> list[News]:
    """Note each milestone once; what was noted anew, and asks for it, is to be told."""
    if rearmed := [change for change in changed if change.rearm]:
        above = {"ids": [c.id for c in rearmed], "progress": [c.progress for c in rearmed]}
        db.execute(_REARM, {"tenant_id": db.tenant_id} | above)
    passed = [(change, milestone) for change in changed for milestone in change.passed]
    if not passed:
        return []
    noted = db.execute(_MILESTONES, shared | _milestones(passed))
    return [
        News(Event.MILESTONE_REACHED, row.assignment_id, row.milestone_percentage)
        for row in noted
        if row.notified_at is not None
    ]


def _states(changed: Sequence[Change], now: datetime) -> dict[str, str]:
    return {
        "ids": array(c.id for c in changed),
        "values": array(c.value for c in changed),
        "progress": array(c.progress for c in changed),
        "statuses": array(c.status for c in changed),
        "achieved": array(c.achieved_at for c in changed),
        "closed": array(now if c.closed else None for c in changed),
        "updated": array(c.logged_at(now) if c.is_logged else c.last_updated_at for c in changed),
        "at_risk": array((c.at_risk_since or now) if c.at_risk else None for c in changed),
        "left_out": array(c.left_out for c in changed),
        "untold": array(c.untold for c in changed),
    }


def _lines(logged: Sequence[Change], now: datetime) -> dict[str, str]:
    return {
        "ids": array(new_id_text() for _ in logged),
        "assignment_ids": array(c.id for c in logged),
        "previous": array(c.previous for c in logged),
        "values": array(c.value for c in logged),
        "logged": array(c.logged_at(now) for c in logged),
    }


def _milestones(passed: Sequence[tuple[Change, Mapping[str, Any]]]) -> dict[str, str]:
    return {
        "ids": array(new_id_text() for _ in passed),
        "assignment_ids": array(c.id for c, _ in passed),
        "percentages": array(m["percentage"] for _, m in passed),
        "values": array(c.value for c, _ in passed),
        "notify": array(m.get("notify", True) and not c.silent for c, m in passed),
    }
