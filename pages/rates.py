"""Exchange rates: what there is, what goals lack, and the course of one pair."""

import streamlit as st

from ui import rate_drawer, rate_list
from ui.feedback import empty_state
from ui.places import IMPORTS
from ui.session import require_actor
from ui.wording import _

actor = require_actor()

with st.container(horizontal=True, vertical_alignment="center"):
    st.title(_("Exchange rates"), anchor=False, width="stretch")
    wants_import = st.button(_("Import"), icon=":material/upload_file:", key="import_rates")
    st.button(
        _("New rate"),
        type="primary",
        icon=":material/add:",
        on_click=rate_drawer.start_new,
        args=(actor.tenant,),
        key="new_rate",
    )
if wants_import:
    st.switch_page(IMPORTS, query_params={"kind": _("Exchange rates")})
rate_list.lacking(actor)

pair = rate_list.choose_pair(actor)
first = rate_list.read(actor, pair)
if first.total:
    if pair:
        rate_list.chart(actor, pair)
    place = st.container()
    number = rate_list.pages(first)
    shown = first if number == 1 else rate_list.read(actor, pair, number)
    with place:
        rate_list.table(shown.items)
else:
    empty_state(
        ":material/currency_exchange:",
        _("There are no exchange rates yet"),
        _(
            "A goal in one currency counts records in another by the rate of their day, which holds"
            " for seven days. Records without a rate are left out."
        ),
    )

rate_drawer.show(actor)
