"""Syncs: whether the goals are up to date, and every run that brought them there or failed to."""

import streamlit as st

from ui import sync, sync_list, sync_state
from ui.feedback import empty_state
from ui.session import require_actor
from ui.wording import _

actor = require_actor()

with st.container(horizontal=True, vertical_alignment="center"):
    st.title(_("Syncs"), anchor=False, width="stretch")
    sync.full_sync_button(actor)
if sync.is_running():
    sync.watch()
sync_state.show()

with st.container(horizontal=True, vertical_alignment="center"):
    wanted = sync_list.filters()
first = sync_list.read(actor, wanted)
if first.total:
    sync_state.chart(actor, wanted)
    place = st.container()
    number = sync_list.pages(first)
    shown = first if number == 1 else sync_list.read(actor, wanted, number)
    with place:
        sync_list.table(shown.items)
    sync_list.drawer(shown.items)
elif any(wanted.values()):
    empty_state(
        ":material/search_off:",
        _("No sync was like that"),
        _("Choose other days, or take a filter away."),
    )
else:
    empty_state(
        ":material/sync:",
        _("No sync has been run yet"),
        _("A sync adds up the records of each goal; press “Sync now” to run the first one."),
    )
