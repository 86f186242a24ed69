"""Progress from a file: one row is one reading, and the same file twice counts once."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from goals_core.checks import printable
from goals_core.db import TenantSession
from goals_core.engine import audit, logbook
from goals_core.engine.audit import Deed
from goals_core.errors import N_, GoalsError, Invalid, Problem
from goals_core.imports import sheets
from goals_core.imports.cells import Reader, is_bad, value_of
from goals_core.imports.columns import PROGRESS, missing, places
from goals_core.imports.lookup import Candidate
from goals_core.imports.preview import (
    Cell,
    Imported,
    Item,
    Outcome,
    Preview,
    Row,
    by_place,
    with_problems,
)
from goals_core.imports.progress_goals import Goals
from goals_core.imports.sheets import Line
from goals_core.imports.values import plain
from goals_core.kinds import ProgressSource
from goals_core.models.base import new_id
from goals_core.permissions import Permission, needs
from goals_core.services import progress
from goals_core.services.progress import Reading

MOST_ROWS = progress.MOST_ROWS
_LONGEST_FILE_NAME = 200
_COLUMNS = {column.key: column for column in PROGRESS}
_FIELDS = {field: field for field in ("value", "change", "note", "reference")} | {"on": "day"}


@dataclass(slots=True)
class _Draft:
    """A row on its way: what was read, and whether the log takes it."""

    line: Line
    cells: dict[str, Cell]
    candidate: Candidate | None
    problems: list[Problem]
    reading: Reading | None = None
    outcome: Outcome = Outcome.REFUSED

    @property
    def on(self) -> date:
        return self.reading.on if self.reading else date.max


@needs(Permission.PROGRESS)
def read(db: TenantSession, data: bytes, name: str) -> Preview[Reading]:
    """What a file of progress would do, by every rule that recording has; nothing is written.

    The rows are taken in the order of their days, whatever their order in the file.
    """
    sheet = sheets.read(data, name, most_rows=MOST_ROWS)
    found = places(sheet, PROGRESS)
    _need_columns(found)
    reader = Reader(found, _COLUMNS, db.actor.tenant.locale)
    goals = Goals(db, reader, sheet.lines)
    drafts = [_draft(reader, goals, line) for line in sheet.lines]
    by_day = sorted((d for d in drafts if d.reading is not None), key=lambda d: d.on)
    _name(by_day)
    _try(db, by_day)
    return Preview(
        file=name,
        columns=tuple(found),
        rows=tuple(_row(draft) for draft in drafts),
        items=tuple(
            Item(d.line.number, "", d.reading)
            for d in by_day
            if d.reading is not None and d.outcome is not Outcome.REFUSED
        ),
    )


@needs(Permission.PROGRESS)
def commit(db: TenantSession, preview: Preview[Reading]) -> Imported:
    """Record all rows or none; what no longer fits is told by row and column."""
    preview.need_ready()
    readings = [item.what for item in preview.items]
    try:
        new = progress.bulk(db, readings)
    except Invalid as error:
        raise by_place(error, preview.items, _FIELDS) from error
    file = printable(preview.file)[:_LONGEST_FILE_NAME]
    after = {"file": file, "rows": len(readings), "new": new}
    audit.note(db, Deed.PROGRESS_IMPORTED, new_id(), after=after)
    return Imported(new=new, changed=0, same=len(readings) - new)


def _need_columns(found: Mapping[str, int]) -> None:
    """A row says which goal, and either the value or the change."""
    pairs = (("goal", "assignment"), ("value", "change"))
    lacking = [missing(one) for one, other in pairs if one not in found and other not in found]
    if lacking:
        raise Invalid(*lacking)


def _draft(reader: Reader, goals: Goals, line: Line) -> _Draft:
    candidate, problems = goals.find(line)
    cells = reader.cells(line, candidate.measured if candidate else None)
    draft = _Draft(line, cells, candidate, problems)
    if value_of(cells, "day") is None and not cells["day"].problems:
        problems.append(Problem("day", N_("Please enter something here.")))
    if candidate is not None and not problems and not is_bad(cells):
        draft.reading = Reading(
            assignment_id=candidate.id,
            on=value_of(cells, "day"),
            value=value_of(cells, "value"),
            change=value_of(cells, "change"),
            note=value_of(cells, "note") or "",
            source=ProgressSource.IMPORT,
            reference=value_of(cells, "reference"),
        )
    return draft


def _name(drafts: list[_Draft]) -> None:
    """Give rows without a reference one of their own: what they say, and how often it was said."""
    seen: Counter[str] = Counter()
    for draft in drafts:
        if draft.reading is not None and draft.reading.reference is None:
            said = _fingerprint(draft.reading)
            seen[said] += 1
            draft.reading = replace(draft.reading, reference=f"row:{said}:{seen[said]}")


def _fingerprint(reading: Reading) -> str:
    """The content of a row, short; the same for the same content in any file and form."""
    said = (
        str(reading.assignment_id),
        reading.on.isoformat(),
        _digits(reading.value),
        _digits(reading.change),
        reading.note.strip(),
    )
    return hashlib.sha256("\n".join(said).encode(errors="replace")).hexdigest()[:32]


def _digits(number: Decimal | None) -> str:
    return "" if number is None else plain(number)


def _try(db: TenantSession, drafts: list[_Draft]) -> None:
    """Hold the readings against the log itself, as recording does, and throw the lines away."""
    book = logbook.open_(db, [d.reading for d in drafts if d.reading is not None])
    for draft in drafts:
        if draft.reading is None:
            continue
        size = book.size
        try:
            book.add(draft.reading)
        except GoalsError as error:
            draft.problems += _problems(error)
        else:
            draft.outcome = Outcome.NEW if book.size > size else Outcome.SAME


def _problems(error: GoalsError) -> Iterator[Problem]:
    """A problem under its column; what is wrong with the goal as it is, under none."""
    if isinstance(error, Invalid):
        for problem in error.problems:
            yield replace(problem, field=_FIELDS.get(problem.field, ""))
    else:
        yield Problem("", error.message, error.facts)


def _row(draft: _Draft) -> Row:
    own = tuple(p for p in draft.problems if p.field not in draft.cells)
    cells = with_problems(draft.cells.values(), draft.problems)
    return Row(draft.line.number, cells, draft.outcome, own)
