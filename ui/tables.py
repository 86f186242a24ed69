"""Tables of what services hand out: shown in the tenant's words, sorted by what is behind them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import ceil
from typing import Any, Literal, TypeVar

import pandas as pd
import streamlit as st

from goals_core.actor import Tenant
from goals_core.engine.glance import Ranked
from goals_core.engine.movers import Move
from goals_core.engine.standings import Standing
from goals_core.kinds import EntryKind, Metric
from goals_core.services.progress import Entry
from goals_core.services.receipts import Line
from ui import standings
from ui.wording import _, name, spoken

T = TypeVar("T")
_NOTHING = "—"
_FADED = "#747D8F"  # can be read on light and on dark


def leaderboard(ranked: Sequence[Ranked], *, key: str) -> Ranked | None:
    """People, the best first; the one who was clicked."""
    rows = [
        (rank, who.name, who.attainment, float(who.attainment), f"{who.achieved} / {who.goals}")
        for rank, who in enumerate(ranked, start=1)
    ]
    columns = {
        "rank": st.column_config.NumberColumn("#", width=40),
        "name": st.column_config.TextColumn(_("Name")),
        "share": st.column_config.NumberColumn(_("Attainment"), width=85),
        "bar": _bar([who.attainment for who in ranked]),
        "done": st.column_config.TextColumn(_("Achieved"), width=80, alignment="right"),
    }
    words = {"rank": spoken().number, "share": spoken().percent}
    return _clicked(ranked, rows, columns, words, key=key, alt=_("Leaderboard"))


def goals(shown: Sequence[Standing], tenant: Tenant, *, key: str) -> Standing | None:
    """Goals, one a line; the one that was clicked."""
    rows = [
        (
            goal.goal,
            standings.whose(goal),
            " · ".join(
                filter(None, [_(standings.look(goal, tenant.today).name), standings.doubt(goal)])
            ),
            standings.share(goal),
            float(goal.progress),
            standings.short(goal, goal.value),
            standings.short(goal, goal.target),
            goal.window.end,
        )
        for goal in shown
    ]
    columns = {
        "goal": st.column_config.TextColumn(_("Goal"), width=180),
        "who": st.column_config.TextColumn(_("Who")),
        "state": st.column_config.TextColumn(
            _("State"), width=210 if any(map(standings.doubt, shown)) else 90
        ),
        "share": st.column_config.NumberColumn(_("Attainment"), width=85),
        "bar": _bar(),
        "value": st.column_config.TextColumn(_("Value"), width=90, alignment="right"),
        "target": st.column_config.TextColumn(_("Target"), width=90, alignment="right"),
        "end": st.column_config.DateColumn(_("Ends"), width=100),
    }
    words = {"share": spoken().percent, "end": spoken().day}
    return _clicked(shown, rows, columns, words, key=key, alt=_("Goals"))


def windows(shown: Sequence[Standing], tenant: Tenant, *, key: str) -> Standing | None:
    """One goal in several windows; the one that was clicked."""
    rows = [
        (
            standings.window(goal.period, goal.window, tenant),
            _(standings.look(goal, tenant.today).name),
            standings.share(goal),
            float(goal.progress),
            goal.value,
            goal.target,
        )
        for goal in shown
    ]
    columns = {
        "window": st.column_config.TextColumn(_("Window")),
        "state": st.column_config.TextColumn(_("State"), width=90),
        "share": st.column_config.NumberColumn(_("Attainment"), width=85),
        "bar": _bar(),
        "value": st.column_config.NumberColumn(_("Value")),
        "target": st.column_config.NumberColumn(_("Target")),
    }
    in_full = shown[0]
    words = {
        "share": spoken().percent,
        "value": lambda value: standings.full(in_full, value),
        "target": lambda value: standings.full(in_full, value),
    }
    return _clicked(shown, rows, columns, words, key=key, alt=_("Windows"))


def moves(moved: Sequence[Move], *, key: str) -> Standing | None:
    """Goals that moved, the most first; the one that was clicked."""
    goals = [move.standing for move in moved]
    rows = [
        (
            move.standing.goal,
            standings.signed(move.standing, move.change),
            standings.whose(move.standing),
            standings.full(move.standing, move.before),
            standings.full(move.standing, move.standing.value),
        )
        for move in moved
    ]
    columns = {
        "goal": st.column_config.TextColumn(_("Goal"), width=180),
        "change": st.column_config.TextColumn(_("Change"), alignment="right"),
        "who": st.column_config.TextColumn(_("Who")),
        "before": st.column_config.TextColumn(_("Before"), alignment="right"),
        "now": st.column_config.TextColumn(_("Now"), alignment="right"),
    }
    return _clicked(goals, rows, columns, {}, key=key, alt=_("What moved"))


def records(lines: Sequence[Line], goal: Standing) -> None:
    """The records behind a number."""
    rows = [
        (line.day, line.name or line.external_id, line.counted, _amount(line), line.owner)
        for line in lines
    ]
    columns = {
        "day": st.column_config.DateColumn(_("Day"), width=105),
        "name": st.column_config.TextColumn(_("Record")),
        "counted": st.column_config.NumberColumn(_("Counts as")),
        "amount": st.column_config.TextColumn(_("Amount"), alignment="right"),
        "owner": st.column_config.TextColumn(_("Owner")),
    }
    words = {"day": spoken().day, "counted": lambda value: standings.full(goal, value)}
    _show(rows, columns, words, alt=_("The records behind this number"))


def movements(rows: Sequence[tuple[Any, ...]], *, is_added_up: bool) -> None:
    """Changes of records, and what each meant for a number; what they add only where it adds up."""
    columns = {
        "record": st.column_config.TextColumn(_("Record"), width=100),
        "what": st.column_config.TextColumn(_("What happened"), width=370),
        "change": st.column_config.TextColumn(_("Change"), alignment="right"),
        "before": st.column_config.TextColumn(_("Before"), alignment="right"),
        "after": st.column_config.TextColumn(_("After"), alignment="right"),
        "at": st.column_config.DatetimeColumn(_("When"), width=150),
        "by": st.column_config.TextColumn(_("By")),
    }
    if not is_added_up:
        del columns["change"]
    _show(rows, columns, {"at": spoken().moment}, alt=_("What moved it"))


def entries(lines: Sequence[Entry], goal: Standing, *, key: str | None = None) -> Entry | None:
    """The log of a goal, what was taken back in grey; with a key, the entry that is selected."""
    rows = [_entry(line, goal) for line in lines]
    columns = {
        "day": st.column_config.DateColumn(_("Day"), width=100),
        "kind": st.column_config.TextColumn(_("Kind")),
        "change": st.column_config.TextColumn(_("Change"), alignment="right"),
        "value": st.column_config.NumberColumn(_("New value")),
        "note": st.column_config.TextColumn(_("Note")),
        "by": st.column_config.TextColumn(_("By")),
        "source": st.column_config.TextColumn(_("How")),
    }
    state = _show(
        rows,
        columns,
        {"day": spoken().day, "value": lambda value: standings.full(goal, value)},
        key=key,
        alt=_("Progress log"),
        on_select="ignore" if key is None else "rerun",
        selection_mode="single-row",
        faded=[line.is_voided for line in lines],
    )
    selected = state["selection"]["rows"] if key is not None else []
    return lines[selected[0]] if selected and selected[0] < len(lines) else None


def recorded(goal: Standing, line: Entry) -> str:
    """What an entry said: its value, or how much it changed."""
    if line.kind is EntryKind.VALUE:
        return standings.full(goal, line.value)
    return standings.signed(goal, line.change)


def _entry(line: Entry, goal: Standing) -> tuple[Any, ...]:
    kind = name(line.kind)
    return (
        line.happened_at.astimezone(spoken().timezone).date(),
        _("{kind}, taken back").format(kind=kind) if line.is_voided else kind,
        standings.signed(goal, line.change),
        line.value,
        line.note,
        line.logged_by or _("The system"),
        name(line.source),
    )


def _amount(line: Line) -> str | None:
    """A record's own amount; what has no currency is a number."""
    if line.amount is None:
        return None
    metric = Metric.CURRENCY if line.currency else Metric.NUMBER
    return spoken().value(line.amount, metric=metric, unit=line.currency)


def _bar(shares: Sequence[Decimal] = ()) -> Any:  # noqa: ANN401  (Streamlit's own type)
    """Percents as bars, as long as the longest needs; the numbers stand beside them."""
    longest = max([Decimal(100), *shares])
    return st.column_config.ProgressColumn(
        "", width=120, min_value=0, max_value=ceil(longest), format=" ", color="primary"
    )


def _clicked(
    things: Sequence[T],
    rows: Sequence[tuple[Any, ...]],
    columns: Mapping[str, Any],
    words: Mapping[str, Any],
    *,
    key: str,
    alt: str,
) -> T | None:
    state = _show(rows, columns, words, key=key, alt=alt, on_select="rerun")
    cells = state["selection"]["cells"]
    return things[cells[0][0]] if cells and cells[0][0] < len(things) else None


def _show(
    rows: Sequence[tuple[Any, ...]],
    columns: Mapping[str, Any],
    words: Mapping[str, Any],
    *,
    alt: str,
    key: str | None = None,
    on_select: Literal["ignore", "rerun"] = "ignore",
    selection_mode: Literal["single-cell", "single-row"] = "single-cell",
    faded: Sequence[bool] = (),
) -> Any:  # noqa: ANN401  (Streamlit's own type)
    # object: a Decimal stays one; the Styler's words are shown, what is behind them is sorted by
    frame = pd.DataFrame(list(rows), columns=list(columns), dtype=object)
    shown = frame.style.format(dict(words), na_rep=_NOTHING)
    if any(faded):
        colors = [f"color: {_FADED}" if is_faded else "" for is_faded in faded]
        shown = shown.apply(lambda _column: colors)
    return st.dataframe(
        shown,
        column_config=dict(columns),
        hide_index=True,
        height="content",
        placeholder=_NOTHING,
        on_select=on_select,
        selection_mode=selection_mode,
        key=key,
        alt=alt,
    )
