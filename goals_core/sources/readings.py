"""From days to readings: the value at each day's end, and what a rule needs to know of them."""

from datetime import date
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    FunctionElement,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from goals_core.actor import Tenant
from goals_core.sources import facts
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.facts import Scope


def day_ends(
    subjects: FromClause, measures: facts.Measures, scope: Scope, *, tenant: Tenant, today: date
) -> CTE:
    """(subject, day, value, left_out): the value at the end of each day that has any.

    `left_out` counts the records so far that have no exchange rate and so are not in the value;
    that is NULL where nothing but such records is there to make an average or an extreme of.
    """
    days = facts.days(subjects, measures, scope, tenant=tenant, today=today)
    n, total = _so_far(func.sum(days.c.n), days), _so_far(func.sum(days.c.total), days)
    low, high = _so_far(func.min(days.c.low), days), _so_far(func.max(days.c.high), days)
    value = _value(days, n, total, low, high)
    return select(
        days.c.subject,
        days.c.day,
        value.label("value"),
        _so_far(func.sum(days.c.left_out), days).label("left_out"),
    ).cte("readings")


def totals(
    subjects: FromClause, measures: facts.Measures, scope: Scope, *, tenant: Tenant, today: date
) -> Select[Any]:
    """(id, value, left_out) of each subject at the last day's end, without the days before it."""
    of_all = facts.totals(subjects, measures, scope, tenant=tenant, today=today)
    value = _value(of_all, of_all.c.n, of_all.c.total, of_all.c.low, of_all.c.high)
    return select(of_all.c.subject.label("id"), value.label("value"), of_all.c.left_out)


def evidence(subjects: FromClause, read: CTE, *, today: date) -> Select[Any]:
    """(id, value, peak, out_of_range, days_in_range, reached_on, left_out) of each subject."""
    spans = _spans(subjects, read, today)
    low, high, value = spans.c.lowest, spans.c.highest, spans.c.value
    in_range = and_(or_(low.is_(None), value >= low), or_(high.is_(None), value <= high))
    reached = and_(
        value >= spans.c.target,
        or_(spans.c.last_below.is_(None), spans.c.day > spans.c.last_below),
    )
    return select(
        spans.c.subject.label("id"),
        _last(value, spans.c.day).label("value"),
        func.max(value).label("peak"),
        func.coalesce(func.bool_or(~in_range), literal(False)).label("out_of_range"),
        func.coalesce(func.sum(spans.c.days).filter(in_range), 0).label("days_in_range"),
        func.min(spans.c.day).filter(reached).label("reached_on"),
        _last(spans.c.left_out, spans.c.day).label("left_out"),
    ).group_by(spans.c.subject)


def _spans(subjects: FromClause, read: CTE, today: date) -> Subquery:
    """Each reading with the days it holds for: up to the next one, the window's end or today."""
    s, r = subjects.c, read.c
    through = func.least(s.ends, today) + 1
    until = func.least(
        func.coalesce(func.lead(r.day).over(partition_by=r.subject, order_by=r.day), through),
        through,
    )
    last_below = func.max(case((r.value < s.target, r.day))).over(partition_by=r.subject)
    return (
        select(
            r.subject,
            r.day,
            r.value,
            r.left_out,
            s.target,
            s.lowest,
            s.highest,
            func.greatest(until - r.day, 0).label("days"),
            last_below.label("last_below"),
        )
        .join(subjects, s.id == r.subject)
        .subquery("spans")
    )


def _value(
    of: Subquery,
    n: ColumnElement[Any],
    total: ColumnElement[Any],
    low: ColumnElement[Any],
    high: ColumnElement[Any],
) -> ColumnElement[Any]:
    """What the aggregation makes of them."""
    return case(
        (of.c.aggregation == Aggregation.COUNT.value, n),
        (of.c.aggregation == Aggregation.AVG.value, func.round(total / func.nullif(n, 0), 2)),
        (of.c.aggregation == Aggregation.MIN.value, low),
        (of.c.aggregation == Aggregation.MAX.value, high),
        else_=func.coalesce(total, 0),
    )


def _so_far(total: FunctionElement[Any], days: Subquery) -> ColumnElement[Any]:
    """A total of a subject's days up to each day."""
    return total.over(partition_by=days.c.subject, order_by=days.c.day)


def _last(value: ColumnElement[Any], day: ColumnElement[Any]) -> ColumnElement[Any]:
    """The value on the last day."""
    return func.array_agg(aggregate_order_by(value, day.desc()))[1]
