"""Definitions from a file: one row is one draft; what is there already is not made again."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date
from typing import Any

from sqlalchemy import text

from goals_core.db import TenantSession
from goals_core.engine import drafts
from goals_core.engine.drafts import Draft, Milestone
from goals_core.errors import N_, GoalsError, Invalid, Problem, invalid
from goals_core.imports import lookup, sheets
from goals_core.imports.cells import Reader, is_bad, value_of
from goals_core.imports.columns import DEFINITIONS, places
from goals_core.imports.preview import Cell, Imported, Item, Outcome, Preview, Row, with_problems
from goals_core.imports.sheets import Line
from goals_core.imports.typed import Measured
from goals_core.kinds import Metric, Period
from goals_core.permissions import Permission, needs
from goals_core.services import definitions

MOST_ROWS = 5_000
_COLUMNS = {column.key: column for column in DEFINITIONS}
_DEFAULTS = {f.name: f.default for f in fields(Draft) if f.default is not MISSING}
_ONE_WORD = ("type", "metric", "period", "source")  # read in any case
_BETWEEN_TAGS = re.compile(r"[,;\n]")
_BETWEEN_PERCENTS = re.compile(r"[\s,;]+")
_NONE = "none"
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
Key = tuple[str, date, Period]
"""What no two definitions of one import share."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A row as it was read; the draft is None when it cannot be one."""

    line: Line
    cells: dict[str, Cell]
    problems: tuple[Problem, ...]
    draft: Draft | None


@needs(Permission.WRITE)
def read(db: TenantSession, data: bytes, name: str) -> Preview[Draft]:
    """What a file of definitions would do, by every rule that saving one has."""
    sheet = sheets.read(data, name, most_rows=MOST_ROWS)
    found = places(sheet, DEFINITIONS)
    reader = Reader(found, _COLUMNS, db.actor.tenant.locale)
    rows = [_read(db, reader, line) for line in sheet.lines]
    twins = _Twins(db, [row.draft for row in rows if row.draft])
    judged = [_judged(row, twins) for row in rows]
    return Preview(
        file=name,
        columns=tuple(found),
        rows=tuple(judged),
        items=tuple(
            Item(row.line.number, "", row.draft)
            for row, seen in zip(rows, judged, strict=True)
            if row.draft and not seen.all_problems
        ),
    )


@needs(Permission.WRITE)
def commit(db: TenantSession, preview: Preview[Draft]) -> Imported:
    """Make the drafts that are not there yet, all or none."""
    preview.need_ready()
    db.execute(_LOCK, {"key": f"definitions:{db.tenant_id}"})  # two clicks make nothing twice
    twins = _Twins(db, [item.what for item in preview.items])
    problems: list[Problem] = []
    new = 0
    with db.begin_nested():
        for item in preview.items:
            try:
                new += _create(db, item.what, item.row, twins)
            except GoalsError as error:
                problems += _told(error, item.row)
        if problems:
            raise Invalid(*problems)
    return Imported(new=new, changed=0, same=len(preview.items) - new)


def _create(db: TenantSession, draft: Draft, row: int, twins: "_Twins") -> bool:
    outcome, problems = twins.judge(draft, row)
    if problems:
        raise Invalid(*problems)
    if outcome is Outcome.NEW:
        definitions.create(db, draft)
    return outcome is Outcome.NEW


def _told(error: GoalsError, row: int) -> Iterable[Problem]:
    if isinstance(error, Invalid):
        return [replace(p, field=f"{row}.{_column(p.field)}") for p in error.problems]
    return [Problem(f"{row}", error.message, error.facts)]


class _Twins:
    """The definitions of the same names that there are, in the system or further up in the file."""

    def __init__(self, db: TenantSession, wanted: Iterable[Draft]) -> None:
        self._there: dict[Key, list[Draft]] = {}
        self._above: dict[Key, int] = {}
        for draft in lookup.definitions(db, {draft.name for draft in wanted}):
            self._there.setdefault(_key(draft), []).append(draft)

    def judge(self, draft: Draft, row: int) -> tuple[Outcome, tuple[Problem, ...]]:
        """Whether a draft is new, there already, or too much like another."""
        key = _key(draft)
        above = self._above.setdefault(key, row)
        if above != row:
            message = N_("Row {row} has a goal of this name, first day and period already.")
            return Outcome.REFUSED, (Problem("name", message, {"row": above}),)
        there = self._there.get(key, [])
        if draft in there:
            return Outcome.SAME, ()
        if there:
            message = N_(
                "There is a goal of this name, first day and period; it differs: {fields}."
            )
            facts = {"fields": ", ".join(_differences(draft, there[0]))}
            return Outcome.REFUSED, (Problem("name", message, facts),)
        return Outcome.NEW, ()


def _key(draft: Draft) -> Key:
    return draft.name, draft.starts_at, draft.period


def _differences(draft: Draft, other: Draft) -> list[str]:
    return [f.name for f in fields(Draft) if getattr(draft, f.name) != getattr(other, f.name)]


def _judged(row: _Read, twins: _Twins) -> Row:
    outcome, problems = Outcome.REFUSED, row.problems
    if row.draft is not None:
        outcome, problems = twins.judge(row.draft, row.line.number)
    own = tuple(p for p in problems if p.field not in row.cells)
    return Row(row.line.number, with_problems(row.cells.values(), problems), outcome, own)


def _read(db: TenantSession, reader: Reader, line: Line) -> _Read:
    cells = reader.cells(line, _measured(reader, line), _OTHERS)
    if is_bad(cells):
        return _Read(line, cells, (), None)
    try:
        return _Read(line, cells, (), drafts.check(db, _draft(cells)))
    except Invalid as error:
        problems = tuple(replace(p, field=_column(p.field)) for p in error.problems)
        return _Read(line, cells, problems, None)


def _draft(cells: Mapping[str, Cell]) -> Draft:
    """The settings of a row; where nothing is said, what a form would begin with."""
    settings: dict[str, Any] = {}
    for field in fields(Draft):
        given = value_of(cells, field.name)
        settings[field.name] = _DEFAULTS.get(field.name, "") if given is None else given
    return Draft(**settings)


def _measured(reader: Reader, line: Line) -> Measured | None:
    """In what a row's numbers are, if it says so in a way that can be understood."""
    try:
        metric = Metric(reader.text(line, "metric").casefold())
    except ValueError:
        return None
    return Measured(metric, reader.text(line, "unit"))


def _column(field: str) -> str:
    """The column of a field; parts of the source's settings have none of their own."""
    return field if field in _COLUMNS else "source_config"


def _milestones(typed: str) -> tuple[Milestone, ...]:
    if typed.casefold() == _NONE:
        return ()
    percents = [part.removesuffix("%") for part in _BETWEEN_PERCENTS.split(typed) if part]
    if not all(part.isdecimal() and len(part) <= 3 for part in percents):
        raise invalid("", N_("Please enter percentages such as {example}."), example="25 50 75 100")
    return tuple(Milestone(int(part)) for part in percents)


def _tags(typed: str) -> tuple[str, ...]:
    return tuple(tag.strip() for tag in _BETWEEN_TAGS.split(typed) if tag.strip())


def _source_config(typed: str) -> dict[str, Any]:
    try:
        found = json.loads(typed)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise invalid("", N_("This must be a JSON object, such as {example}."), example="{}")
    return found


_OTHERS: Mapping[str, Callable[[str], object]] = {
    "milestones": _milestones,
    "tags": _tags,
    "source_config": _source_config,
} | dict.fromkeys(_ONE_WORD, str.casefold)
