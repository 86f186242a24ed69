"""What a file would do: counts, every row with its bad cells marked, and what is wrong in words."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from goals_core.errors import Problem
from goals_core.imports.preview import Outcome, Preview, Row
from ui.wording import _, md, n_, say, spoken

MOST_ROWS, MOST_PROBLEMS = 500, 50
_BAD = "background-color: rgba(255, 75, 75, 0.28)"


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
    lines = [f"- **{md(_place(each))}**: {md(say(each))}" for each in found]
    with st.container(border=True):
        st.markdown(f":red[:material/error: {md(text)}]")
        st.markdown("\n".join(lines[:MOST_PROBLEMS]))
        if len(lines) > MOST_PROBLEMS:
            more = n_("and {count} more", "and {count} more", len(lines) - MOST_PROBLEMS)
            st.caption(md(more))


def table(preview: Preview[Any]) -> None:
    """The rows as they stand in the file; a cell that cannot be is red."""
    bad = [row for row in preview.rows if row.outcome is Outcome.REFUSED]
    only_bad = bool(bad) and st.toggle(_("Only what is wrong"), value=True, key="only_bad")
    rows = (bad if only_bad else preview.rows)[:MOST_ROWS]
    frame = pd.DataFrame(
        [[row.number, _outcome(row.outcome), *(cell.text for cell in row.cells)] for row in rows],
        columns=[_("Row"), _("What happens"), *preview.columns],
    )
    styled = frame.style.apply(lambda _frame: _marks(rows, frame), axis=None)
    st.dataframe(styled, hide_index=True, width="stretch", key="preview", alt=_("Preview"))
    total = len(bad) if only_bad else len(preview.rows)
    if total > MOST_ROWS:
        facts = {"shown": spoken().number(MOST_ROWS), "total": spoken().number(total)}
        st.caption(md(_("The first {shown} of {total} rows.").format(**facts)))


def _marks(rows: Sequence[Row], frame: pd.DataFrame) -> pd.DataFrame:
    marks = [["", "", *(_BAD if cell.problems else "" for cell in row.cells)] for row in rows]
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
