"""The demo's sign-ins, named where the demo is loaded, and nowhere else."""

from itertools import groupby

import streamlit as st

from goals_core import installation
from ui import sign_in_form
from ui.wording import _, md, name


def show() -> None:
    """A sign-in for each role; a click fills the form."""
    if not installation.has_demo():
        return
    from goals_core import demo

    with st.container(border=True, gap="xsmall", key="goals_demo"):
        st.markdown(_("**Demo** :gray[· a click fills the form]"))
        for tenant, logins in groupby(demo.LOGINS, lambda login: login.tenant):
            st.caption(md(tenant.replace("-", " ").title()))
            with st.container(horizontal=True, gap="xsmall"):
                for login in logins:
                    st.button(
                        name(login.role),
                        help=md(login.name),
                        on_click=sign_in_form.fill,
                        args=(login.email, demo.PASSWORD),
                        key=f"demo_{login.tenant}_{login.role}",
                    )
