"""Audit log: who changed what and when, from what to what; for those who manage goals."""

import streamlit as st

from ui import audit_export, audit_list
from ui.feedback import empty_state
from ui.session import require_actor
from ui.wording import _

actor = require_actor()

with st.container(horizontal=True, vertical_alignment="center"):
    st.title(_("Audit log"), anchor=False, width="stretch")
    to_take_away = st.container(width="content")
with st.container(horizontal=True):
    wanted = audit_list.filters(actor)

first = audit_list.read(actor, wanted)
if first.total:
    with to_take_away:
        audit_export.menu(actor, wanted, first.total)
    place = st.container()
    number = audit_list.pages(first)
    shown = first if number == 1 else audit_list.read(actor, wanted, number)
    with place:
        audit_list.heading(wanted, shown.items)
        audit_list.table(shown.items)
    audit_list.drawer(shown.items)
elif any(wanted.values()):
    empty_state(
        ":material/search_off:",
        _("Nothing like that was done"),
        _("Choose other days, search for something else, or take a filter away."),
    )
else:
    empty_state(
        ":material/history:",
        _("Nothing was done yet"),
        _("Whoever changes a goal, a team or a setting leaves a line here."),
    )
