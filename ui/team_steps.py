"""The steps of a team's drawer: its name and manager, a new member, a member's days."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session
from goals_core.errors import N_, GoalsError, Invalid
from goals_core.kinds import AssigneeType
from goals_core.services import choices, teams
from goals_core.services.teams import Member, TeamDetails, TeamSummary
from ui import dialogs, reads
from ui.dialogs import Question
from ui.forms import Form
from ui.session import require_actor
from ui.team_list import OPEN
from ui.wording import _, md

NEW, EDIT, ADD, CHANGE, UNDO = "new team", "edit team", "add", "days ", "undo "
_TEAM, _ADDED, _DAYS = "team", "member", "days"
"""The names of the forms."""


def start_new() -> None:
    Form(_TEAM).load({"name": "", "manager_id": None})
    dialogs.go(NEW)


def start_edit(team: TeamSummary) -> None:
    manager = str(team.manager_id) if team.manager_id else None
    Form(_TEAM).load({"name": team.name, "manager_id": manager})
    dialogs.go(EDIT)


def start_adding(today: date) -> None:
    Form(_ADDED).load({"user_id": None, "member_from": today, "member_to": None})
    dialogs.go(ADD)


def start_changing(member: Member) -> None:
    Form(_DAYS).load({"member_from": member.member_from, "member_to": member.member_to})
    dialogs.go(f"{CHANGE}{member.id}")


def show(actor: Actor, details: TeamDetails) -> bool:
    """The step that the drawer is at; False at its beginning."""
    step = dialogs.step()
    members = {str(member.id): member for member in details.members}
    if step == EDIT:
        _edit(actor, details.team)
    elif step == ADD:
        _add(actor, details)
    elif step.startswith(CHANGE) and (found := members.get(step.removeprefix(CHANGE))):
        _change(actor, found)
    elif step.startswith(UNDO) and (found := members.get(step.removeprefix(UNDO))):
        _undo(actor, details.team, found)
    else:
        return False
    return True


def new() -> None:
    """A fragment: it runs again without its page."""
    actor = require_actor()
    top, form = st.container(), Form(_TEAM)
    name, manager_id = _fields(form, _people(actor))
    made: list[UUID] = []

    def create(db: TenantSession) -> None:
        made.append(teams.create_team(db, name=name, manager_id=manager_id))

    if _sent(_("Create"), with_back=False) and _done(actor, form, top, create):
        st.query_params[OPEN] = str(made[0])
        dialogs.say_done(_("This is the new team: now add who is in it."))
        st.rerun()


def _edit(actor: Actor, team: TeamSummary) -> None:
    top, form = st.container(), Form(_TEAM)
    offered = _people(actor)
    if team.manager_id is not None:
        offered.setdefault(str(team.manager_id), team.manager or "")
    name, manager_id = _fields(form, offered)

    def save(db: TenantSession) -> None:
        teams.rename(db, team.id, name=name)
        teams.set_manager(db, team.id, manager_id=manager_id)

    if _sent(_("Save")) and _done(actor, form, top, save):
        dialogs.say_done(_("Saved."))
        st.rerun()


def _add(actor: Actor, details: TeamDetails) -> None:
    st.markdown(f"**{md(_('Add a member'))}**")
    top, form = st.container(), Form(_ADDED)
    offered = _people(actor)
    who = form.typed_choice(
        "user_id",
        _("Person"),
        list(offered),
        words=offered.__getitem__,
        placeholder=_("Choose a person"),
    )
    first, last = _days_of(form)
    st.caption(_("Records of these days count for the team, at once and also backwards."))
    if who is None:
        form.problem("user_id", N_("Choose a person."))

    def add(db: TenantSession) -> None:
        assert who is not None and first is not None  # noqa: S101, PT018  (a problem otherwise)
        teams.add_member(
            db, team_id=details.team.id, user_id=UUID(who), member_from=first, member_to=last
        )

    if _sent(_("Add")) and _done(actor, form, top, add):
        dialogs.say_done(_("{name} is added.").format(name=offered[who]))
        st.rerun()


def _change(actor: Actor, member: Member) -> None:
    st.markdown(f"**{md(member.name)}**")
    top, form = st.container(), Form(_DAYS)
    first, last = _days_of(form)
    st.caption(
        _("Open goals of the team follow at once; windows that are closed keep their value.")
    )

    def change(db: TenantSession) -> None:
        assert first is not None  # noqa: S101  (a problem otherwise)
        teams.change_membership(db, member.id, member_from=first, member_to=last)

    if _sent(_("Save")) and _done(actor, form, top, change):
        dialogs.say_done(_("Saved."))
        st.rerun()
    st.button(
        _("This was a mistake…"),
        icon=":material/undo:",
        type="tertiary",
        on_click=dialogs.go,
        args=(f"{UNDO}{member.id}",),
        key="mistake",
    )


def _undo(actor: Actor, team: TeamSummary, member: Member) -> None:
    question = Question(
        _("Take back that {name} was in {team}?").format(name=member.name, team=team.name),
        _(
            "The team's open goals no longer count these records. Who leaves the team gets a last"
            " day instead."
        ),
        _("Take back"),
        "undo",
    )

    def take_back() -> None:
        with tenant_session(actor) as db:
            teams.take_back_membership(db, member.id)
        reads.forget()

    if dialogs.ask(question, take_back):
        dialogs.say_done(_("The membership is taken back."))
        st.rerun()


def _fields(form: Form, offered: dict[str, str]) -> tuple[str, UUID | None]:
    name = form.text("name", _("Name"))
    manager = form.typed_choice(
        "manager_id",
        _("Led by"),
        list(offered),
        words=offered.__getitem__,
        placeholder=_("Nobody"),
        help=_("A manager sees and sets the goals of the team and its members."),
    )
    return name, UUID(manager) if manager else None


def _days_of(form: Form) -> tuple[date | None, date | None]:
    left, right = st.columns(2)
    with left:
        first = form.day("member_from", _("First day"))
    with right:
        last = form.day("member_to", _("Last day"), optional=True)
    return first, last


def _people(actor: Actor) -> dict[str, str]:
    """Everyone who has an account, by name."""
    with tenant_session(actor) as db:
        return {
            str(each.owner.id): each.name
            for each in choices.assignees(db)
            if each.owner.type is AssigneeType.USER
        }


def _sent(label: str, *, with_back: bool = True) -> bool:
    with st.container(horizontal=True):
        sent = st.button(label, type="primary", key="team_send")
        if with_back:
            st.button(_("Back"), on_click=dialogs.go, key="team_back")
    return sent


def _done(
    actor: Actor, form: Form, top: DeltaGenerator, deed: Callable[[TenantSession], None]
) -> bool:
    """Do it, unless something is wrong, which is told at its field or at the top."""
    try:
        if form.problems:
            raise Invalid(*form.problems)
        with tenant_session(actor) as db:
            deed(db)
    except GoalsError as error:
        form.tell(error, top=top)
        return False
    reads.forget()
    return True
