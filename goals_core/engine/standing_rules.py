"""The rules of `models` as SQL, for what is counted, narrowed and sorted in the database."""

from typing import Any

from sqlalchemy import ColumnElement, Numeric, and_, case, cast, func, literal

from goals_core.actor import Tenant
from goals_core.kinds import AssignmentStatus, GoalStatus, GoalType
from goals_core.models.goals import Assignment, Definition


def running(tenant: Tenant) -> ColumnElement[bool]:
    """Assignments of active goals whose window is today's."""
    return and_(
        Definition.status == GoalStatus.ACTIVE,
        Assignment.status != AssignmentStatus.CANCELLED,
        Assignment.period_start <= tenant.today,
        Assignment.period_end >= tenant.today,
    )


def begun(tenant: Tenant) -> ColumnElement[bool]:
    """Assignments of active or paused goals whose window has begun."""
    return and_(
        Definition.status.in_([GoalStatus.ACTIVE, GoalStatus.PAUSED]),
        Assignment.status != AssignmentStatus.CANCELLED,
        Assignment.period_start <= tenant.today,
    )


def at_risk(tenant: Tenant) -> ColumnElement[bool]:
    """`RiskRule.flags` as SQL: of what is active and not closed, also in its days of grace."""
    days = Assignment.period_end - Assignment.period_start + 1
    left = func.greatest(Assignment.period_end - literal(tenant.today), 0)
    return and_(
        Definition.status == GoalStatus.ACTIVE,
        Definition.type != GoalType.LIMIT,
        Assignment.status == AssignmentStatus.ACTIVE,
        Assignment.closed_at.is_(None),
        Assignment.period_start <= tenant.today,
        Assignment.progress_percentage < tenant.risk_progress_below,
        left * 100 <= tenant.risk_time_left * days,
    )


def behind_pace(tenant: Tenant) -> ColumnElement[bool]:
    """Targets whose progress is below the elapsed share of the window."""
    return and_(
        Definition.type == GoalType.TARGET,
        Assignment.status == AssignmentStatus.ACTIVE,
        Assignment.progress_percentage < expected_percent(tenant),
    )


def expected_percent(tenant: Tenant) -> ColumnElement[Any]:
    """The linear pace as SQL: the elapsed share of the window, rounded down."""
    days = Assignment.period_end - Assignment.period_start + 1
    elapsed = func.least(literal(tenant.today) - Assignment.period_start + 1, days)
    return cast(func.floor(elapsed * 10000 / days), Numeric) / 100


def attained() -> ColumnElement[Any]:
    """Attainment in percent, also beyond 100, as SQL."""
    target = Assignment.target_value
    share = func.floor(Assignment.current_value * 10000 / func.nullif(target, 0)) / 100
    return case((target == 0, 100), else_=share)
