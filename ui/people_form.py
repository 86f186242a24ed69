"""The fields of a person: for an invitation, and to change who is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.people_views import PersonView
from goals_core.kinds import AssigneeType
from goals_core.permissions import Role
from goals_core.services import choices, people
from ui import reads
from ui.forms import Form
from ui.wording import _, name

_ROLES = (Role.REP, Role.MANAGER, Role.ANALYST, Role.ADMIN)


@dataclass(frozen=True)
class Wanted:
    """What the fields say."""

    name: str
    title: str
    role: Role
    manager_id: UUID | None
    hired_on: date | None
    left_on: date | None = None
    email: str = ""  # of somebody new


def managers(actor: Actor, person: PersonView | None = None) -> dict[str, str]:
    """Who can be a manager: whoever has an account, but not oneself; and who is it already."""
    with tenant_session(actor) as db:
        offered = {
            str(each.owner.id): each.name
            for each in choices.assignees(db)
            if each.owner.type is AssigneeType.USER
        }
    if person is None:
        return offered
    if person.manager_id is not None:
        offered.setdefault(str(person.manager_id), person.manager or "")
    offered.pop(str(person.id), None)
    return offered


def load(form: Form, person: PersonView) -> None:
    """Fill the fields with what is so now."""
    form.load(
        {
            "name": person.name,
            "title": person.title,
            "role": person.role,
            "manager_id": str(person.manager_id) if person.manager_id else None,
            "hired_on": person.hired_on,
            "left_on": person.left_on,
        }
    )


def fields(
    form: Form, offered: Mapping[str, str], *, is_new: bool = False, is_own: bool = False
) -> Wanted:
    """Draw them and say what they say."""
    email = form.text("email", _("E-mail"), placeholder="ana@example.com") if is_new else ""
    called = form.text("name", _("Name"))
    title = form.text("title", _("Title"), placeholder=_("What the person is in the company"))
    role: Role = form.choice(
        "role",
        _("Role"),
        _ROLES,
        words=name,
        disabled=is_own,
        help=_("Your own role is changed by another administrator.") if is_own else None,
    )
    st.caption(abilities(role))
    manager = form.typed_choice(
        "manager_id",
        _("Manager"),
        list(offered),
        words=_numbered(offered).__getitem__,
        placeholder=_("Nobody"),
    )
    hired_on, left_on = _days(form, is_new=is_new)
    manager_id = UUID(manager) if manager else None
    return Wanted(called, title, role, manager_id, hired_on, left_on, email)


def abilities(role: Role) -> str:
    """What a role may do, in a sentence."""
    words = {
        Role.ADMIN: _("Sees and changes everything: goals, people, teams and settings."),
        Role.MANAGER: _("Sets and sees the goals of the teams they lead, and their own."),
        Role.REP: _("Sees their own goals and those of their teams, and records progress."),
        Role.ANALYST: _("Reads everything and changes nothing."),
    }
    return words[role]


def save(actor: Actor, person: PersonView, wanted: Wanted) -> None:
    """Store both parts or none; who was faster is not overwritten."""
    with tenant_session(actor) as db:
        people.set_employment(
            db,
            person.id,
            hired_on=wanted.hired_on,
            left_on=wanted.left_on,
            seen_at=person.updated_at,
        )
        people.change(
            db,
            person.id,
            name=wanted.name,
            title=wanted.title,
            role=wanted.role,
            manager_id=wanted.manager_id,
        )
    reads.forget()


def _days(form: Form, *, is_new: bool) -> tuple[date | None, date | None]:
    if is_new:
        return form.day("hired_on", _("First day of work"), optional=True), None
    first, last = st.columns(2)
    with first:
        hired_on = form.day("hired_on", _("First day of work"), optional=True)
    with last:
        left_on = form.day("left_on", _("Last day of work"), optional=True)
    return hired_on, left_on


def _numbered(offered: Mapping[str, Any]) -> dict[str, str]:
    """Each under a name of its own, numbered if need be."""
    found: dict[str, str] = {}
    for key, called in offered.items():
        label, number = called, 1
        while label in found.values():
            number += 1
            label = f"{called} ({number})"
        found[key] = label
    return found
