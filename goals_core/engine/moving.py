"""Values that only move: written by the database, without each being fetched and judged.

Status, risk and milestones stay as they are; so a move changes a value, a percentage and the log,
and nobody is told anything. Whatever does more than that is left to `recompute`.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Update,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from goals_core import clock
from goals_core.actor import Tenant
from goals_core.arrays import Ids, Numbers, ids_of
from goals_core.db import TenantSession
from goals_core.engine import judging
from goals_core.engine.changes import TICK
from goals_core.engine.effects import Move
from goals_core.engine.plans import Plan
from goals_core.kinds import EntryKind, ProgressSource
from goals_core.models.base import new_id_text, table_of
from goals_core.models.goals import Assignment, Definition, ProgressEntry

_ASSIGNMENTS, _LOG = table_of(Assignment), table_of(ProgressEntry)
_A, _D = _ASSIGNMENTS.c, Definition.__table__.c


def write(
    db: TenantSession,
    plan: Plan,
    only: Collection[UUID],
    moves: Mapping[UUID, Move],
    *,
    reference: str | None,
) -> set[UUID]:
    """Write those of which nothing but the value changes, and lock all of `only` these.

    The definitions of the plan are locked already. What is left to be computed is locked here, too:
    all at once, by their ids, so that two computations never cross.
    """
    locked = _locked(db, only, moves)
    moved = _moved(db.actor.tenant, plan, locked).cte("moved")
    logged = _logged(db, moved, reference)
    return set(db.scalars(select(moved.c.id).add_cte(logged)))


def _locked(db: TenantSession, only: Collection[UUID], moves: Mapping[UUID, Move]) -> CTE:
    """(id, change, since, line); `line`: the id of the log's line."""
    plain = {id_: move for id_, move in moves.items() if not move.left_out}
    of_each = [plain.get(id_) for id_ in only]
    given = (
        bindparam("ids", only, Ids()),
        bindparam("changes", [move and move.change for move in of_each], Numbers()),
        bindparam("since", [move and move.since for move in of_each], Numbers()),
        bindparam("lines", [new_id_text() for _ in only], Ids()),
    )
    names = ("id", "change", "since", "line")
    each = func.unnest(*given).table_valued(*names, name="given").render_derived()
    return (
        select(_A.id, each.c.change, each.c.since, each.c.line)
        .join_from(_ASSIGNMENTS, each, each.c.id == _A.id)
        .where(_A.tenant_id == db.tenant_id)
        .order_by(_A.id)
        .with_for_update(key_share=True, of=_ASSIGNMENTS)
        .cte("locked")
    )


def _moved(tenant: Tenant, plan: Plan, locked: CTE) -> Update:
    value = _A.current_value + locked.c.change
    judged = judging.judged(tenant, value, left_out=literal(0, Integer))
    its_goal = and_(_D.tenant_id == tenant.id, _D.id == _A.definition_id)
    return (
        update(_ASSIGNMENTS)
        .where(
            _A.tenant_id == tenant.id,
            _A.id == locked.c.id,
            its_goal,
            _D.id == func.any(ids_of(plan.numbers)),
            func.coalesce(locked.c.since, _A.current_value) == _A.current_value,
            _A.closed_at.is_(None),
            judged.keeps,
            ~_passes_one(judged.progress),
        )
        .values(
            current_value=value,
            progress_percentage=judged.progress,
            last_updated_at=func.greatest(literal(clock.now()), _A.last_updated_at + TICK),
            updated_at=clock.now(),
        )
        .returning(_A.id, _A.current_value, _A.last_updated_at, locked.c.change, locked.c.line)
    )


def _passes_one(progress: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a milestone lies between the progress that was and the one that is."""
    one = func.jsonb_array_elements(_D.milestones).table_valued(
        column("value", JSONB), name="milestone"
    )
    percentage = cast(one.c.value["percentage"].astext, Integer)
    between = and_(percentage > _A.progress_percentage, percentage <= progress)
    return select(literal(1)).select_from(one).where(between).correlate_except(one).exists()


def _logged(db: TenantSession, moved: CTE, reference: str | None) -> CTE:
    m = moved.c
    line: dict[str, ColumnElement[Any]] = {
        "tenant_id": literal(db.tenant_id),
        "id": m.line,
        "assignment_id": m.id,
        "previous_value": m.current_value - m.change,
        "new_value": m.current_value,
        "change_amount": m.change,
        "source": literal(ProgressSource.AUTOMATIC, _LOG.c.source.type),
        "source_reference": literal(reference, _LOG.c.source_reference.type),
        "notes": literal(""),
        "logged_at": m.last_updated_at,
        "logged_by": literal(db.actor.user_id, _LOG.c.logged_by.type),
        "occurred_at": literal(clock.now()),
        "kind": literal(EntryKind.VALUE, _LOG.c.kind.type),
    }
    lines = insert(_LOG).from_select(list(line), select(*line.values()).select_from(moved))
    return lines.on_conflict_do_nothing(index_elements=["tenant_id", "id"]).cte("logged")
