"""Milestones: where they are, which were passed, and on which day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from goals_core.actor import Tenant
from goals_core.db import TenantSession
from goals_core.engine import drafts, standings
from goals_core.engine.standings import Standing
from goals_core.kinds import GoalType
from goals_core.models.goals import Definition, MilestoneNotification
from goals_core.permissions import Permission, needs
from goals_core.services import history
from goals_core.services.history import DayEnd


@dataclass(frozen=True, slots=True)
class Milestone:
    """A percentage worth telling, and whether the assignment has passed it."""

    percentage: int
    value: Decimal | None  # where that is; None for maintain: a share of days is no value
    passed: bool
    passed_on: date | None  # None: not passed, or the readings no longer say when


@needs(Permission.READ)
def list_(
    db: TenantSession, assignment_id: UUID, *, series: Sequence[DayEnd] | None = None
) -> list[Milestone]:
    """The milestones of an assignment, the lowest first; `series`: its own, if it was read."""
    standing = standings.get(db, assignment_id)
    noted = {row.milestone_percentage: row for row in _noted(db, assignment_id)}
    line = history.series(db, [assignment_id])[assignment_id] if series is None else series
    return [
        _milestone(percentage, standing, noted.get(percentage), line, db.actor.tenant)
        for percentage in _percentages(db, standing.definition_id)
    ]


def _noted(db: TenantSession, assignment_id: UUID) -> Sequence[MilestoneNotification]:
    mine = MilestoneNotification.assignment_id == assignment_id
    return db.scalars(select(MilestoneNotification).where(mine)).all()


def _percentages(db: TenantSession, definition_id: UUID) -> list[int]:
    json = db.scalars(select(Definition.milestones).where(Definition.id == definition_id)).one()
    return sorted(drafts.Milestone.from_json(milestone).percentage for milestone in json)


def _milestone(
    percentage: int,
    standing: Standing,
    noted: MilestoneNotification | None,
    line: Sequence[DayEnd],
    tenant: Tenant,
) -> Milestone:
    value = None if standing.type is GoalType.MAINTAIN else standing.target * percentage / 100
    day = _first_day(line, value)
    if noted and not day and noted.notified_at:
        day = noted.notified_at.astimezone(ZoneInfo(tenant.timezone)).date()
    return Milestone(percentage, value, noted is not None, day if noted else None)


def _first_day(line: Sequence[DayEnd], value: Decimal | None) -> date | None:
    """The day says when it was passed, not the sync that noticed."""
    if value is None:
        return None
    return next((end.day for end in line if end.value >= value), None)
