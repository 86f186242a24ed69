"""Whether the goals are up to date, in words that follow what happens, and how long syncs took."""

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.kinds import SyncMode
from goals_core.services import syncs
from goals_core.services.syncs import Filters, Run, State
from ui import charts, sync_list
from ui.session import require_actor
from ui.wording import _, md, n_, name, spoken

_SEEN = "syncs_seen"
_FEWEST_BARS = 3
_BAD = "#E8590C"  # seen on white as on black
_FAINT = "rgba(134, 142, 150, 0.7)"


@st.fragment(run_every=5)
def show() -> None:
    """What runs, what waits and since when; a new run draws the list anew."""
    actor = require_actor()
    with tenant_session(actor) as db:
        state = syncs.state(db)
    seen = (state.is_running, state.last.id if state.last else None)
    if st.session_state.setdefault(_SEEN, seen) != seen:
        st.session_state[_SEEN] = seen
        st.rerun()
    icon, sentence = _sentence(state, actor)
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f"**{icon} {md(sentence)}**")
        st.caption(md(_last_full(state, actor)))


def chart(actor: Actor, wanted: Filters) -> None:
    """How long the newest of them took, when there are enough to compare."""
    with tenant_session(actor) as db:
        found = syncs.newest(db, **wanted)
    timed = [run for run in found if run.seconds is not None]
    if len(timed) < _FEWEST_BARS:
        return
    st.caption(md(_("How long they took, the newest on the right")))
    words = ", ".join(_point(run) for run in timed[-10:])
    charts.show(_bars(timed), key="syncs_chart", alt=words, called="syncs")


def _sentence(state: State, actor: Actor) -> tuple[str, str]:
    if state.running:
        facts = {
            "who": sync_list.who(state.running),
            "since": spoken().recent(state.running.started_at, actor.tenant.today),
        }
        text = _("A sync has been running since {since}; it was begun by: {who}.")
        return ":blue[:material/sync:]", text.format(**facts)
    if state.is_running:
        return ":blue[:material/sync:]", _("A sync is beginning.")
    if state.waits_for_all:
        text = _("An exchange rate has changed: the next sync computes everything.")
        return ":orange[:material/schedule:]", text
    if state.waiting and state.waits_since:
        since = spoken().recent(state.waits_since, actor.tenant.today)
        changes = n_("{count} change waits", "{count} changes wait", state.waiting)
        return ":orange[:material/schedule:]", _("{changes} since {since}.").format(
            changes=changes, since=since
        )
    if state.last is None:
        return ":gray[:material/sync_disabled:]", _("Nothing has been synced yet.")
    at = spoken().recent(state.last.started_at, actor.tenant.today)
    text = _("Everything is up to date: no source has changed since the last sync, {at}.")
    return ":green[:material/check_circle:]", text.format(at=at)


def _last_full(state: State, actor: Actor) -> str:
    if state.last_full_at is None:
        return _("Not everything has been computed yet: the first sync does that.")
    today = actor.tenant.today
    at = spoken().recent(state.last_full_at, today)
    if state.last_full_at.astimezone(spoken().timezone).date() == today:
        return _("Everything was last computed anew at {at}.").format(at=at)
    text = _("Everything was last computed anew on {at}; the first sync of today does it again.")
    return text.format(at=at)


def _bars(runs: Sequence[Run]) -> go.Figure:
    figure = go.Figure()
    figure.add_bar(
        x=list(range(len(runs))),
        y=[float(run.seconds or 0) for run in runs],
        customdata=[charts.plain(_point(run)) for run in runs],
        hovertemplate="%{customdata}<extra></extra>",
        marker={"cornerradius": 3, "color": [_color(run) for run in runs]},
        width=0.7,
    )
    figure.update_xaxes(visible=False, fixedrange=True, range=[-0.5, max(len(runs), 20) - 0.5])
    figure.update_yaxes(
        ticksuffix=" s", rangemode="tozero", fixedrange=True, nticks=4, tickfont=charts.SMALL
    )
    figure.update_layout(height=130, margin={"l": 0, "r": 0, "t": 4, "b": 0}, bargap=0.3)
    return figure


def _color(run: Run) -> str:
    if run.ending or run.errors:
        return _BAD
    return charts.ACCENT if run.mode is SyncMode.FULL else _FAINT


def _point(run: Run) -> str:
    facts = (spoken().moment(run.started_at), name(run.mode), sync_list.took(run.seconds) or "")
    return " · ".join(facts)
