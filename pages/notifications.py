"""Notifications: what one is told of, when, and where; for who manages, the company's channels."""

import streamlit as st

from goals_core.permissions import Permission
from ui.channel_list import company_channels, mailbox, own_channels
from ui.places import INBOX
from ui.preferences_form import preferences_form
from ui.session import require_actor
from ui.wording import _

actor = require_actor()

with st.container(horizontal=True, vertical_alignment="center"):
    st.title(_("Notifications"), anchor=False, width="stretch")
    if st.button(_("Inbox"), icon=":material/inbox:", type="tertiary", key="to_inbox"):
        st.switch_page(INBOX)

left, right = st.columns(2, gap="large")
with left:
    st.subheader(_("What you are told"), anchor=False)
    preferences_form(actor)
with right:
    st.subheader(_("Where it is sent"), anchor=False)
    mailbox(actor)
    own_channels(actor)
    if actor.may(Permission.MANAGE):
        st.subheader(_("Channels of the company"), anchor=False)
        st.caption(_("They are told of the goals of everybody, whoever reads them there."))
        company_channels(actor)
