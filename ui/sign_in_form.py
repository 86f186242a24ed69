"""The sign-in form over streamlit-authenticator, with people, tries and sessions of our own."""

import secrets
from collections.abc import Callable

import streamlit as st
import streamlit_authenticator as stauth
from streamlit_authenticator.controllers import AuthenticationController
from streamlit_authenticator.utilities import Encryptor

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.logins import Login
from goals_core.services import signin
from ui import visitor
from ui.wording import _, md

Remember = Callable[[Actor, str], None]

_EMAIL, _PASSWORD = "goals_email", "goals_password"
_NOTICE = "goals_notice"


def show(remember: Remember) -> None:
    """The form; `remember` is told who has proved who they are, and their session's token."""
    if notice := st.session_state.get(_NOTICE):
        st.success(md(notice), icon=":material/check_circle:")
    with st.form("goals_sign_in_form"):
        st.subheader(_("Sign in"), anchor=False)
        email = st.text_input(_("E-mail"), key=_EMAIL, autocomplete="username")
        password = st.text_input(
            _("Password"), key=_PASSWORD, type="password", autocomplete="current-password"
        )
        sent = st.form_submit_button(
            _("Sign in"), type="primary", width="stretch", key="goals_sign_in_send"
        )
    if sent:
        if GoalsAuth(remember).enter(email, password):
            st.rerun()
        _refuse()


def fill(email: str, password: str = "") -> None:
    """What the form begins with, in the next run."""
    st.session_state[_EMAIL] = email
    st.session_state[_PASSWORD] = password


def greet(email: str, notice: str) -> None:
    """Lead someone to the form who has just chosen their password; the notice is plain text."""
    fill(email)
    st.session_state[_NOTICE] = notice


def _refuse() -> None:
    # one answer for unknown, wrong and locked: it tells nobody who has an account
    st.error(
        _(
            "This e-mail and password do not match."
            " After five failed attempts an e-mail is locked here for 15 minutes."
        ),
        icon=":material/lock:",
    )


class GoalsAuth(stauth.Authenticate):  # type: ignore[misc]  # it ships no types
    """The library's sign-in, as its own form calls it; that form lets no browser fill it in.

    What it knows of people, tries and sessions is the database's.
    """

    def __init__(self, remember: Remember) -> None:
        # Not the library's own: that puts a frame into the page, to write a cookie by script.
        secret = secrets.token_hex()  # nothing is encrypted that anybody reads later
        self.api_key = None
        self.path = None
        self.secret_key = secret
        self.attrs = {"login_sleep_time": 0}
        self.encryptor = Encryptor(secret)
        self.cookie_controller = _Sessions(remember)
        self.authentication_controller = _Controller(self.cookie_controller, secret)

    def enter(self, email: str, password: str) -> bool:
        """Whether the two let someone in; their session is open then."""
        st.session_state["authentication_status"] = None
        if self.authentication_controller.login(email, password):
            self.cookie_controller.set_cookie()
        return bool(st.session_state["authentication_status"])


class _Sessions:
    """Stands in for the library's cookies: a row in the database, a ticket for the browser."""

    login: Login | None = None

    def __init__(self, remember: Remember) -> None:
        self._remember = remember

    def get_cookie(self) -> None:
        """Nothing: the guard looked before the form was shown."""

    def set_cookie(self) -> None:
        """Open the session of whoever has just proved who they are."""
        assert self.login is not None  # noqa: S101  (the form calls this after a proof)
        with tenant_session(self.login.actor) as db:
            token = signin.open_session(
                db, self.login, user_agent=visitor.user_agent(), address=visitor.address()
            )
        self._remember(self.login.actor, token)

    def delete_cookie(self) -> None:
        """Nothing: signing out is `ui.auth.sign_out`."""


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
        login = signin.prove(username, password, address=visitor.address())
        if login is None:
            return False
        self._sessions.login = login
        self.authentication_model.credentials["usernames"][username] = {
            "email": login.actor.email,
            "name": login.actor.name,
            "roles": [login.actor.role.value],
        }
        return True
