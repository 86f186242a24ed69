"""People: who has an account, what they may do, and what can be done about it."""

import streamlit as st

from ui import people_drawer, people_list
from ui.feedback import empty_state
from ui.places import IMPORTS
from ui.session import require_actor
from ui.wording import _

actor = require_actor()

with st.container(horizontal=True, vertical_alignment="center"):
    st.title(_("People"), anchor=False, width="stretch")
    st.button(
        _("Invite"),
        type="primary",
        icon=":material/person_add:",
        on_click=people_drawer.start_invitation,
        key="invite",
    )
with st.container(horizontal=True):
    filters = people_list.filters()

first = people_list.read(actor, filters)
if first.total:
    place = st.container()
    number = people_list.pages(first)
    with place:
        shown = first if number == 1 else people_list.read(actor, filters, number)
        people_list.table(shown.items)
else:
    empty_state(
        ":material/search_off:",
        _("Nobody is like that"),
        _("Search for somebody else, or take a filter away."),
    )
if (
    first.total == 1
    and not filters
    and empty_state(
        ":material/group_add:",
        _("You are on your own here"),
        _("Invite people one by one, or bring all of them from a spreadsheet."),
        action=_("Bring a spreadsheet"),
        key="bring_people",
    )
):
    st.switch_page(IMPORTS, query_params={"kind": _("People")})

people_drawer.show(actor)
