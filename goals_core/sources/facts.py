"""From records to readings: one statement for any number of goals.

Records → facts (a day's records of an owner, added up, per measure) → credited to the subjects
whose window and people they fall in → running totals: the value at the end of each such day.
A subject is an assignment, or one that a preview imagines; the relation of subjects has the columns
id, measure, aggregation, assignee_type, user_id, team_id, starts, ends, target, lowest, highest.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    FromClause,
    FunctionElement,
    Integer,
    Numeric,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from goals_core.actor import Tenant
from goals_core.models.core import ExchangeRate, TeamMember
from goals_core.models.goals import AssigneeType, ProgressEntry
from goals_core.sources import filters
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.filters import ATTRIBUTE
from goals_core.sources.measures import Measure

MANUAL = 0
"""The measure of subjects that are tracked by hand: the changes of their log, added up."""
RATE_IS_GOOD_FOR_DAYS = 7  # over weekends and holidays the last day's rate holds

Measures = Mapping[int, Measure]


def readings(subjects: FromClause, measures: Measures, *, tenant: Tenant, today: date) -> CTE:
    """(subject, day, value, records, left_out): the value at the end of each day that has any.

    `left_out` counts the records so far that have no exchange rate and so are not in the value.
    """
    days = _days(subjects, measures, tenant, today)
    n, total = _so_far(func.sum(days.c.n), days), _so_far(func.sum(days.c.total), days)
    value = case(
        (days.c.aggregation == Aggregation.COUNT.value, n),
        (days.c.aggregation == Aggregation.AVG.value, func.round(total / func.nullif(n, 0), 2)),
        (days.c.aggregation == Aggregation.MIN.value, _so_far(func.min(days.c.low), days)),
        (days.c.aggregation == Aggregation.MAX.value, _so_far(func.max(days.c.high), days)),
        else_=func.coalesce(total, 0),
    )
    running = select(
        days.c.subject,
        days.c.day,
        value.label("value"),
        n.label("records"),
        _so_far(func.sum(days.c.left_out), days).label("left_out"),
    ).subquery("running")
    return select(running).where(running.c.value.is_not(None)).cte("readings")


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
        func.bool_or(~in_range).label("out_of_range"),
        func.coalesce(func.sum(spans.c.days).filter(in_range), 0).label("days_in_range"),
        func.min(spans.c.day).filter(reached).label("reached_on"),
        _last(spans.c.left_out, spans.c.day).label("left_out"),
    ).group_by(spans.c.subject)


def amount(measure: Measure, *, tenant: Tenant) -> ColumnElement[Any]:
    """What one record adds: its number, converted where the goal's currency is another.

    Rounded to cents per record, so that the records listed add up to the value shown.
    NULL where there is no rate, or the attribute holds no number.
    """
    table = measure.entity.table
    if measure.field is None:
        return literal(1, Numeric)
    if measure.field.startswith(ATTRIBUTE):
        json = table.c.attributes[measure.field.removeprefix(ATTRIBUTE)]
        return case((func.jsonb_typeof(json) == "number", func.round(cast(json, Numeric), 2)))
    number: ColumnElement[Any] = table.c[measure.field]
    if measure.currency is None:
        return number
    rate = _rate(table, measure, tenant)
    return case((table.c.currency == measure.currency, number), else_=func.round(number * rate, 2))


def matching(measure: Measure, *, tenant: Tenant) -> ColumnElement[bool]:
    """Which records of the measure's table count at all, whoever owns them."""
    table = measure.entity.table
    conditions = [
        table.c.tenant_id == tenant.id,
        filters.compile_(measure.entity, measure.conditions),
    ]
    if not measure.entity.name:
        conditions.append(table.c.entity == measure.entity_name)
    return and_(*conditions)


def is_member(
    team_id: ColumnElement[Any],
    user_id: ColumnElement[Any],
    day: ColumnElement[Any],
    tenant: Tenant,
) -> ColumnElement[bool]:
    """Whether a person was in a team on a day."""
    member = TeamMember.__table__.c
    return (
        select(literal(1))
        .select_from(TeamMember.__table__)
        .where(
            member.tenant_id == tenant.id,
            member.team_id == team_id,
            member.user_id == user_id,
            member.member_from <= day,
            or_(member.member_to.is_(None), member.member_to >= day),
        )
        .exists()
    )


def _days(subjects: FromClause, measures: Measures, tenant: Tenant, today: date) -> Subquery:
    """What each day adds to each subject."""
    parts = [_manual(subjects, tenant), _zero(subjects, today)]
    if measures:
        parts += _credited(subjects, _facts(subjects, measures, tenant, today), tenant)
    credit = union_all(*parts).subquery("credit")
    return (
        select(
            credit.c.subject,
            credit.c.aggregation,
            credit.c.day,
            func.sum(credit.c.n).label("n"),
            func.sum(credit.c.total).label("total"),
            func.min(credit.c.low).label("low"),
            func.max(credit.c.high).label("high"),
            func.sum(credit.c.left_out).label("left_out"),
        )
        .group_by(credit.c.subject, credit.c.aggregation, credit.c.day)
        .subquery("days")
    )


def _facts(subjects: FromClause, measures: Measures, tenant: Tenant, today: date) -> CTE:
    """The records of each measure, added up by owner and day."""
    return union_all(*(_facts_of(n, m, subjects, tenant, today) for n, m in measures.items())).cte(
        "facts"
    )


def _facts_of(
    number: int, measure: Measure, subjects: FromClause, tenant: Tenant, today: date
) -> Select[Any]:
    table = measure.entity.table
    day, value = table.c[measure.date_field], amount(measure, tenant=tenant)
    mine = subjects.c.measure == number
    first = select(func.min(subjects.c.starts)).where(mine).scalar_subquery()
    last = select(func.least(func.max(subjects.c.ends), today)).where(mine).scalar_subquery()
    return (
        select(
            literal(number, Integer).label("measure"),
            table.c.owner_id,
            day.label("day"),
            func.count(value).label("n"),
            func.sum(value).label("total"),
            func.min(value).label("low"),
            func.max(value).label("high"),
            (func.count() - func.count(value)).label("left_out"),
        )
        .where(matching(measure, tenant=tenant), day >= first, day <= last)
        .group_by(table.c.owner_id, day)
    )


def _credited(subjects: FromClause, facts: CTE, tenant: Tenant) -> list[Select[Any]]:
    """Facts go to their owner's goals, to the teams the owner was in that day, to the tenant's."""
    s, f = subjects.c, facts.c
    owners: dict[AssigneeType, ColumnElement[bool]] = {
        AssigneeType.USER: s.user_id == f.owner_id,
        AssigneeType.TEAM: is_member(s.team_id, f.owner_id, f.day, tenant),
        AssigneeType.TENANT: literal(True),
    }
    return [
        select(s.id.label("subject"), s.aggregation, f.day, f.n, f.total, f.low, f.high, f.left_out)
        .select_from(subjects)
        .join(facts, and_(f.measure == s.measure, f.day.between(s.starts, s.ends)))
        .where(s.assignee_type == assignee.value, whose)
        for assignee, whose in owners.items()
    ]


def _manual(subjects: FromClause, tenant: Tenant) -> Select[Any]:
    """Readings by hand: a day adds the changes that happened on it."""
    s, p = subjects.c, ProgressEntry.__table__.c
    change = cast(p.change_amount, Numeric)
    return (
        select(
            s.id.label("subject"),
            s.aggregation,
            cast(func.timezone(tenant.timezone, p.occurred_at), Date).label("day"),
            literal(1, Integer).label("n"),
            change.label("total"),
            change.label("low"),
            change.label("high"),
            literal(0, Integer).label("left_out"),
        )
        .select_from(subjects)
        .join(ProgressEntry.__table__, and_(p.tenant_id == tenant.id, p.assignment_id == s.id))
        .where(s.measure == MANUAL)
    )


def _zero(subjects: FromClause, today: date) -> Select[Any]:
    """Sum and count of nothing are 0 from the first day on; other aggregates have no value yet."""
    s, nothing = subjects.c, literal(Decimal(0), Numeric)
    return select(
        s.id.label("subject"),
        s.aggregation,
        s.starts.label("day"),
        literal(0, Integer).label("n"),
        nothing.label("total"),
        cast(null(), Numeric).label("low"),
        cast(null(), Numeric).label("high"),
        literal(0, Integer).label("left_out"),
    ).where(
        s.measure != MANUAL,
        s.starts <= today,
        s.aggregation.in_([Aggregation.SUM.value, Aggregation.COUNT.value]),
    )


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
            (until - r.day).label("days"),
            last_below.label("last_below"),
        )
        .join(subjects, s.id == r.subject)
        .subquery("spans")
    )


def _so_far(total: FunctionElement[Any], days: Subquery) -> ColumnElement[Any]:
    """A total of a subject's days up to each day."""
    return total.over(partition_by=days.c.subject, order_by=days.c.day)


def _last(value: ColumnElement[Any], day: ColumnElement[Any]) -> ColumnElement[Any]:
    """The value on the last day."""
    return func.array_agg(aggregate_order_by(value, day.desc()))[1]


def _rate(table: FromClause, measure: Measure, tenant: Tenant) -> ColumnElement[Any]:
    """The rate of the record's day; only looked for where the currency is another."""
    rate, day = ExchangeRate.__table__.c, table.c[measure.date_field]
    return (
        select(rate.rate)
        .where(
            rate.tenant_id == tenant.id,
            rate.from_currency == table.c.currency,
            rate.to_currency == measure.currency,
            rate.day <= day,
            rate.day > day - RATE_IS_GOOD_FOR_DAYS,
        )
        .order_by(rate.day.desc())
        .limit(1)
        .correlate(table)
        .scalar_subquery()
    )
