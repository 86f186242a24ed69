"""Definitions: what is to be reached and by whom, and what can be done about it."""

import streamlit as st

from goals_core.permissions import Permission
from ui import definition_bulk, definition_drawer, definition_list
from ui.feedback import empty_state
from ui.places import NEW_GOAL
from ui.session import require_actor
from ui.wording import _

actor = require_actor()
may_write = actor.may(Permission.WRITE)

with st.container(horizontal=True, vertical_alignment="center"):
    st.title(_("Definitions"), anchor=False, width="stretch")
    if may_write and st.button(_("New goal"), type="primary", icon=":material/add:", key="new"):
        st.switch_page(NEW_GOAL)
with st.container(horizontal=True):
    filters = definition_list.filters()

first = definition_list.read(actor, filters)
if first.total:
    place = st.container()
    number = definition_list.pages(first)
    with place:
        shown = first if number == 1 else definition_list.read(actor, filters, number)
        ticked = definition_list.table(shown.items, selectable=may_write)
    definition_bulk.show(actor, ticked)
elif filters:
    empty_state(
        ":material/search_off:",
        _("No goal is like that"),
        _("Search for something else, or take a filter away."),
    )
elif empty_state(
    ":material/flag:",
    _("No goals yet"),
    _("A goal says what is to be reached, by whom and until when."),
    action=_("Set the first goal") if may_write else "",
    key="first_goal",
):
    st.switch_page(NEW_GOAL)

definition_drawer.show(actor)
