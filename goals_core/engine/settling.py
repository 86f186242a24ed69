"""Which values count what was taken from the journal, and nothing of what waits there (`moved`)."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, update

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine import journal, moved
from goals_core.engine.plans import Plan
from goals_core.models.goals import Assignment

Rows = Sequence[Row[*tuple[Any, ...]]]


def note(
    db: TenantSession, plan: Plan, rows: Rows, *, known: Collection[UUID], settles: bool, all_: bool
) -> None:
    """Note of rows that were computed, and stay open, whether their values are settled by that.

    Those that are `known` have moved by what was taken, the others were read; `all_`: and so were
    those that stand where they should. Of a goal that is wrong nothing was written.
    """
    goals = {id_ for id_ in plan.definitions if moved.adds_up(plan, id_)}
    adding = [row for row in rows if row.definition_id in goals]
    wrong = {row.id for row in adding if row.definition_id in plan.errors}
    read = {row.id for row in adding} - wrong - set(known)
    if settles and (read or all_):
        journal.count_waiting(db)
    to_settle, to_unsettle = (read, wrong) if settles else (set[UUID](), read | wrong)
    _write(db, (row.id for row in adding if row.unsettled and row.id in to_settle), False)
    _write(db, (row.id for row in adding if not row.unsettled and row.id in to_unsettle), True)


def _write(db: TenantSession, which: Iterable[UUID], unsettled: bool) -> None:
    if ids := list(which):
        db.execute(
            update(Assignment)
            .where(Assignment.id == func.any(ids_of(ids)))
            .values(unsettled=unsettled),
            execution_options={"synchronize_session": False},
        )
