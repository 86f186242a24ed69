"""A forgotten password: where one asks for a link, and hears the same whoever one is."""

import streamlit as st

from goals_core import mail
from goals_core.errors import N_, invalid
from goals_core.services import links
from ui import letters, visitor
from ui.feedback import field_error, refusals
from ui.wording import _

_PLACE = "goals_forgotten"  # "open", then "asked"
_FORM = "forgotten"


def is_open() -> bool:
    """Whether this stands in the place of the sign-in form."""
    return _PLACE in st.session_state


def button() -> None:
    """Below the sign-in form."""
    with st.container(horizontal_alignment="center"):
        st.button(_("Forgot your password?"), type="tertiary", on_click=_open, key="forgot")


def show() -> None:
    """The form, and what became of it."""
    with st.container(border=True):
        st.subheader(_("Forgot your password?"), anchor=False)
        if not mail.is_configured():
            st.info(_("Ask your administrator for a link."), icon=":material/link:")
        elif st.session_state[_PLACE] == "asked":
            st.success(
                _("If this address has an account, a link is on its way."),
                icon=":material/mark_email_read:",
            )
            st.caption(_("It works once, within an hour. Nothing there? Ask your administrator."))
        else:
            _ask()
    with st.container(horizontal_alignment="center"):
        st.button(
            _("Back to the sign-in"),
            type="tertiary",
            icon=":material/arrow_back:",
            on_click=_close,
            key="forgot_back",
        )


def _ask() -> None:
    st.markdown(_(":gray[We mail you a link by which you choose another one.]"))
    with st.form("forgotten", border=False):
        email = st.text_input(_("E-mail"), autocomplete="username", key="forgot_email")
        field_error("email", form=_FORM)
        sent = st.form_submit_button(
            _("Send the link"), type="primary", width="stretch", key="forgot_send"
        )
    if sent:
        with refusals(_FORM):
            if not email.strip():
                raise invalid("email", N_("Please enter something here."))
            links.forgot(email, address=visitor.address(), send=letters.remind)
            st.session_state[_PLACE] = "asked"
            st.rerun()


def _open() -> None:
    st.session_state[_PLACE] = "open"


def _close() -> None:
    st.session_state.pop(_PLACE, None)
