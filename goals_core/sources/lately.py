"""What the records and lines of the last days add to sums and counts, without those before them.

A window that began before these days has all that they add, one that began within them what was
added since; so of all windows only the days on which they begin matter, and those are few.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    FromClause,
    Numeric,
    Subquery,
    Uuid,
    cast,
    func,
    literal,
    select,
)

from goals_core.actor import Tenant
from goals_core.kinds import AssigneeType, ProgressSource
from goals_core.models.core import TeamMember
from goals_core.models.goals import ProgressEntry
from goals_core.sources import amounts, members
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.facts import Measures
from goals_core.sources.measures import Measure

Pair = tuple[int, date]
"""A measure, and the first of the last days that count."""
COMPANY = UUID(int=0)  # in the place of an assignee's id
_MOST_COLUMNS = 500  # PostgreSQL has no row of more than 1,600


@dataclass(frozen=True, slots=True)
class Part:
    """Measures of the same records and days, which are read together, whatever their conditions."""

    measures: Measures = field(hash=False)
    pairs: tuple[Pair, ...]


def parts(measures: Measures, pairs: Collection[Pair]) -> list[Part]:
    """As few as read all that is asked for."""
    alike: dict[tuple[str, str, str], list[Pair]] = defaultdict(list)
    for number, first in sorted(pairs):
        one = measures[number]
        same = (one.entity.table.fullname, one.entity_name, one.date_field)
        alike[same].append((number, first))
    return [
        Part({number: measures[number] for number, _ in some}, tuple(some))
        for each in alike.values()
        for start in range(0, len(each), _MOST_COLUMNS)
        for some in [each[start : start + _MOST_COLUMNS]]
    ]


def added(
    part: Part,
    kinds: Collection[AssigneeType],
    *,
    tenant: Tenant,
    convertible: Collection[str],
) -> dict[AssigneeType, Subquery]:
    """(assignee, and of each pair what it adds up to, in their order) of each kind of assignees."""
    by_day = _by_day(part, tenant, convertible)
    return {kind: _of_kind(by_day, part, kind, tenant) for kind in kinds}


def logged(tenant: Tenant, first: date, *, least: ColumnElement[Decimal]) -> Subquery:
    """(assignment_id, change): what the days from the first one on add to what is tracked by hand.

    Where it is so much at the least. What was taken back is taken back on its own day.
    """
    p = ProgressEntry.__table__.c
    day = cast(func.timezone(tenant.timezone, p.occurred_at), Date)
    change = func.sum(cast(p.change_amount, Numeric))
    return (
        select(p.assignment_id, change.label("change"))
        .where(
            p.tenant_id == tenant.id,
            p.source != ProgressSource.AUTOMATIC,
            p.occurred_at >= _before(first, tenant),
            day >= first,
        )
        .group_by(p.assignment_id)
        .having(change != 0, func.abs(change) >= least)
        .subquery("logged")
    )


def _by_day(part: Part, tenant: Tenant, convertible: Collection[str]) -> CTE:
    """(owner_id, day, and what each measure counts of it)."""
    one = next(iter(part.measures.values()))
    table = one.entity.table
    day = table.c[one.date_field]
    changes = [
        _change(measure, tenant, measure.currency in convertible).label(f"change{number}")
        for number, measure in part.measures.items()
    ]
    is_one = literal(True) if one.entity.name else table.c.entity == one.entity_name
    first = min(first for _, first in part.pairs)
    return (
        select(table.c.owner_id, day.label("day"), *changes)
        .where(table.c.tenant_id == tenant.id, is_one, day >= first, day <= tenant.today)
        .group_by(table.c.owner_id, day)
        .cte()
    )


def _change(measure: Measure, tenant: Tenant, has_rates: bool) -> ColumnElement[Any]:
    value = amounts.amount(measure, tenant=tenant, has_rates=has_rates)
    total = func.count if measure.aggregation is Aggregation.COUNT else func.sum
    return cast(total(value).filter(amounts.fits(measure, measure.entity.table)), Numeric)


def _of_kind(by_day: CTE, part: Part, kind: AssigneeType, tenant: Tenant) -> Subquery:
    source: FromClause = by_day
    whose: ColumnElement[Any] = by_day.c.owner_id
    if kind is AssigneeType.TEAM:
        was_in = members.was_in_team(by_day.c.owner_id, by_day.c.day, tenant)
        source = by_day.join(TeamMember.__table__, was_in)
        whose = TeamMember.__table__.c.team_id
    elif kind is AssigneeType.TENANT:
        whose = literal(COMPANY, Uuid)
    changes = [
        func.sum(by_day.c[f"change{number}"]).filter(by_day.c.day >= first).label(f"pair{place}")
        for place, (number, first) in enumerate(part.pairs)
    ]
    query = select(whose.label("assignee"), *changes).select_from(source)
    return query.group_by(whose).subquery(f"added_{kind}")


def _before(first: date, tenant: Tenant) -> datetime:
    """No moment of the day is earlier, whatever the clocks did that night."""
    return datetime.combine(first, time.min, ZoneInfo(tenant.timezone)) - timedelta(days=1)
