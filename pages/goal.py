"""Goal: one assignment, how its number came about, what is behind it, and recording more."""

from contextlib import suppress

import streamlit as st

from goals_core import db
from goals_core.errors import NotFound
from goals_core.services import assignments, history, milestones, reach, trust
from ui import (
    charts,
    course,
    drawings,
    goal_parts,
    progress_log,
    source_sentence,
    standings,
    trust_line,
)
from ui.feedback import empty_state
from ui.places import MY_GOALS, asked_goal
from ui.progress_form import progress_form, takes_progress
from ui.session import require_actor
from ui.wording import _, md, spoken

actor = require_actor()
tenant, today = actor.tenant, actor.tenant.today
goal = None
with suppress(NotFound), db.tenant_session(actor) as session:
    goal = assignments.get(session, asked_goal())
    settings = assignments.settings_of(session, goal.id)
    series = history.series(session, [goal.id])[goal.id]
    passed = milestones.list_(session, goal.id, series=series)
    known = trust.of_assignment(session, goal.id)
    may_record = takes_progress(goal, today) and reach.may_record(session, goal.id)

if goal is None:
    if empty_state(
        ":material/search_off:",
        _("There is no such goal"),
        _("It may have been deleted, or it is not yours to see."),
        action=_("Go to my goals"),
        key="back",
    ):
        st.switch_page(MY_GOALS)
    st.stop()

st.title(md(goal.goal), anchor=False)
with st.container(horizontal=True, vertical_alignment="center"):
    st.markdown(standings.badge(goal, today), width="content")
    st.caption(md(f"{standings.whose(goal)} · {standings.when(goal, tenant)}"), width="content")
if goal.description:
    st.markdown(md(goal.description))
st.caption(f":material/format_quote: {md(source_sentence.sentence(settings))}")
if goal.notes:
    st.caption(f":material/sticky_note_2: {md(goal.notes)}")
trust_line.warn(goal, tenant)

goal_parts.tiles(goal, today)
drawings.progress_bar(goal, tenant)
st.caption(md(" ".join([standings.pace(goal, today), standings.needed(goal, today)])))

trust_line.show(goal, known)

left, right = st.columns([5, 2])
with left.container(border=True, height="stretch"):
    if goal.window.days > 1:
        st.subheader(_("How it came about"), anchor=False)
        charts.show(
            course.over_time(goal, series, passed, today, str(spoken().locale)),
            key="over_time",
            alt=standings.pace(goal, today),
            called=charts.picture_name(goal),
            height="stretch",
        )
    else:  # a single day has no course to draw
        st.subheader(_("Progress log"), anchor=False)
        progress_log.show(actor, goal)
with right.container(border=True, height="stretch"):
    st.subheader(_("Milestones"), anchor=False)
    goal_parts.milestones(goal, passed)
    if may_record:
        st.subheader(_("Record progress"), anchor=False)
        progress_form(actor, goal)

goal_parts.behind(goal)
