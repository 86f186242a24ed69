"""What a file would do: counts, every row with its bad cells marked, and what is wrong in words."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from goals_core.errors import Problem
from goals_core.imports.preview import Cell, Imported, Outcome, Preview, Row
from goals_core.imports.values import plain
from ui.wording import _, md, n_, say, spoken

MOST_ROWS, MOST_PROBLEMS = 500, 50
_UNSCROLLED = 6  # problems that fit without a bar beside them
_NOTHING = "—"
_BAD = "background-color: rgba(255, 75, 75, 0.28)"
# See-through, so that the text can be read on light and on dark.
_MARKS: Mapping[Outcome | None, str] = {
    Outcome.NEW: "background-color: rgba(18, 184, 134, 0.20)",
    Outcome.CHANGED: "background-color: rgba(92, 124, 250, 0.24)",
}


def counts(preview: Preview[Any]) -> None:
    """How many rows, or cells of quotas, would have which outcome."""
    with st.grid(len(Outcome), min_column_width=120):
        for outcome, count in preview.counts.items():
            st.metric(_outcome(outcome), spoken().number(count), border=True)


def problems(found: Sequence[Problem]) -> None:
    """What is wrong, by the numbers that the spreadsheet shows."""
    text = n_(
        "{count} problem; nothing is imported.",
        "{count} problems; nothing is imported.",
        len(found),
    )
    lines = [f"- **{md(_place(each))}**: {md(say(each))}" for each in found[:MOST_PROBLEMS]]
    with st.container(border=True, height=240 if len(lines) > _UNSCROLLED else "content"):
        st.markdown(f":red[:material/error: {md(text)}]")
        st.markdown("\n".join(lines))
        if len(found) > MOST_PROBLEMS:
            more = n_("and {count} more", "and {count} more", len(found) - MOST_PROBLEMS)
            st.caption(md(more))


def button(preview: Preview[Any]) -> bool:
    """Whether it is to be brought in; it can be when nothing is in the way."""
    count = len(preview.items)
    if preview.definition_id:
        label = n_("Import {count} target", "Import {count} targets", count)
    else:
        label = n_("Import {count} row", "Import {count} rows", count)
    return st.button(label, type="primary", disabled=not preview.is_ready, key="import")


def table(preview: Preview[Any]) -> None:
    """The rows as they stand in the file; a cell that cannot be is red."""
    bad = [row for row in preview.rows if row.outcome is Outcome.REFUSED]
    only_bad = bool(bad) and st.toggle(_("Only what is wrong"), value=True, key="only_bad")
    rows = (bad if only_bad else preview.rows)[:MOST_ROWS]
    frame = pd.DataFrame(
        [[row.number, _outcome(row.outcome), *map(_text, row.cells)] for row in rows],
        columns=[_("Row"), _("What happens"), *preview.columns],
    )
    styled = frame.style.apply(lambda _frame: _marks(rows, frame), axis=None)
    number = st.column_config.NumberColumn(pinned=True, width=60)
    st.dataframe(
        styled,
        column_config={_("Row"): number},
        hide_index=True,
        key="preview",
        alt=_("Preview"),
    )
    total = len(bad) if only_bad else len(preview.rows)
    if total > MOST_ROWS:
        facts = {"shown": spoken().number(MOST_ROWS), "total": spoken().number(total)}
        st.caption(md(_("The first {shown} of {total} rows.").format(**facts)))


def success(done: Imported) -> str:
    """What was brought in, in one line."""
    facts = {"new": done.new, "changed": done.changed, "same": done.same}
    told = {name: spoken().number(count) for name, count in facts.items()}
    return _("Imported: {new} new, {changed} changed, {same} unchanged.").format(**told)


def _text(cell: Cell) -> str:
    """As it stands in the file; what changes, with what it is now."""
    if _is_changed(cell):
        return f"{cell.before or _NOTHING} → {cell.text}"
    if cell.outcome is Outcome.CHANGED and isinstance(cell.before, Decimal):
        return f"{plain(cell.before)} → {cell.text}"
    return cell.text


def _is_changed(cell: Cell) -> bool:
    """A cell of a row about a person that says something new."""
    return cell.outcome is None and cell.before is not None and not cell.problems


def _mark(cell: Cell) -> str:
    if cell.problems:
        return _BAD
    return _MARKS.get(Outcome.CHANGED if _is_changed(cell) else cell.outcome, "")


def _marks(rows: Sequence[Row], frame: pd.DataFrame) -> pd.DataFrame:
    marks = [
        [
            "",
            _BAD if row.outcome is Outcome.REFUSED else "",
            *map(_mark, row.cells),
        ]
        for row in rows
    ]
    return pd.DataFrame(marks, index=frame.index, columns=frame.columns)


def _outcome(outcome: Outcome) -> str:
    words = {
        Outcome.NEW: _("New"),
        Outcome.CHANGED: _("Changed"),
        Outcome.SAME: _("Unchanged"),
        Outcome.REFUSED: _("Refused"),
    }
    return words[outcome]


def _place(problem: Problem) -> str:
    row, _dot, column = problem.field.partition(".")
    return " · ".join(part for part in (_("Row {row}").format(row=row), column) if part)
