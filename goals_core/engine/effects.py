"""Which open assignments changed records concern, and by how much they move sums and counts.

A target that is a sum or a count is settled when its value counts what was taken from the journal,
and nothing that waits there: then the next lines move it by what they say, and its other records
need not be read. Whoever reads a settled one's records leaves it unsettled, as that may count what
still waits; the next sync reads it once more, says of what waits by then that it may be counted
(`journal.count_waiting`), and settles it. So a line counts once, whoever reads when.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Table, or_, select

from goals_core.db import TenantSession
from goals_core.engine import credit
from goals_core.engine.journal import Lines, Taken
from goals_core.engine.plans import Plan, active_ones, is_open, plan_of
from goals_core.kinds import GoalStatus, GoalType, Source
from goals_core.models.goals import Assignment, Definition
from goals_core.sources import differences
from goals_core.sources.catalogue import ENTITIES
from goals_core.sources.measures import Measure


class Move(NamedTuple):
    """By how much a value moves, and the number of records that it lacks for want of a rate."""

    change: Decimal
    left_out: int = 0
    since: Decimal | None = None  # the value that it was reckoned from; none: it holds for any


@dataclass(frozen=True, slots=True)
class Moved:
    """The open assignments of active goals that taken lines concern."""

    by: dict[UUID, Move]  # where they are settled, and none of the others
    to_read: set[UUID]


def adds_up(plan: Plan, definition_id: UUID) -> bool:
    """Whether the goal is a target of which changes can be settled one by one."""
    measure = plan.measures.get(plan.numbers.get(definition_id, 0))
    is_target = plan.definitions[definition_id].type is GoalType.TARGET
    return is_target and measure is not None and differences.adds_up(measure)


def by_lines(db: TenantSession, taken: Taken, *, settled: bool) -> Moved:
    """What the taken lines concern; where nothing is known to be `settled`, all that is read.

    Definitions are looked at and not locked: whoever changes one computes what that makes of it.
    """
    tables = taken.fresh.keys() | taken.counted.keys()
    plan = _plan(db, {e.module for e in ENTITIES if e.table.fullname in tables})
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
    by = _moved(db, moving, taken.fresh)
    return Moved({id_: move for id_, move in by.items() if id_ not in to_read}, to_read)


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


def _plan(db: TenantSession, sources: Collection[str]) -> Plan:
    """The active goals of these sources, and those that could not be computed."""
    d = Definition.__table__.c
    of_these = or_(d.source.in_(sources), d.sync_error.is_not(None))
    return plan_of(db.execute(active_ones(db.tenant_id).where(of_these)))


def _are_few(plan: Plan) -> bool:
    return all(len(each) <= differences.MOST_MEASURES for each in _by_table(plan).values())


def _by_table(plan: Plan) -> dict[Table, dict[int, Measure]]:
    found: dict[Table, dict[int, Measure]] = defaultdict(dict)
    for number, measure in plan.measures.items():
        found[measure.entity.table][number] = measure
    return found


def _together(taken: Taken) -> Lines:
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


def _moved(db: TenantSession, plan: Plan, lines: Lines) -> dict[UUID, Move]:
    """By how much each assignment's value moves; those of which it stays are left out."""
    tenant = db.actor.tenant
    found: dict[UUID, Move] = {}
    for table, measures, ids in _changed(plan, lines):
        changes = differences.of(table, measures, ids, tenant=tenant, today=tenant.today)
        given = credit.that_differ(credit.given_to(tenant, plan.numbers, changes))
        found |= {row.id: Move(row.change, row.left_out) for row in db.execute(given)}
    return found


def _concerned(db: TenantSession, plan: Plan, lines: Lines) -> set[UUID]:
    """Those that have a day and an owner of these lines in their window, old or new."""
    tenant, by_day = db.actor.tenant, _by_day(plan)
    found: set[UUID] = set()
    for table, measures, ids in _changed(by_day, lines):
        days = differences.days(table, measures, ids, tenant=tenant)
        found.update(db.scalars(credit.given_to(tenant, by_day.numbers, days)))
    return found


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


def _changed(plan: Plan, lines: Lines) -> Iterator[tuple[Table, dict[int, Measure], list[str]]]:
    for table, measures in _by_table(plan).items():
        if ids := lines.get(table.fullname):
            yield table, measures, ids
