"""Which assignments a full sync has to touch: found by the database, without locking the others.

A target that is tracked from records, and stands where its records and the rules of `models` say,
is left alone; whatever else there is is computed. One that changes meanwhile is computed by whoever
changes it, or by the sync that takes the change.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, or_, select

from goals_core.actor import Tenant
from goals_core.db import TenantSession
from goals_core.engine import judging, scopes
from goals_core.engine.effects import Move
from goals_core.engine.plans import Plan, is_open, subjects
from goals_core.kinds import GoalType
from goals_core.models.goals import Assignment
from goals_core.sources import sums

_A = Assignment.__table__.c


@dataclass(frozen=True, slots=True)
class Differing:
    """How many assignments are open, and which of them may have to be written."""

    open: int
    ids: set[UUID]
    moves: dict[UUID, Move]  # of those of which it is known where they are to stand


def find(db: TenantSession, plan: Plan) -> Differing | None:
    """Those of a plan; None where it takes reading everybody's days all the same."""
    targets, others = plan.parted(lambda row: row.type is GoalType.TARGET)
    by_hand, tracked = targets.parted_by_hand()
    scope = scopes.of(db, tracked, db.execute(_shapes(db, tracked)).all(), everyones=True)
    planned = sums.passes(tracked.measures, scope) if scope.shapes else []
    if not sums.are_few(planned):
        return None
    ids = set(db.scalars(_open(db, by_hand, _A.id))) | set(db.scalars(_open(db, others, _A.id)))
    count = len(ids)
    moves: dict[UUID, Move] = {}
    if planned:
        count += db.scalar(_open(db, tracked, func.count())) or 0
        tenant = db.actor.tenant
        who = subjects(tenant, tracked, only=None)
        read = sums.totals(who, planned, scope, tenant=tenant, today=tenant.today)
        for row in db.execute(_differing(tenant, read.subquery("values"))):
            ids.add(row.id)
            if row.change is not None:
                moves[row.id] = Move(row.change, since=row.since)
    return Differing(count, ids, moves)


def _shapes(db: TenantSession, plan: Plan) -> Select[Any]:
    return _open(
        db, plan, _A.definition_id, _A.assignee_type, _A.period_start, _A.period_end
    ).distinct()


def _open(db: TenantSession, plan: Plan, *columns: ColumnElement[Any]) -> Select[Any]:
    """What is computed at all."""
    return select(*columns).where(is_open(db.actor.tenant), _A.definition_id.in_(plan.numbers))


def _differing(tenant: Tenant, values: FromClause) -> Select[Any]:
    """`recompute._judged` as a condition: what it would leave as it is does not come up."""
    value = func.coalesce(values.c.value, _A.current_value)
    is_known = or_(values.c.value.is_not(None), _A.last_updated_at.is_not(None))
    judged = judging.judged(tenant, value, left_out=values.c.left_out, is_known=is_known)
    stands = and_(
        judged.keeps, value == _A.current_value, judged.progress == _A.progress_percentage
    )
    lacks_nothing = and_(values.c.left_out == 0, _A.left_out == 0)
    change = case((lacks_nothing, values.c.value - _A.current_value))
    return (
        select(_A.id, change.label("change"), _A.current_value.label("since"))
        .join(values, values.c.id == _A.id)
        .where(_A.tenant_id == tenant.id, stands.is_not(True))
    )
