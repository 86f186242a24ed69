"""What assignments are to reach: the own target or the definition's, for the days someone works."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, text, update

from goals_core import clock
from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine import audit
from goals_core.engine.audit import Deed
from goals_core.kinds import AssignmentStatus
from goals_core.models.core import User
from goals_core.models.goals import Assignment, Definition
from goals_core.models.proration import Proration, worked
from goals_core.models.windows import Window

_UPDATE = text(
    """
    UPDATE goals.assignments a
    SET full_target = n.full_target, worked_days = n.worked, working_days = n.working,
        rearm = a.rearm OR n.raised
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:full AS numeric[]), CAST(:worked AS integer[]),
        CAST(:working AS integer[]), CAST(:raised AS boolean[])
    ) AS n (id, full_target, worked, working, raised)
    WHERE a.tenant_id = :tenant_id AND a.id = n.id
    """
)


@dataclass(frozen=True, slots=True)
class _Aim:
    id: UUID
    full_target: Decimal
    days: tuple[int, int] | None

    @property
    def target(self) -> Decimal:
        return Proration(self.full_target, *self.days).target if self.days else self.full_target

    @property
    def is_nothing(self) -> bool:
        """Nobody works a day of it."""
        return self.days is not None and self.days[0] == 0

    def differs(self, row: Row[Any]) -> bool:
        days = self.days or (None, None)
        return (row.full_target, row.worked_days, row.working_days) != (self.full_target, *days)


def follow(db: TenantSession, ids: Collection[UUID]) -> None:
    """Bring the targets of open assignments up to date; a raised one re-arms its milestones.

    Where someone works no day of a prorated window there is nothing to reach: it is cancelled,
    and taken up again once they do.
    """
    week = db.actor.tenant.workweek
    rows = db.execute(_open(ids)).all()
    aims = {row.id: _aim(row, week) for row in rows}
    changed = [(row, aims[row.id]) for row in rows if aims[row.id].differs(row)]
    if changed:
        db.execute(_UPDATE, {"tenant_id": db.tenant_id} | _arrays(changed))
    gone = [row for row in rows if aims[row.id].is_nothing]
    _become(db, AssignmentStatus.CANCELLED, gone)
    _become(db, AssignmentStatus.ACTIVE, [row for row in rows if not aims[row.id].is_nothing])


def followed() -> ColumnElement[bool]:
    """Assignments whose target still moves: open ones, and those cancelled for want of a day."""
    is_there = Assignment.status != AssignmentStatus.CANCELLED
    return and_(Assignment.closed_at.is_(None), or_(is_there, Assignment.worked_days == 0))


def is_worked(window: Window, who: User, workweek: str) -> bool:
    """Whether someone works on any day of a window."""
    days = worked(window, workweek, hired_on=who.hired_on, left_on=who.left_on)
    return days is None or days[0] > 0


def _become(db: TenantSession, status: AssignmentStatus, rows: Sequence[Row[Any]]) -> None:
    """Cancel assignments, or take up those that were."""
    is_cancelled = status is AssignmentStatus.CANCELLED
    rows = [r for r in rows if (r.status is AssignmentStatus.CANCELLED) is not is_cancelled]
    if not rows:
        return
    done = {"status": status, "updated_at": clock.now()}
    of_these = Assignment.id == func.any(ids_of([row.id for row in rows]))
    db.execute(
        update(Assignment).where(of_these).values(done),
        execution_options={"synchronize_session": False},
    )
    lines = [audit.Line(row.id, {"status": row.status}, {"status": status}) for row in rows]
    audit.note_all(db, Deed.ASSIGNMENT_CHANGED, lines)


def _open(ids: Collection[UUID]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Assignment.id,
            Assignment.period_start,
            Assignment.period_end,
            Assignment.full_target,
            Assignment.worked_days,
            Assignment.working_days,
            Assignment.target_value,
            Assignment.status,
            func.coalesce(Assignment.custom_target, Definition.target_value).label("full"),
            Definition.prorate,
            User.hired_on,
            User.left_on,
        )
        .join(
            Definition,
            (Definition.tenant_id == Assignment.tenant_id)
            & (Definition.id == Assignment.definition_id),
        )
        .outerjoin(User, (User.tenant_id == Assignment.tenant_id) & (User.id == Assignment.user_id))
        .where(Assignment.id == func.any(ids_of(ids)), followed())
        .order_by(Assignment.id)
    )


def _aim(row: Row[Any], workweek: str) -> _Aim:
    window = Window(row.period_start, row.period_end)
    days = None
    if row.prorate:
        days = worked(window, workweek, hired_on=row.hired_on, left_on=row.left_on)
    return _Aim(row.id, row.full, days)


def _arrays(changed: list[tuple[Row[Any], _Aim]]) -> dict[str, Any]:
    return {
        "ids": [aim.id for _, aim in changed],
        "full": [aim.full_target for _, aim in changed],
        "worked": [aim.days and aim.days[0] for _, aim in changed],
        "working": [aim.days and aim.days[1] for _, aim in changed],
        "raised": [aim.target > row.target_value for row, aim in changed],
    }
