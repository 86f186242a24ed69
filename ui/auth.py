"""Signing in and out in the browser: the ways in, the cookie's hand-over, the way out."""

import secrets
from functools import cache
from typing import Any, NoReturn

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.services import signin
from ui import brand, cookies, demo_box, forgotten, sign_in_form, sso
from ui.feedback import flash
from ui.wording import _

TOKEN = "goals_token"  # noqa: S105  (where this tab keeps it: its own cookie is read only once)
_TICKET = "goals_ticket"
_LEAVING = "goals_leaving"
_USER = "goals_user"

# The browser asks for or gives up its cookie, and says whether that went well. Once for each
# ticket in the whole tab: the first block of a page takes over the sign-in page's children until
# it has its own, and so mounts this anew.
_KNOCK = """
const knocked = new Set();
export default function ({ data, setTriggerValue }) {
  if (knocked.has(data.ticket)) return;
  knocked.add(data.ticket);
  fetch(data.path, {
    method: "POST",
    credentials: "same-origin",
    headers: { "X-Goals-Ticket": data.ticket },
  }).then((answer) => setTriggerValue("done", answer.ok ? "kept" : "lost"),
          () => setTriggerValue("done", "lost"));
}
"""


def token() -> str | None:
    """What this browser came with: from its sign-in in this tab, otherwise from its cookie."""
    found = st.session_state.get(TOKEN) or st.context.cookies.get(cookies.name())
    return found if isinstance(found, str) else None


def is_handing_over() -> bool:
    """Whether the browser has yet to take its cookie."""
    return _TICKET in st.session_state


def sign_in_page() -> NoReturn:
    """Show the way in, in place of whatever was asked for; the address stays as it is."""
    with st.container(horizontal_alignment="center"):
        st.space(56)
        with st.container(width=360, key="goals_sign_in"):
            st.html(f'<div style="text-align: center">{brand.picture(64)}</div>')
            st.title(brand.NAME, anchor=False, text_alignment="center")
            st.markdown(
                _(":gray[See where you stand, and what it takes to get there.]"),
                text_alignment="center",
            )
            if is_handing_over():
                _hand_over()
            else:
                _ways_in()
    st.stop()


def sign_out(actor: Actor) -> NoReturn:
    """End this session everywhere it is open, and forget what this tab knows."""
    leave(actor)
    st.rerun()


def leave(actor: Actor) -> None:
    """The same, before something else is done in this run; the next one shows the ways in."""
    with tenant_session(actor) as db:
        signin.revoke(db)
    st.session_state.clear()
    st.session_state[_LEAVING] = secrets.token_hex(8)


def _hand_over() -> None:
    with st.spinner(_("Signing you in…")):
        _knock()(
            key="goals_accept",
            data={"path": "/auth/accept", "ticket": st.session_state[_TICKET]},
            on_done_change=_handed_over,
            height=1,
        )


def _handed_over() -> None:
    if st.session_state.pop(_TICKET, None) is None:
        return  # heard before; a page stands there now, and Streamlit has forgotten the answer
    if st.session_state["goals_accept"].done != "kept":
        flash(_("This browser did not keep your sign-in: a reload asks for it."), is_warning=True)


def _ways_in() -> None:
    if leaving := st.session_state.get(_LEAVING):
        _knock()(key="goals_leave", data={"path": "/auth/leave", "ticket": leaving}, height=1)
        sso.leave()
    elif entry := sso.come_in():
        _remember(entry.actor, entry.token)
        st.rerun()
    if forgotten.is_open():
        forgotten.show()
        return
    sso.buttons()
    sign_in_form.show(_remember)
    forgotten.button()
    demo_box.show()


def _remember(actor: Actor, token: str) -> None:
    """Keep who is signed in for this tab, and a ticket with which the browser gets its cookie."""
    _forget_others(actor)
    st.session_state[TOKEN] = token
    st.session_state[_TICKET] = cookies.issue(token)


def _forget_others(actor: Actor) -> None:
    """Leave nothing in this tab of someone else who was signed in here before."""
    if st.session_state.get(_USER) != actor.user_id:
        for key in set(st.session_state) - {"authentication_status"}:
            del st.session_state[key]
    st.session_state.pop(_LEAVING, None)
    st.session_state[_USER] = actor.user_id


@cache
def _knock() -> Any:  # noqa: ANN401  (the library's renderer has no public type)
    return st.components.v2.component("goals_knock", js=_KNOCK)
