"""The outbox as it is read: what someone was told of the goals that they may still see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, cast, func, literal, select

from goals_core.actor import Actor
from goals_core.db import TenantSession
from goals_core.engine import visibility
from goals_core.kinds import AssigneeType, Event, GoalType, Metric
from goals_core.models.base import VALUE
from goals_core.models.core import Team, User
from goals_core.models.goals import Assignment, Definition, OutboxRow

Rows = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class News:
    """One piece of news with the numbers of the moment that it tells of."""

    id: UUID
    event: Event
    at: datetime
    read_at: datetime | None
    assignment_id: UUID
    definition_id: UUID
    goal: str  # as it was called then
    type: GoalType
    metric: Metric
    unit: str
    assignee_type: AssigneeType
    assignee: str
    is_own: bool  # of a goal of whoever reads it
    milestone: int | None
    value: Decimal
    target: Decimal
    days_left: int


def visible(db: TenantSession, *columns: Any) -> Rows:  # noqa: ANN401  (whatever is selected)
    """Columns of the outbox, of goals that the actor may see; narrowed to nobody yet."""
    goal = and_(
        Assignment.tenant_id == OutboxRow.tenant_id, Assignment.id == OutboxRow.assignment_id
    )
    found = select(*columns).select_from(OutboxRow).join(Assignment, goal)
    return found.where(visibility.readable_assignments(db))


def query(db: TenantSession) -> Rows:
    """What `all_of` reads."""
    same = OutboxRow.tenant_id
    return (
        visible(db, *_columns(db.actor))
        .join(
            Definition,
            and_(Definition.tenant_id == same, Definition.id == Assignment.definition_id),
        )
        .outerjoin(User, and_(User.tenant_id == same, User.id == Assignment.user_id))
        .outerjoin(Team, and_(Team.tenant_id == same, Team.id == Assignment.team_id))
    )


def latest_first(found: Rows) -> Rows:
    return found.order_by(OutboxRow.created_at.desc(), OutboxRow.id.desc())


def all_of(db: TenantSession, wanted: Rows) -> Sequence[News]:
    """The news that a narrowed `query` finds, in its order."""
    return [_news(row, db.actor) for row in db.execute(wanted)]


def _columns(actor: Actor) -> tuple[Any, ...]:
    data = OutboxRow.data
    return (
        OutboxRow.id,
        OutboxRow.event,
        OutboxRow.created_at,
        OutboxRow.read_at,
        OutboxRow.assignment_id,
        Assignment.definition_id,
        Assignment.user_id,
        Assignment.assignee_type,
        Definition.type,
        Definition.metric,
        Definition.unit,
        func.coalesce(User.name, Team.name, literal(actor.tenant.name)).label("assignee"),
        data["goalName"].astext.label("goal"),
        data["milestone"].astext.label("milestone"),
        cast(data["currentValue"].astext, VALUE).label("value"),
        cast(data["targetValue"].astext, VALUE).label("target"),
        data["remainingDays"].astext.label("days_left"),
    )


def _news(row: Row[*tuple[Any, ...]], actor: Actor) -> News:
    return News(
        id=row.id,
        event=Event(row.event),
        at=row.created_at,
        read_at=row.read_at,
        assignment_id=row.assignment_id,
        definition_id=row.definition_id,
        goal=row.goal,
        type=row.type,
        metric=row.metric,
        unit=row.unit,
        assignee_type=row.assignee_type,
        assignee=row.assignee,
        is_own=row.user_id is not None and row.user_id == actor.user_id,
        milestone=int(row.milestone) if row.milestone else None,
        value=row.value,
        target=row.target,
        days_left=int(row.days_left),
    )
