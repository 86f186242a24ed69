"""The rules of `models` as SQL, for what is counted, narrowed and sorted in the database."""

from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, func, literal, type_coerce

from goals_core.actor import Tenant
from goals_core.kinds import AssignmentStatus, GoalStatus, GoalType
from goals_core.models.goals import Assignment, Definition


def running(tenant: Tenant) -> ColumnElement[bool]:
    """Assignments of active goals whose window is today's."""
    return and_(Definition.status == GoalStatus.ACTIVE, current(tenant))


def current(tenant: Tenant) -> ColumnElement[bool]:
    """Assignments, whatever their goals, whose window is today's."""
    return and_(
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
        Assignment.period_start <= tenant.today,
        left * 100 <= tenant.risk_time_left * days,
        low(tenant),
    )


def low(tenant: Tenant) -> ColumnElement[bool]:
    """What is open, with so little progress that it is at risk as soon as little time is left."""
    return and_(_is_open(), Assignment.progress_percentage < tenant.risk_progress_below)


def slow(tenant: Tenant) -> ColumnElement[bool]:
    """What is open, with less progress than its pace, whatever its goal's type."""
    return and_(_is_open(), Assignment.progress_percentage * 100 < expected(tenant))


def expected(tenant: Tenant) -> ColumnElement[int]:
    """The linear pace as SQL: the elapsed share of the window, in hundredths of percent.

    Whole numbers, rounded down by dividing them: as a numeric it would take most of the time.
    """
    days = _days(Assignment.period_end - Assignment.period_start) + 1
    elapsed = _days(literal(tenant.today) - Assignment.period_start) + 1
    return _days(func.least(elapsed, days)) * 10000 // days


def attained() -> ColumnElement[Any]:
    """Attainment in percent, rounded down to cents, as SQL; also beyond 100 %."""
    part, target = Assignment.current_value * 10000, Assignment.target_value
    return case(
        (target == 0, 100),
        (part < 0, func.floor(part / target) * Decimal("0.01")),
        else_=func.div(part, target) * Decimal("0.01"),  # the same, and needs no decimals
    )


def _is_open() -> ColumnElement[bool]:
    return and_(Assignment.status == AssignmentStatus.ACTIVE, Assignment.closed_at.is_(None))


def _days(number: ColumnElement[Any]) -> ColumnElement[int]:
    return type_coerce(number, Integer)
