"""The audit log's list: its filters live in the address, a click on a line shows all of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.paging import Page, PageRequest
from goals_core.services import audit_reading
from goals_core.services.audit_reading import SUBJECTS, SYSTEM, TAGS, AuditEntry, Change, Filters
from ui import audit_words
from ui.feedback import clear_filters
from ui.forms import NO_LINE, Form
from ui.wording import _, md, n_, spoken

ABOUT, OPEN = "of", "line"
"""The query parameters that name the one thing the list is about, and the line that is open."""
_FORM = Form("log")
_TABLE, _UNSELECT = "log_table", "log_unselect"
_PAGE_SIZE = 20
_WIDTH = 560
_COLORS = {
    "created": "green",
    "joined": "green",
    "imported": "green",
    "duplicated": "green",
    "deleted": "red",
    "voided": "red",
    "left": "orange",
    "disabled": "red",
    "enabled": "green",
    "added": "green",
    "removed": "red",
    "membership_taken_back": "orange",
    "signed_in": "gray",
    "password_changed": "gray",
}


def filters(actor: Actor) -> Filters:
    """Draw them; each is a query parameter, so that a view can be shared."""
    search = st.text_input(
        _("Search"),
        type="search",
        placeholder=_("Goal, person or team"),
        label_visibility="collapsed",
        width=240,  # beside the filters, also on a phone
        live=True,
        key=_FORM.key("search"),
        bind="query-params",
    )
    with st.popover(_("Filters"), icon=":material/filter_list:"):
        wanted = _narrowed(actor)
    wanted |= {"search": (search or "").strip(), "subject_id": _asked_about()}
    if any(wanted.values()):
        clear_filters(_clear)
    return wanted


def read(actor: Actor, wanted: Filters, number: int = 1) -> Page[AuditEntry]:
    """One page of what the filters leave."""
    with tenant_session(actor) as db:
        return audit_reading.list_(db, page=PageRequest(number, _PAGE_SIZE), **wanted)


def pages(first: Page[AuditEntry]) -> int:
    """The control below the table; which page is wanted."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(n_("{count} line", "{count} lines", first.total), width="content")
        st.space("stretch")
        if first.pages == 1:
            return 1
        return st.pagination(first.pages, key="log_page", bind="query-params")


def heading(wanted: Filters, shown: Sequence[AuditEntry]) -> None:
    """What the list is about, when it is about one thing."""
    if wanted.get("subject_id") and shown:
        about = md(_about(shown[0]))
        st.markdown(_("Everything about {name}").format(name=f"**{about}**"))


def table(shown: Sequence[AuditEntry]) -> None:
    """The lines; a click on one shows all of it."""
    if st.session_state.pop(_UNSELECT, False):
        st.session_state[_TABLE] = {"selection": {"rows": [], "columns": [], "cells": []}}
    columns = _columns(shown)
    st.dataframe(
        pd.DataFrame([_row(entry) for entry in shown], columns=list(columns)),
        column_config=columns,
        hide_index=True,
        height="content",
        on_select=lambda: _open([entry.id for entry in shown]),
        selection_mode="single-cell",
        key=_TABLE,
        alt=_("Audit log"),
    )


def drawer(shown: Sequence[AuditEntry]) -> None:
    """All of the line that the address names, when it is among those shown."""
    wanted = st.query_params.get(OPEN)
    if wanted is None:
        return
    opened = next((entry for entry in shown if str(entry.id) == wanted), None)
    if opened is None:
        _close()
        return
    title = md(audit_words.deed(opened.tag))
    st.dialog(title, position="right", width=_WIDTH, on_dismiss=_close)(_body)(opened)


def _narrowed(actor: Actor) -> Filters:
    """The filters that are chosen, not typed."""
    with tenant_session(actor) as db:
        doers = _by_name(audit_reading.people(db))
    chosen = st.selectbox(
        _("Who"),
        list(doers),
        index=None,
        placeholder=_("Anyone"),
        key=_FORM.key("who"),
        bind="query-params",
    )
    subject = st.pills(
        _("About"),
        SUBJECTS,
        format_func=audit_words.subject,
        key=_FORM.key("about"),
        bind="query-params",
    )
    tags = st.multiselect(
        _("What"),
        TAGS,
        format_func=audit_words.deed,
        placeholder=_("Anything"),
        key=_FORM.key("what"),
        bind="query-params",
    )
    left, right = st.columns(2)
    with left:
        since = _FORM.day("since", _("From"), optional=True, at=NO_LINE, bind="query-params")
    with right:
        until = _FORM.day("until", _("Until"), optional=True, at=NO_LINE, bind="query-params")
    who = doers[chosen] if chosen else None
    return {"who": who, "subject": subject, "tags": tags, "since": since, "until": until}


def _by_name(doers: Sequence[audit_reading.Doer]) -> dict[str, UUID]:
    """Each under a name of its own, which the address has; numbered if need be."""
    found: dict[str, UUID] = {}
    for doer in doers:
        name = called = _("The system") if doer.id == SYSTEM else str(doer.name)
        number = 1
        while called in found:
            number += 1
            called = f"{name} ({number})"
        found[called] = doer.id
    return found


def _asked_about() -> UUID | None:
    """The one thing that the address names; one that never exists when it names none."""
    asked = st.query_params.get(ABOUT)
    try:
        return UUID(asked) if asked else None
    except ValueError:
        return UUID(int=0)


def _clear() -> None:
    _FORM.load({"search": "", "who": None, "about": None, "what": [], "since": None, "until": None})
    st.query_params.pop(ABOUT, None)


def _open(ids: Sequence[UUID]) -> None:
    cells = st.session_state[_TABLE]["selection"]["cells"]
    if cells:
        st.query_params[OPEN] = str(ids[cells[0][0]])


def _close() -> None:
    """Nothing is open any more, and nothing is selected: the same line can be clicked again."""
    st.query_params.pop(OPEN, None)
    st.session_state[_UNSELECT] = True


def _body(entry: AuditEntry) -> None:
    st.markdown(f"**{md(_about(entry))}**")
    st.caption(f"{md(spoken().moment(entry.at))} · {md(_who(entry))}")
    with st.container(gap="xxsmall"):
        for change in audit_words.news(entry):
            _fact(entry, change)
    st.space("small")
    if st.button(
        _("Everything about it"),
        icon=":material/history:",
        on_click=_show_all,
        args=(entry.subject_id,),
        key="log_all",
    ):
        st.rerun()  # this is a fragment: the list is outside of it


def _show_all(subject_id: UUID) -> None:
    _close()
    _clear()
    st.query_params[ABOUT] = str(subject_id)


def _fact(entry: AuditEntry, change: Change) -> None:
    with st.container(horizontal=True, wrap=False, gap="small"):
        st.markdown(f":gray[{md(audit_words.field(change.field))}]", width=140)
        before, after = (
            md(audit_words.fact(entry, change, value)) for value in (change.before, change.after)
        )
        if audit_words.is_single(entry, change):
            st.markdown(after if change.before is None else before, width="stretch")
        else:
            st.markdown(f":gray[{before}] → **{after}**", width="stretch")


def _row(entry: AuditEntry) -> tuple[object, ...]:
    told = [audit_words.sentence(entry, change) for change in audit_words.news(entry)]
    return (
        spoken().moment(entry.at),
        _who(entry),
        [audit_words.deed(entry.tag)],
        _about(entry),
        " · ".join(told),
    )


def _columns(shown: Sequence[AuditEntry]) -> dict[str, Any]:
    deeds = {audit_words.deed(entry.tag): _color(entry.tag) for entry in shown}
    return {
        "when": st.column_config.TextColumn(_("When"), width=145),
        "who": st.column_config.TextColumn(_("Who"), width=110),
        "what": st.column_config.MultiselectColumn(
            _("What"), options=list(deeds), color=list(deeds.values()), width=150
        ),
        "about": st.column_config.TextColumn(_("About"), width=230),
        "changes": st.column_config.TextColumn(_("Before → after"), width="large"),
    }


def _color(tag: str) -> str:
    return _COLORS.get(tag.partition(":")[2], "blue")


def _who(entry: AuditEntry) -> str:
    return entry.who or _("The system")


def _about(entry: AuditEntry) -> str:
    return entry.subject_name or audit_words.NOTHING
