"""Where one is signed in, on the settings page: each browser, and its end."""

from functools import lru_cache

import streamlit as st
from ua_parser import parse

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.services import sessions
from goals_core.services.sessions import SignedIn
from ui.feedback import flash, refusals
from ui.wording import _, md, n_, spoken


def session_list(actor: Actor) -> None:
    """The browsers, this one first, and a way to end them."""
    with tenant_session(actor) as db:
        found = sessions.list_(db)
    for one in found:
        with st.container(border=True):
            _shown(actor, one)
    others = len(found) - 1
    if others > 0 and st.button(
        _("Sign out everywhere else"), icon=":material/logout:", key="end_others"
    ):
        with tenant_session(actor) as db:
            ended = sessions.end_others(db)
        flash(n_("{count} browser is signed out.", "{count} browsers are signed out.", ended))
        st.rerun()


def _shown(actor: Actor, one: SignedIn) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        this = f" :green-badge[{_('This browser')}]" if one.is_this else ""
        st.markdown(
            f":material/devices: **{md(browser(one.user_agent))}**{this}  \n"
            f":small[:gray[{md(_when(one))}]]",
            width="stretch",
        )
        if not one.is_this and st.button(_("Sign out"), key=f"end_{one.id}"):
            with refusals():
                with tenant_session(actor) as db:
                    sessions.end(db, one.id)
                flash(_("That browser is signed out."))
                st.rerun()


def _when(one: SignedIn) -> str:
    said = [
        _("Signed in {when}").format(when=spoken().moment(one.begun_at)),
        _("last seen {when}").format(when=spoken().moment(one.seen_at)),
    ]
    return " · ".join([*said, *([one.address] if one.address else [])])


def browser(user_agent: str) -> str:
    """What a browser says of itself, in words: Firefox on Windows."""
    name, system = _read(user_agent)
    if name and system:
        return _("{browser} on {system}").format(browser=name, system=system)
    return name or system or _("A browser that does not say what it is")


@lru_cache(maxsize=1000)
def _read(user_agent: str) -> tuple[str, str]:
    """Browser and system; reading takes a while, and most people have the same few."""
    read = parse(user_agent)
    name = read.user_agent.family if read.user_agent else ""
    return name, read.os.family if read.os else ""
