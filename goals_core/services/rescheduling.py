"""When a definition's days change, its open assignments move to the windows that they then have."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, select

from goals_core import clock
from goals_core.db import TenantSession
from goals_core.errors import N_, invalid
from goals_core.kinds import AssigneeType, AssignmentStatus
from goals_core.models.goals import Assignment, Definition, ProgressEntry
from goals_core.models.windows import Schedule, Window
from goals_core.services import audit, changes
from goals_core.services.audit import Deed
from goals_core.services.definition_lookup import assignments_of, schedule_of
from goals_core.services.definition_views import assigned_facts
from goals_core.services.plans import ids_of

Key = tuple[AssigneeType, UUID | None, UUID | None, object]


@dataclass(frozen=True, slots=True)
class _Moves:
    """Which assignments get other days, and which have no window any more."""

    moved: Sequence[tuple[Assignment, Window]]
    surplus: Sequence[Assignment]


def follow(db: TenantSession, definition: Definition) -> None:
    """Move open assignments; those left without a window are deleted while there is no progress.

    What is closed or cancelled stays where it is.
    """
    assigned = list(db.scalars(_locked(definition)))
    moves = _moves(assigned, schedule_of(db, definition))
    _refuse_progress(db, moves.surplus)
    _delete(db, moves.surplus)
    for assignment, window in moves.moved:
        before = assigned_facts(assignment)
        assignment.period_start, assignment.period_end = window.start, window.end
        assignment.rearm, assignment.updated_at = True, clock.now()
        after = assigned_facts(assignment)
        audit.note(db, Deed.ASSIGNMENT_CHANGED, assignment.id, before=before, after=after)
    db.flush()  # the computation reads it


def _locked(definition: Definition) -> Select[Assignment]:
    in_order = assignments_of(definition.id).order_by(Assignment.id)
    return in_order.with_for_update(key_share=True)


def _moves(assigned: Sequence[Assignment], schedule: Schedule) -> _Moves:
    stays = [a for a in assigned if not _follows(a)]
    taken = {_key(a, a.period_start) for a in stays}
    moved, surplus = [], []
    for assignment in sorted((a for a in assigned if _follows(a)), key=lambda a: a.period_start):
        window = schedule.window_on(max(assignment.period_start, schedule.starts_at))
        if window is None or _key(assignment, window.start) in taken:
            surplus.append(assignment)
            continue
        taken.add(_key(assignment, window.start))
        if window != Window(assignment.period_start, assignment.period_end):
            moved.append((assignment, window))
    return _Moves(moved, surplus)


def _follows(assignment: Assignment) -> bool:
    return assignment.closed_at is None and assignment.status is not AssignmentStatus.CANCELLED


def _key(assignment: Assignment, first: object) -> Key:
    return assignment.assignee_type, assignment.user_id, assignment.team_id, first


def _refuse_progress(db: TenantSession, surplus: Sequence[Assignment]) -> None:
    ids = ids_of([assignment.id for assignment in surplus])
    logged = select(ProgressEntry.assignment_id).where(ProgressEntry.assignment_id == func.any(ids))
    with_progress = set(db.scalars(logged.distinct()))
    for assignment in surplus:
        if assignment.id in with_progress:
            raise invalid(
                "ends_at",
                N_("There is progress in the window from {first} to {last}."),
                first=assignment.period_start,
                last=assignment.period_end,
            )


def _delete(db: TenantSession, surplus: Sequence[Assignment]) -> None:
    changes.forget(db, [assignment.id for assignment in surplus])
    for assignment in surplus:
        audit.note(db, Deed.ASSIGNMENT_DELETED, assignment.id, before=assigned_facts(assignment))
        db.delete(assignment)
    db.flush()  # before others take their windows
