"""The rules of `models` for targets as SQL: what a value makes of an assignment.

A test holds them to those of `recompute`.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, true

from goals_core import moments
from goals_core.actor import Tenant
from goals_core.checks import LARGEST
from goals_core.kinds import AssignmentStatus
from goals_core.models.goals import Assignment

_A = Assignment.__table__.c


@dataclass(frozen=True, slots=True)
class Judged:
    """What an assignment becomes of a value."""

    progress: ColumnElement[Any]  # percent, 0 to 100
    keeps: ColumnElement[bool]  # its status, its risk and its silence; and it is not to be closed


def judged(
    tenant: Tenant,
    value: ColumnElement[Any],
    *,
    left_out: ColumnElement[Any],
    is_known: ColumnElement[bool] | None = None,
) -> Judged:
    """By a value, of which records were left out; where it is not known nothing is reached."""
    is_known = true() if is_known is None else is_known
    progress = case((is_known, _progress(value)), else_=0)
    is_reached = and_(is_known, value >= _A.target_value)
    status = case(
        (is_reached, AssignmentStatus.ACHIEVED.value), else_=AssignmentStatus.ACTIVE.value
    )
    at_risk = and_(~is_reached, _is_low(tenant, progress))
    told = _A.at_risk_since.is_not(None)
    keeps = and_(
        func.abs(value) <= LARGEST,
        status == func.text(_A.status),
        left_out == _A.left_out,
        or_(at_risk == told, and_(at_risk, left_out > 0)),
        ~_A.rearm,
        ~_A.unsettled,
        or_(_A.period_end + tenant.grace_days >= moments.today(tenant), left_out > 0),
    )
    return Judged(progress, keeps)


def _progress(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Rounded down; a target of nothing is met by nothing."""
    share = func.div(value * 10000, func.nullif(_A.target_value, 0)) / 100
    return func.least(func.greatest(func.coalesce(share, 100), 0), 100)


def _is_low(tenant: Tenant, progress: ColumnElement[Any]) -> ColumnElement[bool]:
    days = _A.period_end - _A.period_start + 1
    left = func.greatest(_A.period_end - moments.today(tenant), 0)
    return and_(progress < tenant.risk_progress_below, left * 100 <= tenant.risk_time_left * days)
