"""The signed-in person's corner of the sidebar: who, which company, settings, way out."""

import streamlit as st

from goals_core.actor import Actor
from ui import auth
from ui.places import SETTINGS
from ui.wording import _, md, name


def account(actor: Actor) -> None:
    """Name, role and company, and a menu beside them."""
    with st.container(horizontal=True, vertical_alignment="center", wrap=False, key="account"):
        who = f"{name(actor.role)} · {md(actor.tenant.name)}"
        st.markdown(f":material/account_circle: **{md(actor.name)}**  \n:small[:gray[{who}]]")
        st.space("stretch")
        chosen = st.menu_button(
            ":material/more_vert:",
            ["settings", "sign_out"],
            format_func={"settings": _("Settings"), "sign_out": _("Sign out")}.__getitem__,
            type="tertiary",
            help=_("Your account"),
            key="account_menu",
        )
    if chosen == "settings":
        st.switch_page(SETTINGS)
    elif chosen == "sign_out":
        auth.sign_out(actor)
