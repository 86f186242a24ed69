"""Taking what the journal tells: each batch once, and the assignments that it can concern.

A batch is taken in the transaction that computes what it changed, so that both happen or neither.
Batches wait by not having been taken, not by a number: one whose transaction took longer than that
of a later one is found by the next sync.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, update

from goals_core import clock
from goals_core.db import TenantSession
from goals_core.kinds import Reason
from goals_core.models.journal import JournalBatch

MOST_LINES = 20_000  # of more, computing everything is faster

Batches = dict[str, list[UUID]]
"""The ids of batches by the table whose records they are of."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Batches that are nobody else's now."""

    fresh: Batches
    counted: Batches  # some values have counted them already, by reading the records
    lines: int
    concerns_all: Reason | None  # why no line, or no one line, tells what is concerned


def take(db: TenantSession, *, run_id: UUID | None, only: Collection[UUID] | None = None) -> Taken:
    """Take every batch that waits, or `only` these of them."""
    waiting = _waiting(db)
    if only is not None:
        waiting.append(JournalBatch.id.in_(only))
    # those that another one holds are its, so that nobody waits
    free = select(JournalBatch.id).where(*waiting).with_for_update(skip_locked=True)
    taken = (
        update(JournalBatch)
        .where(JournalBatch.tenant_id == db.tenant_id, JournalBatch.id.in_(free))
        .values(run_id=run_id, taken_at=clock.now())
        .returning(
            JournalBatch.id, JournalBatch.source_table, JournalBatch.lines, JournalBatch.counted
        )
    )
    rows = db.execute(taken, execution_options={"synchronize_session": False}).all()
    fresh: Batches = defaultdict(list)
    counted: Batches = defaultdict(list)
    for row in rows:
        kind = counted if row.counted else fresh
        kind[row.source_table].append(row.id)
    lines = sum(row.lines for row in rows)
    reason = Reason.MANY if lines > MOST_LINES else None
    if any(not row.lines for row in rows):
        reason = Reason.RATES
    return Taken(fresh=dict(fresh), counted=dict(counted), lines=lines, concerns_all=reason)


def waits(db: TenantSession) -> bool:
    """Whether there is a batch that nobody has taken."""
    return bool(db.scalar(select(exists().where(*_waiting(db)))))


def count_waiting(db: TenantSession) -> None:
    """Say of what waits by now that values may have counted it: records were read before this."""
    db.execute(
        update(JournalBatch).where(*_waiting(db), ~JournalBatch.counted).values(counted=True),
        execution_options={"synchronize_session": False},
    )


def _waiting(db: TenantSession) -> list[ColumnElement[bool]]:
    return [JournalBatch.tenant_id == db.tenant_id, JournalBatch.taken_at.is_(None)]
