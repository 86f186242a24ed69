"""Teams: who leads them and who is in them, from which day to which."""

import streamlit as st

from ui import team_drawer, team_list
from ui.feedback import empty_state
from ui.session import require_actor
from ui.wording import _

actor = require_actor()

with st.container(horizontal=True, vertical_alignment="center"):
    st.title(_("Teams"), anchor=False, width="stretch")
    st.button(
        _("New team"),
        type="primary",
        icon=":material/group_add:",
        on_click=team_drawer.start_new,
        key="new_team",
    )
search = team_list.search()

first = team_list.read(actor, search)
if first.total:
    place = st.container()
    number = team_list.pages(first)
    with place:
        shown = first if number == 1 else team_list.read(actor, search, number)
        team_list.table(shown.items)
elif search:
    empty_state(
        ":material/search_off:",
        _("No team is like that"),
        _("Search for another name, of the team or of who leads it."),
    )
else:
    empty_state(
        ":material/groups:",
        _("No teams yet"),
        _("In a team the records of its members count together, for the days that they are in it."),
    )

team_drawer.show(actor)
