"""The steps of the drawer that assign a goal: to one, or to everyone in a team."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from goals_core.actor import Actor
from goals_core.errors import N_, GoalsError, Invalid
from goals_core.kinds import AssigneeType
from goals_core.services.choices import Assignee
from ui import definition_deeds as deeds
from ui import dialogs, goal_form, standings
from ui.definition_deeds import Assigning, AssigningMembers
from ui.definition_details import Opened
from ui.forms import NO_LINE, Form
from ui.wording import _, md, n_

ONE, MEMBERS = "assign", "assign members"
_CURRENT, _ANOTHER = "current", "another"
_BLANK = {"window": _CURRENT, "on": None, "custom_target": ""}


def start(definition_id: UUID) -> None:
    """Go to the empty form for one assignee."""
    _form(definition_id).load(_BLANK | {"assignee": None, "notes": ""})
    dialogs.go(ONE)


def start_members(definition_id: UUID, only_team: str | None) -> None:
    """Go to the empty form for a team's members; the one team there is stands in it already."""
    _form_of_members(definition_id).load(_BLANK | {"team": only_team})
    dialogs.go(MEMBERS)


def teams(opened: Opened) -> dict[str, Assignee]:
    """The teams whose members they may assign it to."""
    found = [each for each in opened.assignable if each.owner.type is AssigneeType.TEAM]
    return {goal_form.key_of(each.owner): each for each in found}


def one(actor: Actor, opened: Opened) -> None:
    """Assign to a person, a team or the company."""
    form = _form(opened.view.id)
    top = _begin(_("Assign"))
    wanted = _wanted(actor, opened, form)

    def assign() -> str:
        if wanted is None or form.problems:
            raise Invalid(*form.problems)
        deeds.assign(actor, opened.view.id, wanted)
        return _("Assigned.")

    _end(form, assign, top)


def members(actor: Actor, opened: Opened) -> None:
    """Assign to each member of a team."""
    form = _form_of_members(opened.view.id)
    top = _begin(_("Assign to all members of a team"))
    wanted = _wanted_members(actor, opened, form)
    st.caption(_("Who has it already keeps it as it is."))

    def assign() -> str:
        if wanted is None or form.problems:
            raise Invalid(*form.problems)
        planned = deeds.assign_members(actor, opened.view.id, wanted)
        return _assigned_to(planned.created, planned.same)

    _end(form, assign, top)


def _begin(title: str) -> DeltaGenerator:
    st.markdown(f"**{md(title)}**")
    return st.container()


def _end(form: Form, assign: Callable[[], str], top: DeltaGenerator) -> None:
    """The buttons; what stops the deed is told at its field or at the top."""
    with st.container(horizontal=True):
        sent = st.button(_("Assign"), type="primary", key=form.key("send"))
        st.button(_("Back"), on_click=dialogs.go, key=form.key("back"))
    if not sent:
        return
    try:
        done = assign()
    except GoalsError as error:
        form.tell(error, top=top)
        return
    dialogs.say_done(done)
    st.rerun()


def _form(definition_id: UUID) -> Form:
    return Form(f"assign_{definition_id.hex}")


def _form_of_members(definition_id: UUID) -> Form:
    return Form(f"members_{definition_id.hex}")


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


def _wanted_members(actor: Actor, opened: Opened, form: Form) -> AssigningMembers | None:
    """What the fields say; None as long as no team is chosen."""
    by_key = teams(opened)
    key = form.typed_choice(
        "team",
        _("Team"),
        list(by_key),
        words=lambda key: by_key[key].name,
        placeholder=_("Choose a team"),
    )
    on = _day(actor, opened, form)
    own_target = form.number(
        "custom_target", _("Target of each"), optional=True, placeholder=_("Same as the goal's")
    )
    team_id = by_key[key].owner.id if key is not None else None
    if team_id is None:
        form.problem("team", N_("Choose a team."))
        return None
    return AssigningMembers(team_id, own_target, on)


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


def _assigned_to(created: int, same: int) -> str:
    done = n_("Assigned to {count} person.", "Assigned to {count} people.", created)
    if not same:
        return done
    had = n_("{count} person had it already.", "{count} people had it already.", same)
    return f"{done} {had}" if created else had
