"""The signed-in person's corner of the sidebar: who, which company, password, way out."""

import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine import passwords
from goals_core.errors import N_, invalid
from goals_core.services import signin
from ui import auth
from ui.feedback import field_error, flash, refusals
from ui.session import require_actor
from ui.wording import _, md, name

_FORM = "password"


def account(actor: Actor) -> None:
    """Name, role and company, and a menu beside them."""
    with st.container(horizontal=True, vertical_alignment="center", wrap=False, key="account"):
        who = f"{name(actor.role)} · {md(actor.tenant.name)}"
        st.markdown(f":material/account_circle: **{md(actor.name)}**  \n:small[:gray[{who}]]")
        st.space("stretch")
        chosen = st.menu_button(
            ":material/more_vert:",
            ["password", "sign_out"],
            format_func={"password": _("Change password"), "sign_out": _("Sign out")}.__getitem__,
            type="tertiary",
            help=_("Your account"),
            key="account_menu",
        )
    if chosen == "password":
        st.dialog(_("Change password"), icon=":material/key:")(_change_password)()
    elif chosen == "sign_out":
        auth.sign_out(actor)


def _change_password() -> None:
    actor = require_actor()
    with st.form("change_password", border=False):
        old = _secret(_("Current password"), "old", "current-password")
        new = _secret(_("New password"), "new", "new-password")
        again = _secret(_("New password again"), "again", "new-password")
        st.caption(
            _("At least {least} characters; a few words are easy to remember.").format(
                least=passwords.SHORTEST
            )
        )
        sent = st.form_submit_button(_("Change password"), type="primary", width="stretch")
    if sent:
        with refusals(_FORM):
            if new != again:
                raise invalid("again", N_("The two new passwords differ."))
            with tenant_session(actor) as db:
                signin.change_password(db, old=old, new=new)
            flash(_("Your password is changed; every other browser has been signed out."))
            st.rerun()


def _secret(label: str, field: str, autocomplete: str) -> str:
    typed = st.text_input(label, type="password", autocomplete=autocomplete, key=f"pw_{field}")
    field_error(field, form=_FORM)
    return typed
