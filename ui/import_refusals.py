"""What was refused in the moment of writing, put where it stands in the file."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from goals_core.errors import Problem
from goals_core.imports.preview import Cell, Outcome, Preview, Row


def marked(preview: Preview[Any], found: Iterable[Problem]) -> Preview[Any]:
    """The preview with these problems at its rows and cells; those of no row are left out."""
    by_row: dict[str, list[Problem]] = defaultdict(list)
    for problem in found:
        row, _dot, column = problem.field.partition(".")
        by_row[row].append(replace(problem, field=column))
    rows = tuple(_refused(row, by_row.get(str(row.number), ())) for row in preview.rows)
    return replace(preview, rows=rows)


def _refused(row: Row, found: Sequence[Problem]) -> Row:
    if not found:
        return row
    columns = {cell.column for cell in row.cells}
    cells = tuple(_with(cell, [p for p in found if p.field == cell.column]) for cell in row.cells)
    own = tuple(p for p in found if p.field not in columns)
    return Row(row.number, cells, Outcome.REFUSED, row.problems + own)


def _with(cell: Cell, found: Sequence[Problem]) -> Cell:
    if not found:
        return cell
    outcome = Outcome.REFUSED if cell.outcome else None  # of a row, not of a cell of quotas
    return replace(cell, problems=cell.problems + tuple(found), outcome=outcome)
