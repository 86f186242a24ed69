"""Repeated goals of someone whose account was disabled: where they stopped, how they go on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine import definition_lookup
from goals_core.engine.assigning import Assignee, Assignees
from goals_core.kinds import AssigneeType, AssignmentStatus, GoalStatus, Period
from goals_core.models.goals import Assignment, Definition


@dataclass(frozen=True, slots=True)
class Stalled:
    """The last window of a chain, which ended before today without a next one."""

    id: UUID
    definition_id: UUID
    custom_target: Decimal | None


def stalled(db: TenantSession, user_id: UUID) -> list[Stalled]:
    """A person's chains that have stopped, their definitions locked by id."""
    today = db.actor.tenant.today
    ended = (
        Assignment.user_id == user_id,
        Assignment.rolls_over,
        Assignment.status != AssignmentStatus.CANCELLED,
        Assignment.period_end < today,
    )
    goes_on = (
        Definition.status == GoalStatus.ACTIVE,
        Definition.period != Period.CUSTOM,
        or_(Definition.ends_at.is_(None), Definition.ends_at >= today),
    )
    goals = select(Assignment.definition_id).where(*ended)
    locked = select(Definition.id).where(Definition.id.in_(goals), *goes_on).order_by(Definition.id)
    ids = db.scalars(locked.with_for_update()).all()
    found = (
        select(Assignment.id, Assignment.definition_id, Assignment.custom_target)
        .where(*ended, Assignment.definition_id == func.any(ids_of(ids)))
        .order_by(Assignment.id)
    )
    return [Stalled(*row) for row in db.execute(found)]


def resumed(
    db: TenantSession, user_id: UUID, chains: Sequence[Stalled]
) -> Iterator[tuple[UUID, dict[str, Any]]]:
    """End each chain where it stopped; the goal and what is to be set for the window of today."""
    if not chains:
        return
    ended = update(Assignment).where(Assignment.id == func.any(ids_of([c.id for c in chains])))
    db.execute(ended.values(rolls_over=False), execution_options={"synchronize_session": False})
    everyone, today = Assignees(db), db.actor.tenant.today
    for chain in chains:
        goal = db.get_one(Definition, (db.tenant_id, chain.definition_id))
        window = definition_lookup.schedule_of(db, goal).window_on(today)
        who = Assignee(AssigneeType.USER, user_id)
        if window is not None and (not goal.prorate or everyone.works_in(who, window)):
            yield (
                goal.id,
                {
                    "assignee_type": who.type,
                    "assignee_id": who.id,
                    "on": today,
                    "target": chain.custom_target,
                },
            )
