"""Which running goals moved most in the last days, by the records' own dates.

Of sums, counts and what is tracked by hand only the records and lines of these days are read; of
an average or an extreme, which those before them decide too, the values of both days.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum, auto
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Date,
    FromClause,
    Integer,
    Numeric,
    Row,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from goals_core.arrays import Ids, ids_of
from goals_core.db import TenantSession
from goals_core.engine import evidence, glance, standings
from goals_core.engine.glance import Seen
from goals_core.engine.plans import Plan
from goals_core.engine.standings import Standing
from goals_core.kinds import AssigneeType
from goals_core.models.goals import Assignment
from goals_core.permissions import Permission, Reach
from goals_core.sources import differences, facts, lately
from goals_core.sources.lately import Firsts

_A = Assignment
_NOTHING = Decimal(0)
_TRIES = (1_000, 20_000, 10_000_000)  # candidates
_COLUMNS = (
    _A.id,
    _A.definition_id,
    _A.assignee_type,
    _A.user_id,
    _A.team_id,
    _A.target_value,
    _A.period_start,
    _A.period_end,
)


@dataclass(frozen=True, slots=True)
class Move:
    """A goal whose value differs from the one some days ago."""

    standing: Standing
    change: Decimal

    @property
    def before(self) -> Decimal:
        return self.standing.value - self.change


def of(
    db: TenantSession, plan: Plan, seen: Mapping[UUID, Seen], *, since: date, most: int
) -> list[Move]:
    """Of what runs of the `seen` goals of a plan the assignments that moved most since the end of a
    day, as a share of their target."""
    ways = {id_: _way(plan, id_) for id_ in seen}
    parts = {way: plan.part([id_ for id_, its in ways.items() if its is way]) for way in _Way}
    found: list[_Moved] = []
    if (tracked := parts[_Way.RECORDS]).numbers:
        found += _tracked(db, tracked, seen, since, most)
    if (by_hand := parts[_Way.LOG]).numbers:
        lowest = _least(found, seen, by_hand, most)
        found += _by_hand(db, by_hand, since, most, lowest)
    if (others := parts[_Way.BOTH_DAYS]).numbers:
        found += _both_days(db, others, since)
    changes = {each.row.id: each.change for each in sorted(found, key=_order)[:most]}
    these = standings.query(db).where(_A.id == func.any(ids_of(changes)))
    by_id = {standing.id: standing for standing in standings.all_of(db, these)}
    return [Move(by_id[id_], change) for id_, change in changes.items()]


class _Way(Enum):
    """What says by how much a value has moved."""

    LOG = auto()
    RECORDS = auto()  # of these days alone
    BOTH_DAYS = auto()


@dataclass(frozen=True, slots=True)
class _Moved:
    """An assignment, and by how much it moved."""

    row: Row[Any]
    change: Decimal

    @property
    def share(self) -> Decimal | None:
        """Of the target; None where that is 0."""
        target = self.row.target_value
        return abs(self.change) / target if target else None


def _order(moved: _Moved) -> tuple[bool, Decimal, UUID]:
    return moved.share is None, -(moved.share or _NOTHING), moved.row.id


def _way(plan: Plan, definition_id: UUID) -> _Way | None:
    number = plan.numbers.get(definition_id)
    if number is None:  # it cannot be computed
        return None
    if number == facts.MANUAL:
        return _Way.LOG
    adds_up = differences.adds_up(plan.measures[number])
    return _Way.RECORDS if adds_up else _Way.BOTH_DAYS


def _rows(db: TenantSession, plan: Plan) -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(*glance.running(db, plan.numbers), _A.closed_at.is_(None))


def _by_hand(db: TenantSession, plan: Plan, since: date, most: int, least: Decimal) -> list[_Moved]:
    logged = lately.logged(db.actor.tenant, since + timedelta(days=1), least=least)
    share = func.abs(logged.c.change) / func.nullif(_A.target_value, 0)
    query = (
        _rows(db, plan)
        .join(logged, logged.c.assignment_id == _A.id)
        .order_by(share.desc().nulls_last(), _A.id)
        .limit(most)
        .add_columns(logged.c.change)
    )
    return [_Moved(row, row.change) for row in db.execute(query)]


def _least(found: Sequence[_Moved], seen: Mapping[UUID, Seen], plan: Plan, most: int) -> Decimal:
    """What moved by less than this cannot come before any of what was found."""
    lowest = [seen[id_].lowest for id_ in plan.numbers]
    share = found[-1].share if len(found) == most else None
    return (share or _NOTHING) * min((each for each in lowest if each), default=_NOTHING)


def _tracked(
    db: TenantSession, plan: Plan, seen: Mapping[UUID, Seen], since: date, most: int
) -> list[_Moved]:
    """Nothing moved by a larger share than its change is of the goal's lowest target: so as soon as
    enough moved by more than the last candidate can have, the others need not be looked at."""
    candidates = _candidates(db, plan, seen)
    found: Sequence[Row[Any]] = ()
    for limit in _TRIES:
        found = db.execute(_foremost(db, plan, candidates.limit(limit), since, most)).all()
        if not found or found[0].candidates < limit:
            break
        if len(found) == most and (found[-1].share or _NOTHING) >= (found[0].last or _NOTHING):
            break
    return [_Moved(row, row.change) for row in found if row.id is not None]


def _candidates(
    db: TenantSession, plan: Plan, seen: Mapping[UUID, Seen]
) -> Select[*tuple[Any, ...]]:
    """(definition_id, assignee, first, change, share), by the share that it can be at the most."""
    rates = evidence.convertible(db, plan)
    firsts = _together(seen[id_].firsts for id_ in plan.numbers)
    added = lately.added(plan.measures, firsts, tenant=db.actor.tenant, convertible=rates)
    goals = _goals(plan, seen)
    is_its = and_(goals.c.number == added.c.number, goals.c.first == added.c.first)
    share = (func.abs(added.c.change) / goals.c.lowest).label("share")
    query = (
        select(goals.c.definition_id, added.c.assignee, added.c.first, added.c.change, share)
        .join_from(added, goals, is_its)
        .order_by(share.desc().nulls_last())
    )
    if Reach.ALL in db.actor.reach(Permission.READ):
        return query
    whose = select(func.coalesce(_A.user_id, _A.team_id, lately.COMPANY))
    is_seen = added.c.assignee.in_(whose.where(*glance.running(db, plan.numbers)))
    return query.where(is_seen.is_(True))  # so they are read once, not joined with each candidate


def _goals(plan: Plan, seen: Mapping[UUID, Seen]) -> FromClause:
    """(definition_id, number, lowest, first) of the plan, as a relation."""
    rows = [
        (id_, number, seen[id_].lowest, first)
        for id_, number in plan.numbers.items()
        for first in sorted({day for days in seen[id_].firsts.values() for day in days})
    ]
    ids, numbers, lowest, firsts = zip(*rows, strict=True)
    columns = (
        bindparam("goals", ids, Ids()),
        bindparam("numbers", list(numbers), ARRAY(Integer)),
        bindparam("lowest", list(lowest), ARRAY(Numeric)),
        bindparam("firsts", list(firsts), ARRAY(Date)),
    )
    names = ("definition_id", "number", "lowest", "first")
    return func.unnest(*columns).table_valued(*names, name="goals").render_derived()


def _together(firsts: Iterable[Firsts]) -> Firsts:
    found: dict[AssigneeType, set[date]] = defaultdict(set)
    for each in firsts:
        for kind, days in each.items():
            found[kind].update(days)
    return {kind: sorted(days) for kind, days in found.items()}


def _foremost(
    db: TenantSession,
    plan: Plan,
    candidates: Select[*tuple[Any, ...]],
    since: date,
    most: int,
) -> Select[*tuple[Any, ...]]:
    """The assignments that moved most of the candidates, and how far these go."""
    c = candidates.cte("candidates")
    share = func.abs(c.c.change) / func.nullif(_A.target_value, 0)
    of_one = or_(_A.user_id == c.c.assignee, _A.team_id == c.c.assignee)
    of_all = and_(_A.assignee_type == AssigneeType.TENANT, c.c.assignee == lately.COMPANY)
    is_its = and_(
        _A.definition_id == c.c.definition_id,
        func.greatest(_A.period_start, since + timedelta(days=1)) == c.c.first,
    )
    matching = union_all(
        *(
            _rows(db, plan)
            .add_columns(c.c.change, share.label("share"))
            .join(c, and_(is_its, whose))
            for whose in (of_one, of_all)
        )
    ).subquery("matching")
    how_far = (
        select(func.count().label("candidates"), func.min(c.c.share).label("last"))
        .select_from(c)
        .subquery("how_far")
    )
    return (
        select(*matching.c, *how_far.c)
        .select_from(how_far.outerjoin(matching, true()))
        .order_by(matching.c.share.desc().nulls_last(), matching.c.id)
        .limit(most)
    )


def _both_days(db: TenantSession, plan: Plan, since: date) -> Iterator[_Moved]:
    """What differs between the two days."""
    rows = db.execute(_rows(db, plan)).all()
    ids = [row.id for row in rows]
    now = evidence.totals(db, plan, rows, ids) if rows else {}
    then = evidence.totals(db, plan, rows, ids, today=since) if rows else {}
    for row in rows:
        value = now[row.id].value if row.id in now else None
        before = (then[row.id].value if row.id in then else None) or _NOTHING
        if value is not None and value != before:
            yield _Moved(row, value - before)
