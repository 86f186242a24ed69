"""Cached reads: shared by the whole process, so the actor comes first and is part of each key.

What a person may do is never cached, only numbers, for half a minute at the longest. A sync is
noticed at once by what shows goals, since its time is part of the key too; whoever writes here
calls `forget`. What a form tries, on records as they are, may miss others' writes for as long.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import streamlit as st

from goals_core import db
from goals_core.actor import Actor
from goals_core.engine.drafts import Draft
from goals_core.kinds import Period
from goals_core.services import dashboard, tracking
from goals_core.services import dry_run as dry_runs
from goals_core.services import preview as previews
from goals_core.services.dashboard import Overview
from goals_core.services.dry_run import DryRun
from goals_core.services.preview import Preview
from goals_core.services.receipts import Owner

LIFE = 30  # seconds


def last_synced(actor: Actor) -> datetime | None:
    """When the last sync finished; never cached."""
    with db.tenant_session(actor) as session:
        run = tracking.last_synced(session)
        return run.finished_at if run else None


@st.cache_data(ttl=LIFE, max_entries=500, show_spinner=False)
def overview(
    actor: Actor,
    period: Period | None,
    synced: datetime | None,  # noqa: ARG001  (part of the key)
) -> Overview:
    """`dashboard.overview`, as of the last sync."""
    with db.tenant_session(actor) as session:
        return dashboard.overview(session, period=period)


@st.cache_data(ttl=LIFE, max_entries=500, show_spinner=False)
def preview(
    actor: Actor, draft: Draft, assignees: Sequence[Owner], own_targets: Mapping[Owner, Decimal]
) -> Preview | None:
    """`preview.preview`: a form asks for it at each entry, whatever was entered."""
    with db.tenant_session(actor) as session:
        return previews.preview(session, draft, assignees=assignees, own_targets=own_targets)


@st.cache_data(ttl=LIFE, max_entries=500, show_spinner=False)
def dry_run(
    actor: Actor, draft: Draft, assignees: Sequence[Owner], definition_id: UUID | None
) -> DryRun | None:
    """`dry_run.dry_run`, which a form asks for as often."""
    with db.tenant_session(actor) as session:
        return dry_runs.dry_run(session, draft, assignees=assignees, definition_id=definition_id)


def forget() -> None:
    """Read everything anew from now on; called after a write."""
    for each in (overview, preview, dry_run):
        each.clear()
