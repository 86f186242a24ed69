"""Which assignments moved most by what records add to sums and counts, without joining them all.

Nothing of an assignee moved by a larger share than the most that what was added for them is of the
lowest target of each goal. So the assignees come by that most; as soon as enough moved by more than
it is for the last of them, the others need not be looked at.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CompoundSelect,
    Date,
    FromClause,
    Integer,
    Numeric,
    Row,
    Select,
    Subquery,
    and_,
    bindparam,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.types import TypeEngine

from goals_core.arrays import Ids
from goals_core.engine import scopes
from goals_core.engine.glance import Look, Seen, View
from goals_core.engine.plans import Plan
from goals_core.kinds import AssigneeType
from goals_core.models.goals import Assignment
from goals_core.sources import lately
from goals_core.sources.lately import Pair, Part

_A = Assignment
_TRIES = (200, 10_000_000)  # assignees
_WHOSE = {AssigneeType.USER: "people", AssigneeType.TEAM: "teams"}


@dataclass(frozen=True, slots=True)
class Moved:
    """An assignment, and by how much it moved."""

    row: Row[Any]
    change: Decimal

    @property
    def share(self) -> Decimal | None:
        """Of the target; None where that is 0."""
        target = self.row.target_value
        return abs(self.change) / target if target else None


def of(look: Look, plan: Plan, seen: Mapping[UUID, Seen], *, most: int) -> list[Moved]:
    """Of the goals of a plan, all of which add up records."""
    lowest = _lowest(plan, seen)
    pairs = {pair for each in lowest.values() for pair in each}
    parts = tuple(lately.parts(plan.measures, pairs))
    rates = frozenset(scopes.convertible(look.db, plan.measures.values()))
    statement = _foremost(look.view, parts, tuple(sorted(lowest)), rates)
    bound = _goals(plan, seen, parts) | _bounds(lowest, parts)
    found: Sequence[Row[Any]] = ()
    for limit in _TRIES:
        found = look.ask(statement, goals=plan.numbers, limit=limit, most=most, **bound)
        if not found or found[0].candidates < limit:
            break
        if len(found) == most and (found[-1].share or 0) >= (found[0].last or 0):
            break
    return [Moved(row, row.change) for row in found if row.id is not None]


def rows(view: View) -> Select[*tuple[Any, ...]]:
    """What can move of `goals`, as `evidence` wants it."""
    return select(
        _A.id,
        _A.definition_id,
        _A.assignee_type,
        _A.user_id,
        _A.team_id,
        _A.target_value,
        _A.period_start,
        _A.period_end,
    ).where(view.running_of(), _A.closed_at.is_(None))


Lowest = Mapping[AssigneeType, Mapping[Pair, Decimal | None]]
"""What is to be added up for whom, and the lowest target above 0 that it counts for."""


def _lowest(plan: Plan, seen: Mapping[UUID, Seen]) -> Lowest:
    found: dict[AssigneeType, dict[Pair, Decimal | None]] = defaultdict(dict)
    for id_, number in plan.numbers.items():
        for first in seen[id_].firsts:
            for kind, lowest in seen[id_].lowest.items():
                both = (lowest, found[kind].get((number, first)))
                found[kind][number, first] = min(filter(None, both), default=None)
    return found


def _bounds(lowest: Lowest, parts: Sequence[Part]) -> dict[str, object]:
    return {
        _bound(kind, n, place): of_kind.get(pair)
        for kind, of_kind in lowest.items()
        for n, part in enumerate(parts)
        for place, pair in enumerate(part.pairs)
    }


def _bound(kind: AssigneeType, part: int, place: int) -> str:
    return f"lowest_{kind}_{part}_{place}"


def _goals(
    plan: Plan, seen: Mapping[UUID, Seen], parts: Sequence[Part]
) -> dict[str, Sequence[object]]:
    """Where the change of each goal's windows is, by their first day."""
    places = {
        pair: (n, place) for n, part in enumerate(parts) for place, pair in enumerate(part.pairs, 1)
    }
    found = [
        (id_, first, *places[number, first])
        for id_, number in plan.numbers.items()
        for first in seen[id_].firsts
    ]
    return dict(zip(_GOALS, map(list, zip(*found, strict=True)), strict=True))


_GOALS: dict[str, TypeEngine[Any]] = {
    "definition_ids": Ids(),
    "firsts": ARRAY(Date()),
    "parts": ARRAY(Integer()),
    "places": ARRAY(Integer()),
}


@lru_cache(maxsize=64)
def _foremost(
    view: View,
    parts: Sequence[Part],
    kinds: Sequence[AssigneeType],
    convertible: frozenset[str],
) -> Select[*tuple[Any, ...]]:
    """The assignments that moved most of the candidates', and how far these go."""
    candidates = _candidates(view, parts, kinds, convertible)
    matching = _matching(view, candidates).subquery("matching")
    how_far = (
        select(func.count().label("candidates"), func.min(candidates.c.share).label("last"))
        .select_from(candidates)
        .subquery("how_far")
    )
    return (
        select(*matching.c, *how_far.c)
        .select_from(how_far.outerjoin(matching, true()))
        .order_by(matching.c.share.desc().nulls_last(), matching.c.id)
        .limit(bindparam("most", type_=Integer()))
    )


def _candidates(
    view: View,
    parts: Sequence[Part],
    kinds: Sequence[AssigneeType],
    convertible: frozenset[str],
) -> FromClause:
    """(kind, part, assignee, share, changes), by the share that any can be at the most."""
    found = union_all(
        *(
            _of_kind(view, kind, n, added)
            for n, part in enumerate(parts)
            for kind, added in lately.added(
                part, kinds, tenant=view.tenant, convertible=convertible
            ).items()
        )
    ).subquery("found")
    ordered = select(found).order_by(found.c.share.desc().nulls_last())
    return ordered.limit(bindparam("limit", type_=Integer())).cte("candidates")


def _of_kind(
    view: View, kind: AssigneeType, part: int, added: Subquery
) -> Select[*tuple[Any, ...]]:
    assignee, *changes = added.c
    lowest = (bindparam(_bound(kind, part, n), type_=Numeric()) for n in range(len(changes)))
    shares = [func.abs(change) / low for change, low in zip(changes, lowest, strict=True)]
    query = select(
        literal(kind.value).label("kind"),
        literal(part).label("part"),
        assignee,
        func.greatest(*shares).label("share"),
        array(changes).label("changes"),
    )
    if view.sees_all or kind not in _WHOSE:
        return query
    return query.where(assignee == func.any(bindparam(_WHOSE[kind], type_=Ids())))


def _matching(view: View, candidates: FromClause) -> CompoundSelect[*tuple[Any, ...]]:
    """The candidates' assignments."""
    c = candidates.c
    columns = (bindparam(name, type_=type_) for name, type_ in _GOALS.items())
    names = ("definition_id", "first", "part", "place")
    goals = func.unnest(*columns).table_valued(*names, name="its").render_derived()
    is_its = and_(
        goals.c.part == c.part,
        goals.c.definition_id == _A.definition_id,
        goals.c.first == func.greatest(_A.period_start, view.first),
    )
    change = c.changes[goals.c.place]
    share = func.abs(change) / func.nullif(_A.target_value, 0)
    whose = {
        AssigneeType.USER: _A.user_id == c.assignee,
        AssigneeType.TEAM: _A.team_id == c.assignee,
        AssigneeType.TENANT: _A.assignee_type == AssigneeType.TENANT,
    }
    return union_all(
        *(
            rows(view)
            .add_columns(change.label("change"), share.label("share"))
            .join(candidates, and_(c.kind == kind.value, is_whose))
            .join(goals, is_its)
            .where(change != 0)
            for kind, is_whose in whose.items()
        )
    )
