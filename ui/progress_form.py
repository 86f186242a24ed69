"""The form that records progress by hand; what is wrong stands below the field, as typed."""

from datetime import date
from decimal import Decimal

import streamlit as st
from babel.dates import get_date_format

from goals_core import db
from goals_core.actor import Actor
from goals_core.engine.changes import Change
from goals_core.engine.standings import Standing
from goals_core.kinds import AssignmentStatus, GoalType, Metric, Source
from goals_core.services import progress
from ui import reads, standings
from ui.feedback import field_error, flash, refusals
from ui.wording import _, md, spoken

_FORM = "progress"
_DONE = "goals_progress_recorded"


def takes_progress(goal: Standing, today: date) -> bool:
    """Whether anybody can record it by hand now; what the services would refuse is not offered."""
    is_open = goal.is_running and goal.status is not AssignmentStatus.CANCELLED
    return is_open and goal.source is Source.MANUAL and goal.window.start <= today


def progress_form(actor: Actor, goal: Standing) -> None:
    """Value or change, the day it happened, a note."""
    if st.session_state.pop(_DONE, False):
        _clear(goal)
    with st.form(_FORM, border=False):
        kind, typed = _yes_or_no(goal) if goal.metric is Metric.BOOLEAN else _number(goal)
        on = _day(actor, goal)
        note = st.text_input(_("Note"), key=f"note_{goal.id}")
        field_error("note", form=_FORM)
        sent = st.form_submit_button(_("Record"), type="primary", width="stretch", key="record")
    if sent:
        with refusals(_FORM):
            amount = spoken().parse(typed, field=kind)
            after = _record(actor, goal, kind, amount, on, note)
            reads.forget()
            st.session_state[_DONE] = True
            now = standings.full(goal, after.value)
            flash(_("Recorded: {goal} is at {value} now.").format(goal=goal.goal, value=now))
            st.rerun()


def _record(
    actor: Actor, goal: Standing, kind: str, amount: Decimal, on: date, note: str
) -> Change:
    given = {"value": amount} if kind == "value" else {"change": amount}
    with db.tenant_session(actor) as session:
        return progress.record(session, assignment_id=goal.id, on=on, note=note, **given)


def _number(goal: Standing) -> tuple[str, str]:
    """Whether a value or a change, and the number as it was typed."""
    states = goal.type is GoalType.MAINTAIN or goal.metric is Metric.PERCENTAGE
    words = {"change": _("Add to it"), "value": _("New value")}
    kind = st.segmented_control(
        _("What you enter"),
        list(words),
        default="value" if states else "change",
        required=True,
        format_func=words.__getitem__,
        label_visibility="collapsed",
        width="stretch",
        key=f"kind_{goal.id}",
    )
    unit = f" ({md(goal.unit)})" if goal.unit else ""
    typed = st.text_input(_("Number") + unit, key=f"number_{goal.id}")
    for field in ("value", "change"):  # the problem is told of the one that was given
        field_error(field, form=_FORM)
    return kind, typed


def _yes_or_no(goal: Standing) -> tuple[str, str]:
    words = {"1": _("Yes"), "0": _("No")}
    typed = st.segmented_control(
        _("Done?"),
        list(words),
        default="1",
        required=True,
        format_func=words.__getitem__,
        key=f"number_{goal.id}",
    )
    field_error("value", form=_FORM)
    return "value", typed


def _day(actor: Actor, goal: Standing) -> date:
    on: date = st.date_input(
        _("Day"),
        min(actor.tenant.today, goal.window.end),
        min_value=goal.window.start,
        max_value=goal.window.end,
        format=_date_format(),
        key=f"on_{goal.id}",
    )
    field_error("on", form=_FORM)
    return on


def _clear(goal: Standing) -> None:
    """Begin anew after a success; before the widgets of this run are made."""
    for field in ("number", "note"):
        if goal.metric is not Metric.BOOLEAN or field == "note":
            st.session_state[f"{field}_{goal.id}"] = ""


def _date_format() -> str:
    """The tenant's order of day, month and year, of those that Streamlit knows."""
    pattern = str(get_date_format("short", spoken().locale).pattern)
    orders = {"d": "DD/MM/YYYY", "M": "MM/DD/YYYY"}
    return orders.get(pattern[0], "YYYY/MM/DD")
