"""Which open assignments changed records concern, and by how much they move sums and counts.

A target that is a sum or a count is settled when its value counts what was taken from the journal,
and nothing that waits there: then the next lines move it by what they say, and its other records
need not be read. Whoever reads a settled one's records leaves it unsettled, as that may count what
still waits; the next sync reads it once more, says of what waits by then that it may be counted
(`journal.count_waiting`), and settles it. So a line counts once, whoever reads when.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Table, or_, select, text

from goals_core.arrays import array
from goals_core.db import TenantSession
from goals_core.engine.journal import Lines, Taken
from goals_core.engine.plans import Plan, plan_of, what_a_plan_needs
from goals_core.kinds import AssignmentStatus, GoalStatus, GoalType
from goals_core.models.goals import Assignment, Definition
from goals_core.sources import differences
from goals_core.sources.catalogue import ENTITIES
from goals_core.sources.measures import Measure

# People and teams are compared by the texts of their ids, as Python does that several times faster.
# Lines are found by their ids, so that the planner knows how many there are; of batches one was a
# bulk load, and all look like it.
_CHANGED = text(
    """
    SELECT DISTINCT i.image ->> 'owner_id' AS owner_id,
        CAST(i.image ->> :date_field AS date) AS day
    FROM goals.journal j CROSS JOIN LATERAL (VALUES (j.old), (j.new)) AS i (image)
    WHERE j.tenant_id = :tenant_id AND j.id = ANY (CAST(:lines AS uuid[]))
        AND i.image ->> :date_field IS NOT NULL AND coalesce(i.image ->> 'entity', '') = :entity
    """
)
_MEMBERS = text(
    """
    SELECT CAST(m.team_id AS text) AS team_id, CAST(m.user_id AS text) AS user_id,
        m.member_from, m.member_to
    FROM core.team_members m
    WHERE m.tenant_id = :tenant_id AND m.user_id = ANY (CAST(:owners AS uuid[]))
    """
)
_OPEN = text(
    """
    SELECT a.id, a.definition_id, CAST(coalesce(a.user_id, a.team_id) AS text) AS assignee,
        a.period_start, a.period_end
    FROM goals.assignments a
    WHERE a.tenant_id = :tenant_id AND a.definition_id = ANY (CAST(:definitions AS uuid[]))
        AND a.closed_at IS NULL AND a.status <> 'cancelled' AND a.period_start <= :today
        AND (a.assignee_type = 'tenant' OR a.user_id = ANY (CAST(:assignees AS uuid[]))
            OR a.team_id = ANY (CAST(:assignees AS uuid[])))
    """
)


class Move(NamedTuple):
    """By how much a value moves, and the number of records that it lacks for want of a rate."""

    change: Decimal
    left_out: int


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
    """What is to be read because somebody has read it."""
    goal = (Definition.tenant_id == Assignment.tenant_id) & (
        Definition.id == Assignment.definition_id
    )
    query = select(Assignment.id).join(Definition, goal)
    open_ = (Assignment.closed_at.is_(None), Assignment.status != AssignmentStatus.CANCELLED)
    active = Definition.status == GoalStatus.ACTIVE
    return set(db.scalars(query.where(Assignment.unsettled, *open_, active)))


def _plan(db: TenantSession, sources: Collection[str]) -> Plan:
    """The active goals of these sources, and those that could not be computed."""
    d = Definition.__table__.c
    of_these = or_(d.source.in_(sources), d.sync_error.is_not(None))
    active = (d.tenant_id == db.tenant_id, d.status == GoalStatus.ACTIVE)
    return plan_of(db.execute(what_a_plan_needs().where(*active, of_these)))


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


class _Course:
    """What moves of some days come to, from any day to any other."""

    def __init__(self, moves: Iterable[tuple[date, Decimal, int]]) -> None:
        by_day = sorted(moves)
        self.days = [day for day, _, _ in by_day]
        self.changes = [Decimal(0), *accumulate(change for _, change, _ in by_day)]
        self.left_out = [0, *accumulate(left_out for _, _, left_out in by_day)]

    def between(self, first: date, last: date) -> Move:
        end = bisect_right(self.days, last)
        start = bisect_left(self.days, first, hi=end)
        return Move(
            self.changes[end] - self.changes[start], self.left_out[end] - self.left_out[start]
        )


def _moved(db: TenantSession, plan: Plan, lines: Lines) -> dict[UUID, Move]:
    """By how much each assignment's value moves; those of which it stays are left out."""
    tenant = db.actor.tenant
    found: list[Row[Any]] = []
    for table, measures in _by_table(plan).items():
        if ids := lines.get(table.fullname):
            query = differences.of(table, measures, ids, tenant=tenant, today=tenant.today)
            found += db.execute(query).all()
    if not found:
        return {}
    courses = _courses(db, found)
    moving = {number for number, _ in courses}
    goals = [id_ for id_, number in plan.numbers.items() if number in moving]
    by: dict[UUID, Move] = {}
    for row in _open(db, goals, {assignee for _, assignee in courses}):
        course = courses.get((plan.numbers[row.definition_id], row.assignee))
        if course and any(move := course.between(row.period_start, row.period_end)):
            by[row.id] = move
    return by


def _courses(
    db: TenantSession, changes: Sequence[Row[Any]]
) -> dict[tuple[int, str | None], _Course]:
    """By measure and assignee: people, their teams on those days, None: all."""
    days: dict[tuple[int, str | None], list[tuple[date, Decimal, int]]] = defaultdict(list)
    teams = _teams(db, {row.owner_id for row in changes})
    for row in changes:
        move = (row.day, row.change, row.left_out)
        days[row.measure, None].append(move)
        if row.owner_id is not None:
            days[row.measure, row.owner_id].append(move)
            for member in teams.get(row.owner_id, ()):
                if member.member_from <= row.day <= (member.member_to or date.max):
                    days[row.measure, member.team_id].append(move)
    return {who: _Course(each) for who, each in days.items()}


def _teams(
    db: TenantSession, owners: Collection[str | None]
) -> dict[str, list[Row[tuple[Any, ...]]]]:
    """The memberships of each."""
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    bound = {"tenant_id": db.tenant_id, "owners": array(set(owners) - {None})}
    for member in db.execute(_MEMBERS, bound):
        found[member.user_id].append(member)
    return found


def _open(
    db: TenantSession, definitions: Collection[UUID], assignees: Collection[str | None]
) -> Sequence[Row[Any]]:
    """The open assignments of these goals and people, and the company's own."""
    bound = {
        "tenant_id": db.tenant_id,
        "today": db.actor.tenant.today,
        "definitions": array(definitions),
        "assignees": array(set(assignees) - {None}),
    }
    return db.execute(_OPEN, bound).all()


def _concerned(db: TenantSession, plan: Plan, lines: Lines) -> set[UUID]:
    """Those that have a day and an owner of these lines in their window, old or new."""
    found: set[UUID] = set()
    for (table, date_field, entity), definitions in _readers(plan).items():
        if ids := lines.get(table):
            bound = {"lines": array(ids), "date_field": date_field, "entity": entity}
            changed = db.execute(_CHANGED, {"tenant_id": db.tenant_id} | bound).all()
            days = _days(db, changed)
            found |= {
                row.id
                for row in _open(db, definitions, days.keys())
                if _has_one(days.get(row.assignee, []), row.period_start, row.period_end)
            }
    return found


def _days(db: TenantSession, changed: Sequence[Row[Any]]) -> dict[str | None, list[date]]:
    """The days on which something changed, in order: of people, of their teams, None: of all."""
    days: dict[str | None, set[date]] = defaultdict(set)
    for row in changed:
        days[None].add(row.day)
        if row.owner_id is not None:
            days[row.owner_id].add(row.day)
    for owner_id, memberships in _teams(db, days.keys()).items():
        for member in memberships:
            last = member.member_to or date.max
            days[member.team_id] |= {
                day for day in days[owner_id] if member.member_from <= day <= last
            }
    return {who: sorted(when) for who, when in days.items()}


def _has_one(days: list[date], first: date, last: date) -> bool:
    at = bisect_left(days, first)
    return at < len(days) and days[at] <= last


def _readers(plan: Plan) -> dict[tuple[str, str, str], list[UUID]]:
    """The definitions that read the same days of the same records."""
    readers: dict[tuple[str, str, str], list[UUID]] = defaultdict(list)
    for definition_id, number in plan.numbers.items():
        if measure := plan.measures.get(number):
            entity = measure.entity
            named = "" if entity.name else measure.entity_name
            readers[entity.table.fullname, measure.date_field, named].append(definition_id)
    return readers
