"""Changing one's own password."""

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine import passwords
from goals_core.errors import N_, invalid
from goals_core.services import signin
from ui import visitor
from ui.feedback import field_error, flash, refusals
from ui.wording import _

_FORM = "password"
_FIELDS = ("old", "new", "again")
_CHANGED = "password_changed"


def password_form(actor: Actor) -> None:
    """The old one, and the new one twice; every other browser is signed out by it."""
    with tenant_session(actor) as db:
        has_one = signin.has_password(db)
    if not has_one:
        st.caption(_("You have none here: you sign in with your company's account."))
        return
    if st.session_state.pop(_CHANGED, False):
        for field in _FIELDS:
            st.session_state[f"pw_{field}"] = ""  # nothing of it stays in the browser
    with st.form("change_password", border=False):
        old = _secret(_("Current password"), "old", "current-password")
        new = _secret(_("New password"), "new", "new-password")
        again = _secret(_("New password again"), "again", "new-password")
        st.caption(
            _("At least {least} characters; a few words are easy to remember.").format(
                least=passwords.SHORTEST
            )
        )
        sent = st.form_submit_button(
            _("Change password"), type="primary", key="change_password_sent"
        )
    if sent:
        with refusals(_FORM):
            if new != again:
                raise invalid("again", N_("The two new passwords differ."))
            with tenant_session(actor) as db:
                signin.change_password(db, old=old, new=new, address=visitor.address())
            st.session_state[_CHANGED] = True
            flash(_("Your password is changed; every other browser has been signed out."))
            st.rerun()


def _secret(label: str, field: str, autocomplete: str) -> str:
    typed = st.text_input(label, type="password", autocomplete=autocomplete, key=f"pw_{field}")
    field_error(field, form=_FORM)
    return typed
