"""What an assignment is tracked from: the measure, whose records, up to which day."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, false, func, literal, select, true

from goals_core.actor import Tenant
from goals_core.db import TenantSession
from goals_core.engine.standings import Standing
from goals_core.errors import Invalid
from goals_core.kinds import AssigneeType, Source
from goals_core.models.core import TeamMember, TenantRow
from goals_core.models.goals import Definition
from goals_core.sources import measures, members
from goals_core.sources.measures import Measure
from goals_core.sources.past import Whose

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""After whatever was written, by whichever clock."""


def measure_of(db: TenantSession, standing: Standing) -> Measure | None:
    """How it is computed; None when it is tracked by hand, or cannot be."""
    if standing.source is Source.MANUAL:
        return None
    config = db.scalars(
        select(Definition.source_config).where(Definition.id == standing.definition_id)
    ).one()
    try:
        return measures.parse(standing.source, config, metric=standing.metric, unit=standing.unit)
    except Invalid:
        return None


def whose(db: TenantSession, standing: Standing) -> Whose:
    """The records that can ever have counted: of a team those of whoever was in it."""
    owners: list[UUID] | None = None
    if standing.assignee_type is AssigneeType.USER and standing.assignee_id is not None:
        owners = [standing.assignee_id]
    elif standing.assignee_type is AssigneeType.TEAM:
        members = select(TeamMember.user_id).where(TeamMember.team_id == standing.assignee_id)
        owners = list(db.scalars(members.distinct()))
    return Whose(owners, standing.window.start, standing.window.end)


def journal_since(db: TenantSession) -> datetime:
    """Since when every change of a record has its line."""
    since = func.coalesce(TenantRow.journal_since, TenantRow.created_at)
    return db.scalars(select(since).where(TenantRow.id == db.tenant_id)).one()


def belongs(
    db: TenantSession,
    type_: AssigneeType,
    assignee_id: UUID | None,
    owner_id: ColumnElement[Any],
    day: ColumnElement[Any],
) -> ColumnElement[bool]:
    """Whether a record of an owner on a day counts for an assignee."""
    if type_ is AssigneeType.TENANT:
        return true()
    if assignee_id is None:
        return false()
    if type_ is AssigneeType.USER:
        return owner_id == assignee_id
    return members.is_member(literal(assignee_id), owner_id, day, db.actor.tenant)


def day_of(tenant: Tenant, at: datetime | None) -> date:
    """The day that a moment (None: now) was of where the tenant is."""
    return at.astimezone(ZoneInfo(tenant.timezone)).date() if at else tenant.today
