"""Progress by hand: a new value or a change, with the day it happened, in a continuous log."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from goals_core.db import TenantSession
from goals_core.engine import logbook, standings
from goals_core.engine.changes import Change
from goals_core.engine.entries import Reading
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.errors import N_, GoalsError, Invalid, NotAllowed, Problem
from goals_core.kinds import EntryKind, ProgressSource
from goals_core.models.core import User
from goals_core.models.goals import ProgressEntry
from goals_core.permissions import Permission, needs

__all__ = ["Entry", "Reading", "bulk", "history", "record"]

MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an assignment's log."""

    id: UUID
    previous: Decimal
    value: Decimal
    change: Decimal
    source: ProgressSource
    reference: str | None
    note: str
    happened_at: datetime
    logged_at: datetime
    logged_by: str | None  # a name; None: the system
    kind: EntryKind
    is_voided: bool  # a correction took it back


@needs(Permission.READ)
def history(
    db: TenantSession, assignment_id: UUID, *, page: PageRequest = FIRST_PAGE
) -> Page[Entry]:
    """The log of an assignment, newest first."""
    standings.get(db, assignment_id)  # out of sight is not found
    of_this = ProgressEntry.assignment_id == assignment_id
    total = db.scalar(select(func.count()).select_from(ProgressEntry).where(of_this)) or 0
    author = aliased(User)
    by_author = (author.tenant_id == ProgressEntry.tenant_id) & (
        author.id == ProgressEntry.logged_by
    )
    rows = db.execute(
        select(ProgressEntry, author.name)
        .outerjoin(author, by_author)
        .where(of_this)
        .order_by(ProgressEntry.logged_at.desc())
        .limit(page.limit)
        .offset(page.offset)
    )
    return page.of([_entry(entry, name) for entry, name in rows], total)


@needs(Permission.PROGRESS)
def record(
    db: TenantSession,
    *,
    assignment_id: UUID,
    value: Decimal | None = None,
    change: Decimal | None = None,
    on: date,
    note: str = "",
) -> Change:
    """Record one reading by hand and say what it makes of the assignment."""
    reading = Reading(assignment_id=assignment_id, on=on, value=value, change=change, note=note)
    book = logbook.open_(db, [reading])
    if not book.states:
        standings.get(db, assignment_id)  # out of sight is not found
        raise NotAllowed(permission=Permission.PROGRESS.value)
    book.add(reading)
    (change_made,) = book.write(db)
    return change_made


@needs(Permission.PROGRESS)
def bulk(db: TenantSession, readings: Sequence[Reading]) -> int:
    """Record all of them or none and say how many were new.

    `Invalid` names every bad row by its number, from 1. Rows of an import or a program with a
    `reference` count once: the same row again changes nothing, another content under the same
    reference is a problem of that row.
    """
    if len(readings) > MOST_ROWS:
        raise Invalid(Problem("rows", N_("At most {most} rows at a time."), {"most": MOST_ROWS}))
    book = logbook.open_(db, readings)
    problems = [p for n, r in enumerate(readings, start=1) for p in _problems(book, n, r)]
    if problems:
        raise Invalid(*problems)
    book.write(db)
    return book.size


def _problems(book: logbook.Logbook, number: int, reading: Reading) -> Iterable[Problem]:
    """What keeps a row from being recorded, under the row's number."""
    try:
        book.add(reading)
    except Invalid as error:
        return [replace(p, field=f"{number}.{p.field}") for p in error.problems]
    except GoalsError as error:
        return [Problem(f"{number}", error.message, error.facts)]
    return []


def _entry(row: ProgressEntry, author: str | None) -> Entry:
    return Entry(
        id=row.id,
        previous=row.previous_value,
        value=row.new_value,
        change=row.change_amount,
        source=row.source,
        reference=row.source_reference,
        note=row.notes,
        happened_at=row.occurred_at,
        logged_at=row.logged_at,
        logged_by=author,
        kind=row.kind,
        is_voided=row.voided_by is not None,
    )
