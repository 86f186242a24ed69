"""Which running goals moved most in the last days, by the records' own dates.

Of sums, counts and what is tracked by hand only the records and lines of these days are read; of
an average or an extreme, which those before them decide too, the values of both days.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum, auto
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Numeric, Select, bindparam, func

from goals_core.arrays import ids_of
from goals_core.engine import evidence, foremost, standings
from goals_core.engine.foremost import Moved
from goals_core.engine.glance import Look, Seen, View
from goals_core.engine.plans import Plan
from goals_core.engine.standings import Standing
from goals_core.models.goals import Assignment
from goals_core.sources import differences, facts, lately

_A = Assignment
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Move:
    """A goal whose value differs from the one some days ago."""

    standing: Standing
    change: Decimal

    @property
    def before(self) -> Decimal:
        return self.standing.value - self.change


def of(look: Look, plan: Plan, seen: Mapping[UUID, Seen], *, most: int) -> list[Move]:
    """Of what runs of the `seen` goals of a plan the assignments that moved most in the last days,
    as a share of their target."""
    ways = {id_: _way(plan, id_) for id_ in seen}
    parts = {way: plan.part([id_ for id_, its in ways.items() if its is way]) for way in _Way}
    found: list[Moved] = []
    if (tracked := parts[_Way.RECORDS]).numbers:
        found += foremost.of(look, tracked, seen, most=most)
    if (by_hand := parts[_Way.LOG]).numbers:
        least = _least(found, [seen[id_] for id_ in by_hand.numbers], most)
        found += _by_hand(look, by_hand, least, most)
    if (others := parts[_Way.BOTH_DAYS]).numbers:
        found += _both_days(look, others)
    changes = {each.row.id: each.change for each in sorted(found, key=_order)[:most]}
    these = standings.query(look.db).where(_A.id == func.any(ids_of(changes)))
    by_id = {standing.id: standing for standing in standings.all_of(look.db, these)}
    return [Move(by_id[id_], change) for id_, change in changes.items()]


class _Way(Enum):
    """What says by how much a value has moved."""

    LOG = auto()
    RECORDS = auto()  # of these days alone
    BOTH_DAYS = auto()


def _order(moved: Moved) -> tuple[bool, Decimal, UUID]:
    return moved.share is None, -(moved.share or _NOTHING), moved.row.id


def _way(plan: Plan, definition_id: UUID) -> _Way | None:
    number = plan.numbers.get(definition_id)
    if number is None:  # it cannot be computed
        return None
    if number == facts.MANUAL:
        return _Way.LOG
    adds_up = differences.adds_up(plan.measures[number])
    return _Way.RECORDS if adds_up else _Way.BOTH_DAYS


def _least(found: Sequence[Moved], seen: Sequence[Seen], most: int) -> Decimal:
    """What moved by less than this cannot come before any of what was found."""
    lowest = filter(None, (each for goal in seen for each in goal.lowest.values()))
    share = found[-1].share if len(found) == most else None
    return (share or _NOTHING) * min(lowest, default=_NOTHING)


def _by_hand(look: Look, plan: Plan, least: Decimal, most: int) -> list[Moved]:
    rows = look.ask(_logged(look.view), goals=plan.numbers, least=least, most=most)
    return [Moved(row, row.change) for row in rows]


@lru_cache(maxsize=256)
def _logged(view: View) -> Select[*tuple[Any, ...]]:
    least = bindparam("least", type_=Numeric())
    logged = lately.logged(view.tenant, view.first, least=least)
    share = func.abs(logged.c.change) / func.nullif(_A.target_value, 0)
    return (
        foremost.rows(view)
        .join(logged, logged.c.assignment_id == _A.id)
        .order_by(share.desc().nulls_last(), _A.id)
        .limit(bindparam("most", type_=Integer()))
        .add_columns(logged.c.change)
    )


def _both_days(look: Look, plan: Plan) -> Iterator[Moved]:
    """What differs between the two days."""
    rows = look.ask(foremost.rows(look.view), goals=plan.numbers)
    ids, since = [row.id for row in rows], look.view.first - timedelta(days=1)
    now = evidence.totals(look.db, plan, rows, ids) if rows else {}
    then = evidence.totals(look.db, plan, rows, ids, today=since) if rows else {}
    for row in rows:
        value = now[row.id].value if row.id in now else None
        before = (then[row.id].value if row.id in then else None) or _NOTHING
        if value is not None and value != before:
            yield Moved(row, value - before)
