"""The steps of a person's drawer that ask for something before they do it."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.people_views import PersonView
from goals_core.errors import GoalsError, Invalid
from goals_core.permissions import Permission, Reach, reach
from goals_core.services import people
from goals_core.services.people import PersonDetails
from ui import dialogs, people_form, reads
from ui.dialogs import Question
from ui.forms import Form
from ui.people_form import Wanted
from ui.wording import _, name

EDIT, ROLE, DISABLE = "edit person", "role", "disable person"
_WANTED, _SEEN = "goals_person_wanted", "goals_person_seen"


def show(actor: Actor, details: PersonDetails) -> bool:
    """The step that the drawer is at; False at its beginning."""
    step = dialogs.step()
    if step == EDIT:
        _edit(actor, details.person)
    elif step == ROLE and _WANTED in st.session_state:
        _ask_about_role(actor, details, st.session_state[_WANTED])
    elif step == DISABLE:
        _ask_about_disabling(actor, details)
    else:
        return False
    return True


def start_edit(person: PersonView) -> None:
    """Go to the form, filled with what is so now."""
    people_form.load(_form(person), person)
    st.session_state[_SEEN] = person
    dialogs.go(EDIT)


def _form(person: PersonView) -> Form:
    return Form(f"person_{person.id.hex}")


def _edit(actor: Actor, person: PersonView) -> None:
    form, seen = _form(person), st.session_state.get(_SEEN, person)
    top = st.container()
    is_own = person.id == actor.user_id
    wanted = people_form.fields(form, people_form.managers(actor, person), is_own=is_own)
    with st.container(horizontal=True):
        sent = st.button(_("Save"), type="primary", key="person_save")
        st.button(_("Back"), on_click=dialogs.go, key="person_back")
    if not sent:
        return
    if form.problems:
        form.tell(Invalid(*form.problems), top=top)
    elif wanted.role is not seen.role:
        st.session_state[_WANTED] = wanted
        dialogs.go(ROLE)
        st.rerun()
    else:
        _save(actor, seen, wanted, form, top)


def _save(actor: Actor, seen: PersonView, wanted: Wanted, form: Form, top: DeltaGenerator) -> None:
    try:
        people_form.save(actor, seen, wanted)
    except GoalsError as error:
        form.tell(error, top=top)
        return
    dialogs.say_done(_("Saved."))
    st.rerun()


def _ask_about_role(actor: Actor, details: PersonDetails, wanted: Wanted) -> None:
    seen: PersonView = st.session_state.get(_SEEN, details.person)
    title = _("Change the role of {name} to {role}?").format(name=seen.name, role=name(wanted.role))
    sentences = [
        people_form.abilities(wanted.role),
        _("Every browser in which {name} is signed in is signed out at once."),
    ]
    if details.leads and Reach.LED not in reach(wanted.role, Permission.READ):
        sentences.append(_("They lead {teams}, and will no longer see or set its goals."))
    facts = {"name": seen.name, "teams": ", ".join(details.leads)}
    question = Question(title, " ".join(sentences).format(**facts), _("Change the role"), "role")
    if dialogs.ask(question, partial(people_form.save, actor, seen, wanted)):
        dialogs.say_done(_("Saved."))
        st.rerun()


def _ask_about_disabling(actor: Actor, details: PersonDetails) -> None:
    person = details.person
    sentences = [
        _("They are signed out of every browser at once and cannot come back in."),
        _(
            "Goals, records and teams stay; what is assigned runs to the end of its window, and"
            " nothing further begins."
        ),
        _("The account can be enabled again."),
    ]
    if details.leads:
        sentences.append(_("They lead {teams}: choose somebody else for that."))
    question = Question(
        _("Disable the account of {name}?").format(name=person.name),
        " ".join(sentences).format(teams=", ".join(details.leads)),
        _("Disable the account"),
        "disable",
    )

    def disable() -> None:
        with tenant_session(actor) as db:
            people.disable(db, person.id)
        reads.forget()

    if dialogs.ask(question, disable):
        dialogs.say_done(_("{name} can no longer sign in.").format(name=person.name))
        st.rerun()
