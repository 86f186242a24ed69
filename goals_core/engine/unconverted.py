"""The records that goals leave out because there is no exchange rate, by pair and month."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Date, Select, cast, func, literal, select, union_all

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine.plans import Plan, plan_of, what_a_plan_needs
from goals_core.kinds import AssignmentStatus, GoalStatus, Source
from goals_core.models.goals import Assignment, Definition
from goals_core.sources import amounts
from goals_core.sources.measures import Measure


@dataclass(frozen=True, slots=True)
class Lack:
    """How many records of a month are left out for want of a rate of this pair."""

    from_currency: str
    to_currency: str
    month: date  # its first day
    records: int
    first_on: date  # the first and last day of these records
    last_on: date


class _Span(NamedTuple):
    first: date
    last: date


def of(db: TenantSession) -> list[Lack]:
    """Of active goals' open windows up to today; what most records lack comes first.

    Each record counts once for a pair, whatever the number of goals that would count it, and
    whoever it belongs to.
    """
    d = Definition.__table__.c
    money = (d.status == GoalStatus.ACTIVE, d.source != Source.MANUAL)
    plan = plan_of(db.execute(what_a_plan_needs().where(d.tenant_id == db.tenant_id, *money)))
    parts = list(_parts(db, plan))
    if not parts:
        return []
    left = union_all(*parts).subquery("left_out")
    pair = (left.c.from_currency, left.c.to_currency)
    month = cast(func.date_trunc("month", left.c.day), Date).label("month")
    count = func.count(left.c.id.distinct()).label("records")
    query = select(*pair, month, count, func.min(left.c.day), func.max(left.c.day))
    rows = db.execute(query.group_by(*pair, month).order_by(count.desc(), *pair, month))
    return [Lack(*row) for row in rows]


def _parts(db: TenantSession, plan: Plan) -> Iterator[Select[*tuple[Any, ...]]]:
    spans = _spans(db, plan)
    by_number: dict[int, list[_Span]] = defaultdict(list)
    for definition, number in plan.numbers.items():
        if definition in spans:
            by_number[number].append(spans[definition])
    for number, found in by_number.items():
        measure = plan.measures.get(number)
        if measure is not None and measure.currency is not None:
            span = _Span(min(s.first for s in found), max(s.last for s in found))
            yield _left_out(db, measure, measure.currency, span)


def _left_out(
    db: TenantSession, measure: Measure, currency: str, span: _Span
) -> Select[*tuple[Any, ...]]:
    table, tenant = measure.entity.table, db.actor.tenant
    day = table.c[measure.date_field]
    return select(
        table.c.id,
        table.c.currency.label("from_currency"),
        literal(currency).label("to_currency"),
        day.label("day"),
    ).where(
        amounts.matching(measure, tenant=tenant),
        day.between(span.first, span.last),
        amounts.lacks_rate(measure, table, tenant=tenant),
    )


def _spans(db: TenantSession, plan: Plan) -> Mapping[UUID, _Span]:
    """From the first to the last day of each definition's open windows, up to today."""
    a, today = Assignment, db.actor.tenant.today
    rows = db.execute(
        select(a.definition_id, func.min(a.period_start), func.max(a.period_end))
        .where(
            a.definition_id == func.any(ids_of(plan.definitions)),
            a.closed_at.is_(None),
            a.status != AssignmentStatus.CANCELLED,
            a.period_start <= today,
        )
        .group_by(a.definition_id)
    )
    return {id_: _Span(first, min(last, today)) for id_, first, last in rows}
