"""What a file would do: its rows and cells as they were read, and what is wrong with them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Generic, TypeVar
from uuid import UUID

from goals_core.errors import Invalid, Problem

T = TypeVar("T")


class Outcome(StrEnum):
    """What would happen with a row, or with a cell of quotas."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it stands in the file, what was read, and what is wrong with it."""

    column: str
    text: str
    value: object = None  # a text, Decimal, date, bool, tuple …; None: empty or not to be read
    problems: tuple[Problem, ...] = ()
    outcome: Outcome | None = None  # quotas: what would happen with this cell
    before: object = None  # quotas: the target that there is; people: what would be changed


@dataclass(frozen=True, slots=True)
class Row:
    """A row by the number that the spreadsheet shows; `problems` are those of no single cell."""

    number: int
    cells: tuple[Cell, ...]  # in the order of the preview's columns
    outcome: Outcome
    problems: tuple[Problem, ...] = ()

    @property
    def all_problems(self) -> tuple[Problem, ...]:
        """Those of its cells too, by column; of the row itself under an empty field."""
        return self.problems + tuple(p for cell in self.cells for p in cell.problems)


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """One thing that a service is to be given, and where in the file it stands."""

    row: int
    column: str
    what: T


@dataclass(frozen=True)
class Preview(Generic[T]):
    """A file that was read and not yet brought in."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    items: tuple[Item[T], ...] = field(repr=False)  # in the order they are written
    definition_id: UUID | None = None  # quotas: whose

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong; the field is the row's number and the column: `12.value`."""
        return tuple(
            replace(p, field=f"{row.number}.{p.field}".rstrip("."))
            for row in self.rows
            for p in row.all_problems
        )

    @cached_property
    def counts(self) -> Mapping[Outcome, int]:
        """How many rows, or cells of quotas, would have which outcome."""
        cells = [cell.outcome for row in self.rows for cell in row.cells if cell.outcome]
        found = Counter(cells or [row.outcome for row in self.rows])
        return {outcome: found[outcome] for outcome in Outcome}

    @property
    def is_ready(self) -> bool:
        """Whether there is anything to bring in, and nothing in the way."""
        return bool(self.items) and not self.problems

    def need_ready(self) -> None:
        """Refuse with all that is wrong: all of a file, or nothing."""
        if self.problems:
            raise Invalid(*self.problems)


@dataclass(frozen=True, slots=True)
class Imported:
    """What was brought in: rows, or cells of quotas."""

    new: int
    changed: int
    same: int
    made: tuple[UUID, ...] = ()  # people who are new, and need a link


def by_place(error: Invalid, items: Sequence[Item[T]], columns: Mapping[str, str]) -> Invalid:
    """A service's problems under the rows and columns of the file.

    The service names its rows by their place, `3.on`; `columns` says which column a field is.
    """
    return Invalid(*(_placed(problem, items, columns) for problem in error.problems))


def _placed(problem: Problem, items: Sequence[Item[T]], columns: Mapping[str, str]) -> Problem:
    place, _, name = problem.field.partition(".")
    if not place.isdecimal() or not 0 < int(place) <= len(items):
        return problem
    item = items[int(place) - 1]
    column = columns.get(name, item.column)
    return replace(problem, field=f"{item.row}.{column}".rstrip("."))


def with_problems(cells: Iterable[Cell], problems: Iterable[Problem]) -> tuple[Cell, ...]:
    """The cells with the problems of their columns added."""
    found = list(problems)
    if not found:
        return tuple(cells)
    return tuple(
        replace(cell, problems=cell.problems + tuple(p for p in found if p.field == cell.column))
        for cell in cells
    )
