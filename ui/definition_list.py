"""The list of definitions: its filters live in the address, its rows can be clicked."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

import pandas as pd
import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.paging import Page, PageRequest
from goals_core.kinds import GoalStatus, GoalType, Period, Source
from goals_core.services import definitions
from goals_core.services.definitions import DefinitionView
from ui import source_sentence
from ui.feedback import clear_filters
from ui.wording import _, n_, name, spoken

E = TypeVar("E", bound=StrEnum)
OPEN = "definition"
"""The query parameter that names the definition whose details are open."""
COLORS = {
    GoalStatus.DRAFT: "gray",
    GoalStatus.ACTIVE: "green",
    GoalStatus.PAUSED: "orange",
    GoalStatus.COMPLETED: "blue",
    GoalStatus.CANCELLED: "red",
}
_TABLE, _SHOWN, _KEPT = "definitions_table", "definitions_shown", "definitions_kept"
_PAGE_SIZE = 15


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to."""

    search: str
    statuses: Sequence[GoalStatus]
    types: Sequence[GoalType]
    periods: Sequence[Period]
    sources: Sequence[Source]

    def __bool__(self) -> bool:
        return any((self.search.strip(), self.statuses, self.types, self.periods, self.sources))


def filters() -> Filters:
    """Draw them; each is a query parameter, so that a view can be shared."""
    search = st.text_input(
        _("Search"),
        type="search",
        placeholder=_("Search goals"),
        label_visibility="collapsed",
        width=240,  # beside the filters, also on a phone
        live=True,
        key="q",
        bind="query-params",
    )
    with st.popover(_("Filters"), icon=":material/filter_list:"):
        wanted = Filters(
            search or "",
            _pills(_("State"), "status", GoalStatus),
            _pills(_("Type"), "type", GoalType),
            _pills(_("Period"), "period", Period),
            _pills(_("Tracked from"), "source", Source),
        )
    if wanted:
        clear_filters(_clear)
    return wanted


def read(actor: Actor, wanted: Filters, number: int = 1) -> Page[DefinitionView]:
    """One page of what the filters leave."""
    with tenant_session(actor) as db:
        return definitions.list_(
            db,
            search=wanted.search,
            statuses=wanted.statuses,
            types=wanted.types,
            periods=wanted.periods,
            sources=wanted.sources,
            page=PageRequest(number, _PAGE_SIZE),
        )


def pages(first: Page[DefinitionView]) -> int:
    """The control below the table; which page is wanted."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(n_("{count} goal", "{count} goals", first.total), width="content")
        st.space("stretch")
        if first.pages == 1:
            return 1
        return st.pagination(first.pages, key="page", bind="query-params")


def table(shown: Sequence[DefinitionView], *, selectable: bool) -> list[DefinitionView]:
    """The rows, a click on one opens its details; those that are ticked."""
    ids = [view.id for view in shown]
    if st.session_state.get(_SHOWN) != ids:  # a tick stands for a place, where another goal is now
        unselect()
    st.session_state[_SHOWN] = ids
    if (kept := st.session_state.pop(_KEPT, None)) is not None:
        st.session_state[_TABLE] = {"selection": {"rows": kept, "columns": [], "cells": []}}
    state = st.dataframe(
        pd.DataFrame([_row(view) for view in shown], columns=list(_columns())),
        column_config=_columns(),
        hide_index=True,
        height="content",
        on_select=lambda: _open(ids),
        selection_mode=["multi-row", "single-cell"] if selectable else "single-cell",
        key=_TABLE,
        alt=_("Definitions"),
    )
    return [shown[row] for row in sorted(state["selection"]["rows"]) if row < len(shown)]


def close() -> None:
    """Nothing is open any more, and no cell is selected: the same row can be clicked again."""
    st.query_params.pop(OPEN, None)
    held = st.session_state.get(_TABLE)
    st.session_state[_KEPT] = list(held["selection"]["rows"]) if held else []


def unselect() -> None:
    """No row is ticked from the next drawing on."""
    st.session_state[_KEPT] = []


def _clear() -> None:
    st.session_state["q"] = ""
    for key in ("status", "type", "period", "source"):
        st.session_state[key] = []


def _open(ids: Sequence[UUID]) -> None:
    cells = st.session_state[_TABLE]["selection"]["cells"]
    if cells:
        st.query_params[OPEN] = str(ids[cells[0][0]])


def _pills(label: str, key: str, kind: type[E]) -> list[E]:
    return st.pills(
        label, list(kind), selection_mode="multi", format_func=name, key=key, bind="query-params"
    )


def _row(view: DefinitionView) -> tuple[object, ...]:
    goal = view.settings
    state = [name(view.status), *([_("Sync error")] if view.sync_error else [])]
    return (
        goal.name,
        state,
        name(goal.type),
        spoken().value(goal.target_value, metric=goal.metric, unit=goal.unit),
        name(goal.period),
        source_sentence.sentence(goal),
        view.assignments,
    )


def _columns() -> dict[str, Any]:
    states = {**{name(status): color for status, color in COLORS.items()}, _("Sync error"): "red"}
    return {
        "goal": st.column_config.TextColumn(_("Goal"), width="medium"),
        "state": st.column_config.MultiselectColumn(
            _("State"), options=list(states), color=list(states.values())
        ),
        "type": st.column_config.TextColumn(_("Type"), width=80),
        "target": st.column_config.TextColumn(_("Target"), width=105, alignment="right"),
        "period": st.column_config.TextColumn(_("Period"), width=90),
        "source": st.column_config.TextColumn(_("Tracked from"), width=325),
        "assigned": st.column_config.NumberColumn(_("Assigned"), width=80),
    }
