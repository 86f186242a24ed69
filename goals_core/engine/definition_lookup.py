"""Finding definitions: what the actor may see, what is theirs to change."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, func, select

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine import visibility
from goals_core.engine.definition_views import DefinitionView, view_of
from goals_core.engine.drafts import Draft
from goals_core.errors import N_, NotAllowed, NotFound
from goals_core.models.goals import Assignment, Definition, ProgressEntry
from goals_core.models.windows import Schedule
from goals_core.permissions import Permission


def with_assignments(db: TenantSession) -> Select[Definition, int]:
    """The definitions, each with the number of its assignments that the actor may see."""
    seen = (
        select(Assignment.definition_id, func.count().label("n"))
        .where(visibility.readable_assignments(db))
        .group_by(Assignment.definition_id)
        .subquery()
    )
    return select(Definition, func.coalesce(seen.c.n, 0)).outerjoin(
        seen, seen.c.definition_id == Definition.id
    )


def get(db: TenantSession, definition_id: UUID) -> DefinitionView:
    """One definition."""
    query = with_assignments(db).where(
        Definition.id == definition_id, visibility.readable_definitions(db)
    )
    # a computation may have written its error past the session: read it anew
    found = db.execute(query, execution_options={"populate_existing": True}).one_or_none()
    if found is None:
        raise NotFound(N_("goal"))
    return view_of(*found)


def changeable(db: TenantSession, definition_ids: Collection[UUID]) -> set[UUID]:
    """Those of the definitions that are the actor's to change."""
    query = select(Definition.id).where(
        Definition.id.in_(definition_ids), visibility.writable_definitions(db)
    )
    return set(db.scalars(query))


def has_progress(db: TenantSession, definition_id: UUID) -> bool:
    """Whether anything was ever recorded for it."""
    entry = (
        select(ProgressEntry.id)
        .join(
            Assignment,
            (Assignment.tenant_id == ProgressEntry.tenant_id)
            & (Assignment.id == ProgressEntry.assignment_id),
        )
        .where(Assignment.definition_id == definition_id)
        .limit(1)
    )
    return db.scalar(entry) is not None


def schedule_of(db: TenantSession, settings: Draft | Definition) -> Schedule:
    """When its windows are, by the tenant's fiscal year."""
    return Schedule(
        settings.period,
        settings.starts_at,
        settings.ends_at,
        db.actor.tenant.fiscal_year_start,
    )


def writable(db: TenantSession, ids: Collection[UUID]) -> list[Definition]:
    """The definitions, locked in the order of their ids.

    Out of sight is not found; in sight but not the actor's to change is not allowed.
    """
    query = select(Definition).where(
        Definition.id == func.any(ids_of(ids)), visibility.writable_definitions(db)
    )
    found = db.scalars(query.order_by(Definition.id).with_for_update()).all()
    for missing in set(ids) - {definition.id for definition in found}:
        get(db, missing)
        raise NotAllowed(permission=Permission.WRITE.value)
    return list(found)


def assignments_of(definition_id: UUID) -> Select[Assignment]:
    return select(Assignment).where(Assignment.definition_id == definition_id)
