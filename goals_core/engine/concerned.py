"""The open assignments that a change of people or teams concerns, locked before it."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine import targets
from goals_core.kinds import AssignmentStatus, GoalStatus, Source
from goals_core.models.goals import Assignment, Definition

_LIVING = (GoalStatus.DRAFT, GoalStatus.ACTIVE, GoalStatus.PAUSED)


def prorated_of(user_ids: Collection[UUID]) -> ColumnElement[bool]:
    """Those whose target counts for the days that these people work."""
    return and_(
        Assignment.user_id == func.any(ids_of(user_ids)),
        targets.followed(),
        Definition.prorate,
        Definition.status.in_(_LIVING),
    )


def tracked_of(team_ids: Collection[UUID]) -> ColumnElement[bool]:
    """Those whose value comes from the records of these teams' members."""
    return and_(
        Assignment.team_id == func.any(ids_of(team_ids)),
        Assignment.closed_at.is_(None),
        Assignment.status != AssignmentStatus.CANCELLED,
        Definition.source != Source.MANUAL,
        Definition.status == GoalStatus.ACTIVE,
    )


def locked(db: TenantSession, *which: ColumnElement[bool]) -> list[UUID]:
    """Lock what fits any of these: definitions first, then assignments, both by id.

    Whoever locks people or teams as well does so afterwards, people first, each by id.
    """
    found = (
        select(Assignment.id, Assignment.definition_id)
        .join(
            Definition,
            (Definition.tenant_id == Assignment.tenant_id)
            & (Definition.id == Assignment.definition_id),
        )
        .where(or_(*which))
    )
    rows = db.execute(found).all()
    if not rows:
        return []
    goals = Definition.id == func.any(ids_of([row.definition_id for row in rows]))
    definitions = select(Definition.id).where(goals).order_by(Definition.id)
    db.execute(definitions.with_for_update(read=True))
    ids = [row.id for row in rows]
    these = select(Assignment.id).where(Assignment.id == func.any(ids_of(ids)))
    db.execute(these.order_by(Assignment.id).with_for_update(key_share=True))
    return ids
