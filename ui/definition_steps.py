"""The steps of the drawer that ask for something: whom to assign, or whether it is really meant."""

from datetime import date
from functools import partial
from uuid import UUID

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.errors import N_, GoalsError, Invalid
from goals_core.kinds import GoalStatus
from goals_core.services import assignments, definitions
from ui import definition_deeds as deeds
from ui import dialogs, goal_form, standings
from ui.definition_deeds import Assigning
from ui.definition_details import REMOVE, Opened
from ui.definition_list import close
from ui.dialogs import Instead, Question
from ui.feedback import flash
from ui.forms import NO_LINE, Form
from ui.wording import _, md

ASSIGN, DELETE, TAKE_OUT = "assign", "delete", "take out "
_CURRENT, _ANOTHER = "current", "another"


def show(actor: Actor, opened: Opened) -> bool:
    """The step that the drawer is at; False at its beginning."""
    step = dialogs.step()
    if step == ASSIGN:
        _assign(actor, opened)
    elif step == DELETE:
        _delete(actor, opened)
    elif step in (GoalStatus.COMPLETED, GoalStatus.CANCELLED):
        _end(actor, opened, GoalStatus(step))
    elif step.startswith((REMOVE, TAKE_OUT)):
        _remove(actor, step)
    return bool(step)


def _end(actor: Actor, opened: Opened, status: GoalStatus) -> None:
    questions = {
        GoalStatus.COMPLETED: Question(
            _("Complete this goal?"),
            _("It is tracked no longer and stays as it is. This cannot be taken back."),
            _("Complete goal"),
            "complete",
        ),
        GoalStatus.CANCELLED: Question(
            _("Cancel this goal?"),
            _("It is tracked no longer; what was recorded stays. This cannot be taken back."),
            _("Cancel goal"),
            "cancel",
        ),
    }
    done = {
        GoalStatus.COMPLETED: _("The goal is completed."),
        GoalStatus.CANCELLED: _("The goal is cancelled."),
    }
    if dialogs.ask(questions[status], partial(deeds.set_status, actor, opened.view.id, status)):
        dialogs.say_done(done[status])
        st.rerun()


def _delete(actor: Actor, opened: Opened) -> None:
    question = Question(
        _("Delete this goal?"),
        _("Its assignments are deleted with it. A goal with progress can only be cancelled."),
        _("Delete goal"),
        "delete",
    )
    can_cancel = GoalStatus.CANCELLED in definitions.NEXT[opened.view.status]
    instead = Instead(_("Cancel the goal instead"), GoalStatus.CANCELLED) if can_cancel else None
    if dialogs.ask(question, partial(deeds.delete, actor, opened.view.id), instead=instead):
        close()
        dialogs.forget()
        flash(_("{name} is deleted.").format(name=opened.view.name))
        st.rerun()


def _remove(actor: Actor, step: str) -> None:
    """Remove an assignment or, when there is progress, take it out of tracking."""
    is_removal = step.startswith(REMOVE)
    assignment_id = UUID(step.removeprefix(REMOVE).removeprefix(TAKE_OUT))
    with tenant_session(actor) as db:
        who = standings.whose(assignments.get(db, assignment_id))
    if is_removal:
        question = Question(
            _("Remove {who}?").format(who=who),
            _("The goal is no longer theirs in this window."),
            _("Remove"),
            "remove",
        )
    else:
        question = Question(
            _("Take {who} out of tracking?").format(who=who),
            _("What was recorded stays; it counts no longer. This cannot be taken back."),
            _("Take out"),
            "take_out",
        )
    deed = deeds.remove if is_removal else deeds.take_out
    instead = Instead(_("Take it out of tracking instead"), f"{TAKE_OUT}{assignment_id}")
    if dialogs.ask(question, partial(deed, actor, assignment_id), instead=instead):
        dialogs.say_done(_("The goal is no longer {who}'s.").format(who=who))
        st.rerun()


def start_assigning(definition_id: UUID) -> None:
    """Go to an empty form."""
    blank = {"assignee": None, "window": _CURRENT, "on": None, "custom_target": "", "notes": ""}
    _form(definition_id).load(blank)
    dialogs.go(ASSIGN)


def _assign(actor: Actor, opened: Opened) -> None:
    form = _form(opened.view.id)
    st.markdown(f"**{_('Assign')}**")
    top = st.container()
    wanted = _wanted(actor, opened, form)
    with st.container(horizontal=True):
        sent = st.button(_("Assign"), type="primary", key=form.key("send"))
        st.button(_("Back"), on_click=dialogs.go, key=form.key("back"))
    if not sent:
        return
    try:
        if wanted is None or form.problems:
            raise Invalid(*form.problems)
        deeds.assign(actor, opened.view.id, wanted)
    except GoalsError as error:
        form.tell(error, top=top)
        return
    dialogs.say_done(_("Assigned."))
    st.rerun()


def _form(definition_id: UUID) -> Form:
    return Form(f"assign_{definition_id.hex}")


def _wanted(actor: Actor, opened: Opened, form: Form) -> Assigning | None:
    """What the fields say; None as long as nobody is chosen."""
    by_key = {goal_form.key_of(each.owner): each for each in opened.assignable}
    key = form.typed_choice(
        "assignee",
        _("Who"),
        list(by_key),
        words=goal_form.titles(by_key).__getitem__,
        placeholder=_("Choose who is to reach it"),
    )
    on = _day(actor, opened, form)
    own_target = form.number(
        "custom_target", _("Own target"), optional=True, placeholder=_("Same as the goal's")
    )
    notes = form.text("notes", _("Notes"), widget=st.text_area, height=80)
    if key is None:
        form.problem("assignee", N_("Choose who is to reach it."))
        return None
    return Assigning(by_key[key].owner, own_target, notes, on)


def _day(actor: Actor, opened: Opened, form: Form) -> date | None:
    """A day of the window that is meant; None: the current one."""
    current = _("Current window")
    if opened.window is not None:
        period = opened.view.settings.period
        current = standings.window(period, opened.window, actor.tenant)
    words = {_CURRENT: md(current), _ANOTHER: _("Another window")}
    which = form.choice(
        "window",
        _("Window"),
        list(words),
        at=NO_LINE,
        words=words.__getitem__,
        widget=st.segmented_control,
    )
    if which == _CURRENT:
        return None
    return form.day("on", _("A day of it"))
