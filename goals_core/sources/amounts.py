"""What one record is to a measure: whether it counts, and how much, in the goal's currency."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Numeric,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    select,
)

from goals_core.actor import Tenant
from goals_core.models.core import ExchangeRate
from goals_core.sources import filters
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.filters import ATTRIBUTE
from goals_core.sources.measures import Measure

RATE_IS_GOOD_FOR_DAYS = 7  # over weekends and holidays the last day's rate holds


def amount(
    measure: Measure,
    *,
    tenant: Tenant,
    records: FromClause | None = None,
    has_rates: bool = True,
) -> ColumnElement[Any]:
    """What one record adds: its number, converted where the goal's currency is another.

    Rounded to cents per record, so that the records listed add up to the value shown.
    NULL where there is no rate, or the attribute holds no number. Where it is known that there are
    none at all, none is looked for, and PostgreSQL may read the records by several processes.
    """
    table = measure.entity.table if records is None else records
    if measure.field is None:
        return literal(1, Numeric)
    number = _number(measure, table)
    as_it_is = func.round(number, 2) if measure.field.startswith(ATTRIBUTE) else number
    if measure.currency is None:
        return as_it_is
    is_same = table.c.currency == measure.currency
    if not has_rates:
        return case((is_same, as_it_is))
    rate = _rate(table, measure, tenant)
    return case((is_same, as_it_is), else_=func.round(number * rate, 2))


def left_out(measure: Measure, *, tenant: Tenant, has_rates: bool = True) -> ColumnElement[Any]:
    """How many records of a group have no exchange rate, and so add nothing."""
    if measure.currency is None:
        return literal(0, Integer)
    lacking = lacks_rate(measure, measure.entity.table, tenant=tenant, has_rates=has_rates)
    return func.count().filter(lacking)


def made_of(
    measure: Measure, *, tenant: Tenant, has_rates: bool = True
) -> dict[str, ColumnElement[Any]]:
    """What a group of records is to a measure: what its aggregation is made of, and no more."""
    nothing, kind = cast(null(), Numeric), measure.aggregation
    value = amount(measure, tenant=tenant, has_rates=has_rates)
    counted = func.count() if measure.field is None else func.count(value)
    return {
        "n": counted if kind in {Aggregation.COUNT, Aggregation.AVG} else nothing,
        "total": func.sum(value) if kind in {Aggregation.SUM, Aggregation.AVG} else nothing,
        "low": func.min(value) if kind is Aggregation.MIN else nothing,
        "high": func.max(value) if kind is Aggregation.MAX else nothing,
        "left_out": left_out(measure, tenant=tenant, has_rates=has_rates),
    }


def lacks_rate(
    measure: Measure, records: FromClause, *, tenant: Tenant, has_rates: bool = True
) -> ColumnElement[bool]:
    """Whether a record of a measure of money cannot be converted; what is no number lacks none."""
    lacks = [records.c.currency != measure.currency]
    if (measure.field or "").startswith(ATTRIBUTE):
        lacks.append(_number(measure, records).is_not(None))
    if has_rates:
        lacks.append(_rate(records, measure, tenant).is_(None))
    return and_(*lacks)


def currencies_with_rates(tenant: Tenant) -> Select[Any]:
    """Those into which some other can be converted."""
    rate = ExchangeRate.__table__.c
    return select(rate.to_currency).where(rate.tenant_id == tenant.id).distinct()


def matching(measure: Measure, *, tenant: Tenant) -> ColumnElement[bool]:
    """Which records of the measure's table count at all, whoever owns them."""
    table = measure.entity.table
    return and_(table.c.tenant_id == tenant.id, fits(measure, table))


def fits(measure: Measure, records: FromClause) -> ColumnElement[bool]:
    """Which of the records, of one tenant, the measure asks for."""
    conditions = filters.compile_(records, measure.conditions)
    if measure.entity.name:
        return conditions
    return and_(records.c.entity == measure.entity_name, conditions)


def _number(measure: Measure, records: FromClause) -> ColumnElement[Any]:
    """What a record has of the field; NULL where an attribute holds no number."""
    field = measure.field or ""
    if not field.startswith(ATTRIBUTE):
        return records.c[field]
    json = records.c.attributes[field.removeprefix(ATTRIBUTE)]
    return case((func.jsonb_typeof(json) == "number", cast(json, Numeric)))


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
