"""The list of syncs: its filters live in the address, a click on one shows all of it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.paging import Page, PageRequest
from goals_core.errors import N_
from goals_core.kinds import Ending, SyncMode
from goals_core.services import syncs
from goals_core.services.syncs import Filters, Run, RunError
from ui import definition_list
from ui.feedback import clear_filters
from ui.forms import NO_LINE, Form
from ui.places import DEFINITIONS
from ui.wording import _, md, n_, name, spoken

OPEN = "sync"
"""The query parameter that names the run that is open."""
_FORM = Form("syncs")
_TABLE, _UNSELECT = "syncs_table", "syncs_unselect"
_PAGE_SIZE = 20
_WIDTH = 480
_WHY = {
    Ending.STOPPED: N_("It was stopped before it had ended."),
    Ending.UNREACHABLE: N_("The database could not be reached, or ended the connection."),
    Ending.WAITED: N_("It waited too long for others who were writing."),
    Ending.UNEXPECTED: N_("Something unexpected happened; the server's log says what."),
    Ending.LOST: N_("Its process ended before it had a result."),
}
_RUNNING, _DONE, _WITH_ERRORS, _NO_RESULT = (
    N_("Running"),
    N_("Done"),
    N_("With errors"),
    N_("No result"),
)
_COLORS = {_RUNNING: "blue", _DONE: "green", _WITH_ERRORS: "orange", _NO_RESULT: "red"}


def filters() -> Filters:
    """Draw them; each is a query parameter, so that a view can be shared."""
    mode: SyncMode | None = st.pills(
        _("Computed"),
        list(SyncMode),
        format_func=name,
        label_visibility="collapsed",
        width="content",
        key=_FORM.key("mode"),
        bind="query-params",
    )
    with st.popover(_("Filters"), icon=":material/filter_list:"):
        only_errors = st.toggle(_("Only with errors"), key=_FORM.key("errors"), bind="query-params")
        left, right = st.columns(2)
        with left:
            since = _FORM.day("since", _("From"), optional=True, at=NO_LINE, bind="query-params")
        with right:
            until = _FORM.day("until", _("Until"), optional=True, at=NO_LINE, bind="query-params")
    wanted = Filters(mode=mode, only_errors=only_errors, since=since, until=until)
    if any(wanted.values()):
        clear_filters(_clear)
    return wanted


def read(actor: Actor, wanted: Filters, number: int = 1) -> Page[Run]:
    """One page of what the filters leave."""
    with tenant_session(actor) as db:
        return syncs.list_(db, page=PageRequest(number, _PAGE_SIZE), **wanted)


def pages(first: Page[Run]) -> int:
    """The control below the table; which page is wanted."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(n_("{count} sync", "{count} syncs", first.total), width="content")
        st.space("stretch")
        if first.pages == 1:
            return 1
        return st.pagination(first.pages, key="syncs_page", bind="query-params")


def table(shown: Sequence[Run]) -> None:
    """The runs; a click on one shows all of it."""
    if st.session_state.pop(_UNSELECT, False):
        st.session_state[_TABLE] = {"selection": {"rows": [], "columns": [], "cells": []}}
    columns = _columns()
    st.dataframe(
        pd.DataFrame([_row(run) for run in shown], columns=list(columns)),
        column_config=columns,
        hide_index=True,
        height="content",
        placeholder="—",
        on_select=lambda: _open([run.id for run in shown]),
        selection_mode="single-cell",
        key=_TABLE,
        alt=_("Syncs"),
    )


def drawer(shown: Sequence[Run]) -> None:
    """All of the run that the address names, when it is among those shown."""
    wanted = st.query_params.get(OPEN)
    if wanted is None:
        return
    opened = next((run for run in shown if str(run.id) == wanted), None)
    if opened is None:
        _close()
        return
    title = md(spoken().moment(opened.started_at))
    st.dialog(title, position="right", width=_WIDTH, on_dismiss=_close)(_body)(opened)


def who(run: Run) -> str:
    """The person who began it, or what did."""
    return run.who or name(run.origin)


def outcome(run: Run) -> str:
    """Whether it has a result, in a word of the source language."""
    if run.is_running:
        return _RUNNING
    if run.ending:
        return _NO_RESULT
    return _WITH_ERRORS if run.errors else _DONE


def took(seconds: Decimal | None) -> str | None:
    """A duration as short as it can be told."""
    if seconds is None:
        return None
    told = spoken().number(seconds.quantize(Decimal("0.1") if seconds >= 1 else Decimal("0.01")))
    return _("{seconds} s").format(seconds=told)


def _clear() -> None:
    for field, empty in (("mode", None), ("errors", False), ("since", None), ("until", None)):
        _FORM.load({field: empty})


def _open(ids: Sequence[UUID]) -> None:
    cells = st.session_state[_TABLE]["selection"]["cells"]
    if cells:
        st.query_params[OPEN] = str(ids[cells[0][0]])


def _close() -> None:
    """Nothing is open any more, and nothing is selected: the same line can be clicked again."""
    st.query_params.pop(OPEN, None)
    st.session_state[_UNSELECT] = True


def _row(run: Run) -> tuple[object, ...]:
    figures = (run.changes, run.checked, run.updated, run.achieved, run.failed)
    return (
        spoken().moment(run.started_at),
        who(run),
        name(run.mode),
        [_(outcome(run))],
        *(figures if outcome(run) in {_DONE, _WITH_ERRORS} else [None] * len(figures)),
        took(run.seconds),
    )


def _columns() -> dict[str, Any]:
    def number(label: str, width: int) -> Any:  # noqa: ANN401  (Streamlit's own type)
        return st.column_config.NumberColumn(label, width=width, format="localized")

    return {
        "when": st.column_config.TextColumn(_("When"), width=145),
        "who": st.column_config.TextColumn(_("Begun by"), width=140),
        "mode": st.column_config.TextColumn(_("Computed"), width=105),
        "outcome": st.column_config.MultiselectColumn(
            _("Result"),
            options=[_(word) for word in _COLORS],
            color=list(_COLORS.values()),
            width=100,
        ),
        "changes": number(_("Changes taken"), 100),
        "checked": number(_("Goals checked"), 100),
        "updated": number(_("Updated"), 70),
        "achieved": number(_("Achieved"), 75),
        "failed": number(_("Failed"), 60),
        "took": st.column_config.TextColumn(_("Took"), width=70, alignment="right"),
    }


def _body(run: Run) -> None:
    word = outcome(run)
    badge = f":{_COLORS[word]}-badge[{md(_(word))}]"
    st.markdown(badge)
    if run.ending:
        st.markdown(md(f"{_(_WHY[run.ending])} {_('The next sync takes up what it left.')}"))
    with st.container(gap="xxsmall"):
        for label, value in _facts(run):
            with st.container(horizontal=True, wrap=False, gap="small"):
                st.markdown(f":gray[{md(label)}]", width=160)
                st.markdown(md(value), width="stretch")
    if run.errors:
        st.space("small")
        _show_errors(run.errors)


def _facts(run: Run) -> list[tuple[str, str]]:
    facts = [(_("Begun by"), who(run)), (_("Computed"), name(run.mode))]
    if run.reason:
        facts.append((_("Why everything"), name(run.reason)))
    if run.finished_at:
        facts.append((_("Ended"), spoken().moment(run.finished_at)))
    if seconds := took(run.seconds):
        facts.append((_("Took"), seconds))
    if run.is_running or run.ending:
        return facts
    figures = {
        _("Changes taken"): run.changes,
        _("Goals checked"): run.checked,
        _("Updated"): run.updated,
        _("Achieved"): run.achieved,
        _("Failed"): run.failed,
        _("Windows begun"): run.begun,
        _("Windows closed"): run.closed,
    }
    return facts + [(label, spoken().number(count)) for label, count in figures.items()]


def _show_errors(errors: Sequence[RunError]) -> None:
    count = len(errors)
    title = n_("{count} goal could not be computed", "{count} goals could not be computed", count)
    st.markdown(f":orange[:material/error:] **{md(title)}**")
    for error in errors:
        with st.container(border=True, gap="xxsmall"):
            if error.is_there:
                address = {definition_list.OPEN: str(error.definition_id)}
                st.page_link(
                    DEFINITIONS,
                    label=md(error.name),
                    icon=":material/arrow_forward:",
                    query_params=address,
                )
            else:
                st.markdown(f"**{md(error.name)}** :gray[{md(_('deleted since'))}]")
            st.caption(md(error.reason))
