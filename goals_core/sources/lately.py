"""What the records and lines of the last days add to sums and counts, without those before them.

A window that began before these days has all that they add, one that began within them what was
added since; so of all windows only the days on which they begin matter, and those are few.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Numeric,
    Select,
    Subquery,
    Uuid,
    and_,
    cast,
    column,
    func,
    literal,
    select,
    union_all,
    values,
)

from goals_core.actor import Tenant
from goals_core.kinds import AssigneeType, EntryKind, ProgressSource
from goals_core.models.core import TeamMember
from goals_core.models.goals import ProgressEntry
from goals_core.sources import facts
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.facts import Measures
from goals_core.sources.measures import Measure

Firsts = Mapping[AssigneeType, Sequence[date]]
"""Of each kind of assignees that has goals: on which of the last days windows of theirs began; the
first of these days stands for all that began before."""
COMPANY = UUID(int=0)  # in the place of an assignee's id
_MOST_COLUMNS = 500  # PostgreSQL has no row of more than 1,600


def added(
    measures: Measures,
    firsts: Firsts,
    *,
    tenant: Tenant,
    convertible: Collection[str],
) -> Subquery:
    """(number, assignee, first, change): what the records from a first day on add up to."""
    parts = [
        _long(each, _of_kind(by_day, kind, days, tenant))
        for each in _alike(measures)
        for by_day in [_by_day(each, min(map(min, firsts.values())), tenant, convertible)]
        for kind, days in firsts.items()
    ]
    return union_all(*parts).subquery("added")


def logged(tenant: Tenant, first: date, *, least: Decimal) -> Subquery:
    """(assignment_id, change): what the days from the first one on add to what is tracked by hand.

    Where it is so much at the least; as in `facts` a day of which all was taken back adds nothing.
    """
    p = ProgressEntry.__table__.c
    day = cast(func.timezone(tenant.timezone, p.occurred_at), Date)
    counts = and_(p.voided_by.is_(None), p.kind != EntryKind.CORRECTION)
    by_day = (
        select(p.assignment_id, func.sum(cast(p.change_amount, Numeric)).label("change"))
        .where(
            p.tenant_id == tenant.id,
            p.source != ProgressSource.AUTOMATIC,
            p.occurred_at >= _before(first, tenant),
            day >= first,
        )
        .group_by(p.assignment_id, day)
        .having(func.count().filter(counts) > 0)
        .subquery("by_day")
    )
    change = func.sum(by_day.c.change)
    query = select(by_day.c.assignment_id, change.label("change")).group_by(by_day.c.assignment_id)
    return query.having(change != 0, func.abs(change) >= least).subquery("logged")


def _alike(measures: Measures) -> list[Measures]:
    """Those of the same records and days, which are read together, whatever their conditions."""
    alike: dict[tuple[str, str, str], dict[int, Measure]] = defaultdict(dict)
    for number, measure in measures.items():
        same = (measure.entity.table.fullname, measure.entity_name, measure.date_field)
        alike[same][number] = measure
    return [part for each in alike.values() for part in _parts(each)]


def _parts(measures: Measures) -> Iterator[Measures]:
    items = iter(measures.items())
    while part := dict(islice(items, _MOST_COLUMNS)):
        yield part


def _by_day(measures: Measures, first: date, tenant: Tenant, convertible: Collection[str]) -> CTE:
    """(owner_id, day, and what each measure counts of it)."""
    one = next(iter(measures.values()))
    table, columns = one.entity.table, []
    day = table.c[one.date_field]
    for number, measure in measures.items():
        has_rates = measure.currency in convertible
        value = facts.amount(measure, tenant=tenant, has_rates=has_rates)
        is_counted = measure.aggregation is Aggregation.COUNT
        change = (func.count if is_counted else func.sum)(value).filter(facts.fits(measure, table))
        columns.append(cast(change, Numeric).label(f"change{number}"))
    is_one = literal(True) if one.entity.name else table.c.entity == one.entity_name
    return (
        select(table.c.owner_id, day.label("day"), *columns)
        .where(table.c.tenant_id == tenant.id, is_one, day >= first, day <= tenant.today)
        .group_by(table.c.owner_id, day)
        .cte()
    )


def _of_kind(by_day: CTE, kind: AssigneeType, firsts: Sequence[date], tenant: Tenant) -> Subquery:
    """(assignee, first, and the change of each measure)."""
    began = values(column("first", Date), name="began").data([(each,) for each in firsts])
    source: FromClause = by_day.join(began, by_day.c.day >= began.c.first)
    whose: ColumnElement[Any] = by_day.c.owner_id
    if kind is AssigneeType.TEAM:
        was_in = facts.was_in_team(by_day.c.owner_id, by_day.c.day, tenant)
        source = source.join(TeamMember.__table__, was_in)
        whose = TeamMember.__table__.c.team_id
    elif kind is AssigneeType.TENANT:
        whose = literal(COMPANY, Uuid)
    changes = [func.sum(c).label(c.name) for c in by_day.c if c.name not in {"owner_id", "day"}]
    return (
        select(whose.label("assignee"), began.c.first, *changes)
        .select_from(source)
        .group_by(whose, began.c.first)
        .subquery("wide")
    )


def _long(measures: Measures, wide: Subquery) -> Select[Any]:
    """A row for each measure instead of a column."""
    each = (
        values(column("number", Integer), column("change", Numeric), name="each")
        .data([(literal(n), wide.c[f"change{n}"]) for n in measures])
        .lateral()
    )
    return (
        select(each.c.number, wide.c.assignee, wide.c.first, each.c.change)
        .select_from(wide.join(each, literal(True)))
        .where(each.c.change != 0)
    )


def _before(first: date, tenant: Tenant) -> datetime:
    """No moment of the day is earlier, whatever the clocks did that night."""
    return datetime.combine(first, time.min, ZoneInfo(tenant.timezone)) - timedelta(days=1)
