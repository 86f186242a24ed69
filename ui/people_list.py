"""The list of people: its filters live in the address, its rows can be clicked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.paging import Page, PageRequest
from goals_core.engine.people_views import PersonState, PersonView
from goals_core.permissions import Role
from goals_core.services import people
from ui.feedback import clear_filters
from ui.wording import _, n_, name, spoken

OPEN = "person"
"""The query parameter that names the person whose details are open."""
COLORS = {PersonState.ACTIVE: "green", PersonState.INVITED: "orange", PersonState.DISABLED: "gray"}
_TABLE, _UNSELECT = "people_table", "people_unselect"
_SEARCH, _ROLES, _STATES = "people_search", "people_role", "people_state"
_PAGE_SIZE = 15
_NOTHING = "—"


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to."""

    search: str
    roles: Sequence[Role]
    states: Sequence[PersonState]

    def __bool__(self) -> bool:
        return any((self.search.strip(), self.roles, self.states))


def filters() -> Filters:
    """Draw them; each is a query parameter, so that a view can be shared."""
    search = st.text_input(
        _("Search"),
        type="search",
        placeholder=_("Name, e-mail or title"),
        label_visibility="collapsed",
        width=240,  # beside the filters, also on a phone
        live=True,
        key=_SEARCH,
        bind="query-params",
    )
    with st.popover(_("Filters"), icon=":material/filter_list:"):
        roles = _pills(_("Role"), _ROLES, list(Role), name)
        states = _pills(_("State"), _STATES, list(PersonState), state)
    wanted = Filters(search or "", roles, states)
    if wanted:
        clear_filters(_clear)
    return wanted


def read(actor: Actor, wanted: Filters, number: int = 1) -> Page[PersonView]:
    """One page of what the filters leave."""
    page = PageRequest(number, _PAGE_SIZE)
    with tenant_session(actor) as db:
        return people.list_(
            db, search=wanted.search, roles=wanted.roles, states=wanted.states, page=page
        )


def pages(first: Page[PersonView]) -> int:
    """The control below the table; which page is wanted."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(n_("{count} person", "{count} people", first.total), width="content")
        st.space("stretch")
        if first.pages == 1:
            return 1
        return st.pagination(first.pages, key="people_page", bind="query-params")


def table(shown: Sequence[PersonView]) -> None:
    """The people; a click on one opens the details."""
    if st.session_state.pop(_UNSELECT, False):
        st.session_state[_TABLE] = {"selection": {"rows": [], "columns": [], "cells": []}}
    st.dataframe(
        pd.DataFrame([_row(person) for person in shown], columns=list(_columns())),
        column_config=_columns(),
        hide_index=True,
        height="content",
        placeholder=_NOTHING,
        on_select=lambda: _open([person.id for person in shown]),
        selection_mode="single-cell",
        key=_TABLE,
        alt=_("People"),
    )


def state(of_person: PersonState) -> str:
    """What the state of an account is called."""
    words = {
        PersonState.INVITED: _("Invited"),
        PersonState.ACTIVE: _("Active"),
        PersonState.DISABLED: _("Disabled"),
    }
    return words[of_person]


def close() -> None:
    """Nothing is open any more, and nothing is selected: the same row can be clicked again."""
    st.query_params.pop(OPEN, None)
    st.session_state[_UNSELECT] = True


def _clear() -> None:
    st.session_state[_SEARCH] = ""
    for key in (_ROLES, _STATES):
        st.session_state[key] = []


def _open(ids: Sequence[UUID]) -> None:
    cells = st.session_state[_TABLE]["selection"]["cells"]
    if cells:
        st.query_params[OPEN] = str(ids[cells[0][0]])


def _pills(label: str, key: str, offered: list[Any], words: Callable[[Any], str]) -> list[Any]:
    return st.pills(
        label, offered, selection_mode="multi", format_func=words, key=key, bind="query-params"
    )


def _row(person: PersonView) -> tuple[object, ...]:
    signed_in = person.last_signed_in_at
    return (
        person.name,
        [state(person.state)],
        name(person.role),
        ", ".join(person.teams) or None,
        person.manager,
        person.email,
        spoken().moment(signed_in) if signed_in else None,
    )


def _columns() -> dict[str, Any]:
    states = {state(each): color for each, color in COLORS.items()}
    return {
        "person": st.column_config.TextColumn(_("Name"), width=170),
        "state": st.column_config.MultiselectColumn(
            _("State"), options=list(states), color=list(states.values()), width=100
        ),
        "role": st.column_config.TextColumn(_("Role"), width=110),
        "teams": st.column_config.TextColumn(_("Teams"), width=150),
        "manager": st.column_config.TextColumn(_("Manager"), width=140),
        "email": st.column_config.TextColumn(_("E-mail"), width="medium"),
        "signed_in": st.column_config.TextColumn(_("Last sign-in"), width=170),
    }
