"""Signing in and out in the browser: streamlit-authenticator's form over our own sessions."""

import secrets
from functools import cache
from typing import Any, NoReturn

import streamlit as st
import streamlit_authenticator as stauth
from streamlit_authenticator.controllers import AuthenticationController
from streamlit_authenticator.utilities import Encryptor

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.logins import Login
from goals_core.services import signin
from ui import brand, cookies, sso
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
    with tenant_session(actor) as db:
        signin.revoke(db)
    st.session_state.clear()
    st.session_state[_LEAVING] = secrets.token_hex(8)
    st.rerun()


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
    sso.buttons()
    _form()


def _form() -> None:
    st.html(_style())
    st.session_state["authentication_status"] = None  # the library would skip its form
    GoalsAuth().login(
        fields={
            "Form name": _("Sign in"),
            "Username": _("E-mail"),
            "Password": _("Password"),
            "Login": _("Sign in"),
        },
        key="goals_sign_in_form",
    )
    if st.session_state["authentication_status"]:
        st.rerun()
    if st.session_state["authentication_status"] is False:
        # one answer for unknown, wrong and locked: it tells nobody who has an account
        st.error(
            _(
                "This e-mail and password do not match."
                " After five failed attempts an account is locked for 15 minutes."
            ),
            icon=":material/lock:",
        )


def _style() -> str:
    """Make the form's button the primary one: the library gives no say in it."""
    mode = "dark" if st.context.theme.type == "dark" else "light"
    colour = st.get_option(f"theme.{mode}.primaryColor")
    button = '[data-testid="stFormSubmitButton"]'
    mine = f".st-key-goals_sign_in {button}"
    around = f'.st-key-goals_sign_in [data-testid="stElementContainer"]:has({button})'
    return (
        f"<style>{around}, {mine}, {mine} button {{ width: 100% }}"
        f" {mine} button {{ background: {colour}; border-color: {colour}; color: white }}"
        f" {mine} button:hover {{ filter: brightness(1.1) }}</style>"
    )


class GoalsAuth(stauth.Authenticate):  # type: ignore[misc]  # it ships no types
    """The library's form; what it knows of people, tries and sessions is the database's."""

    def __init__(self) -> None:
        # Not the library's own: that puts a frame into the page, to write a cookie by script.
        secret = secrets.token_hex()  # nothing is encrypted that anybody reads later
        self.api_key = None
        self.path = None
        self.secret_key = secret
        self.attrs = {"login_sleep_time": 0}
        self.encryptor = Encryptor(secret)
        self.cookie_controller = _Sessions()
        self.authentication_controller = _Controller(self.cookie_controller, secret)


class _Sessions:
    """Stands in for the library's cookies: a row in the database, a ticket for the browser."""

    login: Login | None = None

    def get_cookie(self) -> None:
        """Nothing: the guard looked before the form was shown."""

    def set_cookie(self) -> None:
        """Open the session of whoever has just proved who they are."""
        assert self.login is not None  # noqa: S101  (the form calls this after a proof)
        with tenant_session(self.login.actor) as db:
            token = signin.open_session(db, self.login)
        _remember(self.login.actor, token)

    def delete_cookie(self) -> None:
        """Nothing: signing out is `sign_out`."""


class _Controller(AuthenticationController):  # type: ignore[misc]  # it ships no types
    """The library's rules for a try, with passwords taken as typed and compared by the core."""

    def __init__(self, sessions: _Sessions, secret: str) -> None:
        super().__init__({"usernames": {}}, auto_hash=False, secret_key=secret)
        self._sessions = sessions
        self.authentication_model.check_credentials = self._check

    def login(
        self, username: str = "", password: str = "", *_rest: object, **_more: object
    ) -> bool:
        if not (username.strip() and password):
            st.session_state["authentication_status"] = False
            return False
        return bool(self.authentication_model.login(username, password))

    def _check(self, username: str, password: str) -> bool:
        """Load the one person asked for, as the library wants to find them."""
        login = signin.prove(username, password)
        if login is None:
            return False
        self._sessions.login = login
        self.authentication_model.credentials["usernames"][username] = {
            "email": login.actor.email,
            "name": login.actor.name,
            "roles": [login.actor.role.value],
        }
        return True


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
