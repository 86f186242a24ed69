"""The log under lock: readings are checked one after the other, then written together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, insert, select, text

from goals_core import clock
from goals_core.actor import Tenant
from goals_core.checks import LARGEST, Checks
from goals_core.db import TenantSession
from goals_core.errors import N_, Conflict, NotFound, WindowClosed, invalid
from goals_core.kinds import (
    AssignmentStatus,
    EntryKind,
    GoalStatus,
    Metric,
    ProgressSource,
    Source,
)
from goals_core.models.base import new_id
from goals_core.models.goals import Assignment, Definition, ProgressEntry
from goals_core.models.windows import Window
from goals_core.services import references, visibility
from goals_core.services.changes import next_moment
from goals_core.services.plans import ids_of
from goals_core.services.references import BY_PROGRAM, OtherContent, Recorded, References

LONGEST_NOTE, LONGEST_REFERENCE = 2000, 200


class TrackedAutomatically(Conflict):
    message = N_("{goal} is tracked from records; it takes no progress by hand.")


class NotRunning(Conflict):
    message = N_("{goal} is {status}; it takes no progress now.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Progress to be recorded: either the new value or the change."""

    assignment_id: UUID
    on: date
    value: Decimal | None = None
    change: Decimal | None = None
    note: str = ""
    source: ProgressSource = ProgressSource.MANUAL
    reference: str | None = None


@dataclass(slots=True)
class _State:
    """An assignment while readings are added to it."""

    row: Row[Assignment, Definition, datetime]
    value: Decimal
    last_day: date | None
    last_logged_at: datetime | None


@dataclass(slots=True)
class Logbook:
    """The locked assignments of some readings, and the lines that are to be written."""

    tenant: Tenant
    author: UUID | None
    states: dict[UUID, _State]
    references: References = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.lines)

    @property
    def touched(self) -> Collection[UUID]:
        return {line["assignment_id"] for line in self.lines}

    def add(self, reading: Reading) -> None:
        """Check a reading against the log so far and add its line."""
        state = self.states.get(reading.assignment_id)
        if state is None:
            raise NotFound(N_("assignment"))
        if self._is_known(reading):
            return
        _refuse(state.row)
        change, note = _checked(reading, state, self.tenant.today)
        self._append(reading, state, change, note)

    def refuse(self, assignment_id: UUID) -> None:
        """Refuse when the goal takes no progress by hand at all."""
        _refuse(self.states[assignment_id].row)

    def correct(self, assignment_id: UUID, on: date, change: Decimal, note: str) -> UUID:
        """Add a correction, unchecked, and return the id of its line."""
        state = self.states[assignment_id]
        if abs(state.value + change) > LARGEST:
            raise invalid("value", N_("This must be at most {most}."), most=LARGEST)
        return self._line(
            state,
            change,
            on,
            note,
            kind=EntryKind.CORRECTION,
            source=ProgressSource.MANUAL,
            reference=None,
        )

    def write(self, db: TenantSession) -> None:
        """Write the lines, and on each assignment when it was last updated."""
        if not self.lines:
            return
        db.execute(insert(ProgressEntry), self.lines)
        touched = {i: self.states[i].last_logged_at for i in self.touched}
        db.execute(
            text(
                """
                UPDATE goals.assignments a SET last_updated_at = n.at
                FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS n (id, at)
                WHERE a.tenant_id = :tenant_id AND a.id = n.id
                """
            ),
            {
                "tenant_id": db.tenant_id,
                "ids": list(touched),
                "times": list(touched.values()),
            },
        )

    def _append(self, reading: Reading, state: _State, change: Decimal, note: str) -> None:
        self._line(
            state,
            change,
            reading.on,
            note,
            kind=EntryKind.CHANGE if reading.value is None else EntryKind.VALUE,
            source=reading.source,
            reference=reading.reference,
        )
        state.last_day = max(reading.on, state.last_day or reading.on)
        if reading.reference is not None and reading.source in BY_PROGRAM:
            key = (reading.assignment_id, reading.reference)
            self.references[key] = Recorded(state.value, change, reading.on)

    def _line(
        self,
        state: _State,
        change: Decimal,
        on: date,
        note: str,
        *,
        kind: EntryKind,
        source: ProgressSource,
        reference: str | None,
    ) -> UUID:
        """Add the line that begins with the value that the last one ended with."""
        now, line_id = clock.now(), new_id()
        logged_at = next_moment(state.last_logged_at, now)
        self.lines.append(
            {
                "tenant_id": self.tenant.id,
                "id": line_id,
                "assignment_id": state.row.Assignment.id,
                "previous_value": state.value,
                "new_value": state.value + change,
                "change_amount": change,
                "source": source,
                "source_reference": reference,
                "notes": note,
                "logged_at": logged_at,
                "logged_by": self.author,
                "occurred_at": _moment(on, now, self.tenant),
                "kind": kind,
            }
        )
        state.value += change
        state.last_logged_at = logged_at
        return line_id

    def _is_known(self, reading: Reading) -> bool:
        """Whether the row was recorded before; with other content it is a conflict.

        What came after it does not matter: the same file can be imported again at any time.
        """
        if reading.reference is None or reading.source not in BY_PROGRAM:
            return False
        before = self.references.get((reading.assignment_id, reading.reference))
        if before is None:
            return False
        if not before.is_same(reading.value, reading.change, reading.on):
            raise OtherContent(reference=reading.reference)
        return True


def open_(db: TenantSession, readings: Sequence[Reading]) -> Logbook:
    """Lock what the readings are for, and find what was recorded under their references."""
    book = open_for(db, {reading.assignment_id for reading in readings})
    found = references.find(db, book.states, [reading.reference for reading in readings])
    book.references.update(found)
    return book


def open_for(db: TenantSession, ids: Collection[UUID]) -> Logbook:
    """Lock assignments: their definitions, then themselves, each by id."""
    assigned = select(Assignment.definition_id).where(Assignment.id == func.any(ids_of(ids)))
    db.execute(
        select(Definition.id)
        .where(Definition.id.in_(assigned))
        .order_by(Definition.id)
        .with_for_update(read=True)
    )
    states = {row.Assignment.id: _state(row, db.actor.tenant) for row in _locked(db, ids)}
    return Logbook(db.actor.tenant, db.actor.user_id, states)


def checked_note(note: str) -> str:
    """A tidy note that can be stored."""
    checks = Checks()
    note = checks.text("note", note, longest=LONGEST_NOTE)
    checks.done()
    return note


def _locked(
    db: TenantSession, ids: Collection[UUID]
) -> Sequence[Row[Assignment, Definition, datetime]]:
    last = (
        select(func.max(ProgressEntry.occurred_at))
        .where(
            ProgressEntry.tenant_id == Assignment.tenant_id,
            ProgressEntry.assignment_id == Assignment.id,
            ProgressEntry.voided_by.is_(None),
            ProgressEntry.kind != EntryKind.CORRECTION,
        )
        .correlate(Assignment)
        .scalar_subquery()
    )
    query = (
        select(Assignment, Definition, last.label("last_at"))
        .join(
            Definition,
            (Definition.tenant_id == Assignment.tenant_id)
            & (Definition.id == Assignment.definition_id),
        )
        .where(Assignment.id == func.any(ids_of(ids)), visibility.progressable_assignments(db))
        .order_by(Assignment.id)
        .with_for_update(of=Assignment, key_share=True)
    )
    return db.execute(query, execution_options={"populate_existing": True}).all()


def _state(row: Row[Assignment, Definition, datetime], tenant: Tenant) -> _State:
    zone = ZoneInfo(tenant.timezone)
    return _State(
        row=row,
        value=row.Assignment.current_value,
        last_day=row.last_at.astimezone(zone).date() if row.last_at else None,
        last_logged_at=row.Assignment.last_updated_at,
    )


def _refuse(row: Row[Assignment, Definition, datetime]) -> None:
    """Refuse when the goal takes no progress by hand at all."""
    assignment, definition = row.Assignment, row.Definition
    if definition.source is not Source.MANUAL:
        raise TrackedAutomatically(goal=definition.name)
    if definition.status is not GoalStatus.ACTIVE:
        raise NotRunning(goal=definition.name, status=definition.status)
    if assignment.status is AssignmentStatus.CANCELLED:
        raise NotRunning(goal=definition.name, status=assignment.status)
    if assignment.closed_at is not None:
        raise WindowClosed(goal=definition.name, closed_on=assignment.closed_at.date())


def _checked(reading: Reading, state: _State, today: date) -> tuple[Decimal, str]:
    """The change and the tidy note of a reading that is in order."""
    checks = Checks()
    note = checks.text("note", reading.note, longest=LONGEST_NOTE)
    if reading.reference is not None:
        checks.text("reference", reading.reference, longest=LONGEST_REFERENCE, required=True)
    change = _change(checks, reading, state)
    _check_day(checks, reading, state, today)
    checks.done()
    return change, note


def _change(checks: Checks, reading: Reading, state: _State) -> Decimal:
    if (reading.value is None) == (reading.change is None):
        checks.problem("value", N_("Give either the new value or the change."))
        return Decimal(0)
    metric = state.row.Definition.metric
    whole = metric in {Metric.COUNT, Metric.BOOLEAN}
    name = "value" if reading.change is None else "change"
    given = reading.value if reading.change is None else reading.change
    number = checks.value(name, given, whole=whole)
    result = number if reading.change is None else state.value + number
    if metric is Metric.BOOLEAN and result not in (0, 1):
        checks.problem(name, N_("A yes/no goal is 0 or 1."))
    if metric is Metric.COUNT and result < 0:
        checks.problem(name, N_("A count cannot fall below 0."))
    if abs(result) > LARGEST:
        checks.problem(name, N_("This must be at most {most}."), most=LARGEST)
    return result - state.value


def _check_day(checks: Checks, reading: Reading, state: _State, today: date) -> None:
    day = checks.day("on", reading.on)
    if day != reading.on:
        return  # it is no day at all, which is told already
    window = Window(state.row.Assignment.period_start, state.row.Assignment.period_end)
    if day not in window:
        checks.problem(
            "on", N_("This goal runs from {first} to {last}."), first=window.start, last=window.end
        )
    elif day > today:
        checks.problem("on", N_("This day has not come yet."))
    elif reading.value is not None and state.last_day is not None and day < state.last_day:
        checks.problem(
            "on",
            N_("There is a value of {last} already; for an earlier day give the change."),
            last=state.last_day,
        )


def _moment(day: date, now: datetime, tenant: Tenant) -> datetime:
    """Now for today, noon for another day."""
    zone = ZoneInfo(tenant.timezone)
    return now if day == now.astimezone(zone).date() else datetime.combine(day, time(12), zone)
