"""The sidebar's way to the inbox, with how much is unread in it; it looks again by itself."""

import streamlit as st

from goals_core import db
from goals_core.services import inbox
from ui.places import INBOX
from ui.session import require_actor
from ui.wording import _, n_

EVERY = 30  # seconds


@st.fragment(run_every=EVERY)
def inbox_bell() -> None:
    """Nothing while there is nothing to read: the menu has the way to the inbox."""
    actor = require_actor()
    with db.tenant_session(actor) as session:
        count = inbox.unread(session)
    if count and st.button(
        _said(count),
        icon=":material/notifications_unread:",
        width="stretch",
        type="tertiary",
        help=_("What happened to goals since you last looked"),
        key="inbox_bell",
    ):
        st.switch_page(INBOX)


def _said(count: int) -> str:
    if count >= inbox.MOST_COUNTED:
        return _("{count} or more unread").format(count=inbox.MOST_COUNTED)
    return n_("{count} unread", "{count} unread", count)
