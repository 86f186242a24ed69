"""The progress log of a goal: what was recorded, and taking an entry of it back."""

from uuid import UUID

import streamlit as st

from goals_core import db
from goals_core.actor import Actor
from goals_core.engine.paging import Page, PageRequest
from goals_core.engine.standings import Standing
from goals_core.kinds import EntryKind, Source
from goals_core.services import corrections, progress, reach
from goals_core.services.progress import Entry
from ui import movement_list, reads, standings, tables
from ui.feedback import field_error, flash, refusals
from ui.progress_form import takes_progress
from ui.session import require_actor
from ui.wording import _, md, spoken

ON_A_PAGE = 10
_FORM = "take_back"
_ASKED = "goals_take_back"
"""In session state: the goal and the entry that its dialog asks about."""


def show(actor: Actor, goal: Standing) -> None:
    """What was recorded, when and by whom; who may record can take an entry back."""
    with db.tenant_session(actor) as session:
        lines = progress.history(session, goal.id, page=PageRequest(size=ON_A_PAGE))
        is_theirs = takes_progress(goal, actor.tenant.today) and reach.may_record(session, goal.id)
    if not lines.total:
        st.markdown(f":gray[{md(_('Nothing has been recorded yet.'))}]")
        return
    table = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        deed = st.container(width="content")
        st.space("stretch")
        number = st.pagination(lines.pages, key="log_page") if lines.pages > 1 else 1
    if number > 1:
        with db.tenant_session(actor) as session:
            lines = progress.history(session, goal.id, page=PageRequest(number, ON_A_PAGE))
    is_automatic = goal.source is not Source.MANUAL
    with table:
        chosen = _table(lines, goal, is_chosen_from=is_theirs or is_automatic)
    if is_automatic:
        _offer_records(actor, goal, chosen)
    if is_theirs:
        with deed:
            _offer(goal, chosen)
        _ask_when_wanted(goal)


def _table(lines: Page[Entry], goal: Standing, *, is_chosen_from: bool) -> Entry | None:
    if not is_chosen_from:
        tables.entries(lines.items, goal)
        return None
    # a name of its own for what it shows: on another page, or once the log has grown, no line
    # stays selected that is another entry than it was
    latest = lines.items[0].id.hex if lines.items else "none"
    return tables.entries(lines.items, goal, key=f"log_{latest}")


def _offer_records(actor: Actor, goal: Standing, chosen: Entry | None) -> None:
    """Which records moved the value with the line that is selected."""
    if chosen is None:
        st.caption(_("Select a line to see which records moved it."))
        return
    day = spoken().moment(chosen.logged_at)
    st.markdown(f"**{md(_('What moved it at {moment}').format(moment=day))}**")
    movement_list.of_entry(actor, goal, chosen.id)


def _offer(goal: Standing, chosen: Entry | None) -> None:
    """What can be done with the entry that is selected."""
    if chosen is None:
        st.caption(_("Select an entry to take it back."))
    elif chosen.kind is EntryKind.CORRECTION:
        st.caption(_("A correction stays; record anew what should count."))
    elif chosen.is_voided:
        st.caption(_("This entry is taken back already."))
    else:
        st.button(
            _("Take back…"),
            icon=":material/undo:",
            on_click=_ask,
            args=(goal.id, chosen),
            key="take_back",
        )


def _ask(goal_id: UUID, entry: Entry) -> None:
    st.session_state[_ASKED] = (goal_id, entry)


def _leave() -> None:
    st.session_state.pop(_ASKED, None)


def _ask_when_wanted(goal: Standing) -> None:
    """The dialog stays open as long as session state says so, whichever way the script runs."""
    goal_id, entry = st.session_state.get(_ASKED, (None, None))
    if entry is not None and goal_id == goal.id:
        dialog = st.dialog(_("Take this entry back?"), on_dismiss=_leave)
        dialog(_question)(goal, entry)


def _question(goal: Standing, entry: Entry) -> None:
    """A fragment: it runs again without its page."""
    actor = require_actor()
    if _ASKED not in st.session_state:
        st.rerun()
    _said(goal, entry)
    note = st.text_input(_("Note"), key=f"take_back_note_{entry.id.hex}")
    field_error("note", form=_FORM)
    place = st.container()
    with st.container(horizontal=True):
        agreed = st.button(_("Take it back"), type="primary", key="take_back_yes")
        st.button(_("Keep it"), on_click=_leave, key="take_back_no")
    if agreed:
        with place, refusals(_FORM):
            with db.tenant_session(actor) as session:
                after = corrections.void(session, entry.id, note=note)
            reads.forget()
            _leave()
            now = standings.full(after, after.value)
            flash(_("Taken back: {goal} is at {value} now.").format(goal=goal.goal, value=now))
            st.rerun()


def _said(goal: Standing, entry: Entry) -> None:
    """Which entry it is, and what becomes of it."""
    day = spoken().day(entry.happened_at.astimezone(spoken().timezone).date())
    facts = [tables.recorded(goal, entry), day, entry.logged_by or _("The system")]
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f"**{md(facts[0])}** · {md(' · '.join(facts[1:]))}")
        if entry.note:
            st.caption(md(entry.note))
    now = _("{goal} is at {value} now.").format(
        goal=goal.goal, value=standings.full(goal, goal.value)
    )
    st.markdown(md(" ".join([now, _consequence(entry)])))


def _consequence(entry: Entry) -> str:
    if entry.kind is EntryKind.VALUE:
        return _(
            "The log keeps the entry, marked as taken back, and adds a correction; changes"
            " recorded later count from the value before it."
        )
    return _(
        "The log keeps the entry, marked as taken back, and adds a correction; new values"
        " recorded later stay as they are."
    )
