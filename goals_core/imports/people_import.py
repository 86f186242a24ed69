"""People from a file: who is new is invited, who is there is changed; nobody goes by absence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import func, select, text

from goals_core.arrays import ids_of
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import accounts, concerned, targets
from goals_core.engine.recompute import recompute
from goals_core.errors import Invalid
from goals_core.imports import people_judging, people_writing, sheets
from goals_core.imports.cells import Reader, is_bad, value_of
from goals_core.imports.columns import PEOPLE, places
from goals_core.imports.people_judging import Judged
from goals_core.imports.people_rows import Account, Deed, Wanted
from goals_core.imports.preview import Cell, Imported, Item, Outcome, Preview, Row, with_problems
from goals_core.imports.sheets import Line
from goals_core.models.core import Team
from goals_core.permissions import Permission, Role, needs

MOST_ROWS = 5_000
_COLUMNS = {column.key: column for column in PEOPLE}
_DAYS = ("member_from", "hired_on", "left_on")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


@needs(Permission.MANAGE)
def read(db: TenantSession, data: bytes, name: str) -> Preview[Wanted]:
    """What a file of people would do; nothing is written."""
    sheet = sheets.read(data, name, most_rows=MOST_ROWS)
    found = places(sheet, PEOPLE)
    reader = Reader(found, _COLUMNS, db.actor.tenant.locale)
    cells = {line.number: _cells(reader, line) for line in sheet.lines}
    wanted = [_wanted(number, read) for number, read in cells.items() if not is_bad(read)]
    judged = {each.wanted.row: each for each in people_judging.judge(db, wanted)}
    return Preview(
        file=name,
        columns=tuple(found),
        rows=tuple(_row(number, read, judged.get(number)) for number, read in cells.items()),
        items=tuple(
            Item(row, "", each.wanted) for row, each in judged.items() if not each.problems
        ),
    )


@needs(Permission.MANAGE)
def commit(db: TenantSession, preview: Preview[Wanted]) -> Imported:
    """Bring all of them in or none; `made` are the new ones, who have no link yet."""
    preview.need_ready()
    db.execute(_LOCK, {"key": f"people:{db.tenant_id}"})  # two clicks invite nobody twice
    wanted = [item.what for item in preview.items]
    goals = _lock(db, [each.deed for each in people_judging.judge(db, wanted)])
    judged = people_judging.judge(db, wanted)  # as it is now that it is locked
    problems = [
        replace(problem, field=f"{each.wanted.row}.{problem.field}")
        for each in judged
        for problem in each.problems
    ]
    if problems:
        raise Invalid(*problems)
    deeds = [each.deed for each in judged if each.deed.does_something]
    people_writing.write(db, deeds)
    targets.follow(db, goals)
    if goals:
        recompute(db, only=goals)
    made = people_writing.new_people(deeds)
    same = len(judged) - len(deeds)
    return Imported(new=len(made), changed=len(deeds) - len(made), same=same, made=made)


def _lock(db: TenantSession, deeds: Sequence[Deed]) -> list[UUID]:
    """The open goals that the file concerns, then people, then teams; which goals they are."""
    there = [deed.before for deed in deeds if deed.before]
    employed = [d.after.id for d in deeds if d.before and d.changed & {"hired_on", "left_on"}]
    teams = {deed.team_id for deed in deeds if deed.team_id}
    goals = concerned.locked(db, concerned.prorated_of(employed), concerned.tracked_of(teams))
    accounts.lock(db, [person.id for person in there])
    locked = select(Team.id).where(Team.id == func.any(ids_of(teams))).order_by(Team.id)
    db.execute(locked.with_for_update(key_share=True))
    return goals


def _cells(reader: Reader, line: Line) -> dict[str, Cell]:
    cells = reader.cells(line, others=_OTHERS)
    checks = Checks()
    if value_of(cells, "email") is None and not cells["email"].problems:
        checks.text("email", "", longest=1, required=True)
    for key in _DAYS:
        if (day := value_of(cells, key)) is not None:
            checks.day(key, day)
    checked = with_problems(cells.values(), checks.problems)
    return {cell.column: cell for cell in checked}


def _wanted(number: int, cells: Mapping[str, Cell]) -> Wanted:
    return Wanted(number, **{key: value_of(cells, key) for key in _COLUMNS})


def _row(number: int, cells: Mapping[str, Cell], judged: Judged | None) -> Row:
    if judged is None:
        return Row(number, tuple(cells.values()), Outcome.REFUSED)
    shown = [_with_before(cell, judged.deed) for cell in cells.values()]
    own = tuple(p for p in judged.problems if p.field not in cells)
    return Row(number, with_problems(shown, judged.problems), _outcome(judged), own)


def _outcome(judged: Judged) -> Outcome:
    if judged.problems:
        return Outcome.REFUSED
    if judged.deed.before is None:
        return Outcome.NEW
    return Outcome.CHANGED if judged.deed.does_something else Outcome.SAME


def _with_before(cell: Cell, deed: Deed) -> Cell:
    """A cell that changes something tells what it is now."""
    field = "manager_id" if cell.column == "manager" else cell.column
    if deed.before is None or field not in deed.changed or cell.value is None:
        return cell
    return replace(cell, before=_before(deed, deed.before, field))


def _before(deed: Deed, before: Account, field: str) -> str:
    match field:
        case "manager_id":
            return deed.manager_was
        case "member_from":
            return str(deed.moves[0].member_from) if deed.moves else ""
        case "team":
            return ""
    return str(getattr(before, field) or "")


def _email(typed: str) -> str:
    checks = Checks()
    found = accounts.check_email(checks, typed)
    checks.done()
    return found


def _text(typed: str) -> str:
    checks = Checks()
    found = checks.text("", typed, longest=200)
    checks.done()
    return found


def _role(typed: str) -> Role:
    checks = Checks()
    found = checks.choice("", typed.casefold(), Role)
    checks.done()
    return found


_OTHERS: Mapping[str, Callable[[str], object]] = {
    "email": _email,
    "name": _text,
    "title": _text,
    "team": _text,
    "role": _role,
    "manager": str.casefold,
}
