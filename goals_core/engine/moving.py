"""Values that only move: written by the database, without each being fetched and judged.

Status, risk and milestones stay as they are; so a move changes a value, a percentage and the log,
and nobody is told anything. Whatever does more than that is left to `recompute`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Integer,
    Numeric,
    Select,
    Update,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from goals_core import moments
from goals_core.actor import Tenant
from goals_core.arrays import Ids, Numbers
from goals_core.db import TenantSession
from goals_core.engine import judging
from goals_core.engine.changes import TICK
from goals_core.engine.effects import Move, Moves
from goals_core.engine.plans import Plan
from goals_core.kinds import EntryKind, ProgressSource
from goals_core.models.base import new_id, table_of
from goals_core.models.goals import Assignment, Definition, ProgressEntry

_ASSIGNMENTS, _LOG = table_of(Assignment), table_of(ProgressEntry)
_A, _D = _ASSIGNMENTS.c, Definition.__table__.c
_LEFT = ("id", *Move._fields)
_NO_NUMBER = cast(null(), Numeric)


@dataclass(frozen=True, slots=True)
class Written:
    """How many values were moved, and which are left to be judged, each with its move."""

    number: int
    left: Mapping[UUID, Move]


NOTHING = Written(0, MappingProxyType({}))


def write(
    db: TenantSession,
    plan: Plan,
    moves: Moves | Mapping[UUID, Move],
    *,
    to_read: Collection[UUID] = (),
    reference: str | None,
) -> Written:
    """Move those of which nothing but the value changes; lock the others, and those `to_read`.

    The definitions of the plan are locked already. Assignments are locked all at once, by their
    ids, so that two computations never cross.
    """
    found = moves.statement if isinstance(moves, Moves) else None
    number, *left = db.execute(
        _statement(db.actor.tenant, found),
        {
            **(moves.bound if isinstance(moves, Moves) else _bound(moves)),
            "to_read": to_read,
            "goals": plan.numbers,
            "run": new_id(),
            "reference": reference,
            "who": db.actor.user_id,
        },
    ).one()
    each = zip(*(column or () for column in left), strict=True)
    return Written(number, {id_: Move(*move) for id_, *move in each})


@lru_cache(maxsize=256)
def _statement(tenant: Tenant, found: CompoundSelect[Any] | None) -> Select[*tuple[Any, ...]]:
    """Of what the database finds, or of what is bound."""
    locked = _locked(tenant, _given() if found is None else _found(found))
    moved = _moved(tenant, locked).cte("moved")
    return _outcome(locked, moved).add_cte(_logged(tenant, moved))


def _given() -> Select[Any]:
    types = (Ids(), *(Numbers() for _ in Move._fields))
    given = (bindparam(f"{name}s", type_=type_) for name, type_ in zip(_LEFT, types, strict=True))
    each = func.unnest(*given).table_valued(*_LEFT, name="given").render_derived()
    return select(*each.c)


def _bound(moves: Mapping[UUID, Move]) -> dict[str, object]:
    columns = (moves, *zip(*moves.values(), strict=True)) if moves else ((), (), (), ())
    return {f"{name}s": column for name, column in zip(_LEFT, columns, strict=True)}


def _found(moves: CompoundSelect[Any]) -> Select[Any]:
    found = moves.subquery("given")
    return select(*found.c, _NO_NUMBER.label("since"))


def _locked(tenant: Tenant, given: Select[Any]) -> CTE:
    """(id, change, left_out, since); without a change those to be read."""
    to_read = bindparam("to_read", type_=Ids())
    others = func.unnest(to_read).column_valued("other")
    moving = given.subquery("moving")
    both = union_all(
        select(*moving.c).where(moving.c.id != func.all(to_read)),
        select(others, *(_NO_NUMBER for _ in Move._fields)),
    ).subquery("both")
    change, left_out, since = (both.c[name] for name in Move._fields)
    return (
        select(_A.id, change, cast(left_out, Integer).label("left_out"), since)
        .join_from(_ASSIGNMENTS, both, both.c.id == _A.id)
        .where(_A.tenant_id == tenant.id)
        .order_by(_A.id)
        .with_for_update(key_share=True, of=_ASSIGNMENTS)
        .cte("locked")
    )


def _moved(tenant: Tenant, locked: CTE) -> Update:
    value = _A.current_value + locked.c.change
    judged = judging.judged(tenant, value, left_out=literal(0, Integer))
    its_goal = and_(_D.tenant_id == tenant.id, _D.id == _A.definition_id)
    return (
        update(_ASSIGNMENTS)
        .where(
            _A.tenant_id == tenant.id,
            _A.id == locked.c.id,
            its_goal,
            _D.id == func.any(bindparam("goals", type_=Ids())),
            locked.c.left_out == 0,
            func.coalesce(locked.c.since, _A.current_value) == _A.current_value,
            _A.closed_at.is_(None),
            judged.keeps,
            ~_passes_one(judged.progress),
        )
        .values(
            current_value=value,
            progress_percentage=judged.progress,
            last_updated_at=func.greatest(moments.now(), _A.last_updated_at + TICK),
            updated_at=moments.now(),
        )
        .returning(_A.id, _A.current_value, _A.last_updated_at, locked.c.change)
    )


def _passes_one(progress: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a milestone lies between the progress that was and the one that is."""
    one = func.jsonb_array_elements(_D.milestones).table_valued(
        column("value", JSONB), name="milestone"
    )
    percentage = cast(one.c.value["percentage"].astext, Integer)
    between = and_(percentage > _A.progress_percentage, percentage <= progress)
    return select(literal(1)).select_from(one).where(between).correlate_except(one).exists()


def _logged(tenant: Tenant, moved: CTE) -> CTE:
    m = moved.c
    line: dict[str, ColumnElement[Any]] = {
        "tenant_id": literal(tenant.id),
        "id": func.core.line_id(bindparam("run", type_=Uuid()), func.row_number().over()),
        "assignment_id": m.id,
        "previous_value": m.current_value - m.change,
        "new_value": m.current_value,
        "change_amount": m.change,
        "source": literal(ProgressSource.AUTOMATIC, _LOG.c.source.type),
        "source_reference": bindparam("reference", type_=_LOG.c.source_reference.type),
        "notes": literal(""),
        "logged_at": m.last_updated_at,
        "logged_by": bindparam("who", type_=_LOG.c.logged_by.type),
        "occurred_at": moments.now(),
        "kind": literal(EntryKind.VALUE, _LOG.c.kind.type),
    }
    lines = insert(_LOG).from_select(list(line), select(*line.values()).select_from(moved))
    return lines.on_conflict_do_nothing(index_elements=["tenant_id", "id"]).cte("logged")


def _outcome(locked: CTE, moved: CTE) -> Select[*tuple[Any, ...]]:
    """In one row, so that nothing of what was written is told."""
    number = select(func.count()).select_from(moved).scalar_subquery()
    is_left = and_(locked.c.change.is_not(None), locked.c.id.not_in(select(moved.c.id)))
    left = (func.array_agg(locked.c[name]).label(name) for name in _LEFT)
    return select(number.label("number"), *left).where(is_left)
