"""Taking a recorded entry back: the log is never edited, a correction is added to it.

An entry given as a new value stands by itself: when an earlier one is taken back, it stays what it
was. So the log without the voided entry is played again, and what each day then adds up to is
brought about by corrections.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from goals_core.checks import LARGEST
from goals_core.db import TenantSession
from goals_core.engine import audit, logbook, standings
from goals_core.engine.audit import Deed
from goals_core.engine.entries import checked_note
from goals_core.engine.logbook import Logbook
from goals_core.engine.standings import Standing
from goals_core.errors import N_, Conflict, NotAllowed, NotFound
from goals_core.kinds import EntryKind, Metric
from goals_core.models.goals import Assignment, ProgressEntry
from goals_core.permissions import Permission, needs


class VoidedAlready(Conflict):
    message = N_("This entry of {day} was taken back already.")


class IsCorrection(Conflict):
    message = N_("This line takes another one back; record anew what should count.")


class NeedsIt(Conflict):
    message = N_("Without this entry {goal} would be at {value} on {day}, which cannot be.")


@needs(Permission.PROGRESS)
def void(db: TenantSession, entry_id: UUID, *, note: str = "") -> Standing:
    """Take one entry of the log back and say where its assignment stands now."""
    assignment_id = _assignment_of(db, entry_id)
    book = logbook.open_for(db, [assignment_id])
    if not book.states:
        raise NotAllowed(permission=Permission.PROGRESS.value)
    book.refuse(assignment_id)
    entries = _entries(db, assignment_id)
    voided = next(entry for entry in entries if entry.id == entry_id)
    _refuse(voided, book)
    _correct(db, book, entries, voided, checked_note(note))
    return standings.get(db, assignment_id)


def _assignment_of(db: TenantSession, entry_id: UUID) -> UUID:
    """Whose log the entry is in; of an assignment out of sight it is not found, as any other."""
    of_entry = select(ProgressEntry.assignment_id).where(ProgressEntry.id == entry_id)
    mine = standings.query(db).where(Assignment.id.in_(of_entry))
    found: UUID | None = db.scalar(
        mine.with_only_columns(Assignment.id, maintain_column_froms=True)
    )
    if found is None:
        raise NotFound(N_("entry"))
    return found


def _correct(
    db: TenantSession,
    book: Logbook,
    entries: Sequence[ProgressEntry],
    voided: ProgressEntry,
    note: str,
) -> None:
    """Append what brings each day to what it is without the voided entry."""
    zone = ZoneInfo(book.tenant.timezone)
    remaining = [entry for entry in entries if entry.id != voided.id and _counts(entry)]
    _refuse_impossible(book, voided, remaining, zone)
    wanted = _by_day(_played(remaining), zone)
    actual = _by_day(((entry, entry.change_amount) for entry in entries), zone)
    own_day = _day(voided, zone)
    differing = {day for day in {*wanted, *actual} if wanted[day] != actual[day]}
    book.correct(voided.assignment_id, own_day, wanted[own_day] - actual[own_day], note)
    for day in sorted(differing - {own_day}):
        book.correct(voided.assignment_id, day, wanted[day] - actual[day], note)
    book.write(db, voided=voided.id)
    audit.note(
        db,
        Deed.PROGRESS_VOIDED,
        voided.assignment_id,
        before={"change": voided.change_amount, "day": own_day, "note": voided.notes},
        after={"change": Decimal(0), "day": own_day, "note": note},
    )


def _entries(db: TenantSession, assignment_id: UUID) -> Sequence[ProgressEntry]:
    """The whole log in its order; its assignment is locked."""
    of_this = select(ProgressEntry).where(ProgressEntry.assignment_id == assignment_id)
    found = db.scalars(
        of_this.order_by(ProgressEntry.logged_at), execution_options={"populate_existing": True}
    )
    return found.all()


def _refuse(voided: ProgressEntry, book: Logbook) -> None:
    if voided.kind is EntryKind.CORRECTION:
        raise IsCorrection
    if voided.voided_by is not None:
        raise VoidedAlready(day=_day(voided, ZoneInfo(book.tenant.timezone)))


def _counts(entry: ProgressEntry) -> bool:
    return entry.voided_by is None and entry.kind is not EntryKind.CORRECTION


def _played(entries: Sequence[ProgressEntry]) -> Iterator[tuple[ProgressEntry, Decimal]]:
    """What each entry adds when only these were recorded, in the order of the log."""
    value = Decimal(0)
    for entry in entries:
        is_value = entry.kind is EntryKind.VALUE
        change = entry.new_value - value if is_value else entry.change_amount
        yield entry, change
        value += change


def _refuse_impossible(
    book: Logbook, voided: ProgressEntry, remaining: Sequence[ProgressEntry], zone: ZoneInfo
) -> None:
    """No count below 0, no yes/no beside 0 and 1, nothing that cannot be stored."""
    state = book.states[voided.assignment_id]
    value = Decimal(0)
    for entry, change in _played(remaining):
        value += change
        is_fine = {
            Metric.COUNT: value >= 0,
            Metric.BOOLEAN: value in (0, 1),
        }.get(state.metric, abs(value) <= LARGEST)
        if not is_fine:
            raise NeedsIt(goal=state.goal, value=value, day=_day(entry, zone))


def _by_day(
    changes: Iterator[tuple[ProgressEntry, Decimal]], zone: ZoneInfo
) -> defaultdict[date, Decimal]:
    total: defaultdict[date, Decimal] = defaultdict(Decimal)
    for entry, change in changes:
        total[_day(entry, zone)] += change
    return total


def _day(entry: ProgressEntry, zone: ZoneInfo) -> date:
    return entry.occurred_at.astimezone(zone).date()
