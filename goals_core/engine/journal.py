"""Taking what the journal tells: each batch once, and the assignments that it can concern.

A batch is taken in the transaction that computes what it changed, so that both happen or neither.
Batches wait by not having been taken, not by a number: one whose transaction took longer than that
of a later one is found by the next sync.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text, update

from goals_core import clock
from goals_core.arrays import array
from goals_core.db import TenantSession
from goals_core.engine.plans import Plan, plan_of, what_a_plan_needs
from goals_core.kinds import GoalStatus
from goals_core.models.goals import Assignment, Definition
from goals_core.models.journal import JournalBatch
from goals_core.sources.catalogue import ENTITIES

# Whoever has the day's record before or after it changed, whoever leads or follows: people, the
# teams that they were in on that day, the company; of windows that have begun and are open.
_CONCERNED = text(
    """
    WITH changed AS MATERIALIZED (
        SELECT DISTINCT CAST(i.image ->> 'owner_id' AS uuid) AS owner_id,
            CAST(i.image ->> :date_field AS date) AS day
        FROM goals.journal j CROSS JOIN LATERAL (VALUES (j.old), (j.new)) AS i (image)
        WHERE j.tenant_id = :tenant_id AND j.batch_id = ANY (CAST(:batches AS uuid[]))
            AND i.image ->> :date_field IS NOT NULL
            AND coalesce(i.image ->> 'entity', '') = :entity
    ), open AS (
        SELECT a.id, a.assignee_type, a.user_id, a.team_id, a.period_start, a.period_end
        FROM goals.assignments a
        WHERE a.tenant_id = :tenant_id AND a.definition_id = ANY (CAST(:definitions AS uuid[]))
            AND a.closed_at IS NULL AND a.status <> 'cancelled' AND a.period_start <= :today
    )
    SELECT o.id FROM open o JOIN changed c ON o.user_id = c.owner_id
        AND c.day BETWEEN o.period_start AND o.period_end
    WHERE o.assignee_type = 'user'
    UNION
    SELECT o.id FROM changed c
    JOIN core.team_members m ON m.tenant_id = :tenant_id AND m.user_id = c.owner_id
        AND m.member_from <= c.day AND (m.member_to IS NULL OR m.member_to >= c.day)
    JOIN open o ON o.team_id = m.team_id AND c.day BETWEEN o.period_start AND o.period_end
    WHERE o.assignee_type = 'team'
    UNION
    SELECT o.id FROM open o
    WHERE o.assignee_type = 'tenant' AND EXISTS (
        SELECT FROM changed c WHERE c.day BETWEEN o.period_start AND o.period_end)
    """
)


@dataclass(frozen=True, slots=True)
class Taken:
    """Batches that are nobody else's now."""

    by_table: dict[str, list[UUID]]
    lines: int
    concerns_all: bool  # something changed that no line tells: an exchange rate

    @property
    def batches(self) -> list[UUID]:
        return [batch for batches in self.by_table.values() for batch in batches]


def take(db: TenantSession, *, run_id: UUID | None, only: Collection[UUID] | None = None) -> Taken:
    """Take every batch that waits, or `only` these of them."""
    waiting = [JournalBatch.tenant_id == db.tenant_id, JournalBatch.taken_at.is_(None)]
    if only is not None:
        waiting.append(JournalBatch.id.in_(only))
    # those that another one holds are its; in one order, so that two never wait in a circle
    free = select(JournalBatch.id).where(*waiting).with_for_update(skip_locked=True)
    taken = (
        update(JournalBatch)
        .where(JournalBatch.tenant_id == db.tenant_id, JournalBatch.id.in_(free))
        .values(run_id=run_id, taken_at=clock.now())
        .returning(JournalBatch.id, JournalBatch.source_table, JournalBatch.lines)
    )
    rows = db.execute(taken, execution_options={"synchronize_session": False}).all()
    by_table: dict[str, list[UUID]] = defaultdict(list)
    for row in rows:
        by_table[row.source_table].append(row.id)
    return Taken(
        by_table=dict(by_table),
        lines=sum(row.lines for row in rows),
        concerns_all=any(not row.lines for row in rows),
    )


def concerned(db: TenantSession, taken: Taken) -> set[UUID]:
    """The open assignments of active goals whose records these batches can have changed.

    Definitions are looked at and not locked: whoever changes one computes what that makes of it.
    """
    d = Definition.__table__.c
    sources = {e.module for e in ENTITIES if e.table.fullname in taken.by_table}
    active = (d.tenant_id == db.tenant_id, d.status == GoalStatus.ACTIVE, d.source.in_(sources))
    plan = plan_of(db.execute(what_a_plan_needs().where(*active)))
    found = _not_computed(db, plan)
    for (table, date_field, entity), definitions in _readers(plan).items():
        if batches := taken.by_table.get(table):
            bound = {
                "tenant_id": db.tenant_id,
                "today": db.actor.tenant.today,
                "batches": array(batches),
                "date_field": date_field,
                "entity": entity,
                "definitions": array(definitions),
            }
            found |= set(db.scalars(_CONCERNED, bound))
    return found


def _not_computed(db: TenantSession, plan: Plan) -> set[UUID]:
    """The open assignments of goals that cannot be computed: what concerns them cannot be told."""
    if not plan.errors:
        return set()
    ids = Assignment.definition_id.in_(plan.errors)
    return set(db.scalars(select(Assignment.id).where(ids, Assignment.closed_at.is_(None))))


def _readers(plan: Plan) -> dict[tuple[str, str, str], list[UUID]]:
    """The definitions that read the same days of the same records."""
    readers: dict[tuple[str, str, str], list[UUID]] = defaultdict(list)
    for definition_id, number in plan.numbers.items():
        if measure := plan.measures.get(number):
            entity = measure.entity
            named = "" if entity.name else measure.entity_name
            readers[entity.table.fullname, measure.date_field, named].append(definition_id)
    return readers
