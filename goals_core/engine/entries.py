"""An entry to be recorded: what is given, and every rule that it is held against."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from goals_core.checks import LARGEST, Checks
from goals_core.errors import N_, GoalsError
from goals_core.kinds import EntryKind, Metric, ProgressSource
from goals_core.models.windows import Window

LONGEST_NOTE, LONGEST_REFERENCE = 2000, 200


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

    @property
    def kind(self) -> EntryKind:
        return EntryKind.CHANGE if self.value is None else EntryKind.VALUE


@dataclass(slots=True)
class State:
    """An assignment's log while entries are added to it."""

    goal: str
    metric: Metric
    window: Window
    value: Decimal
    last_day: date | None
    last_logged_at: datetime | None
    refusal: GoalsError | None  # why it takes no progress by hand at all


def checked(reading: Reading, state: State, today: date) -> tuple[Decimal, str]:
    """The change and the tidy note of a reading that is in order."""
    checks = Checks()
    note = checks.text("note", reading.note, longest=LONGEST_NOTE) if reading.note != "" else ""
    if reading.reference is not None:
        checks.text("reference", reading.reference, longest=LONGEST_REFERENCE, required=True)
    change = _change(checks, reading, state)
    _check_day(checks, reading, state, today)
    checks.done()
    return change, note


def checked_note(note: str) -> str:
    """A tidy note that can be stored."""
    checks = Checks()
    note = checks.text("note", note, longest=LONGEST_NOTE)
    checks.done()
    return note


def _change(checks: Checks, reading: Reading, state: State) -> Decimal:
    if (reading.value is None) == (reading.change is None):
        checks.problem("value", N_("Give either the new value or the change."))
        return Decimal(0)
    metric = state.metric
    whole = metric is Metric.COUNT or metric is Metric.BOOLEAN
    name, given = ("change", reading.change) if reading.value is None else ("value", reading.value)
    number = checks.value(name, given, whole=whole)
    result = state.value + number if reading.value is None else number
    if metric is Metric.BOOLEAN and result not in (0, 1):
        checks.problem(name, N_("A yes/no goal is 0 or 1."))
    if metric is Metric.COUNT and result < 0:
        checks.problem(name, N_("A count cannot fall below 0."))
    if abs(result) > LARGEST:
        checks.problem(name, N_("This must be at most {most}."), most=LARGEST)
    return result - state.value


def _check_day(checks: Checks, reading: Reading, state: State, today: date) -> None:
    day = checks.day("on", reading.on)
    if day != reading.on:
        return  # it is no day at all, which is told already
    if day not in state.window:
        checks.problem(
            "on",
            N_("This goal runs from {first} to {last}."),
            first=state.window.start,
            last=state.window.end,
        )
    elif day > today:
        checks.problem("on", N_("This day has not come yet."))
    elif reading.value is not None and state.last_day is not None and day < state.last_day:
        checks.problem(
            "on",
            N_("There is a value of {last} already; for an earlier day give the change."),
            last=state.last_day,
        )
