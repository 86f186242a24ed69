"""At risk: who, which goal and why, while there is still time to act."""

import streamlit as st

from goals_core import db
from goals_core.db import TenantSession
from goals_core.engine.paging import Page, PageRequest
from goals_core.engine.standings import Standing
from goals_core.kinds import Period
from goals_core.services import dashboard
from ui import cards, exports
from ui.feedback import empty_state
from ui.session import require_actor
from ui.wording import _, n_, name

ON_A_PAGE = 10

actor = require_actor()

st.title(_("At risk"), anchor=False)
with st.container(horizontal=True, vertical_alignment="center"):
    search = st.text_input(
        _("Search"),
        type="search",
        placeholder=_("Goal, person or team"),
        label_visibility="collapsed",
        max_chars=100,
        width=260,
        key="search",
        bind="query-params",
    )
    periods = st.pills(
        _("Period"),
        list(Period),
        selection_mode="multi",
        format_func=name,
        label_visibility="collapsed",
        wrap=True,
        key="periods",
        bind="query-params",
    )


def read(session: TenantSession, page: PageRequest) -> Page[Standing]:
    return dashboard.at_risk(session, search=search or "", periods=periods, page=page)


with db.tenant_session(actor) as session:
    flagged = read(session, PageRequest(size=ON_A_PAGE))

if not flagged.total:
    filtered = search or periods
    empty_state(
        ":material/search_off:" if filtered else ":material/sentiment_satisfied:",
        _("Nothing at risk fits this") if filtered else _("Nothing is at risk"),
        _("A goal shows up here when little time is left and much of it is still missing."),
    )
    st.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(n_("{count} goal, worst first", "{count} goals, worst first", flagged.total))
    st.space("stretch")
    exports.button(actor, "at-risk", read, key="export")

rows = st.container()
number = 1
if flagged.pages > 1:
    number = st.pagination(flagged.pages, key="risk_page", bind="query-params")
if number > 1:
    with db.tenant_session(actor) as session:
        flagged = read(session, PageRequest(number, ON_A_PAGE))
with rows:
    for goal in flagged.items:
        cards.risk_row(goal, actor.tenant)
