"""When a definition's days change, its open assignments move to the windows that they then have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select

from goals_core import clock
from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine import audit, changes
from goals_core.engine.audit import Deed
from goals_core.engine.definition_lookup import assignments_of, schedule_of
from goals_core.engine.definition_views import assigned_facts
from goals_core.errors import N_, invalid
from goals_core.kinds import AssigneeType, AssignmentStatus, EntryKind, Source
from goals_core.models.goals import Assignment, Definition, ProgressEntry
from goals_core.models.windows import Schedule, Window

Chain = tuple[AssigneeType, UUID | None, UUID | None]
Key = tuple[Chain, date]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Moves:
    """Which assignments get other days, and which have no window any more."""

    moved: Sequence[tuple[Assignment, Window]]
    surplus: Sequence[Assignment]


def follow(db: TenantSession, definition: Definition) -> None:
    """Move open assignments; those left without a window are deleted while there is no progress.

    What is closed or cancelled stays where it is, and keeps its days.
    """
    assigned = list(db.scalars(_locked(definition)))
    moves = _moves(assigned, schedule_of(db, definition), db.actor.tenant.today)
    _refuse_progress(db, moves.surplus)
    if definition.source is Source.MANUAL:
        _refuse_readings(db, moves.moved)
    _delete(db, moves.surplus)
    _go_on(assigned, moves.surplus)
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


def _moves(assigned: Sequence[Assignment], schedule: Schedule, today: date) -> _Moves:
    stays = [a for a in assigned if not _follows(a)]
    taken: set[Key] = set()
    moved, surplus = [], []
    for assignment in sorted((a for a in assigned if _follows(a)), key=lambda a: a.period_start):
        window = _window(assignment, stays, schedule, today)
        if window is None or _key(assignment, window.start) in taken:
            surplus.append(assignment)
            continue
        taken.add(_key(assignment, window.start))
        if window != Window(assignment.period_start, assignment.period_end):
            moved.append((assignment, window))
    return _Moves(moved, surplus)


def _window(
    assignment: Assignment, stays: Sequence[Assignment], schedule: Schedule, today: date
) -> Window | None:
    """The window it has now: today's if it was running, behind those that keep their days."""
    old = Window(assignment.period_start, assignment.period_end)
    found = schedule.window_on(max(old.start, schedule.starts_at))
    if found is not None and today in old and today not in found:
        found = schedule.window_on(today) or found
    before = [
        each.period_end + _DAY
        for each in stays
        if _chain(each) == _chain(assignment) and each.period_end < old.start
    ]
    if found is None:
        return None
    first = max([found.start, *before])
    return Window(first, found.end) if first <= found.end else None


def _follows(assignment: Assignment) -> bool:
    return assignment.closed_at is None and assignment.status is not AssignmentStatus.CANCELLED


def _chain(assignment: Assignment) -> Chain:
    return assignment.assignee_type, assignment.user_id, assignment.team_id


def _key(assignment: Assignment, first: date) -> Key:
    return _chain(assignment), first


def _go_on(assigned: Sequence[Assignment], surplus: Sequence[Assignment]) -> None:
    """Their windows are gone, not their chains: when the goal goes on again, so do they."""
    gone = {each.id for each in surplus}
    for chain in {_chain(each) for each in surplus}:
        left = [a for a in assigned if _chain(a) == chain and a.id not in gone]
        if left:
            max(left, key=lambda a: a.period_start).rolls_over = True


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


def _refuse_readings(db: TenantSession, moved: Sequence[tuple[Assignment, Window]]) -> None:
    """Refuse an end before what was recorded by hand."""
    ends = {assignment.id: window.end for assignment, window in moved}
    latest = (
        select(ProgressEntry.assignment_id, func.max(ProgressEntry.occurred_at))
        .where(
            ProgressEntry.assignment_id == func.any(ids_of(ends)),
            ProgressEntry.voided_by.is_(None),
            ProgressEntry.kind != EntryKind.CORRECTION,
        )
        .group_by(ProgressEntry.assignment_id)
    )
    zone = ZoneInfo(db.actor.tenant.timezone)
    for assignment_id, at in db.execute(latest):
        day = at.astimezone(zone).date()
        if day > ends[assignment_id]:
            raise invalid("ends_at", N_("There is progress of {day} already."), day=day)


def _delete(db: TenantSession, surplus: Sequence[Assignment]) -> None:
    changes.forget(db, [assignment.id for assignment in surplus])
    for assignment in surplus:
        audit.note(db, Deed.ASSIGNMENT_DELETED, assignment.id, before=assigned_facts(assignment))
        db.delete(assignment)
    db.flush()  # before others take their windows
