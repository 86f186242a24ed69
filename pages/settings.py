"""Settings: one's own sign-in, and for those who manage the company its rules."""

import streamlit as st

from goals_core.permissions import Permission
from ui.company_form import company_form
from ui.password_form import password_form
from ui.places import NOTIFICATIONS
from ui.session import require_actor
from ui.session_list import session_list
from ui.sso_rules import linked_sign_ins, sso_rules
from ui.wording import _, name

actor = require_actor()
st.title(_("Settings"), anchor=False)
st.text(f"{actor.name} · {actor.email} · {name(actor.role)}")  # in Markdown a link

left, right = st.columns(2, gap="large")
with left:
    st.subheader(_("Where you are signed in"), anchor=False)
    session_list(actor)
    if actor.user_id is not None:
        linked_sign_ins(actor, user_id=actor.user_id)
with right:
    st.subheader(_("Password"), anchor=False)
    with st.container(border=True):
        password_form(actor)
    st.subheader(_("Notifications"), anchor=False)
    if st.button(
        _("Choose what you are told, when and where"), icon=":material/tune:", key="notifications"
    ):
        st.switch_page(NOTIFICATIONS)

if actor.may(Permission.MANAGE):
    st.subheader(_("Company"), anchor=False)
    with st.container(border=True):
        company_form(actor)
    sso_rules(actor)
