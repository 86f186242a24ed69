"""The drawer of one team: who leads it, and who is in it from which day to which."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.errors import GoalsError, NotFound
from goals_core.services import teams
from goals_core.services.teams import Member, TeamDetails
from ui import dialogs, team_steps
from ui.feedback import tell
from ui.session import require_actor
from ui.team_list import OPEN, close
from ui.wording import _, md, spoken

_WIDTH = 560
_TABLE, _UNSELECT = "members_table", "members_unselect"
_UNSCROLLED = 12  # rows that are shown without a bar beside them


def start_new() -> None:
    """Open the empty form."""
    close()
    team_steps.start_new()


def show(actor: Actor) -> None:
    """The drawer: of the team that the address names, or the form for a new one."""
    wanted = st.query_params.get(OPEN)
    if wanted is None:
        if dialogs.step() == team_steps.NEW:
            title = _("New team")
            st.dialog(title, position="right", width=_WIDTH, on_dismiss=_close)(team_steps.new)()
        return
    try:
        with tenant_session(actor) as db:
            team = teams.get(db, UUID(wanted)).team
    except (ValueError, NotFound):  # none of this company: the list says which there are
        _close()
        return
    drawer = st.dialog(md(team.name), position="right", width=_WIDTH, on_dismiss=_close)
    drawer(_body)(team.id)


def _close() -> None:
    close()
    dialogs.forget()


def _body(team_id: UUID) -> None:
    """A fragment: it runs again without its page."""
    actor = require_actor()
    try:
        with tenant_session(actor) as db:
            details = teams.get(db, team_id)
        if team_steps.show(actor, details):
            return
    except GoalsError as error:
        tell(error)
        st.button(_("Back"), on_click=dialogs.go, key="back")
        return
    dialogs.show_done()
    leads = md(details.team.manager or _("nobody"))
    st.markdown(f":gray[{md(_('Led by'))}] {leads}")
    _actions(actor, details)
    st.space("small")
    _members(actor, details)


def _actions(actor: Actor, details: TeamDetails) -> None:
    with st.container(horizontal=True):
        st.button(
            _("Add a member"),
            type="primary",
            icon=":material/person_add:",
            on_click=team_steps.start_adding,
            args=(actor.tenant.today,),
            key="add_member",
        )
        st.button(
            _("Edit"),
            icon=":material/edit:",
            on_click=team_steps.start_edit,
            args=(details.team,),
            key="edit_team",
        )


def _members(actor: Actor, details: TeamDetails) -> None:
    """Who is in it today and, when asked for, who was or will be; a click opens the days."""
    today = actor.tenant.today
    now = [member for member in details.members if member.is_in(today)]
    st.markdown(f"**{md(_('Members'))}**")
    with_others = False
    if len(now) < len(details.members):
        with_others = st.toggle(_("Also who was in it or will be"), key="members_all")
    shown = details.members if with_others else now
    if shown:
        _table(shown)
        st.caption(_("Click on a member to change the days."))
    else:
        st.caption(_("Nobody is in it today."))


def _table(shown: Sequence[Member]) -> None:
    if st.session_state.pop(_UNSELECT, False):
        st.session_state[_TABLE] = {"selection": {"rows": [], "columns": [], "cells": []}}
    until = [spoken().day(m.member_to) if m.member_to else None for m in shown]
    rows = [
        (m.name, spoken().day(m.member_from), last) for m, last in zip(shown, until, strict=True)
    ]
    chosen = st.dataframe(
        pd.DataFrame(rows, columns=list(_columns())),
        column_config=_columns(),
        hide_index=True,
        height="content" if len(shown) <= _UNSCROLLED else 430,
        placeholder="—",
        on_select="rerun",
        selection_mode="single-cell",
        key=_TABLE,
        alt=_("Members"),
    )
    if cells := chosen["selection"]["cells"]:
        st.session_state[_UNSELECT] = True  # so that the same one can be clicked again
        team_steps.start_changing(shown[cells[0][0]])
        st.rerun()


def _columns() -> dict[str, Any]:
    return {
        "member": st.column_config.TextColumn(_("Name")),
        "from": st.column_config.TextColumn(_("First day"), width=105),
        "to": st.column_config.TextColumn(_("Last day"), width=105),
    }
