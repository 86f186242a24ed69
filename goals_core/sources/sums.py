"""What whole windows add up to: one pass over the records for all that is counted of them.

`facts` tells the days of everybody; a total needs none of them. Measures that differ only in what
they add up share a pass, and each window is a condition of its own, so that the planner knows how
much it will read: that is as near as it gets to the plainest GROUP BY.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Numeric,
    Select,
    cast,
    func,
    literal,
    select,
    union_all,
)

from goals_core.actor import Tenant
from goals_core.kinds import AssigneeType
from goals_core.models.core import TeamMember
from goals_core.models.windows import Window
from goals_core.sources import amounts, members
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.facts import Measures, Scope, Shapes
from goals_core.sources.measures import Measure

MOST_WINDOWS = 40  # passes; of more, the days of everybody are read once


@dataclass(frozen=True, slots=True)
class Pass:
    """Measures of the same records, by the same day."""

    measures: Measures
    shapes: Shapes

    @property
    def first(self) -> Measure:
        return next(iter(self.measures.values()))

    def windows(self) -> dict[Window, set[AssigneeType]]:
        """Each window with whose subjects it is."""
        found: dict[Window, set[AssigneeType]] = defaultdict(set)
        for number in self.measures:
            for kind, window in self.shapes.get(number, ()):
                found[window].add(kind)
        return dict(sorted(found.items()))


def passes(measures: Measures, scope: Scope) -> list[Pass]:
    """As few passes as read every record that is asked for."""
    alike: dict[tuple[object, ...], dict[int, Measure]] = defaultdict(dict)
    for number, measure in measures.items():
        same = (measure.module, measure.entity_name, measure.conditions, measure.date_field)
        alike[same][number] = measure
    return [Pass(each, scope.shapes) for each in alike.values()]


def are_few(planned: Iterable[Pass]) -> bool:
    return sum(len(each.windows()) for each in planned) <= MOST_WINDOWS


def totals(
    subjects: FromClause, planned: Iterable[Pass], scope: Scope, *, tenant: Tenant, today: date
) -> Select[Any]:
    """(id, value, left_out) of each subject; NULL where there is nothing to make a value of."""
    how = _Reading(tenant, today, scope)
    parts = [
        part
        for each in planned
        for window, kinds in each.windows().items()
        for part in _of_window(subjects, each, window, kinds, how)
    ]
    found = union_all(*parts).subquery("totals")
    return select(found)


@dataclass(frozen=True, slots=True)
class _Reading:
    tenant: Tenant
    today: date
    scope: Scope


def _of_window(
    subjects: FromClause, pass_: Pass, window: Window, kinds: set[AssigneeType], how: _Reading
) -> list[Select[Any]]:
    s = subjects.c
    by_owner = _by_owner(pass_, window, how)
    sources: dict[AssigneeType, tuple[FromClause, ColumnElement[bool]]] = {}
    if AssigneeType.USER in kinds:
        sources[AssigneeType.USER] = by_owner, s.user_id == by_owner.c.owner_id
    if AssigneeType.TENANT in kinds:
        sources[AssigneeType.TENANT] = _of_all(pass_, by_owner), literal(True)
    if AssigneeType.TEAM in kinds:
        by_team = _by_team(pass_, window, how)
        sources[AssigneeType.TEAM] = by_team, s.team_id == by_team.c.team_id
    return [
        select(
            s.id,
            _value(measure.aggregation, number, found).label("value"),
            func.coalesce(found.c[f"left_out{number}"], 0).label("left_out"),
        )
        .select_from(subjects.outerjoin(found, whose))
        .where(
            s.measure == number,
            s.assignee_type == kind.value,
            s.starts == window.start,
            s.ends == window.end,
        )
        for number, measure in pass_.measures.items()
        for kind, (found, whose) in sources.items()
        if (kind, window) in pass_.shapes.get(number, ())
    ]


def _by_owner(pass_: Pass, window: Window, how: _Reading) -> CTE:
    table = pass_.first.entity.table
    query = select(table.c.owner_id, *_sums(pass_, how)).where(*_rows(pass_, window, how))
    return how.scope.narrowed(query, table).group_by(table.c.owner_id).cte()


def _by_team(pass_: Pass, window: Window, how: _Reading) -> CTE:
    """A person's memberships of a team never overlap: a record counts once."""
    table, member = pass_.first.entity.table, TeamMember.__table__.c
    day = table.c[pass_.first.date_field]
    was_in = members.was_in_team(table.c.owner_id, day, how.tenant)
    query = (
        select(member.team_id, *_sums(pass_, how))
        .select_from(table.join(TeamMember.__table__, was_in))
        .where(*_rows(pass_, window, how))
    )
    return how.scope.narrowed(query, table).group_by(member.team_id).cte()


def _of_all(pass_: Pass, by_owner: CTE) -> CTE:
    """Everybody's together."""
    c = by_owner.c
    return select(
        *(
            total.label(f"{name}{number}")
            for number in pass_.measures
            for name, total in {
                "n": func.sum(c[f"n{number}"]),
                "total": func.sum(c[f"total{number}"]),
                "low": func.min(c[f"low{number}"]),
                "high": func.max(c[f"high{number}"]),
                "left_out": func.sum(c[f"left_out{number}"]),
            }.items()
        )
    ).cte()


def _rows(pass_: Pass, window: Window, how: _Reading) -> list[ColumnElement[bool]]:
    measure = pass_.first
    day = measure.entity.table.c[measure.date_field]
    last = min(window.end, how.today)
    return [amounts.matching(measure, tenant=how.tenant), day >= window.start, day <= last]


def _sums(pass_: Pass, how: _Reading) -> list[ColumnElement[Any]]:
    return [
        column.label(f"{name}{number}")
        for number, measure in pass_.measures.items()
        for name, column in amounts.made_of(
            measure, tenant=how.tenant, has_rates=how.scope.has_rates(measure)
        ).items()
    ]


def _value(aggregation: Aggregation, number: int, found: FromClause) -> ColumnElement[Any]:
    c = found.c
    match aggregation:
        case Aggregation.COUNT:
            return func.coalesce(cast(c[f"n{number}"], Numeric), Decimal(0))
        case Aggregation.AVG:
            return func.round(c[f"total{number}"] / func.nullif(c[f"n{number}"], 0), 2)
        case Aggregation.MIN:
            return c[f"low{number}"]
        case Aggregation.MAX:
            return c[f"high{number}"]
        case _:
            return func.coalesce(c[f"total{number}"], Decimal(0))
