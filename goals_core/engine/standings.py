"""Where assignments stand, as everyone reads them: one row, one query, one rule of visibility."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Row,
    Select,
    SQLColumnExpression,
    and_,
    func,
    literal,
    select,
)

from goals_core.actor import Tenant
from goals_core.db import TenantSession
from goals_core.engine import visibility
from goals_core.engine.paging import Page, PageRequest
from goals_core.errors import N_, NotFound
from goals_core.kinds import (
    AssigneeType,
    AssignmentStatus,
    GoalStatus,
    GoalType,
    Metric,
    Period,
    Source,
)
from goals_core.models.attainment import Rule, attainment
from goals_core.models.core import Team, User
from goals_core.models.goals import Assignment, Definition
from goals_core.models.proration import Proration
from goals_core.models.risk import Pace, RiskRule, pace
from goals_core.models.windows import Window

Rows = Select[*tuple[Any, ...]]
_COLUMNS = (
    Assignment.id,
    Assignment.definition_id,
    Definition.name.label("goal"),
    Definition.description,
    Definition.category,
    Definition.type,
    Definition.metric,
    Definition.unit,
    Definition.range_min,
    Definition.range_max,
    Definition.period,
    Definition.source,
    Definition.status.label("goal_status"),
    Definition.sync_error,
    Assignment.assignee_type,
    func.coalesce(Assignment.user_id, Assignment.team_id).label("assignee_id"),
    Assignment.custom_target,
    Assignment.full_target,
    Assignment.worked_days,
    Assignment.working_days,
    Assignment.target_value,
    Assignment.current_value,
    Assignment.progress_percentage,
    Assignment.status,
    Assignment.achieved_at,
    Assignment.closed_at,
    Assignment.left_out,
    Assignment.last_updated_at,
    Assignment.notes,
    Assignment.period_start,
    Assignment.period_end,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """An assignment with everything that a card, a row or an alert says about it."""

    id: UUID
    definition_id: UUID
    goal: str
    description: str
    category: str
    metric: Metric
    unit: str
    period: Period
    source: Source
    assignee_type: AssigneeType
    assignee_id: UUID | None  # the user or team; None for the tenant's goals
    assignee: str
    window: Window
    rule: Rule
    has_own_target: bool
    proration: Proration | None  # how the target came about, where only some days are worked
    value: Decimal
    progress: Decimal  # percent, 0 to 100
    attainment: Decimal  # percent, also beyond
    status: AssignmentStatus
    goal_status: GoalStatus
    achieved_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime | None  # when the value last changed
    sync_error: str | None
    left_out: int  # records that have no exchange rate, and so are not in the value
    notes: str
    pace: Pace
    at_risk: bool

    @property
    def type(self) -> GoalType:
        return self.rule.type

    @property
    def target(self) -> Decimal:
        return self.rule.target

    @property
    def missing(self) -> Decimal:
        """What is still needed to reach the target, 0 when it is reached."""
        return max(self.target - self.value, Decimal(0))

    @property
    def is_running(self) -> bool:
        """Whether it is tracked and its window has not been closed."""
        return self.goal_status is GoalStatus.ACTIVE and self.closed_at is None

    @property
    def is_behind(self) -> bool:
        """Whether a running target is behind its linear pace."""
        is_open = self.is_running and self.status is AssignmentStatus.ACTIVE
        return is_open and self.type is GoalType.TARGET and self.pace.is_behind(self.progress)


def get(db: TenantSession, assignment_id: UUID) -> Standing:
    """Where one assignment stands."""
    found = all_of(db, query(db).where(Assignment.id == assignment_id))
    if not found:
        raise NotFound(N_("assignment"))
    return found[0]


def page_of(
    db: TenantSession,
    wanted: Rows,
    page: PageRequest,
    *,
    order: Sequence[SQLColumnExpression[Any]] | None = None,
) -> Page[Standing]:
    """A page of the standings that a narrowed `query` finds, usually the latest windows first."""
    total = db.scalar(wanted.with_only_columns(func.count(), maintain_column_froms=True)) or 0
    latest = (Assignment.period_end.desc(), Definition.name, User.name, Team.name, Assignment.id)
    ordered = wanted.order_by(*(order or latest))
    return page.of(all_of(db, ordered.limit(page.limit).offset(page.offset)), total)


def all_of(db: TenantSession, wanted: Rows) -> list[Standing]:
    """Every standing that a narrowed `query` finds, in its order."""
    return [standing_of(row, db.actor.tenant) for row in db.execute(wanted)]


def query(db: TenantSession) -> Rows:
    """The rows that `standing_of` reads, of every assignment that the actor may see."""
    return _rows(db.actor.tenant.name).where(visibility.readable_assignments(db))


@lru_cache(maxsize=256)
def _rows(company: str) -> Rows:
    """The company's name stands where there is no assignee. Made once: it is asked for often."""
    return (
        select(*_COLUMNS, func.coalesce(User.name, Team.name, literal(company)).label("assignee"))
        .join(
            Definition,
            and_(
                Definition.tenant_id == Assignment.tenant_id,
                Definition.id == Assignment.definition_id,
            ),
        )
        .outerjoin(
            User, and_(User.tenant_id == Assignment.tenant_id, User.id == Assignment.user_id)
        )
        .outerjoin(
            Team, and_(Team.tenant_id == Assignment.tenant_id, Team.id == Assignment.team_id)
        )
    )


def standing_of(row: Row[*tuple[Any, ...]], tenant: Tenant) -> Standing:
    """One row of `query` as a standing."""
    rule = Rule(row.type, row.target_value, row.range_min, row.range_max)
    window, today = Window(row.period_start, row.period_end), tenant.today
    return Standing(
        id=row.id,
        definition_id=row.definition_id,
        goal=row.goal,
        description=row.description,
        category=row.category,
        metric=row.metric,
        unit=row.unit,
        period=row.period,
        source=row.source,
        assignee_type=row.assignee_type,
        assignee_id=row.assignee_id,
        assignee=row.assignee,
        window=window,
        rule=rule,
        has_own_target=row.custom_target is not None,
        proration=_proration(row),
        value=row.current_value,
        progress=row.progress_percentage,
        attainment=_attainment(rule, row),
        status=row.status,
        goal_status=row.goal_status,
        achieved_at=row.achieved_at,
        closed_at=row.closed_at,
        updated_at=row.last_updated_at,
        sync_error=row.sync_error,
        left_out=row.left_out,
        notes=row.notes,
        pace=pace(rule.target, window, today),
        at_risk=_flagged(row, window, tenant, today),
    )


def _proration(row: Row[*tuple[Any, ...]]) -> Proration | None:
    if row.worked_days is None or row.working_days is None:
        return None
    return Proration(row.full_target, row.worked_days, row.working_days)


def _attainment(rule: Rule, row: Row[*tuple[Any, ...]]) -> Decimal:
    """For maintain the share of days in range: its value is no part of anything."""
    if rule.type is GoalType.MAINTAIN:
        return row.progress_percentage  # type: ignore[no-any-return]
    return attainment(rule, row.current_value)


def _flagged(row: Row[*tuple[Any, ...]], window: Window, tenant: Tenant, today: date) -> bool:
    is_open = row.status is AssignmentStatus.ACTIVE and row.closed_at is None
    rule = RiskRule(tenant.risk_progress_below, tenant.risk_time_left)
    return (
        is_open
        and row.goal_status is GoalStatus.ACTIVE
        and rule.flags(row.type, row.progress_percentage, window, today)
    )
