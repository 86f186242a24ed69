"""What is to be computed, under lock: definitions, then their assignments, each by id."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, Select, Uuid, bindparam, func, select, text

from goals_core.arrays import Ids, ids_of
from goals_core.db import TenantSession
from goals_core.engine.plans import Plan, plan_of, what_a_plan_needs
from goals_core.kinds import AssignmentStatus, GoalStatus
from goals_core.models.goals import Assignment, Definition

_A, _D = Assignment.__table__.c, Definition.__table__.c
_TENANT = bindparam("tenant_id", type_=Uuid)
# One assignment, whose plan is made once, or a list, whose plan is made for its length.
ONE = (_A.tenant_id == _TENANT) & (_A.id == bindparam("one", type_=Uuid))
ONLY = (_A.tenant_id == _TENANT) & (_A.id == func.any(bindparam("only", type_=Ids())))

# Nobody changes the definitions until the transaction ends.
_LOCKED = (
    what_a_plan_needs().where(_D.tenant_id == _TENANT).order_by(_D.id).with_for_update(read=True)
)
_DEFINITIONS = _LOCKED.where(_D.status == GoalStatus.ACTIVE)
# Of some assignments the others too: while one is looked at, none becomes active.
_ITS_DEFINITION, _THEIR_DEFINITIONS = (
    _LOCKED.where(_D.id.in_(select(_A.definition_id).where(these))) for these in (ONE, ONLY)
)
COLUMNS = (
    _A.id,
    _A.definition_id,
    _A.assignee_type,
    _A.user_id,
    _A.team_id,
    _A.target_value,
    _A.rearm,
    _A.unsettled,
    _A.at_risk_since,
    _A.left_out,
    _A.untold,
    _A.created_at,
    _A.current_value,
    _A.progress_percentage,
    _A.status,
    _A.achieved_at,
    _A.last_updated_at,
    _A.closed_at,
    _A.period_start,
    _A.period_end,
)
"""What a computation needs of an assignment."""
# What is open and has begun, in the order of ids: two computations never cross.
_ASSIGNMENTS = (
    select(*COLUMNS)
    .where(
        _A.tenant_id == _TENANT,
        _A.definition_id == func.any(bindparam("definitions", type_=Ids())),
        _A.closed_at.is_(None),
        _A.status != AssignmentStatus.CANCELLED,
        _A.period_start <= bindparam("today", type_=Date),
    )
    .order_by(_A.id)
    .with_for_update(key_share=True)
)
_THESE_ASSIGNMENTS = _ASSIGNMENTS.where(ONLY)

_PLAN_ANEW = text("SET LOCAL plan_cache_mode = force_custom_plan")
_IN_MEMORY = text("SET LOCAL work_mem = '64MB'")
_IN_LITTLE_MEMORY = text("SET LOCAL work_mem = DEFAULT")
_PLAN_AS_EVER = text("SET LOCAL plan_cache_mode = DEFAULT")


@dataclass(frozen=True, slots=True)
class Locked:
    """What is to be computed; nobody else changes it until the transaction ends."""

    plan: Plan
    rows: Sequence[Row[*tuple[Any, ...]]]
    only: Collection[UUID] | None


@contextmanager
def planned_anew(db: TenantSession) -> Iterator[None]:
    """Plan what is read for the rows that it is about.

    A plan that was made for few, and kept, takes a second for what another does in no time. What is
    written is planned as ever: each reference would be checked by a plan of its own.
    """
    db.execute(_PLAN_ANEW)
    yield
    db.execute(_PLAN_AS_EVER)


@contextmanager
def read_in_memory(db: TenantSession) -> Iterator[None]:
    """Plan anew what reads all of a tenant, and keep its sums in memory: as many as people."""
    with planned_anew(db):
        db.execute(_IN_MEMORY)
        yield
        db.execute(_IN_LITTLE_MEMORY)


def definitions_of(db: TenantSession, only: Collection[UUID] | None) -> Plan:
    """Lock the active definitions, or those of `only` these assignments; the active ones' plan."""
    if only is None:
        return plan_of(db.execute(_DEFINITIONS, {"tenant_id": db.tenant_id}))
    theirs = db.execute(_ITS_DEFINITION if len(only) == 1 else _THEIR_DEFINITIONS, these(db, only))
    return plan_of(row for row in theirs if row.status is GoalStatus.ACTIVE)


def definitions_among(db: TenantSession, among: Select[UUID]) -> Plan:
    """Lock the active definitions among these ids; their plan."""
    return plan_of(db.execute(_DEFINITIONS.where(_D.id.in_(among)), {"tenant_id": db.tenant_id}))


def these(db: TenantSession, ids: Collection[UUID]) -> dict[str, Any]:
    """What `ONE` and `ONLY` are bound to."""
    return {"tenant_id": db.tenant_id, "only": ids, "one": next(iter(ids), None)}


def assignments_of(
    db: TenantSession, plan: Plan, only: Collection[UUID] | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Lock the open assignments of a plan's definitions, or `only` these of them."""
    bound: dict[str, Any] = {
        "tenant_id": db.tenant_id,
        "definitions": plan.numbers,
        "today": db.actor.tenant.today,
    }
    if only is None:
        return db.execute(_ASSIGNMENTS, bound).all()
    return db.execute(_THESE_ASSIGNMENTS, bound | {"only": only}).all()


def with_others(
    db: TenantSession, definition_ids: Collection[UUID], rows: Sequence[Row[*tuple[Any, ...]]]
) -> set[UUID]:
    """Those of the definitions of which more is computed than these rows."""
    others = select(_A.definition_id).where(
        _A.tenant_id == db.tenant_id,
        _A.definition_id == func.any(ids_of(definition_ids)),
        _A.id != func.all(ids_of([row.id for row in rows])),
        _A.closed_at.is_(None),
        _A.status != AssignmentStatus.CANCELLED,
        _A.period_start <= db.actor.tenant.today,
    )
    return set(db.scalars(others.distinct()))
