"""Inbox: what happened to one's goals, newest first, and what one has not read yet."""

import streamlit as st

from ui import inbox_list
from ui.feedback import empty_state
from ui.places import NOTIFICATIONS
from ui.session import require_actor
from ui.wording import _

actor = require_actor()

with st.container(horizontal=True, vertical_alignment="center"):
    st.title(_("Inbox"), anchor=False, width="stretch")
    for_all = st.container(width="content")
    if st.button(
        ":material/tune:",
        type="tertiary",
        help=_("Choose what you are told, when and where"),
        key="notifications",
    ):
        st.switch_page(NOTIFICATIONS)
with st.container(horizontal=True, vertical_alignment="center"):
    unread, events = inbox_list.filters()

first = inbox_list.read(actor, unread, events)
if first.total:
    with for_all:
        inbox_list.mark_all_button(actor, first.items[0])
    place = st.container()
    number = inbox_list.pages(first)
    shown = first if number == 1 else inbox_list.read(actor, unread, events, number)
    with place:
        inbox_list.rows(actor, shown.items)
elif unread and not events:
    empty_state(
        ":material/mark_email_read:",
        _("You have read everything"),
        _("What happens to your goals next shows up here, and its number in the sidebar."),
    )
elif unread or events:
    empty_state(
        ":material/search_off:",
        _("Nothing like that was told to you"),
        _("Choose other events, or look at everything."),
    )
else:
    empty_state(
        ":material/inbox:",
        _("Nothing has happened yet"),
        _(
            "When a goal of yours passes a milestone or is achieved, or one of your people's is at"
            " risk or has failed, you read it here."
        ),
    )
