"""The steps of the drawer that ask for something before they do it."""

from functools import partial
from uuid import UUID

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.kinds import GoalStatus
from goals_core.services import assignments, definitions
from ui import definition_assigning, dialogs, standings
from ui import definition_deeds as deeds
from ui.definition_details import REMOVE, Opened
from ui.definition_list import close
from ui.dialogs import Instead, Question
from ui.feedback import flash
from ui.wording import _

DELETE, TAKE_OUT = "delete", "take out "


def show(actor: Actor, opened: Opened) -> bool:
    """The step that the drawer is at; False at its beginning."""
    step = dialogs.step()
    if step == definition_assigning.ONE:
        definition_assigning.one(actor, opened)
    elif step == definition_assigning.MEMBERS:
        definition_assigning.members(actor, opened)
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
