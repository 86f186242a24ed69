"""What a definition's life and its progress allow to be changed, and by whom."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine.definition_lookup import has_progress
from goals_core.engine.drafts import Draft
from goals_core.errors import N_, Conflict, OwnTarget
from goals_core.kinds import GoalStatus
from goals_core.models.goals import Assignment, Definition
from goals_core.permissions import Permission

# A definition's life; what is cancelled or completed stays so.
NEXT: dict[GoalStatus, frozenset[GoalStatus]] = {
    GoalStatus.DRAFT: frozenset({GoalStatus.ACTIVE, GoalStatus.CANCELLED}),
    GoalStatus.ACTIVE: frozenset({GoalStatus.PAUSED, GoalStatus.COMPLETED, GoalStatus.CANCELLED}),
    GoalStatus.PAUSED: frozenset({GoalStatus.ACTIVE, GoalStatus.COMPLETED, GoalStatus.CANCELLED}),
    GoalStatus.COMPLETED: frozenset(),
    GoalStatus.CANCELLED: frozenset(),
}
FIXED = ("type", "metric", "unit", "period", "starts_at", "source")
"""What cannot change once progress exists: the numbers recorded would mean something else."""
_JUDGED_BY = (
    "type",
    "metric",
    "unit",
    "source",
    "target_value",
    "range_min",
    "range_max",
    "source_config",
    "prorate",
    "period",
    "starts_at",
    "ends_at",
)


class HasProgress(Conflict):
    message = N_("{name} has progress already; cancel it instead of deleting it.")


class FixedByProgress(Conflict):
    message = N_(
        "{name} has progress already, so its {fields} cannot change; duplicate it instead."
    )


class NoSuchStep(Conflict):
    message = N_("{name} is {status}; it cannot become {wanted}.")


class NotEditable(Conflict):
    message = N_("{name} is {status} and can no longer be changed.")


def refuse_fixed(db: TenantSession, definition: Definition, draft: Draft) -> None:
    """Refuse to change what recorded progress depends on."""
    changed = [name for name in FIXED if getattr(definition, name) != getattr(draft, name)]
    if changed and has_progress(db, definition.id):
        raise FixedByProgress(name=definition.name, fields=", ".join(changed))


def refuse_own_target(db: TenantSession, definition: Definition, draft: Draft) -> None:
    """Without goals:manage nobody moves a target, a range or the days that are their own."""
    if any(getattr(definition, name) != getattr(draft, name) for name in _JUDGED_BY):
        refuse_own(db, [definition.id])


def refuse_own(db: TenantSession, ids: Collection[UUID]) -> None:
    """Without goals:manage nobody changes, stops or deletes a goal that is their own."""
    if db.actor.may(Permission.MANAGE):
        return
    own = select(Assignment.id).where(
        Assignment.definition_id == func.any(ids_of(ids)), Assignment.user_id == db.actor.user_id
    )
    if db.scalar(own.limit(1)) is not None:
        raise OwnTarget(permission=Permission.MANAGE.value)
