"""Definitions: what is to be reached, how it is measured, and its life from draft to completed."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select

from goals_core import clock
from goals_core.actor import Permission
from goals_core.checks import printable
from goals_core.db import TenantSession
from goals_core.errors import N_, Conflict, NotAllowed, NotFound, OwnTarget, Stale
from goals_core.kinds import AssignmentStatus, GoalStatus, GoalType, Period, Source
from goals_core.models.base import new_id
from goals_core.models.goals import Assignment, Definition, ProgressEntry
from goals_core.models.windows import Schedule
from goals_core.services import audit, changes, visibility
from goals_core.services.audit import Deed
from goals_core.services.definition_views import (
    DefinitionView,
    assigned_facts,
    columns_of,
    facts_of,
    view_of,
)
from goals_core.services.drafts import Draft, Milestone, check, moved_on
from goals_core.services.paging import FIRST_PAGE, Page, PageRequest
from goals_core.services.recompute import recompute

__all__ = ["DefinitionView", "Draft", "Milestone"]

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


def list_(
    db: TenantSession,
    *,
    search: str = "",
    statuses: Collection[GoalStatus] = (),
    types: Collection[GoalType] = (),
    periods: Collection[Period] = (),
    sources: Collection[Source] = (),
    page: PageRequest = FIRST_PAGE,
) -> Page[DefinitionView]:
    """The definitions that match every filter given, newest first."""
    wanted: list[ColumnElement[bool]] = [visibility.readable_definitions(db)]
    if words := printable(search):
        wanted.append(_mentions(words))
    for column, choices in (
        (Definition.status, statuses),
        (Definition.type, types),
        (Definition.period, periods),
        (Definition.source, sources),
    ):
        if choices:
            wanted.append(column.in_(choices))
    total = db.scalar(select(func.count()).select_from(Definition).where(*wanted)) or 0
    query = _with_assignments(db).where(*wanted)
    query = query.order_by(Definition.created_at.desc(), Definition.id.desc())
    rows = db.execute(query.limit(page.limit).offset(page.offset))
    return page.of([view_of(definition, count) for definition, count in rows], total)


def get(db: TenantSession, definition_id: UUID) -> DefinitionView:
    """One definition."""
    query = _with_assignments(db).where(
        Definition.id == definition_id, visibility.readable_definitions(db)
    )
    # a computation may have written its error past the session: read it anew
    found = db.execute(query, execution_options={"populate_existing": True}).one_or_none()
    if found is None:
        raise NotFound(N_("goal"))
    return view_of(*found)


def create(db: TenantSession, draft: Draft) -> DefinitionView:
    """Make a draft: nothing is tracked until it is active."""
    db.actor.need(Permission.WRITE)
    draft = check(db, draft)
    definition = Definition(
        id=new_id(),
        status=GoalStatus.DRAFT,
        version=1,
        created_by=db.actor.user_id,
        created_at=clock.now(),
        updated_at=clock.now(),
        **columns_of(draft),
    )
    db.add(definition)
    db.flush()  # what assigns it in the same transaction finds it
    audit.note(db, Deed.DEFINITION_CREATED, definition.id, after=facts_of(definition))
    return view_of(definition, 0)


def update(db: TenantSession, definition_id: UUID, draft: Draft, *, version: int) -> DefinitionView:
    """Change the settings; every active assignment follows at once.

    `version` is the one that was read: `Stale` when somebody else saved in between.
    """
    definition = _writable(db, definition_id)
    if definition.version != version:
        raise Stale(name=definition.name)
    if not NEXT[definition.status]:
        raise NotEditable(name=definition.name, status=definition.status)
    draft = check(db, draft)
    before = facts_of(definition)
    _refuse_fixed(db, definition, draft)
    _refuse_own_target(db, definition, draft)
    raised = draft.target_value > definition.target_value
    for column, value in columns_of(draft).items():
        setattr(definition, column, value)
    definition.version += 1
    definition.updated_at = clock.now()
    db.flush()  # the computation reads it
    audit.note(
        db, Deed.DEFINITION_CHANGED, definition.id, before=before, after=facts_of(definition)
    )
    _follow(db, definition)
    if raised:
        _rearm(db, definition)
    return get(db, definition_id)


def set_status(db: TenantSession, definition_id: UUID, status: GoalStatus) -> DefinitionView:
    """Take the next step of its life; becoming active, also again, catches up at once."""
    definition = _writable(db, definition_id)
    if status not in NEXT[definition.status]:
        raise NoSuchStep(name=definition.name, status=definition.status, wanted=status)
    before = {"status": definition.status}
    definition.status = status
    definition.version += 1
    definition.updated_at = clock.now()
    db.flush()  # the computation reads it
    audit.note(
        db, Deed.DEFINITION_STATUS_CHANGED, definition.id, before=before, after={"status": status}
    )
    _follow(db, definition)
    return get(db, definition_id)


def delete(db: TenantSession, definition_id: UUID) -> None:
    """Delete a definition and its assignments, while there is no progress."""
    definition = _writable(db, definition_id)
    if has_progress(db, definition_id):
        raise HasProgress(name=definition.name)
    audit.note(db, Deed.DEFINITION_DELETED, definition.id, before=facts_of(definition))
    assigned = list(db.scalars(_assignments_of(definition_id)))
    changes.forget_milestones(db, [assignment.id for assignment in assigned])
    for assignment in assigned:
        audit.note(db, Deed.ASSIGNMENT_DELETED, assignment.id, before=assigned_facts(assignment))
        db.delete(assignment)
    db.flush()  # assignments refer to the definition
    db.delete(definition)


def duplicate(
    db: TenantSession, definition_id: UUID, *, next_period: bool = False
) -> DefinitionView:
    """A draft with the same settings, moved to the days of the next period if asked."""
    settings = get(db, definition_id).settings
    name = f"{settings.name[:190]} (copy)"
    copy = replace(settings, name=settings.name if next_period else name)
    return create(db, moved_on(copy, db.actor.tenant) if next_period else copy)


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


def _with_assignments(db: TenantSession) -> Select[Definition, int]:
    seen = (
        select(Assignment.definition_id, func.count().label("n"))
        .where(visibility.readable_assignments(db))
        .group_by(Assignment.definition_id)
        .subquery()
    )
    return select(Definition, func.coalesce(seen.c.n, 0)).outerjoin(
        seen, seen.c.definition_id == Definition.id
    )


def _mentions(words: str) -> ColumnElement[bool]:
    return or_(
        *(
            column.icontains(words, autoescape=True)
            for column in (Definition.name, Definition.description, Definition.category)
        )
    )


def _writable(db: TenantSession, definition_id: UUID) -> Definition:
    """The definition, locked; out of sight is not found, in sight but not theirs not allowed."""
    query = select(Definition).where(
        Definition.id == definition_id, visibility.writable_definitions(db)
    )
    found = db.scalar(query.with_for_update())
    if found is None:
        get(db, definition_id)
        raise NotAllowed(permission=Permission.WRITE.value)
    return found


def _refuse_fixed(db: TenantSession, definition: Definition, draft: Draft) -> None:
    changed = [name for name in FIXED if getattr(definition, name) != getattr(draft, name)]
    if changed and has_progress(db, definition.id):
        raise FixedByProgress(name=definition.name, fields=", ".join(changed))


def _refuse_own_target(db: TenantSession, definition: Definition, draft: Draft) -> None:
    """Without goals:manage nobody moves a target, or range, that is their own."""
    judged_by = ("target_value", "range_min", "range_max", "source_config")
    if db.actor.may(Permission.MANAGE) or all(
        getattr(definition, name) == getattr(draft, name) for name in judged_by
    ):
        return
    own = select(Assignment.id).where(
        Assignment.definition_id == definition.id, Assignment.user_id == db.actor.user_id
    )
    if db.scalar(own.limit(1)) is not None:
        raise OwnTarget(permission=Permission.MANAGE.value)


def _assignments_of(definition_id: UUID) -> Select[Assignment]:
    return select(Assignment).where(Assignment.definition_id == definition_id)


def _follow(db: TenantSession, definition: Definition) -> None:
    if definition.status is GoalStatus.ACTIVE:
        ids = db.scalars(
            select(Assignment.id).where(
                Assignment.definition_id == definition.id,
                Assignment.closed_at.is_(None),
                Assignment.status != AssignmentStatus.CANCELLED,
            )
        )
        recompute(db, only=list(ids))


def _rearm(db: TenantSession, definition: Definition) -> None:
    followers = _assignments_of(definition.id).where(Assignment.custom_target.is_(None))
    ids = db.scalars(followers.with_only_columns(Assignment.id))
    changes.rearm_milestones(db, list(ids))
