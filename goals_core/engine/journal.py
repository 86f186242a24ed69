"""Taking what the journal tells: each batch once, and the assignments that it can concern.

A batch is taken in the transaction that computes what it changed, so that both happen or neither.
Batches wait by not having been taken, not by a number: one whose transaction took longer than that
of a later one is found by the next sync.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text, update

from goals_core import clock
from goals_core.arrays import array
from goals_core.db import TenantSession
from goals_core.engine.plans import Plan, plan_of, what_a_plan_needs
from goals_core.kinds import GoalStatus
from goals_core.models.goals import Assignment, Definition
from goals_core.models.journal import JournalBatch
from goals_core.sources.catalogue import ENTITIES

MOST_LINES = 20_000  # of more, computing everything is faster

# Lines are found by their ids, so that the planner knows how many there are; of batches one was a
# bulk load, and all look like it.
_CHANGED = text(
    """
    SELECT DISTINCT CAST(i.image ->> 'owner_id' AS uuid) AS owner_id,
        CAST(i.image ->> :date_field AS date) AS day
    FROM goals.journal j CROSS JOIN LATERAL (VALUES (j.old), (j.new)) AS i (image)
    WHERE j.tenant_id = :tenant_id AND j.id = ANY (CAST(:lines AS uuid[]))
        AND i.image ->> :date_field IS NOT NULL AND coalesce(i.image ->> 'entity', '') = :entity
    """
)
_MEMBERS = text(
    """
    SELECT m.team_id, m.user_id, m.member_from, m.member_to FROM core.team_members m
    WHERE m.tenant_id = :tenant_id AND m.user_id = ANY (CAST(:owners AS uuid[]))
    """
)
_OPEN = text(
    """
    SELECT a.id, coalesce(a.user_id, a.team_id) AS assignee, a.period_start, a.period_end
    FROM goals.assignments a
    WHERE a.tenant_id = :tenant_id AND a.definition_id = ANY (CAST(:definitions AS uuid[]))
        AND a.closed_at IS NULL AND a.status <> 'cancelled' AND a.period_start <= :today
        AND (a.assignee_type = 'tenant' OR a.user_id = ANY (CAST(:assignees AS uuid[]))
            OR a.team_id = ANY (CAST(:assignees AS uuid[])))
    """
)


@dataclass(frozen=True, slots=True)
class Taken:
    """Batches that are nobody else's now."""

    by_table: dict[str, list[str]]  # the ids of their lines
    lines: int
    concerns_all: bool  # an exchange rate, or more lines than are worth reading


def take(db: TenantSession, *, run_id: UUID | None, only: Collection[UUID] | None = None) -> Taken:
    """Take every batch that waits, or `only` these of them."""
    waiting = [JournalBatch.tenant_id == db.tenant_id, JournalBatch.taken_at.is_(None)]
    if only is not None:
        waiting.append(JournalBatch.id.in_(only))
    # those that another one holds are its, so that nobody waits
    free = select(JournalBatch.id).where(*waiting).with_for_update(skip_locked=True)
    taken = (
        update(JournalBatch)
        .where(JournalBatch.tenant_id == db.tenant_id, JournalBatch.id.in_(free))
        .values(run_id=run_id, taken_at=clock.now())
        .returning(JournalBatch.id, JournalBatch.source_table, JournalBatch.lines)
    )
    rows = db.execute(taken, execution_options={"synchronize_session": False}).all()
    by_table: dict[str, list[str]] = defaultdict(list)
    lines = sum(row.lines for row in rows)
    if lines <= MOST_LINES:
        for row in rows:
            by_table[row.source_table] += _line_ids(row.id, row.lines)
    return Taken(
        by_table=dict(by_table),
        lines=lines,
        concerns_all=lines > MOST_LINES or any(not row.lines for row in rows),
    )


def _line_ids(batch: UUID, lines: int) -> list[str]:
    """As `core.line_id` makes them."""
    return [f"{str(batch)[:24]}{number:012x}" for number in range(1, lines + 1)]


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
        if lines := taken.by_table.get(table):
            bound = {"lines": array(lines), "date_field": date_field, "entity": entity}
            changed = db.execute(_CHANGED, {"tenant_id": db.tenant_id} | bound).all()
            found |= _touched(db, definitions, _days(db, changed))
    return found


def _days(db: TenantSession, changed: Sequence[Row[Any]]) -> dict[UUID | None, list[date]]:
    """The days on which something changed, in order: of people, of their teams, None: of all."""
    days: dict[UUID | None, set[date]] = defaultdict(set)
    for row in changed:
        days[None].add(row.day)
        if row.owner_id is not None:
            days[row.owner_id].add(row.day)
    owners = {"tenant_id": db.tenant_id, "owners": array(days.keys() - {None})}
    for member in db.execute(_MEMBERS, owners).all():
        last = member.member_to or date.max
        mine = {day for day in days[member.user_id] if member.member_from <= day <= last}
        days[member.team_id] |= mine
    return {who: sorted(when) for who, when in days.items()}


def _touched(
    db: TenantSession, definitions: list[UUID], days: dict[UUID | None, list[date]]
) -> set[UUID]:
    """The open assignments that have one of their days in their window."""
    bound = {
        "tenant_id": db.tenant_id,
        "today": db.actor.tenant.today,
        "definitions": array(definitions),
        "assignees": array(days.keys() - {None}),
    }
    return {
        row.id
        for row in db.execute(_OPEN, bound)
        if _has_one(days.get(row.assignee, []), row.period_start, row.period_end)
    }


def _has_one(days: list[date], first: date, last: date) -> bool:
    at = bisect_left(days, first)
    return at < len(days) and days[at] <= last


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
