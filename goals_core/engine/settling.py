"""Which values count what the journal told, and nothing of what waits there (see `effects`)."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, update

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine import effects, journal
from goals_core.engine.plans import Plan
from goals_core.models.goals import Assignment
from goals_core.sources.facts import MANUAL

Rows = Sequence[Row[*tuple[Any, ...]]]


def note(
    db: TenantSession, plan: Plan, rows: Rows, *, known: Collection[UUID], settles: bool, all_: bool
) -> None:
    """Note of rows that were computed, and stay open, whether their values are settled by that.

    Those that are `known` have moved by what was taken, the others were read; `all_`: and so were
    those that stand where they should. Of a goal that is wrong nothing was written.
    What a deed reads is unsettled whatever it is made of: a sync that ran before the deed was
    committed knew nothing of it, and may have taken what came after it had read.
    """
    tracked = {id_ for id_, number in plan.numbers.items() if number != MANUAL}
    mine = [row for row in rows if row.definition_id in tracked]
    wrong = {row.id for row in mine if row.definition_id in plan.errors}
    read = {row.id for row in mine} - wrong - set(known)
    if settles and (
        all_ or any(effects.adds_up(plan, r.definition_id) for r in mine if r.id in read)
    ):
        journal.count_waiting(db)
    to_settle, to_unsettle = (read, wrong) if settles else (set[UUID](), read | wrong)
    _write(db, (row.id for row in mine if row.unsettled and row.id in to_settle), False)
    _write(db, (row.id for row in mine if not row.unsettled and row.id in to_unsettle), True)


def _write(db: TenantSession, which: Iterable[UUID], unsettled: bool) -> None:
    if ids := list(which):
        db.execute(
            update(Assignment)
            .where(Assignment.id == func.any(ids_of(ids)))
            .values(unsettled=unsettled),
            execution_options={"synchronize_session": False},
        )
