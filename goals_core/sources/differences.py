"""By how much changed lines of the journal move sums and counts: new images less old ones."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Integer,
    Numeric,
    Select,
    Table,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, array

from goals_core import moments
from goals_core.actor import Tenant
from goals_core.arrays import Ids
from goals_core.models.journal import JournalBatch, JournalLine
from goals_core.sources import amounts
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.measures import Measure

MOST_MEASURES = 60  # of more in one table, reading what they concern is as fast


def adds_up(measure: Measure) -> bool:
    """Whether a value moves by what its changed records say, whatever the others are."""
    return measure.aggregation in {Aggregation.SUM, Aggregation.COUNT}


def of(table: Table, measures: Mapping[int, Measure], *, tenant: Tenant) -> CTE:
    """(measure, owner_id, day, change, left_out) by what batches say of the table, where any is.

    `batches_of` the table are bound when it is run.
    """
    images = _images(table, measures.values(), tenant)
    parts = [_of_measure(n, measure, images, tenant) for n, measure in measures.items()]
    found = union_all(*parts).subquery("found")
    differing = or_(found.c.change != 0, found.c.left_out != 0)
    return select(found).where(differing).cte(f"changes_{_name(table)}")


def days(table: Table, measures: Mapping[int, Measure], *, tenant: Tenant) -> CTE:
    """(measure, owner_id, day, change, left_out) without any change: whose records, of which days.

    Whatever a measure asks for, as its value may not be a sum of what the records say.
    """
    images = _images(table, measures.values(), tenant)
    parts = [_days_of(n, measure, images) for n, measure in measures.items()]
    return union(*parts).cte(f"changes_{_name(table)}")


def batches_of(table: Table) -> BindParameter[Any]:
    """The batches of the journal that a statement reads of a table."""
    return bindparam(f"batches_{_name(table)}", type_=Ids())


def _name(table: Table) -> str:
    """Another one's than that of a table of the same name in another schema."""
    return table.fullname.replace(".", "_")


def _images(table: Table, measures: Iterable[Measure], tenant: Tenant) -> CTE:
    """The records as they were, which count against, and as they are: what is asked of them."""
    batch, line = JournalBatch.__table__.c, JournalLine.__table__.c
    # batch by batch: a tenant's whole journal would be read where it is thought to be short
    lines = (
        select(line.old, line.new)
        .where(
            line.tenant_id == tenant.id,
            line.id >= batch.first_line,
            line.id <= batch.last_line,
        )
        .offset(0)
        .correlate(JournalBatch.__table__)
        .lateral("lines")
    )
    sides = (array([literal(-1), literal(1)]), array([lines.c.old, lines.c.new]))
    side = (
        func.unnest(*sides)
        .table_valued(column("sign", Integer), column("image", JSONB), name="side")
        .render_derived()
        .lateral()
    )
    names = {"owner_id"}.union(*(measure.columns for measure in measures))
    record = (
        func.jsonb_to_record(side.c.image)
        .table_valued(*(column(name, table.c[name].type) for name in sorted(names)), name="record")
        .render_derived(with_types=True)
        .lateral("record")
    )
    return (
        select(side.c.sign, *record.c)
        .select_from(
            JournalBatch.__table__.join(lines, literal(True))
            .join(side, literal(True))
            .join(record, literal(True))
        )
        .where(
            batch.tenant_id == tenant.id,
            batch.id == func.any(batches_of(table)),
            side.c.image.is_not(None),
        )
        .cte(f"images_{_name(table)}")
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


def _of_measure(number: int, measure: Measure, images: CTE, tenant: Tenant) -> Select[Any]:
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
        .where(amounts.fits(measure, images), day <= moments.today(tenant))
        .group_by(images.c.owner_id, day)
    )
