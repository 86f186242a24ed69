"""Cached reads: shared by the whole process, so the actor comes first and is part of each key.

What a person may do is never cached, only numbers, for half a minute at the longest. A sync is
noticed at once, since its time is part of the key too; whoever writes calls `forget`.
"""

from datetime import datetime

import streamlit as st

from goals_core import db
from goals_core.actor import Actor
from goals_core.kinds import Period
from goals_core.services import dashboard, tracking
from goals_core.services.dashboard import Overview

LIFE = 30  # seconds


def last_synced(actor: Actor) -> datetime | None:
    """When the last sync finished; never cached."""
    with db.tenant_session(actor) as session:
        run = tracking.last_synced(session)
        return run.finished_at if run else None


def overview(actor: Actor, period: Period | None, synced: datetime | None) -> Overview:
    """`dashboard.overview`, as of the last sync."""
    return _overview(actor, period, synced)


def forget() -> None:
    """Read everything anew from now on; called after a write."""
    _overview.clear()


@st.cache_data(ttl=LIFE, max_entries=500, show_spinner=False)
def _overview(
    actor: Actor,
    period: Period | None,
    synced: datetime | None,  # noqa: ARG001  (part of the key)
) -> Overview:
    with db.tenant_session(actor) as session:
        return dashboard.overview(session, period=period)
