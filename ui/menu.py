"""The one table of pages: where each stands in the menu, and the permission that it needs."""

from dataclasses import dataclass

import streamlit as st

from goals_core.actor import Actor
from goals_core.config import PROJECT
from goals_core.errors import N_, NotAllowed
from goals_core.permissions import Permission
from ui.wording import _

PAGES = PROJECT / "pages"


@dataclass(frozen=True, slots=True)
class Entry:
    """A page; one that is not `listed` is reached from another page only."""

    name: str  # of its script, and its address
    title: str
    icon: str  # a Material symbol
    needs: frozenset[Permission]  # any one of them
    listed: bool = True


def _entry(name: str, title: str, icon: str, *needs: Permission, listed: bool = True) -> Entry:
    return Entry(name, title, icon, frozenset(needs or {Permission.READ}), listed)


TABLE: dict[str, tuple[Entry, ...]] = {
    "": (_entry("overview", N_("Overview"), "space_dashboard"),),
    N_("My work"): (
        _entry("my_goals", N_("My goals"), "flag"),
        _entry("at_risk", N_("At risk"), "warning"),
        _entry("inbox", N_("Inbox"), "inbox"),
        _entry("notifications", N_("Notifications"), "notifications", listed=False),
        _entry("settings", N_("Settings"), "settings"),
    ),
    N_("Goals"): (
        _entry("definitions", N_("Definitions"), "list_alt"),
        _entry("new_goal", N_("New goal"), "add_circle", Permission.WRITE),
        _entry(
            "imports",
            N_("Import"),
            "upload_file",
            Permission.PROGRESS,
            Permission.WRITE,
            Permission.ASSIGN,
            Permission.MANAGE,
        ),
        _entry("goal", N_("Goal"), "track_changes", listed=False),
    ),
    N_("Administration"): (
        _entry("people", N_("People"), "group", Permission.MANAGE),
        _entry("teams", N_("Teams"), "groups", Permission.MANAGE),
        _entry("rates", N_("Exchange rates"), "currency_exchange", Permission.MANAGE),
        _entry("syncs", N_("Syncs"), "sync", Permission.MANAGE),
        _entry("audit", N_("Audit log"), "history", Permission.MANAGE),
    ),
}
START = "overview"


def entries() -> dict[str, Entry]:
    """Every page by its name."""
    return {entry.name: entry for section in TABLE.values() for entry in section}


def refusal(actor: Actor, name: str) -> NotAllowed | None:
    """Why the page of that name is not the actor's to use; None when it is."""
    needed = entries()[name].needs
    if any(actor.may(permission) for permission in needed):
        return None
    return NotAllowed(permission=min(needed))


def pages(actor: Actor | None) -> dict[str, list[st.Page]]:
    """Every page there is; what a role cannot use is not in its menu, but keeps its address."""
    return {
        _(section) if section else "": [_page(entry, actor) for entry in found]
        for section, found in TABLE.items()
    }


def _page(entry: Entry, actor: Actor | None) -> st.Page:
    shown = actor is not None and entry.listed and refusal(actor, entry.name) is None
    return st.Page(
        PAGES / f"{entry.name}.py",
        title=_(entry.title),
        icon=f":material/{entry.icon}:",
        default=entry.name == START,
        visibility="visible" if shown else "hidden",
    )
