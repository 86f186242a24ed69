"""The log under lock: entries are checked one after the other, then written together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, select, text, update

from goals_core import clock
from goals_core.actor import Tenant
from goals_core.arrays import array, texts
from goals_core.checks import LARGEST
from goals_core.db import TenantSession
from goals_core.engine import entries, locking, recompute, references, visibility
from goals_core.engine.changes import Change, next_moment
from goals_core.engine.entries import Reading, State
from goals_core.engine.locking import Locked
from goals_core.engine.plans import Plan
from goals_core.engine.references import BY_PROGRAM, OtherContent, Recorded, References
from goals_core.errors import N_, Conflict, GoalsError, NotFound, WindowClosed, invalid
from goals_core.kinds import AssignmentStatus, EntryKind, GoalStatus, ProgressSource, Source
from goals_core.models.base import new_id_text
from goals_core.models.goals import Assignment, Definition, ProgressEntry
from goals_core.models.windows import Window

_INSERT = text(
    """
    INSERT INTO goals.progress_log (tenant_id, id, assignment_id, previous_value, new_value,
        change_amount, source, source_reference, notes, logged_at, logged_by, occurred_at, kind)
    SELECT :tenant_id, n.id, n.assignment_id, n.value - n.change, n.value, n.change, n.source,
        n.reference, n.note, n.logged_at, :author, n.occurred_at, n.kind
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:assignment_ids AS uuid[]), CAST(:values AS numeric[]),
        CAST(:changes AS numeric[]), CAST(:sources AS goals.progress_source[]),
        CAST(:references AS text[]), CAST(:notes AS text[]), CAST(:logged AS timestamptz[]),
        CAST(:occurred AS timestamptz[]), CAST(:kinds AS goals.entry_kind[])
    ) AS n (id, assignment_id, value, change, source, reference, note, logged_at, occurred_at, kind)
    ON CONFLICT (tenant_id, id) DO NOTHING
    """
)
_A, _D, _P = Assignment.__table__.c, Definition.__table__.c, ProgressEntry.__table__.c
_LAST_AT = (
    select(func.max(_P.occurred_at))
    .where(
        _P.tenant_id == _A.tenant_id,
        _P.assignment_id == _A.id,
        _P.voided_by.is_(None),
        _P.kind != EntryKind.CORRECTION,
    )
    .correlate(Assignment.__table__)
    .scalar_subquery()
)
# Where a log, or logs, end, and what decides whether they take another entry.
_LOG, _LOGS = (
    select(
        *locking.COLUMNS,
        _D.name,
        _D.metric,
        _D.source,
        _D.status.label("goal_status"),
        _LAST_AT.label("last_at"),
    )
    .join_from(
        Assignment.__table__,
        Definition.__table__,
        (_D.tenant_id == _A.tenant_id) & (_D.id == _A.definition_id),
    )
    .where(these)
    .order_by(_A.id)
    .with_for_update(of=Assignment.__table__, key_share=True)
    for these in (locking.ONE, locking.ONLY)
)
_COLUMNS = (
    "ids",
    "assignment_ids",
    "values",
    "changes",
    "sources",
    "references",
    "notes",
    "logged",
    "occurred",
    "kinds",
)


class TrackedAutomatically(Conflict):
    message = N_("{goal} is tracked from records; it takes no progress by hand.")


class NotRunning(Conflict):
    message = N_("{goal} is {status}; it takes no progress now.")


@dataclass(slots=True)
class Logbook:
    """The locked assignments of some readings, and the lines that are to be written."""

    tenant: Tenant
    author: UUID | None
    now: datetime
    today: date
    locked: Locked
    states: dict[UUID, State]
    references: References = field(default_factory=dict)
    lines: list[tuple[Any, ...]] = field(default_factory=list)
    moments: dict[date, datetime] = field(default_factory=dict)  # when a day's entries happened

    @property
    def size(self) -> int:
        return len(self.lines)

    def add(self, reading: Reading) -> None:
        """Check a reading against the log so far and add its line."""
        state = self._open_state(reading.assignment_id)
        if self._is_known(reading):
            return
        if state.refusal is not None:
            raise state.refusal
        change, note = entries.checked(reading, state, self.today)
        given = (reading.source, reading.reference, note, reading.kind)
        self._line(reading.assignment_id, state, change, reading.on, *given)
        state.last_day = max(reading.on, state.last_day or reading.on)
        if reading.reference is not None and reading.source in BY_PROGRAM:
            key = (reading.assignment_id, reading.reference)
            self.references[key] = Recorded(state.value, change, reading.on)

    def refuse(self, assignment_id: UUID) -> None:
        """Refuse when the goal takes no progress by hand at all."""
        if refusal := self._open_state(assignment_id).refusal:
            raise refusal

    def correct(self, assignment_id: UUID, on: date, change: Decimal, note: str) -> None:
        """Add a correction, unchecked."""
        state = self._open_state(assignment_id)
        if abs(state.value + change) > LARGEST:
            raise invalid("value", N_("This must be at most {most}."), most=LARGEST)
        by_hand = (ProgressSource.MANUAL, None, note, EntryKind.CORRECTION)
        self._line(assignment_id, state, change, on, *by_hand)

    def write(self, db: TenantSession, *, voided: UUID | None = None) -> list[Change]:
        """Write the lines and compute what they make of their assignments.

        `voided` is the entry that the first line takes back.
        """
        if not self.lines:
            return []
        columns = dict(zip(_COLUMNS, zip(*self.lines, strict=True), strict=True))
        as_texts = {
            name: texts(column) if name in {"references", "notes"} else array(column)
            for name, column in columns.items()
        }
        db.execute(_INSERT, {"tenant_id": self.tenant.id, "author": self.author} | as_texts)
        if voided is not None:
            by_first = update(ProgressEntry).where(ProgressEntry.id == voided)
            db.execute(
                by_first.values(voided_by=UUID(columns["ids"][0])),
                execution_options={"synchronize_session": False},
            )
        touched = set(columns["assignment_ids"])
        logged = {id_: at for id_ in touched if (at := self.states[id_].last_logged_at)}
        totals = {id_: state.value for id_, state in self.states.items()}
        return recompute.compute(db, self.locked, logged=logged, totals=totals)

    def _open_state(self, assignment_id: UUID) -> State:
        if assignment_id not in self.states:
            raise NotFound(N_("assignment"))
        return self.states[assignment_id]

    def _line(
        self,
        assignment_id: UUID,
        state: State,
        change: Decimal,
        on: date,
        source: ProgressSource,
        reference: str | None,
        note: str,
        kind: EntryKind,
    ) -> None:
        """Add the line that begins with the value that the last one ended with."""
        logged_at = next_moment(state.last_logged_at, self.now)
        state.value += change
        state.last_logged_at = logged_at
        if (occurred := self.moments.get(on)) is None:
            occurred = self.moments[on] = _moment(on, self.now, self.tenant.timezone)
        self.lines.append(
            (
                new_id_text(),
                assignment_id,
                state.value,
                change,
                source,
                reference,
                note,
                logged_at,
                occurred,
                kind,
            )
        )

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
    tenant = db.actor.tenant
    plan = locking.definitions_of(db, ids)
    rows = db.execute(_LOG if len(ids) == 1 else _LOGS, locking.these(db, ids)).all()
    theirs = visibility.progressable(db, {row.id: row.user_id for row in rows})
    zone = ZoneInfo(tenant.timezone)
    return Logbook(
        tenant=tenant,
        author=db.actor.user_id,
        now=clock.now(),
        today=tenant.today,
        locked=Locked(plan, [row for row in rows if _is_open(row, plan, tenant.today)], ids),
        states={row.id: _state(row, zone) for row in rows if row.id in theirs},
    )


def _is_open(row: Row[*tuple[Any, ...]], plan: Plan, today: date) -> bool:
    """Whether it is computed at all."""
    is_done = row.closed_at is not None or row.status is AssignmentStatus.CANCELLED
    return row.definition_id in plan.numbers and not is_done and row.period_start <= today


def _state(row: Row[*tuple[Any, ...]], zone: ZoneInfo) -> State:
    return State(
        goal=row.name,
        metric=row.metric,
        window=Window(row.period_start, row.period_end),
        value=row.current_value,
        last_day=row.last_at.astimezone(zone).date() if row.last_at else None,
        last_logged_at=row.last_updated_at,
        refusal=_refusal(row),
    )


def _refusal(row: Row[*tuple[Any, ...]]) -> GoalsError | None:
    """Why the goal takes no progress by hand at all."""
    if row.source is not Source.MANUAL:
        return TrackedAutomatically(goal=row.name)
    if row.goal_status is not GoalStatus.ACTIVE:
        return NotRunning(goal=row.name, status=row.goal_status)
    if row.status is AssignmentStatus.CANCELLED:
        return NotRunning(goal=row.name, status=row.status)
    if row.closed_at is not None:
        return WindowClosed(goal=row.name, closed_on=row.closed_at.date())
    return None


def _moment(day: date, now: datetime, timezone: str) -> datetime:
    """Now for today, noon for another day."""
    zone = ZoneInfo(timezone)
    return now if day == now.astimezone(zone).date() else datetime.combine(day, time(12), zone)
