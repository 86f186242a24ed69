"""Definitions: what is to be reached, how it is measured, and its life from draft to completed."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy import update as update_rows

from goals_core import clock
from goals_core.arrays import ids_of
from goals_core.checks import printable
from goals_core.db import TenantSession
from goals_core.engine import audit, changes, definition_lookup, rescheduling, targets, visibility
from goals_core.engine.audit import Deed
from goals_core.engine.definition_lookup import assignments_of, with_assignments, writable
from goals_core.engine.definition_rules import (
    NEXT,
    FixedByProgress,
    HasProgress,
    NoSuchStep,
    NotEditable,
    refuse_fixed,
    refuse_own,
    refuse_own_target,
)
from goals_core.engine.definition_views import (
    DefinitionView,
    assigned_facts,
    columns_of,
    facts_of,
    view_of,
)
from goals_core.engine.drafts import Draft, Milestone, check, moved_on
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.engine.recompute import recompute
from goals_core.errors import Stale
from goals_core.kinds import GoalStatus, GoalType, Period, Source
from goals_core.models.base import new_id
from goals_core.models.goals import Assignment, Definition
from goals_core.models.windows import Schedule
from goals_core.permissions import Permission, needs

__all__ = [
    "NEXT",
    "DefinitionView",
    "Draft",
    "FixedByProgress",
    "HasProgress",
    "Milestone",
    "NoSuchStep",
    "NotEditable",
    "changeable",
    "create",
    "delete",
    "duplicate",
    "get",
    "has_progress",
    "list_",
    "schedule_of",
    "set_status",
    "set_statuses",
    "update",
]


@needs(Permission.READ)
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
    query = with_assignments(db).where(*wanted)
    query = query.order_by(Definition.created_at.desc(), Definition.id.desc())
    rows = db.execute(query.limit(page.limit).offset(page.offset))
    return page.of([view_of(definition, count) for definition, count in rows], total)


@needs(Permission.READ)
def get(db: TenantSession, definition_id: UUID) -> DefinitionView:
    """One definition."""
    return definition_lookup.get(db, definition_id)


@needs(Permission.READ)
def changeable(db: TenantSession, definition_ids: Collection[UUID]) -> set[UUID]:
    """Those of the definitions that are the actor's to change."""
    return definition_lookup.changeable(db, definition_ids)


@needs(Permission.READ)
def has_progress(db: TenantSession, definition_id: UUID) -> bool:
    """Whether anything was ever recorded for it."""
    get(db, definition_id)  # out of sight is not found
    return definition_lookup.has_progress(db, definition_id)


@needs(Permission.READ)
def schedule_of(db: TenantSession, settings: Draft | Definition) -> Schedule:
    """When its windows are, by the tenant's fiscal year."""
    return definition_lookup.schedule_of(db, settings)


@needs(Permission.WRITE)
def create(db: TenantSession, draft: Draft) -> DefinitionView:
    """Make a draft: nothing is tracked until it is active."""
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


@needs(Permission.WRITE)
def update(db: TenantSession, definition_id: UUID, draft: Draft, *, version: int) -> DefinitionView:
    """Change the settings; every open assignment follows at once, also its days.

    `version` is the one that was read: `Stale` when somebody else saved in between.
    """
    (definition,) = writable(db, [definition_id])
    if definition.version != version:
        raise Stale(name=definition.name)
    if not NEXT[definition.status]:
        raise NotEditable(name=definition.name, status=definition.status)
    draft = check(db, draft)
    before, old_schedule = facts_of(definition), schedule_of(db, definition)
    old_milestones = definition.milestones
    refuse_fixed(db, definition, draft)
    refuse_own_target(db, definition, draft)
    for column, value in columns_of(draft).items():
        setattr(definition, column, value)
    _touch(definition)
    db.flush()  # the computation reads it
    audit.note(
        db, Deed.DEFINITION_CHANGED, definition.id, before=before, after=facts_of(definition)
    )
    if schedule_of(db, definition) != old_schedule:
        rescheduling.follow(db, definition)
    targets.follow(db, _open(db, [definition_id]))
    if definition.milestones != old_milestones:
        _rearm(db, definition_id)
    _compute(db, [definition])
    return get(db, definition_id)


@needs(Permission.WRITE)
def set_status(db: TenantSession, definition_id: UUID, status: GoalStatus) -> DefinitionView:
    """Take the next step of its life; becoming active, also again, catches up at once."""
    set_statuses(db, [definition_id], status)
    return get(db, definition_id)


@needs(Permission.WRITE)
def set_statuses(db: TenantSession, ids: Collection[UUID], status: GoalStatus) -> int:
    """Take the same step with several definitions, all or none; how many there were."""
    found = writable(db, set(ids))
    for definition in found:
        if status not in NEXT[definition.status]:
            raise NoSuchStep(name=definition.name, status=definition.status, wanted=status)
    if status is not GoalStatus.ACTIVE:
        refuse_own(db, ids)
    for definition in found:
        before = {"status": definition.status}
        definition.status = status
        _touch(definition)
        audit.note(
            db,
            Deed.DEFINITION_STATUS_CHANGED,
            definition.id,
            before=before,
            after={"status": status},
        )
    db.flush()  # the computation reads it
    _compute(db, found)
    return len(found)


@needs(Permission.WRITE)
def delete(db: TenantSession, definition_id: UUID) -> None:
    """Delete a definition and its assignments, while there is no progress."""
    (definition,) = writable(db, [definition_id])
    if definition_lookup.has_progress(db, definition_id):
        raise HasProgress(name=definition.name)
    refuse_own(db, [definition_id])
    audit.note(db, Deed.DEFINITION_DELETED, definition.id, before=facts_of(definition))
    assigned = list(db.scalars(assignments_of(definition_id)))
    changes.forget(db, [assignment.id for assignment in assigned])
    for assignment in assigned:
        audit.note(db, Deed.ASSIGNMENT_DELETED, assignment.id, before=assigned_facts(assignment))
        db.delete(assignment)
    db.flush()  # assignments refer to the definition
    db.delete(definition)


@needs(Permission.WRITE)
def duplicate(
    db: TenantSession, definition_id: UUID, *, next_period: bool = False
) -> DefinitionView:
    """A draft with the same settings, moved to the days of the next period if asked."""
    settings = get(db, definition_id).settings
    name = f"{settings.name[:190]} (copy)"
    copy = replace(settings, name=settings.name if next_period else name)
    return create(db, moved_on(copy, db.actor.tenant) if next_period else copy)


def _touch(definition: Definition) -> None:
    definition.version += 1
    definition.updated_at = clock.now()


def _open(db: TenantSession, ids: Collection[UUID]) -> list[UUID]:
    """The assignments that follow their definitions."""
    query = select(Assignment.id).where(
        Assignment.definition_id == func.any(ids_of(ids)),
        targets.followed(),
    )
    return list(db.scalars(query.order_by(Assignment.id)))


def _rearm(db: TenantSession, definition_id: UUID) -> None:
    """Look at the milestones anew: they are others now."""
    db.execute(
        update_rows(Assignment)
        .where(Assignment.id == func.any(ids_of(_open(db, [definition_id]))))
        .values(rearm=True),
        execution_options={"synchronize_session": False},
    )


def _compute(db: TenantSession, found: Collection[Definition]) -> None:
    active = [each.id for each in found if each.status is GoalStatus.ACTIVE]
    if active:
        recompute(db, only=_open(db, active))


def _mentions(words: str) -> ColumnElement[bool]:
    return or_(
        *(
            column.icontains(words, autoescape=True)
            for column in (Definition.name, Definition.description, Definition.category)
        )
    )
