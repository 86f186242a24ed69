"""My goals: a card per goal; for those who look after others, also theirs."""

import streamlit as st

from goals_core import db
from goals_core.services import history, reach
from goals_core.services.dashboard import State
from ui import cards, reads, standings, tables
from ui.feedback import empty_state
from ui.places import GOAL, by_name, goal_address
from ui.session import require_actor
from ui.standings import LOOKS
from ui.wording import _, md, n_, spoken

MOST_CARDS = 12

actor = require_actor()
today = actor.tenant.today
with db.tenant_session(actor) as session:
    owners = by_name(reach.owners(session))

with st.container(horizontal=True, vertical_alignment="center"):
    st.title(_("My goals"), anchor=False, width="content")
    st.space("stretch")
    chosen = None
    if len(owners) > 1:
        chosen = st.selectbox(
            _("Whose goals"),
            list(owners),
            width=260,
            label_visibility="collapsed",
            key="whose",
            bind="query-params",
        )

goals, series = [], {}
if owners:
    owner = owners[chosen or next(iter(owners))].owner
    with db.tenant_session(actor) as session:
        goals = reach.goals_of(session, owner)
        goals.sort(key=lambda goal: standings.look(goal, today).rank)
        series = history.series(session, [goal.id for goal in goals[:MOST_CARDS]])

if not goals:
    empty_state(
        ":material/flag:",
        _("No goal is open"),
        _("As soon as a goal is assigned, it shows up here with its pace and what is missing."),
    )
    st.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    st.markdown(standings.summary(goals, today), width="content")
    if synced := reads.last_synced(actor):
        st.caption(md(_("Synced {when}").format(when=standings.ago(synced))), width="content")
looks = [standings.look(goal, today) for goal in goals]
with st.grid(4, min_column_width=140):
    done = looks.count(LOOKS[State.ACHIEVED])
    failed = looks.count(LOOKS[State.FAILED])
    behind = looks.count(LOOKS[State.BEHIND]) + looks.count(LOOKS[State.AT_RISK])
    st.metric(_("Open"), spoken().number(len(goals) - done - failed), border=True)
    st.metric(_("On track"), spoken().number(looks.count(LOOKS[State.ON_TRACK])), border=True)
    st.metric(_("Behind or at risk"), spoken().number(behind), border=True)
    st.metric(_("Achieved"), spoken().number(done), border=True)

with st.grid(3, min_column_width=280):
    for goal in goals[:MOST_CARDS]:
        names_assignee = goal.assignee_id != owner.id
        cards.goal_card(goal, series[goal.id], actor.tenant, names_assignee=names_assignee)

if rest := goals[MOST_CARDS:]:
    st.subheader(n_("{count} more goal", "{count} more goals", len(rest)), anchor=False)
    if opened := tables.goals(rest, actor.tenant, key="rest"):
        st.switch_page(GOAL, query_params=goal_address(opened.id))
