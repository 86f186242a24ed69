"""By how much changed lines of the journal move sums and counts: new images less old ones."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Numeric,
    Select,
    Table,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, array

from goals_core.actor import Tenant
from goals_core.arrays import ids_of
from goals_core.models.journal import JournalLine
from goals_core.sources import amounts
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.measures import Measure

MOST_MEASURES = 60  # of more in one table, reading what they concern is as fast


def adds_up(measure: Measure) -> bool:
    """Whether a value moves by what its changed records say, whatever the others are."""
    return measure.aggregation in {Aggregation.SUM, Aggregation.COUNT}


def of(
    table: Table,
    measures: Mapping[int, Measure],
    lines: Collection[str],
    *,
    tenant: Tenant,
    today: date,
) -> CTE:
    """(measure, owner_id, day, change, left_out) by lines of the table's journal, where any is."""
    images = _images(table, lines, tenant)
    parts = [_of_measure(n, measure, images, tenant, today) for n, measure in measures.items()]
    found = union_all(*parts).subquery("found")
    differing = or_(found.c.change != 0, found.c.left_out != 0)
    return select(found).where(differing).cte("changes")


def days(
    table: Table, measures: Mapping[int, Measure], lines: Collection[str], *, tenant: Tenant
) -> CTE:
    """(measure, owner_id, day, change, left_out) without any change: whose records, of which days.

    Whatever a measure asks for, as its value may not be a sum of what the records say.
    """
    images = _images(table, lines, tenant)
    parts = [_days_of(n, measure, images) for n, measure in measures.items()]
    return union(*parts).cte("changes")


def _images(table: Table, lines: Collection[str], tenant: Tenant) -> CTE:
    """The records as they were, which count against, and as they are."""
    line = JournalLine.__table__.c
    sides = (array([literal(-1), literal(1)]), array([line.old, line.new]))
    side = (
        func.unnest(*sides)
        .table_valued(column("sign", Integer), column("image", JSONB), name="side")
        .render_derived()
        .lateral()
    )
    row: ColumnElement[Any] = literal_column(f"CAST(NULL AS {table.fullname})")
    record = (
        func.jsonb_populate_record(row, side.c.image)
        .table_valued(*(column(each.name, each.type) for each in table.c), name="record")
        .lateral("record")
    )
    return (
        select(side.c.sign, *record.c)
        .select_from(JournalLine.__table__.join(side, literal(True)).join(record, literal(True)))
        .where(
            line.tenant_id == tenant.id,
            line.id == func.any(ids_of(lines, "lines")),
            side.c.image.is_not(None),
        )
        .cte("images")
    )


def _days_of(number: int, measure: Measure, images: CTE) -> Select[Any]:
    day = images.c[measure.date_field]
    is_one = literal(True) if measure.entity.name else images.c.entity == measure.entity_name
    return select(
        literal(number, Integer).label("measure"),
        images.c.owner_id,
        day.label("day"),
        literal(Decimal(0), Numeric).label("change"),
        literal(0, Integer).label("left_out"),
    ).where(is_one, day.is_not(None))


def _of_measure(
    number: int, measure: Measure, images: CTE, tenant: Tenant, today: date
) -> Select[Any]:
    day, sign = images.c[measure.date_field], images.c.sign
    added = amounts.amount(measure, tenant=tenant, records=images)
    if measure.aggregation is Aggregation.COUNT:
        added = case((added.is_not(None), 1))
    lacking: ColumnElement[Any] = literal(0, Integer)
    if measure.currency is not None:
        lacking = func.sum(sign).filter(amounts.lacks_rate(measure, images, tenant=tenant))
    return (
        select(
            literal(number, Integer).label("measure"),
            images.c.owner_id,
            day.label("day"),
            func.coalesce(func.sum(cast(sign * added, Numeric)), Decimal(0)).label("change"),
            func.coalesce(lacking, 0).label("left_out"),
        )
        .where(amounts.fits(measure, images), day <= today)
        .group_by(images.c.owner_id, day)
    )
