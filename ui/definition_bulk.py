"""One step for several definitions at once: a bar with what all of them allow, and a question."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NoReturn

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.errors import N_
from goals_core.kinds import GoalStatus
from goals_core.services import definitions
from goals_core.services.definitions import DefinitionView
from ui import definition_deeds as deeds
from ui import definition_list, dialogs
from ui.dialogs import Question
from ui.feedback import flash, refusals
from ui.own_goals import first_own
from ui.session import require_actor
from ui.wording import _, md, n_

_ASK = "bulk "
"""The step at which it is asked whether the status that follows is meant."""
_ICONS = {
    GoalStatus.ACTIVE: ":material/play_arrow:",
    GoalStatus.PAUSED: ":material/pause:",
    GoalStatus.COMPLETED: ":material/task_alt:",
    GoalStatus.CANCELLED: ":material/block:",
}
_LABELS: Mapping[GoalStatus, str] = {
    GoalStatus.ACTIVE: N_("Activate"),
    GoalStatus.PAUSED: N_("Pause"),
    GoalStatus.COMPLETED: N_("Complete…"),
    GoalStatus.CANCELLED: N_("Cancel goals…"),
}
_AT_ONCE = {GoalStatus.ACTIVE, GoalStatus.PAUSED}


def show(actor: Actor, chosen: Sequence[DefinitionView]) -> None:
    """The bar at the bottom of the window, as long as something is ticked."""
    if not chosen:
        if dialogs.step().startswith(_ASK):
            dialogs.forget()
        return
    steps, hint = _common(actor, chosen)
    with st.bottom, st.container(border=True, gap="xsmall"):
        place = st.container()
        with st.container(horizontal=True, vertical_alignment="center"):
            count = n_("{count} goal selected", "{count} goals selected", len(chosen))
            st.markdown(f"**{count}**", width="content")
            pressed = [status for status in steps if _button(status)]
            st.space("stretch")
            st.button(
                _("Clear selection"),
                type="tertiary",
                on_click=definition_list.unselect,
                key="bulk_clear",
            )
        if hint:
            st.caption(f":material/lock: {md(hint)}")
    for status in pressed:
        with place, refusals():
            _do(actor, chosen, status)
    _ask_when_wanted(chosen)


def _common(actor: Actor, chosen: Sequence[DefinitionView]) -> tuple[list[GoalStatus], str]:
    """The steps that all of them allow the actor, and which goal stands in the way of others."""
    with tenant_session(actor) as db:
        theirs = definitions.changeable(db, [view.id for view in chosen])
        own = first_own(db, chosen)
    for view in chosen:
        if view.id not in theirs:
            return [], _("{name} is not yours to change.").format(name=view.name)
    every = [definitions.NEXT[view.status] for view in chosen]
    common = [status for status in _LABELS if all(status in each for each in every)]
    if not common:
        return [], _("There is no step that all of these can take.")
    if own is None:
        return common, ""
    sentence = _(
        "{name} is also your own goal: only someone who manages goals can pause or end it."
    )
    return [each for each in common if each == GoalStatus.ACTIVE], sentence.format(name=own.name)


def _button(status: GoalStatus) -> bool:
    if status in _AT_ONCE:
        return st.button(_(_LABELS[status]), icon=_ICONS[status], key=f"bulk_{status.value}")
    st.button(
        _(_LABELS[status]),
        icon=_ICONS[status],
        on_click=dialogs.go,
        args=(f"{_ASK}{status.value}",),
        key=f"bulk_{status.value}",
    )
    return False


def _do(actor: Actor, chosen: Sequence[DefinitionView], status: GoalStatus) -> None:
    deeds.set_statuses(actor, [view.id for view in chosen], status)
    _tell_done(chosen, status)


def _ask_when_wanted(chosen: Sequence[DefinitionView]) -> None:
    """The dialog stays open as long as session state says so, unless a definition is open."""
    if not dialogs.step().startswith(_ASK) or definition_list.OPEN in st.query_params:
        return
    status = GoalStatus(dialogs.step().removeprefix(_ASK))
    count = len(chosen)
    titles = {
        GoalStatus.COMPLETED: n_("Complete {count} goal?", "Complete {count} goals?", count),
        GoalStatus.CANCELLED: n_("Cancel {count} goal?", "Cancel {count} goals?", count),
    }
    st.dialog(titles[status], on_dismiss=dialogs.forget)(_answer)(chosen, status)


def _answer(chosen: Sequence[DefinitionView], status: GoalStatus) -> None:
    """A fragment: it runs again without its page."""
    actor = require_actor()
    if not dialogs.step():
        st.rerun()
    deed = partial(deeds.set_statuses, actor, [view.id for view in chosen], status)
    if dialogs.ask(_question(chosen, status), deed):
        _tell_done(chosen, status)


def _question(chosen: Sequence[DefinitionView], status: GoalStatus) -> Question:
    names = ", ".join(view.name for view in chosen)
    if status is GoalStatus.COMPLETED:
        consequence = _(
            "They are tracked no longer and stay as they are. This cannot be taken back."
        )
        return Question(names, consequence, _("Complete goals"), "bulk_ask")
    consequence = _(
        "They are tracked no longer; what was recorded stays. This cannot be taken back."
    )
    return Question(names, consequence, _("Cancel goals"), "bulk_ask")


def _tell_done(chosen: Sequence[DefinitionView], status: GoalStatus) -> NoReturn:
    count = len(chosen)
    done = {
        GoalStatus.ACTIVE: n_("{count} goal is active.", "{count} goals are active.", count),
        GoalStatus.PAUSED: n_("{count} goal is paused.", "{count} goals are paused.", count),
        GoalStatus.COMPLETED: n_(
            "{count} goal is completed.", "{count} goals are completed.", count
        ),
        GoalStatus.CANCELLED: n_(
            "{count} goal is cancelled.", "{count} goals are cancelled.", count
        ),
    }
    definition_list.unselect()
    dialogs.forget()
    flash(done[status])
    st.rerun()
