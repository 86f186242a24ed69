"""Overview: what runs today, of what the person may see, at a glance."""

import streamlit as st

from goals_core.kinds import AssigneeType, Period
from goals_core.permissions import Permission
from goals_core.services.dashboard import State
from ui import charts, drawings, reads, standings, tables
from ui.feedback import empty_state
from ui.places import AT_RISK, GOAL, MY_GOALS, NEW_GOAL, goal_address
from ui.session import require_actor
from ui.wording import _, md, n_, name, spoken

actor = require_actor()
synced = reads.last_synced(actor)

with st.container(horizontal=True, vertical_alignment="bottom"):
    st.title(_("Overview"), anchor=False, width="content")
    st.space("stretch")
    if synced:
        st.caption(md(_("Synced {when}").format(when=standings.ago(synced))), width="content")

chosen = st.segmented_control(
    _("Period"),
    ["all", *Period],
    default="all",
    required=True,
    format_func=lambda period: _("All") if period == "all" else name(period),
    label_visibility="collapsed",
    key="only",
    bind="query-params",
)
period = None if chosen == "all" else Period(chosen)
overview = reads.overview(actor, period, synced)

if not overview.goals:
    if empty_state(
        ":material/flag:",
        _("No goal is running") if period is None else _("No goal of this period is running"),
        _("Goals that are active and assigned show up here, with their pace and who leads."),
        action=_("New goal") if actor.may(Permission.WRITE) else "",
        key="new_goal",
    ):
        st.switch_page(NEW_GOAL)
    st.stop()

with st.grid(4, min_column_width=150):
    if overview.attainment is None or overview.expected is None:
        st.metric(_("Average attainment"), "—", border=True, height="stretch")
    else:
        ahead = overview.attainment - overview.expected
        st.metric(
            _("Average attainment"),
            md(spoken().percent(overview.attainment)),
            md(standings.points(ahead)),
            delta_color="green" if ahead >= 0 else "red",
            delta_arrow="up" if ahead >= 0 else "down",
            delta_description=_("{share} expected").format(
                share=spoken().percent(overview.expected)
            ),
            help=_("Each target counts up to 100%, so that none hides another that lags behind."),
            border=True,
            height="stretch",
        )
    st.metric(
        _("Achieved"),
        md(f"{overview.states[State.ACHIEVED]} / {overview.goals}"),
        border=True,
        height="stretch",
        delta_description=_("of the goals that run today"),
    )
    st.metric(
        _("On track"),
        spoken().number(overview.states[State.ON_TRACK]),
        border=True,
        height="stretch",
        delta_description=n_("{count} behind", "{count} behind", overview.states[State.BEHIND]),
    )
    with st.container(border=True, height="stretch", gap=None):
        st.metric(_("At risk"), spoken().number(overview.states[State.AT_RISK]))
        if overview.states[State.AT_RISK] and st.button(
            _("See why"), type="tertiary", icon=":material/arrow_forward:", key="why"
        ):
            st.switch_page(AT_RISK)

left, right = st.columns([3, 2])
moved = left
if len(overview.leaders) > 1:
    with left.container(border=True, height="stretch"):
        st.subheader(_("Leaderboard"), anchor=False)
        if leader := tables.leaderboard(overview.leaders, key="leaders"):
            who = standings.titled(AssigneeType.USER, leader.name)
            st.switch_page(MY_GOALS, query_params={"whose": who})
    moved = st.container()
with right:
    if overview.teams:
        with st.container(border=True):
            st.subheader(_("Attainment by team"), anchor=False)
            charts.show(
                charts.by_team(overview.teams, overview.expected, str(spoken().locale)),
                key="teams",
                alt=charts.teams_in_words(overview.teams),
                called="attainment-by-team",
            )
    with st.container(border=True, height="stretch"):
        st.subheader(_("Running goals by state"), anchor=False)
        drawings.state_strip(overview.states)
with moved.container(border=True, height="stretch"):
    st.subheader(_("What moved in the last 7 days"), anchor=False)
    if not overview.moves:
        st.markdown(f":gray[{md(_('Nothing has moved.'))}]")
    elif opened := tables.moves(overview.moves, key="moves"):
        st.switch_page(GOAL, query_params=goal_address(opened.id))
