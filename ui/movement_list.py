"""What moved a goal's number: every change of a record that made a difference, newest first."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from goals_core import db
from goals_core.actor import Actor
from goals_core.engine.movement_lines import MOST
from goals_core.engine.paging import PageRequest
from goals_core.engine.standings import Standing
from goals_core.services import movements
from goals_core.services.movements import Moved, Movement
from goals_core.sources.catalogue import Aggregation
from ui import movement_words, standings, tables
from ui.wording import _, md, spoken

ON_A_PAGE = 10
_ADDED_UP = {Aggregation.SUM, Aggregation.COUNT}


def show(actor: Actor, goal: Standing) -> None:
    """All of them."""
    moved = _read(actor, goal, None, 1)
    if moved is None or not moved.changes.total:
        text = _("No change of a record has moved this number.")
        if goal.sync_error:
            text = _("What moved it can be told once the goal can be computed.")
        st.markdown(f":gray[{md(text)}]")
        return
    _paged(actor, goal, None, moved, key="moved_page")
    notes = [_("Exchange rates, memberships and the goal's filter are those of today.")]
    if moved.changes.total == MOST:
        notes.append(_("These are the newest {count}.").format(count=MOST))
    if moved.known_since > moved.changes.items[-1].at or moved.changes.pages == 1:
        since = spoken().day(moved.known_since.astimezone(spoken().timezone).date())
        notes.append(_("What was before {day} is not known.").format(day=since))
    st.caption(md(" ".join(notes)))


def of_entry(actor: Actor, goal: Standing, entry_id: UUID) -> None:
    """Those that came with one line of the log."""
    moved = _read(actor, goal, entry_id, 1)
    if moved is None or not moved.changes.total:
        text = _("No record: a day that passed, a rate, a membership or the goal itself changed.")
        st.markdown(f":gray[{md(text)}]")
        return
    _paged(actor, goal, entry_id, moved, key=f"moved_{entry_id.hex}")


def _read(actor: Actor, goal: Standing, entry_id: UUID | None, number: int) -> Moved | None:
    with db.tenant_session(actor) as session:
        page = PageRequest(number, ON_A_PAGE)
        return movements.of_assignment(session, goal.id, entry_id=entry_id, page=page)


def _paged(actor: Actor, goal: Standing, entry_id: UUID | None, first: Moved, *, key: str) -> None:
    place, moved = st.container(), first
    if first.changes.pages > 1:
        number = st.pagination(first.changes.pages, key=key)
        if number > 1:
            moved = _read(actor, goal, entry_id, number) or first
    with place:
        _table(moved.changes.items, goal, moved)


def _table(shown: Sequence[Movement], goal: Standing, moved: Moved) -> None:
    is_added_up = moved.measure.aggregation in _ADDED_UP
    rows = [
        (
            move.name or move.external_id,
            _told(move, goal, moved),
            *([standings.signed(goal, move.change)] if is_added_up else []),
            movement_words.contribution(move.before, goal),
            movement_words.contribution(move.after, goal),
            move.at,
            move.by or _("Another program"),
        )
        for move in shown
    ]
    tables.movements(rows, is_added_up=is_added_up)


def _told(move: Movement, goal: Standing, moved: Moved) -> str:
    what = movement_words.happened(move, goal, moved.measure)
    return what if move.is_counted else _("{what} (not counted yet)").format(what=what)
