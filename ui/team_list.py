"""The list of teams: its search lives in the address, its rows can be clicked."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.paging import Page, PageRequest
from goals_core.services import teams
from goals_core.services.teams import TeamSummary
from ui.wording import _, n_

OPEN = "team"
"""The query parameter that names the team whose details are open."""
_TABLE, _UNSELECT = "teams_table", "teams_unselect"
_PAGE_SIZE = 15


def search() -> str:
    """What is typed, kept in the address."""
    typed = st.text_input(
        _("Search"),
        type="search",
        placeholder=_("Team or manager"),
        label_visibility="collapsed",
        width=240,
        live=True,
        key="teams_search",
        bind="query-params",
    )
    return (typed or "").strip()


def read(actor: Actor, words: str, number: int = 1) -> Page[TeamSummary]:
    """One page of what the search leaves."""
    with tenant_session(actor) as db:
        return teams.list_(db, search=words, page=PageRequest(number, _PAGE_SIZE))


def pages(first: Page[TeamSummary]) -> int:
    """The control below the table; which page is wanted."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(n_("{count} team", "{count} teams", first.total), width="content")
        st.space("stretch")
        if first.pages == 1:
            return 1
        return st.pagination(first.pages, key="teams_page", bind="query-params")


def table(shown: Sequence[TeamSummary]) -> None:
    """The teams; a click on one opens the details."""
    if st.session_state.pop(_UNSELECT, False):
        st.session_state[_TABLE] = {"selection": {"rows": [], "columns": [], "cells": []}}
    rows = [(team.name, team.manager, team.members) for team in shown]
    st.dataframe(
        pd.DataFrame(rows, columns=list(_columns())),
        column_config=_columns(),
        hide_index=True,
        height="content",
        placeholder="—",
        on_select=lambda: _open([team.id for team in shown]),
        selection_mode="single-cell",
        key=_TABLE,
        alt=_("Teams"),
    )


def close() -> None:
    """Nothing is open any more, and nothing is selected: the same row can be clicked again."""
    st.query_params.pop(OPEN, None)
    st.session_state[_UNSELECT] = True


def _open(ids: Sequence[UUID]) -> None:
    cells = st.session_state[_TABLE]["selection"]["cells"]
    if cells:
        st.query_params[OPEN] = str(ids[cells[0][0]])


def _columns() -> dict[str, Any]:
    return {
        "team": st.column_config.TextColumn(_("Team"), width="medium"),
        "manager": st.column_config.TextColumn(_("Manager"), width="medium"),
        "members": st.column_config.NumberColumn(_("Members today"), width=120),
    }
