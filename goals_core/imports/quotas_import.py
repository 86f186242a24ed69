"""Quotas from a file: a grid of people by windows; an empty cell leaves a target as it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from babel import Locale

from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import assigning
from goals_core.engine.assigning import Assignee, Assignees, GoalIsOver, NotActive
from goals_core.errors import N_, GoalsError, Invalid, Problem, WindowClosed, invalid
from goals_core.imports import lookup, sheets, typed
from goals_core.imports.lookup import Held
from goals_core.imports.preview import Cell, Imported, Item, Outcome, Preview, Row, by_place
from goals_core.imports.quota_columns import Grid, grid_of
from goals_core.imports.sheets import Line
from goals_core.imports.typed import Measured
from goals_core.imports.values import Value, text_of
from goals_core.kinds import AssigneeType
from goals_core.models.goals import Definition
from goals_core.models.windows import Window
from goals_core.permissions import Permission, needs
from goals_core.services import definitions, planning
from goals_core.services.planning import Quota

MOST_PEOPLE = 2_000
_FIELDS = {"assignee": "email"}  # what is wrong with day or target is told at the cell


@dataclass(slots=True)
class _Plan:
    """What the cells of a grid are held against."""

    definition: Definition
    locale: Locale
    grid: Grid
    people: dict[str, UUID]
    held: Mapping[tuple[UUID, date], Held]
    assignees: Assignees
    rows: dict[UUID, int] = field(default_factory=dict)  # where each person stood first

    @property
    def measured(self) -> Measured:
        return Measured(self.definition.metric, self.definition.unit)


@needs(Permission.ASSIGN)
def read(db: TenantSession, data: bytes, name: str, *, definition_id: UUID) -> Preview[Quota]:
    """What a grid of quotas would do with a goal's targets; nothing is written."""
    definition = assignable(db, definition_id)
    sheet = sheets.read(data, name, most_rows=MOST_PEOPLE + 1)  # and the windows' names
    locale = Locale.parse(db.actor.tenant.locale)
    grid = grid_of(sheet, definitions.schedule_of(db, definition), locale, definition.name)
    lines = [line for line in sheet.lines if not grid.is_names(line, sheet)]
    emails = {email for line in lines if (email := grid.email(line))}
    plan = _Plan(
        definition,
        locale,
        grid,
        people={person.email: person.id for person in lookup.people(db, emails)},
        held=lookup.targets(db, definition_id),
        assignees=Assignees(db),
    )
    read_lines = [_line(plan, line) for line in lines]
    preview = Preview(
        file=name,
        columns=tuple(grid.keys),
        rows=tuple(row for row, _ in read_lines),
        items=tuple(item for _, items in read_lines for item in items),
        definition_id=definition_id,
    )
    if preview.counts[Outcome.NEW] + preview.counts[Outcome.CHANGED] > planning.MOST_QUOTAS:
        raise invalid("file", N_("At most {most} targets at a time."), most=planning.MOST_QUOTAS)
    return preview


@needs(Permission.ASSIGN)
def commit(db: TenantSession, preview: Preview[Quota]) -> Imported:
    """Set what differs from the targets of now, all or nothing."""
    preview.need_ready()
    assert preview.definition_id is not None  # noqa: S101  (`read` has set it)
    definitions.get(db, preview.definition_id)  # out of sight is not found
    held = lookup.targets(db, preview.definition_id)
    differing = [item for item in preview.items if not _is_same(item.what, held)]
    try:
        planned = planning.set_targets(db, preview.definition_id, [item.what for item in differing])
    except Invalid as error:
        raise by_place(error, differing, _FIELDS) from error
    same = planned.same + len(preview.items) - len(differing)
    return Imported(new=planned.created, changed=planned.changed, same=same)


@needs(Permission.ASSIGN)
def assignable(db: TenantSession, definition_id: UUID) -> Definition:
    """The definition, while it can be assigned; not locked."""
    definitions.get(db, definition_id)  # out of sight is not found
    definition = db.get_one(Definition, (db.tenant_id, definition_id))
    if not definitions.NEXT[definition.status]:
        raise GoalIsOver(name=definition.name, status=definition.status)
    return definition


def _line(plan: _Plan, line: Line) -> tuple[Row, list[Item[Quota]]]:
    """A person's row: who it is, then every cell that is not empty."""
    email = plan.grid.email(line)
    person = plan.people.get(email)
    who = [replace(p, field="email") for p in _person_problems(plan, line, email, person)]
    cells = [
        Cell(key, text_of(line.at(index)), text_of(line.at(index)).strip() or None)
        for key, index in plan.grid.people.items()
    ]
    cells[0] = replace(cells[0], problems=tuple(who))
    targets = [
        _cell(plan, key, line.at(index), window, None if who else person)
        for key, (index, window) in plan.grid.windows.items()
    ]
    row = Row(line.number, plan.grid.ordered(cells, targets), _outcome(who, targets))
    return row, [] if person is None else _items(line, targets, plan.grid, person)


def _person_problems(plan: _Plan, line: Line, email: str, person: UUID | None) -> Iterator[Problem]:
    if not email:
        yield Problem("", N_("Please enter something here."))
        return
    if person is None:
        message = N_("There is no person {email}, or it is not yours to see.")
        yield Problem("", message, {"email": email})
        return
    first = plan.rows.setdefault(person, line.number)
    if first != line.number:
        yield Problem("", N_("Row {row} is this person's already."), {"row": first})
    try:
        plan.assignees.need(Assignee(AssigneeType.USER, person))
    except GoalsError as error:
        yield Problem("", error.message, error.facts)


def _cell(plan: _Plan, key: str, value: Value, window: Window, person: UUID | None) -> Cell:
    held = plan.held.get((person, window.start)) if person else None
    before = held.target if held and held.counts else None
    if value is None:
        return Cell(key, "", before=before)
    checks, target = Checks(), None
    with checks.within(key):
        target = typed.number(value, plan.locale, plan.measured)
    if target is not None:
        assigning.check_target(checks, plan.definition, target, field=key)
        if person is not None:
            _check_window(checks, plan, key, window, person, held, target)
    if checks.problems or person is None:
        outcome = Outcome.REFUSED
    elif held is None:
        outcome = Outcome.NEW
    else:
        outcome = Outcome.SAME if held.target == target else Outcome.CHANGED
    return Cell(key, text_of(value), target, tuple(checks.problems), outcome, before)


def _check_window(
    checks: Checks,
    plan: _Plan,
    key: str,
    window: Window,
    person: UUID,
    held: Held | None,
    target: Decimal,
) -> None:
    """What is closed or cancelled keeps its target; who works on no day gets none."""
    if held is not None and not held.counts:
        checks.problem(key, N_("This assignment is cancelled."))
        return
    if held is not None and held.target == target:
        return
    if held is not None and held.closed_on is not None:
        facts = {"goal": plan.definition.name, "closed_on": held.closed_on}
        checks.problem(key, WindowClosed.message, **facts)
    who = Assignee(AssigneeType.USER, person)
    if held is None and not plan.assignees.is_active(who):
        checks.problem(key, NotActive.message, assignee=plan.assignees.need(who))
    if plan.definition.prorate and not plan.assignees.works_in(who, window):
        message = N_("Nobody works a day of this window: there is nothing to reach.")
        checks.problem(key, message)


def _items(line: Line, cells: Sequence[Cell], grid: Grid, person: UUID) -> list[Item[Quota]]:
    return [
        Item(
            line.number,
            cell.column,
            Quota(
                assignee_type=AssigneeType.USER,
                assignee_id=person,
                on=grid.windows[cell.column][1].start,
                target=cell.value,
            ),
        )
        for cell in cells
        if isinstance(cell.value, Decimal) and cell.outcome is not Outcome.REFUSED
    ]


def _outcome(problems: Sequence[Problem], cells: Sequence[Cell]) -> Outcome:
    """Of a row: the worst of its cells."""
    if problems:
        return Outcome.REFUSED
    found = {cell.outcome for cell in cells}
    order = (Outcome.REFUSED, Outcome.CHANGED, Outcome.NEW)
    return next((outcome for outcome in order if outcome in found), Outcome.SAME)


def _is_same(quota: Quota, held: Mapping[tuple[UUID, date], Held]) -> bool:
    """Whether the assignment is held against this already, by its own or the goal's target."""
    there = held.get((quota.assignee_id, quota.on)) if quota.assignee_id else None
    return there is not None and there.counts and there.target == quota.target
