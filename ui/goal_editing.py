"""What the goal form is about: a new goal, or one that exists, as it was when it was opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session
from goals_core.engine.drafts import Draft
from goals_core.engine.paging import PageRequest
from goals_core.errors import N_, GoalsError, NotAllowed, NotFound, Stale
from goals_core.kinds import GoalStatus
from goals_core.permissions import Permission
from goals_core.services import assignments, choices, definitions
from goals_core.services.definitions import DefinitionView, NotEditable
from goals_core.services.receipts import Owner
from ui import goal_form, goal_saving, reads, targets
from ui.feedback import empty_state, flash
from ui.forms import Form
from ui.goal_saving import Entered
from ui.own_goals import is_own
from ui.places import DEFINITIONS
from ui.wording import _, md, name, say

SAVE, ACTIVATE = "save", "activate"
_MOST_PREVIEWED = PageRequest(size=100)


@dataclass(frozen=True)
class Editing:
    """The form of this run, and the definition that it changes, if there is one already."""

    form: Form
    definition: DefinitionView | None = None
    is_fixed: bool = False  # there is progress
    is_own: bool = False  # theirs to name, but not to move

    @property
    def kept(self) -> Draft | None:
        """The settings that stay as they are, but for the words."""
        return self.definition.settings if self.definition and self.is_own else None

    @property
    def can_activate(self) -> bool:
        return self.definition is None or self.definition.status is GoalStatus.DRAFT


def begin(actor: Actor) -> Editing:
    """The form, filled; who may not use it is told so, and the page goes no further."""
    try:
        wanted = st.query_params.get("edit")
        editing = _existing(actor, wanted) if wanted else Editing(Form("new_goal"))
    except GoalsError as error:
        _refuse(error)
    _load_once(editing, actor)
    return editing


def title(editing: Editing) -> None:
    """What is made or changed here."""
    if editing.definition is None:
        st.title(_("New goal"), anchor=False)
    else:
        st.title(_("Edit goal"), anchor=False)
        st.caption(f"{md(editing.definition.name)} · {name(editing.definition.status)}")


def assigned(editing: Editing, actor: Actor) -> dict[Owner, Decimal | None]:
    """Whom the form assigns a new goal to; an existing one is assigned from the list."""
    if editing.definition is not None:
        return {}
    with tenant_session(actor) as db:
        offered = choices.assignees(db)
    return goal_form.assignees(editing.form, offered)


def holders(editing: Editing, actor: Actor) -> dict[Owner, Decimal | None]:
    """Who has an existing goal in today's window, or the first to come."""
    if editing.definition is None:
        return {}
    with tenant_session(actor) as db:
        return assigned_now(db, editing.definition)


def assigned_now(db: TenantSession, definition: DefinitionView) -> dict[Owner, Decimal | None]:
    """Who has it in today's window, or the first to come, each with the own target, if any."""
    window = definitions.schedule_of(db, definition.settings).current_or_first(
        db.actor.tenant.today
    )
    if window is None:
        return {}
    found = assignments.list_(
        db, definition_id=definition.id, on=window.start, page=_MOST_PREVIEWED
    )
    return {
        Owner(one.assignee_type, one.assignee_id): targets.full(one) if one.has_own_target else None
        for one in found.items
    }


def buttons(editing: Editing) -> str | None:
    """The bar at the bottom of the window; which way of saving was pressed, if any."""
    form, pressed = editing.form, None
    bar = st.container(border=True)
    with bar:
        form.summary()
    with bar.container(horizontal=True, horizontal_alignment="right"):
        if st.button(_("Cancel"), type="tertiary", key=form.key("leave")):
            st.switch_page(DEFINITIONS)
        if editing.can_activate:
            if st.button(_("Save as draft"), key=form.key("save")):
                pressed = SAVE
            if st.button(_("Save and activate"), type="primary", key=form.key("activate")):
                pressed = ACTIVATE
        elif st.button(_("Save changes"), type="primary", key=form.key("save")):
            pressed = SAVE
    return pressed


def save(
    actor: Actor, editing: Editing, entered: Entered, pressed: str, *, nothing_found: bool = False
) -> NoReturn:
    """Write it all, and go on to the list; `nothing_found`: by its dry run it counts nothing."""
    activate = pressed == ACTIVATE
    if editing.definition is None:
        goal_saving.create(actor, entered, activate=activate)
    else:
        version = editing.form.read("version")
        goal_saving.update(
            actor, editing.definition.id, entered, version=version, activate=activate
        )
    reads.forget()
    is_warning = activate and nothing_found
    if is_warning:
        sentence = _(
            "{name} is saved and active, though nothing would have counted in its last windows."
        )
    else:
        sentence = _("{name} is saved and active.") if activate else _("{name} is saved.")
    flash(sentence.format(name=entered.draft.name.strip()), is_warning=is_warning)
    st.switch_page(DEFINITIONS)


@contextmanager
def telling(editing: Editing, top: DeltaGenerator) -> Iterator[None]:
    """Show what stops the block; from the first time on, every run says what is still wrong."""
    form = editing.form
    try:
        yield
    except GoalsError as error:
        form.load({"was_tried": True})
        form.tell(error, top=top)
        if isinstance(error, Stale):
            top.button(
                _("Load the newer version"),
                icon=":material/refresh:",
                on_click=form.load,
                args=({"is_outdated": True},),
                key=form.key("reload"),
            )


def was_tried(editing: Editing) -> bool:
    return bool(editing.form.read("was_tried"))


def _existing(actor: Actor, wanted: str) -> Editing:
    with tenant_session(actor) as db:
        definition = definitions.get(db, _id(wanted))
        if definition.id not in definitions.changeable(db, [definition.id]):
            raise NotAllowed(permission=Permission.WRITE.value)
        if not definitions.NEXT[definition.status]:
            raise NotEditable(name=definition.name, status=definition.status)
        is_fixed = definitions.has_progress(db, definition.id)
        own = is_own(db, definition.id)
    return Editing(Form(f"goal_{definition.id.hex}"), definition, is_fixed, own)


def _id(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        raise NotFound(N_("goal")) from None


def _refuse(error: GoalsError) -> NoReturn:
    st.title(_("New goal"), anchor=False)
    if empty_state(
        ":material/lock:",
        _("This form is not yours to use"),
        say(error),
        action=_("To the definitions"),
        key="to_definitions",
    ):
        st.switch_page(DEFINITIONS)
    st.stop()


def _load_once(editing: Editing, actor: Actor) -> None:
    """Fill the fields when the form is opened, and when its newer version is asked for."""
    form, definition = editing.form, editing.definition
    if form.read("name") is not None and not form.read("is_outdated"):
        return
    settings = goal_form.blank(actor) if definition is None else definition.settings
    form.load(goal_form.state_of(settings, currency=actor.tenant.currency))
    form.load({"was_tried": False, "is_outdated": False})
    if definition is not None:
        form.load({"version": definition.version})
