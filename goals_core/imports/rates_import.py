"""Exchange rates from a file: one row is one pair's rate of a day, all rows or none."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from goals_core.db import TenantSession
from goals_core.engine import exchange
from goals_core.engine.exchange import Rate
from goals_core.errors import N_, Invalid, Problem
from goals_core.imports import sheets
from goals_core.imports.cells import Reader, is_bad, value_of
from goals_core.imports.columns import RATES, places
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
from goals_core.imports.sheets import Line
from goals_core.permissions import Permission, needs
from goals_core.services import rates

MOST_ROWS = rates.MOST_ROWS
_COLUMNS = {column.key: column for column in RATES}
_OWN_NAMES = {key: key for key in _COLUMNS}


@dataclass(slots=True)
class _Read:
    """A row on its way: its cells, and the rate that they say if they can be one."""

    line: Line
    cells: dict[str, Cell]
    problems: list[Problem]
    rate: Rate | None = None
    outcome: Outcome = Outcome.REFUSED


@needs(Permission.MANAGE)
def read(db: TenantSession, data: bytes, name: str) -> Preview[Rate]:
    """What a file of rates would do; nothing is written."""
    sheet = sheets.read(data, name, most_rows=MOST_ROWS)
    found = places(sheet, RATES)
    reader = Reader(found, _COLUMNS, db.actor.tenant.locale)
    read_rows = [_read(db, reader, line) for line in sheet.lines]
    _refuse_doubled(read_rows)
    good = [row for row in read_rows if row.rate is not None]
    _judge(db, good)
    return Preview(
        file=name,
        columns=tuple(found),
        rows=tuple(_row(row) for row in read_rows),
        items=tuple(Item(row.line.number, "", row.rate) for row in good if row.rate is not None),
    )


@needs(Permission.MANAGE)
def commit(db: TenantSession, preview: Preview[Rate]) -> Imported:
    """Write all rows or none; what no longer fits is told by row and column."""
    preview.need_ready()
    try:
        done = rates.put(db, [item.what for item in preview.items])
    except Invalid as error:
        raise by_place(error, preview.items, _OWN_NAMES) from error
    return Imported(new=done.new, changed=done.changed, same=done.same)


def _read(db: TenantSession, reader: Reader, line: Line) -> _Read:
    row = _Read(line, reader.cells(line), [])
    for key in _COLUMNS:
        if value_of(row.cells, key) in {None, ""} and not row.cells[key].problems:
            row.problems.append(Problem(key, N_("Please enter something here.")))
    if row.problems or is_bad(row.cells):
        return row
    given = Rate(**{key: value_of(row.cells, key) for key in _COLUMNS})
    try:
        row.rate = exchange.checked(given, today=db.actor.tenant.today)
    except Invalid as error:
        row.problems += error.problems
    return row


def _refuse_doubled(found: Iterable[_Read]) -> None:
    """A pair has one rate a day: a second one would depend on the order of the rows."""
    first: dict[object, int] = {}
    for row in found:
        if row.rate is None:
            continue
        above = first.setdefault(row.rate.key, row.line.number)
        if above != row.line.number:
            message = N_("Row {row} has this pair and day already.")
            row.problems.append(Problem("day", message, {"row": above}))
            row.rate = None


def _judge(db: TenantSession, good: list[_Read]) -> None:
    """What would happen with each: it is new, another one, or there as it is."""
    held = rates.judged(db, [row.rate for row in good if row.rate is not None])
    for row, there in zip(good, held, strict=True):
        row.outcome = _outcome(row.rate, there)
        if row.outcome is Outcome.CHANGED:
            row.cells["rate"] = replace(row.cells["rate"], outcome=row.outcome, before=there)


def _outcome(rate: Rate | None, there: Decimal | None) -> Outcome:
    if there is None:
        return Outcome.NEW
    return Outcome.SAME if rate is not None and rate.rate == there else Outcome.CHANGED


def _row(row: _Read) -> Row:
    cells = with_problems(row.cells.values(), row.problems)
    return Row(row.line.number, cells, row.outcome)
