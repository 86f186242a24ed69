"""A goal as a card or as a row: what it is, where it stands, the way to its page."""

from collections.abc import Sequence

import streamlit as st

from goals_core.actor import Tenant
from goals_core.engine.standings import Standing
from goals_core.services.history import DayEnd
from ui import drawings, standings
from ui.places import GOAL, goal_address
from ui.wording import md, spoken


def goal_card(
    goal: Standing, series: Sequence[DayEnd], tenant: Tenant, *, names_assignee: bool
) -> None:
    """One goal: where it stands and how it got there."""
    with st.container(border=True, height="stretch", gap="xsmall", key=f"card_{goal.id}"):
        _link(goal, icon=":material/arrow_forward:")
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            st.markdown(standings.badge(goal, tenant.today), width="content")
            if names_assignee:
                st.caption(md(standings.whose(goal)), width="content")
        st.metric(
            md(standings.when(goal, tenant)),
            md(standings.short(goal, goal.value)),
            md(spoken().percent(standings.share(goal))),
            delta_color=standings.look(goal, tenant.today).color,
            delta_arrow="off",
            delta_description=standings.aim(goal),
        )
        drawings.line_and_bar(goal, series, tenant)
        st.caption(md(standings.pace(goal, tenant.today)))
        _doubt(goal)


def risk_row(goal: Standing, tenant: Tenant) -> None:
    """A goal at risk: whose, why, and how far it is from where it should be."""
    with st.container(border=True, gap="xsmall", key=f"row_{goal.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            _link(goal)
            whose, when = standings.whose(goal), standings.when(goal, tenant)
            st.caption(md(f"{whose} · {when}"), width="content")
        st.markdown(md(standings.why(goal, tenant.today)))
        drawings.progress_bar(goal, tenant)
        _doubt(goal)


def _doubt(goal: Standing) -> None:
    if doubt := standings.doubt(goal):
        icon = ":material/sync_problem:" if goal.sync_error else ":material/currency_exchange:"
        st.caption(f":orange[{icon} {md(doubt)}]")


def _link(goal: Standing, *, icon: str | None = None) -> None:
    """The goal's name, which leads to its page; Streamlit's own link would stand indented."""
    if st.button(
        f"**{md(goal.goal)}**",
        type="tertiary",
        icon=icon,
        icon_position="right",
        key=f"open_{goal.id}",
    ):
        st.switch_page(GOAL, query_params=goal_address(goal.id))
