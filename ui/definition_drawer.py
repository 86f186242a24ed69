"""The drawer of one definition: what it is, what can be done with it, who has it."""

from uuid import UUID

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.errors import GoalsError, NotFound
from goals_core.kinds import GoalStatus
from goals_core.permissions import Permission
from goals_core.services import definitions
from goals_core.services.dry_run import DryRun
from ui import (
    definition_assigning,
    definition_details,
    definition_steps,
    dialogs,
    dry_run,
    goal_form,
)
from ui import definition_deeds as deeds
from ui.definition_details import Opened
from ui.definition_list import OPEN, close
from ui.feedback import refusals, tell
from ui.places import NEW_GOAL
from ui.session import require_actor
from ui.wording import _, md, n_

_WIDTH = 560
_COPY, _NEXT = "copy", "next"


def show(actor: Actor) -> None:
    """The drawer, when the address names a definition."""
    wanted = st.query_params.get(OPEN)
    if wanted is None:
        return
    try:
        with tenant_session(actor) as db:
            view = definitions.get(db, UUID(wanted))
    except (ValueError, NotFound):  # it is gone, or was never there: the list says what there is
        _close()
        return
    drawer = st.dialog(md(view.name), position="right", width=_WIDTH, on_dismiss=_close)
    drawer(_body)(view.id)


def _close() -> None:
    close()
    dialogs.forget()


def _body(definition_id: UUID) -> None:
    """A fragment: it runs again without its page."""
    actor = require_actor()
    try:
        opened = definition_details.read(actor, definition_id)
        if definition_steps.show(actor, opened):
            return
    except GoalsError as error:  # somebody else has deleted it meanwhile
        tell(error)
        st.button(_("Back"), on_click=dialogs.go, key="back")
        return
    dialogs.show_done()
    definition_details.settings(opened.view)
    tried = dry_run.in_drawer(actor, opened)
    _actions(actor, opened, tried)
    _why_not_more(opened)
    st.space("small")
    definition_details.assigned(actor, opened)
    _plans(actor, opened)
    definition_details.all_windows(actor, opened)


def _actions(actor: Actor, opened: Opened, tried: DryRun | None) -> None:
    """What may be done with it now; the services would refuse the rest."""
    view, following = opened.view, definitions.NEXT[opened.view.status]
    with st.container(horizontal=True):
        if opened.is_theirs and GoalStatus.ACTIVE in following:
            label = _("Activate") if view.status is GoalStatus.DRAFT else _("Resume")
            if st.button(label, type="primary", icon=":material/play_arrow:", key="activate"):
                _do(actor, opened, GoalStatus.ACTIVE, tried)
        if following and opened.assignable:
            st.button(
                _("Assign"),
                icon=":material/person_add:",
                on_click=definition_assigning.start,
                args=(view.id,),
                key="assign",
            )
        if (
            opened.is_theirs
            and following
            and st.button(_("Edit"), icon=":material/edit:", key="edit")
        ):
            st.switch_page(NEW_GOAL, query_params={"edit": str(view.id)})
        more = _more(actor, opened)
        if more:
            chosen = st.menu_button(_("More"), list(more), format_func=more.__getitem__, key="more")
            if chosen:
                _do(actor, opened, chosen)


def _why_not_more(opened: Opened) -> None:
    """Why a goal that is theirs to change offers so little."""
    if opened.is_theirs and opened.is_own and definitions.NEXT[opened.view.status]:
        st.caption(f":material/lock: {md(_(goal_form.OWN))}")


def _plans(actor: Actor, opened: Opened) -> None:
    """What can be done for everyone who has it, or is to have it, at once."""
    teams = definition_assigning.teams(opened) if definitions.NEXT[opened.view.status] else {}
    with st.container(horizontal=True, gap="small"):
        if teams:
            st.button(
                _("Assign to all members of a team…"),
                icon=":material/group_add:",
                type="tertiary",
                on_click=definition_assigning.start_members,
                args=(opened.view.id, next(iter(teams)) if len(teams) == 1 else None),
                key="assign_members",
            )
        if opened.can_be_copied and st.button(
            _("Copy to the next period"),
            icon=":material/event_repeat:",
            type="tertiary",
            help=_("A draft with the same assignees and own targets, without who has left."),
            key="copy_to_next",
        ):
            with refusals():
                _copy_to_next(actor, opened)


def _copy_to_next(actor: Actor, opened: Opened) -> None:
    copy = deeds.copy_to_next(actor, opened.view.id)
    st.query_params[OPEN] = str(copy.id)
    dialogs.say_done(
        n_(
            "This is the draft for the next period, with {count} assignment.",
            "This is the draft for the next period, with {count} assignments.",
            copy.assignments,
        )
    )
    st.rerun()


def _more(actor: Actor, opened: Opened) -> dict[str, str]:
    """The rest of the deeds and what they are called."""
    following = definitions.NEXT[opened.view.status]
    more: dict[str, str] = {}
    if actor.may(Permission.WRITE):
        more |= {_COPY: _("Duplicate"), _NEXT: _("Duplicate for the next period")}
    if opened.is_theirs and not opened.is_own:
        steps = {
            GoalStatus.PAUSED: _("Pause"),
            GoalStatus.COMPLETED: _("Complete…"),
            GoalStatus.CANCELLED: _("Cancel goal…"),
        }
        more |= {status.value: words for status, words in steps.items() if status in following}
        more[definition_steps.DELETE] = _("Delete…")
    return more


def _do(actor: Actor, opened: Opened, deed: str, tried: DryRun | None = None) -> None:
    """Do it at once; what loses something asks first."""
    id_ = opened.view.id
    with refusals():
        if deed in {_COPY, _NEXT}:
            st.query_params[OPEN] = str(deeds.duplicate(actor, id_, next_period=deed == _NEXT))
            dialogs.say_done(_("This is the copy, a draft."))
        elif deed == GoalStatus.ACTIVE:
            deeds.set_status(actor, id_, GoalStatus.ACTIVE)
            dialogs.say_done(dry_run.activated(tried))
        elif deed == GoalStatus.PAUSED:
            deeds.set_status(actor, id_, GoalStatus.PAUSED)
            dialogs.say_done(_("The goal is paused."))
        else:
            dialogs.go(deed)
        st.rerun()
