"""What changed records do to open assignments: by how much they move sums and counts.

A target that is a sum or a count is settled when its value counts what was taken from the journal,
and nothing that waits there: then the next lines move it by what they say, and its other records
need not be read. Whoever reads a settled one's records leaves it unsettled, as that may count what
still waits; the next sync reads it once more, says of what waits by then that it may be counted
(`journal.count_waiting`), and settles it. So a line counts once, whoever reads when.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CompoundSelect, Table, or_, select, union_all

from goals_core.actor import Tenant
from goals_core.db import TenantSession
from goals_core.engine import credit
from goals_core.engine.journal import Batches, Taken
from goals_core.engine.plans import Plan, active_ones, is_open, plan_of
from goals_core.kinds import GoalStatus, GoalType, Source
from goals_core.models.goals import Assignment, Definition
from goals_core.sources import differences
from goals_core.sources.catalogue import ENTITIES
from goals_core.sources.measures import Measure

Part = tuple[Table, tuple[tuple[int, Measure], ...]]
"""A table and what is measured of it, by the numbers of a plan."""


class Move(NamedTuple):
    """By how much a value moves, and the number of records that it lacks for want of a rate."""

    change: Decimal
    left_out: int = 0
    since: Decimal | None = None  # the value that it was reckoned from; none: it holds for any


@dataclass(frozen=True, slots=True)
class Moves:
    """(id, change, left_out) of assignments, as the database finds it."""

    statement: CompoundSelect[Any]
    bound: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Effects:
    """What taken lines do to the open assignments of active goals."""

    moves: Moves | None  # of what is settled; None: of nothing
    to_read: set[UUID]  # the others that they concern; whatever moves them


def adds_up(plan: Plan, definition_id: UUID) -> bool:
    """Whether the goal is a target of which changes can be settled one by one."""
    measure = plan.measures.get(plan.numbers.get(definition_id, 0))
    is_target = plan.definitions[definition_id].type is GoalType.TARGET
    return is_target and measure is not None and differences.adds_up(measure)


def plan(db: TenantSession, taken: Taken) -> Plan:
    """The active goals of the sources that the lines are of, and those that could not be computed.

    They are looked at and not locked: whoever changes one computes what that makes of it.
    """
    tables = taken.fresh.keys() | taken.counted.keys()
    sources = {e.module for e in ENTITIES if e.table.fullname in tables}
    d = Definition.__table__.c
    of_these = or_(d.source.in_(sources), d.sync_error.is_not(None))
    return plan_of(db.execute(active_ones(db.tenant_id).where(of_these)))


def of(db: TenantSession, plan: Plan, taken: Taken, *, settled: bool) -> Effects:
    """What the taken lines do to a plan's; where nothing is known to be `settled`, all is read."""
    wrong = {id_ for id_, row in plan.definitions.items() if row.sync_error} | set(plan.errors)
    movable = {id_ for id_ in plan.numbers if id_ not in wrong and settled and adds_up(plan, id_)}
    moving, read = plan.parted(lambda row: row.id in movable)
    if not _are_few(moving):
        moving, read = Plan({}), plan
    to_read = (
        _concerned(db, moving, taken.counted)
        | _concerned(db, read, _together(taken))
        | _open_of(db, wrong)
    )
    return Effects(_moves(db.actor.tenant, moving, taken.fresh), to_read)


def found(db: TenantSession, effects: Effects) -> dict[UUID, Move]:
    """By how much which assignment moves, of those that need not be read."""
    if effects.moves is None:
        return {}
    rows = db.execute(effects.moves.statement, effects.moves.bound)
    moves = {row.id: Move(row.change, row.left_out) for row in rows}
    return {id_: move for id_, move in moves.items() if id_ not in effects.to_read}


def unsettled(db: TenantSession) -> set[UUID]:
    """What is to be read because somebody has read it, and can be."""
    a, d = Assignment, Definition
    query = select(a.id).join(d, (d.tenant_id == a.tenant_id) & (d.id == a.definition_id))
    is_tracked = (
        d.status == GoalStatus.ACTIVE,
        d.source != Source.MANUAL,
        d.sync_error.is_(None),
    )
    return set(db.scalars(query.where(a.unsettled, is_open(db.actor.tenant), *is_tracked)))


def _are_few(plan: Plan) -> bool:
    return all(len(each) <= differences.MOST_MEASURES for each in _by_table(plan).values())


def _by_table(plan: Plan) -> dict[Table, dict[int, Measure]]:
    found: dict[Table, dict[int, Measure]] = defaultdict(dict)
    for number, measure in plan.measures.items():
        found[measure.entity.table][number] = measure
    return found


def _together(taken: Taken) -> Batches:
    return {
        table: taken.fresh.get(table, []) + taken.counted.get(table, [])
        for table in taken.fresh.keys() | taken.counted.keys()
    }


def _open_of(db: TenantSession, definition_ids: Collection[UUID]) -> set[UUID]:
    """What concerns a goal that could not be computed cannot be told."""
    if not definition_ids:
        return set()
    ids = Assignment.definition_id.in_(definition_ids)
    return set(db.scalars(select(Assignment.id).where(ids, Assignment.closed_at.is_(None))))


def _moves(tenant: Tenant, plan: Plan, batches: Batches) -> Moves | None:
    """By how much each assignment's value moves; those of which it stays are left out."""
    parts = _changed(plan, batches)
    return Moves(_that_differ(tenant, parts), _bound(plan, batches, parts)) if parts else None


def _concerned(db: TenantSession, plan: Plan, batches: Batches) -> set[UUID]:
    """Those that have a day and an owner of these batches in their window, old or new."""
    by_day = _by_day(plan)
    parts = _changed(by_day, batches)
    if not parts:
        return set()
    found = _any(db.actor.tenant, parts)
    return set(db.scalars(found, _bound(by_day, batches, parts)))


@lru_cache(maxsize=256)
def _that_differ(tenant: Tenant, parts: Sequence[Part]) -> CompoundSelect[Any]:
    changes = (differences.of(table, dict(each), tenant=tenant) for table, each in parts)
    given = (credit.that_differ(credit.given_to(tenant, each)) for each in changes)
    return union_all(*given)


@lru_cache(maxsize=256)
def _any(tenant: Tenant, parts: Sequence[Part]) -> CompoundSelect[Any]:
    days = (differences.days(table, dict(each), tenant=tenant) for table, each in parts)
    return union_all(*(credit.given_to(tenant, each) for each in days))


def _bound(plan: Plan, batches: Batches, parts: Sequence[Part]) -> dict[str, object]:
    of_each = {differences.batches_of(table).key: batches[table.fullname] for table, _ in parts}
    return of_each | {credit.NUMBERS.key: {str(id_): n for id_, n in plan.numbers.items()}}


def _by_day(plan: Plan) -> Plan:
    """One measure in the place of all that read the same days of the same records."""
    one = Plan({})
    known: dict[tuple[str, str, str], int] = {}
    for id_, number in plan.numbers.items():
        if measure := plan.measures.get(number):
            entity = measure.entity
            name = "" if entity.name else measure.entity_name
            first = known.setdefault((entity.table.fullname, measure.date_field, name), number)
            one.numbers[id_], one.measures[first] = first, plan.measures[first]
    return one


def _changed(plan: Plan, batches: Batches) -> tuple[Part, ...]:
    found = _by_table(plan).items()
    return tuple((table, tuple(each.items())) for table, each in found if table.fullname in batches)
