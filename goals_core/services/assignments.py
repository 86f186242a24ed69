"""Assignments: who is to reach a definition, in one window."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from goals_core import clock
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import assigning, audit, changes, standings, targets, visibility
from goals_core.engine.assigning import Assignee, Assignees, NobodyWorks
from goals_core.engine.audit import Deed
from goals_core.engine.definition_views import assigned_facts, view_of
from goals_core.engine.drafts import Draft
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.engine.recompute import recompute
from goals_core.engine.standings import Standing
from goals_core.errors import (
    N_,
    Conflict,
    NotAllowed,
    WindowClosed,
    invalid,
)
from goals_core.kinds import AssigneeType, AssignmentStatus
from goals_core.models.goals import Assignment, Definition, ProgressEntry
from goals_core.permissions import Permission, needs
from goals_core.services import definitions

LONGEST_NOTE = 2000


class AssignedAlready(Conflict):
    message = N_("{assignee} has this goal already from {first} to {last}.")


class AssignmentHasProgress(Conflict):
    message = N_("There is progress on this assignment; cancel it instead of deleting it.")


class IsCancelled(Conflict):
    message = N_("{assignee}'s assignment is cancelled already.")


@needs(Permission.READ)
def list_(
    db: TenantSession,
    *,
    definition_id: UUID | None = None,
    assignee_type: AssigneeType | None = None,
    user_id: UUID | None = None,
    team_id: UUID | None = None,
    status: AssignmentStatus | None = None,
    on: date | None = None,
    page: PageRequest = FIRST_PAGE,
) -> Page[Standing]:
    """The assignments that match every filter given, the window that ends last first."""
    wanted = [
        Assignment.definition_id == definition_id if definition_id else None,
        Assignment.assignee_type == assignee_type if assignee_type else None,
        Assignment.user_id == user_id if user_id else None,
        Assignment.team_id == team_id if team_id else None,
        Assignment.status == status if status else None,
        Assignment.period_start <= on if on else None,
        Assignment.period_end >= on if on else None,
    ]
    query = standings.query(db).where(*(rule for rule in wanted if rule is not None))
    return standings.page_of(db, query, page)


@needs(Permission.READ)
def get(db: TenantSession, assignment_id: UUID) -> Standing:
    """One assignment."""
    return standings.get(db, assignment_id)


@needs(Permission.READ)
def settings_of(db: TenantSession, assignment_id: UUID) -> Draft:
    """The settings of an assignment's definition, for all who see the assignment."""
    of = standings.get(db, assignment_id).definition_id
    return view_of(db.scalars(select(Definition).where(Definition.id == of)).one(), 0).settings


@needs(Permission.READ)
def by_user(db: TenantSession, user_id: UUID, *, page: PageRequest = FIRST_PAGE) -> Page[Standing]:
    """A person's own assignments."""
    return list_(db, user_id=user_id, page=page)


@needs(Permission.READ)
def by_definition(
    db: TenantSession, definition_id: UUID, *, page: PageRequest = FIRST_PAGE
) -> Page[Standing]:
    """A definition's assignments, of every window."""
    definitions.get(db, definition_id)
    return list_(db, definition_id=definition_id, page=page)


@needs(Permission.ASSIGN)
def create(
    db: TenantSession,
    *,
    definition_id: UUID,
    assignee_type: AssigneeType,
    user_id: UUID | None = None,
    team_id: UUID | None = None,
    custom_target: Decimal | None = None,
    notes: str = "",
    on: date | None = None,
) -> UUID:
    """Assign a definition for the window that `on` falls in: today's, or the first to come.

    Its value so far is computed at once when the definition is active.
    """
    definition = assigning.assignable(db, definition_id)
    who, everyone = _assignee(assignee_type, user_id, team_id), Assignees(db)
    assignee = everyone.need(who)
    everyone.need_active(who)
    notes = _check(definition, custom_target, notes)
    window = assigning.window_on(db, definition, on)
    if definition.prorate and not everyone.works_in(who, window):
        raise NobodyWorks(assignee=assignee, first=window.start, last=window.end)
    row = assigning.new_row(definition, who, window, custom_target=custom_target, notes=notes)
    assignment = Assignment(**row)
    _insert(db, assignment, assignee)
    audit.note(db, Deed.ASSIGNMENT_CREATED, assignment.id, after=assigned_facts(assignment))
    targets.follow(db, [assignment.id])
    recompute(db, only=[assignment.id])
    return assignment.id


@needs(Permission.ASSIGN)
def update(
    db: TenantSession, assignment_id: UUID, *, custom_target: Decimal | None, notes: str
) -> Standing:
    """Change the assignee's own target (None: the definition's) and the notes."""
    assignment, definition = _changeable(db, assignment_id)
    notes = _check(definition, custom_target, notes)
    if assignment.custom_target != custom_target:
        assigning.refuse_own(db, assignment.user_id)
    before = assigned_facts(assignment)
    assignment.custom_target, assignment.notes = custom_target, notes
    assignment.updated_at = clock.now()
    db.flush()  # the computation reads it
    audit.note(
        db, Deed.ASSIGNMENT_CHANGED, assignment_id, before=before, after=assigned_facts(assignment)
    )
    targets.follow(db, [assignment_id])
    recompute(db, only=[assignment_id])
    return get(db, assignment_id)


@needs(Permission.ASSIGN)
def cancel(db: TenantSession, assignment_id: UUID) -> Standing:
    """Take an assignment out of tracking; what was recorded stays."""
    assignment, _ = _changeable(db, assignment_id)
    assigning.refuse_own(db, assignment.user_id)
    before = assigned_facts(assignment)
    assignment.status = AssignmentStatus.CANCELLED
    assignment.updated_at = clock.now()
    db.flush()  # the standing that is returned reads it
    audit.note(
        db, Deed.ASSIGNMENT_CHANGED, assignment_id, before=before, after=assigned_facts(assignment)
    )
    return get(db, assignment_id)


@needs(Permission.ASSIGN)
def delete(db: TenantSession, assignment_id: UUID) -> None:
    """Delete an assignment, while there is no progress."""
    assignment, _ = _changeable(db, assignment_id)
    assigning.refuse_own(db, assignment.user_id)
    entry = select(ProgressEntry.id).where(ProgressEntry.assignment_id == assignment_id)
    if db.scalar(entry.limit(1)) is not None:
        raise AssignmentHasProgress
    audit.note(db, Deed.ASSIGNMENT_DELETED, assignment_id, before=assigned_facts(assignment))
    changes.forget(db, [assignment_id])
    db.delete(assignment)


def _assignee(type_: AssigneeType, user_id: UUID | None, team_id: UUID | None) -> Assignee:
    checks = Checks()
    type_ = checks.choice("assignee", type_, AssigneeType)
    checks.done()
    if [user_id, team_id].count(None) != (2 if type_ is AssigneeType.TENANT else 1):
        raise invalid("assignee", N_("Choose one person, one team or the whole company."))
    given = {AssigneeType.USER: user_id, AssigneeType.TEAM: team_id, AssigneeType.TENANT: None}
    return Assignee(type_, given[type_])


def _check(definition: Definition, custom_target: Decimal | None, notes: str) -> str:
    checks = Checks()
    notes = checks.text("notes", notes, longest=LONGEST_NOTE)
    assigning.check_target(checks, definition, custom_target, field="custom_target")
    checks.done()
    return notes


def _insert(db: TenantSession, assignment: Assignment, assignee: str) -> None:
    try:
        with db.begin_nested():
            db.add(assignment)
    except IntegrityError as error:
        if "assignments_window_key" not in str(error.orig):
            raise
        raise AssignedAlready(
            assignee=assignee, first=assignment.period_start, last=assignment.period_end
        ) from None


def _changeable(db: TenantSession, assignment_id: UUID) -> tuple[Assignment, Definition]:
    """The assignment, locked after its definition, if the actor may change it."""
    standing = get(db, assignment_id)  # out of sight is not found
    definition = db.scalars(
        select(Definition).where(Definition.id == standing.definition_id).with_for_update(read=True)
    ).one()
    mine = select(Assignment).where(Assignment.id == assignment_id, visibility.led_assignments(db))
    assignment = db.scalar(mine.with_for_update(key_share=True))
    if assignment is None:
        raise NotAllowed(permission=Permission.ASSIGN.value)
    if assignment.closed_at is not None:
        raise WindowClosed(goal=definition.name, closed_on=assignment.closed_at.date())
    if assignment.status is AssignmentStatus.CANCELLED:
        raise IsCancelled(assignee=standing.assignee)
    return assignment, definition
