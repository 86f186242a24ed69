"""The records as they were, and what became of them, read from the journal.

A record as it was at a moment is the old image of its first line after it, or its present row where
there is none. What is read of records elsewhere is read of these by putting them in their table's
place (`instead`), so that the past is counted by the very rules of the present.

Lines are found in one of two ways. Of a few people: by the records that are theirs now in these
days, or were so in an old image. Of everybody: by the batches since the moment, whose lines are
next to each other in the journal's key.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    Date,
    FromClause,
    Select,
    Subquery,
    Table,
    case,
    cast,
    column,
    func,
    literal,
    null,
    select,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql import visitors

from goals_core.actor import Tenant
from goals_core.arrays import ids_of
from goals_core.models.goals import ProgressEntry
from goals_core.models.journal import JournalBatch, JournalLine
from goals_core.sources.measures import Measure

_B, _J = JournalBatch.__table__.c, JournalLine.__table__.c
_NOT_IN_IMAGES = {"tenant_id", "id", "created_at", "updated_at"}

Clause = TypeVar("Clause", bound=Any)


@dataclass(frozen=True, slots=True)
class Whose:
    """The records that can ever have counted: of which people (None: of all), dated when."""

    owners: Collection[UUID] | None
    first: date
    last: date


def instead(clause: Clause, table: Table, rows: FromClause) -> Clause:
    """The same clause, reading these rows where it reads the table."""

    def put(element: object, **_: object) -> Any:  # noqa: ANN401  (whatever the clause is made of)
        if element is table:
            return rows
        if isinstance(element, Column) and element.table is table:
            return rows.c[element.name]
        return None

    replaced: Clause = visitors.replacement_traverse(clause, {}, put)
    return replaced


def records_at(measure: Measure, whose: Whose, at: datetime, *, tenant: Tenant) -> Subquery:
    """The rows of a measure's table as they were at a moment; of nobody else they are not right."""
    table = measure.entity.table
    lines = _lines(measure, whose, tenant).where(_B.at > at)
    in_order = lines.ext(distinct_on(_J.record_id)).order_by(_J.record_id, _B.at, _J.id)
    later = in_order.cte("later")
    as_it_is = select(*table.c).where(
        table.c.tenant_id == tenant.id,
        ~select(literal(1)).where(later.c.record_id == table.c.id).exists(),
    )
    was = _image(table, later.c.old, "was")
    as_it_was = select(*_columns(table, later, was)).select_from(later.join(was, literal(True)))
    return union_all(as_it_is, as_it_was.where(later.c.old.is_not(None))).subquery("records")


def log_at(at: datetime, *, tenant: Tenant) -> Subquery:
    """The lines of logs that were there at a moment, taken back only if they were so by then."""
    table = ProgressEntry.__table__
    by = table.alias("taken_back_by")
    was_taken_back = (
        select(literal(1))
        .where(by.c.tenant_id == tenant.id, by.c.id == table.c.voided_by, by.c.logged_at <= at)
        .exists()
    )
    columns = [
        case((was_taken_back, c)).label(c.name) if c.name == "voided_by" else c for c in table.c
    ]
    there = select(*columns).where(table.c.tenant_id == tenant.id, table.c.logged_at <= at)
    return there.subquery("log_then")


def changes(measure: Measure, whose: Whose, *, tenant: Tenant) -> Subquery:
    """(id, record_id, at, taken_at, actor_id, old, new) of what can have moved a number."""
    return _lines(measure, whose, tenant).subquery("lines")


def batches(measure: Measure, *, tenant: Tenant) -> Subquery:
    """The batches of a measure's table, of everybody."""
    of_table = (_B.tenant_id == tenant.id, _B.source_table == measure.entity.table.fullname)
    return select(JournalBatch.__table__).where(*of_table).subquery("batches")


def changes_of(batch: Subquery, *, tenant: Tenant) -> FromClause:
    """As `changes`, for each of the `batches`."""
    b = batch.c
    columns = (_J.tenant_id, _J.id, _J.record_id, b.at, b.taken_at, b.actor_id, _J.old, _J.new)
    lines = select(*columns).where(
        _J.tenant_id == tenant.id, _J.batch_id == b.id, _J.id.between(b.first_line, b.last_line)
    )
    return lines.correlate(batch).lateral("lines")


def state(measure: Measure, lines: FromClause, which: str) -> FromClause:
    """The record before (`old`) or after (`new`) a line, in the columns of its table.

    Of a record that is not there every column is NULL.
    """
    table = measure.entity.table
    image = _image(table, lines.c[which], f"{which}_image")
    return select(*_columns(table, lines, image)).select_from(image).lateral(f"{which}_state")


def _lines(measure: Measure, whose: Whose, tenant: Tenant) -> Select[Any]:
    columns = (
        _J.tenant_id,
        _J.id,
        _J.record_id,
        _B.at,
        _B.taken_at,
        _B.actor_id,
        _J.old,
        _J.new,
    )
    of_table = (
        _J.tenant_id == tenant.id,
        _B.tenant_id == tenant.id,
        _B.source_table == measure.entity.table.fullname,
        _J.batch_id == _B.id,
    )
    if whose.owners is None:
        return select(*columns).where(*of_table, _J.id.between(_B.first_line, _B.last_line))
    theirs = _ever_theirs(measure, whose, whose.owners, tenant)
    return select(*columns).where(*of_table, _J.record_id == theirs.c.record_id)


def _ever_theirs(measure: Measure, whose: Whose, owners: Collection[UUID], tenant: Tenant) -> CTE:
    """The records that are somebody's in these days, now or by an old image."""
    table = measure.entity.table
    ids = ids_of(owners, "whose")
    then = cast(_J.old[measure.date_field].astext, Date)
    was = select(_J.record_id).where(
        _J.tenant_id == tenant.id,
        _J.old_owner_id == func.any(ids),
        then.between(whose.first, whose.last),
    )
    day = table.c[measure.date_field]
    is_now = select(table.c.id).where(
        table.c.tenant_id == tenant.id,
        table.c.owner_id == func.any(ids),
        day.between(whose.first, whose.last),
    )
    if not measure.entity.name:
        is_now = is_now.where(table.c.entity == measure.entity_name)
    return union(was, is_now).cte("theirs")


def _image(table: Table, json: ColumnElement[Any], name: str) -> Any:  # noqa: ANN401
    """An image of the journal as one typed row."""
    typed = [column(c.name, c.type) for c in table.c if c.name not in _NOT_IN_IMAGES]
    row = func.jsonb_to_record(json).table_valued(*typed, joins_implicitly=True)
    return row.render_derived(name=name, with_types=True).lateral()


def _columns(table: Table, lines: FromClause, image: FromClause) -> list[ColumnElement[Any]]:
    """An image in the columns of its table."""
    own: dict[str, ColumnElement[Any]] = {
        "tenant_id": lines.c.tenant_id,
        "id": lines.c.record_id,
    }
    nothing = {c.name: cast(null(), c.type) for c in table.c if c.name in _NOT_IN_IMAGES}
    known = nothing | own
    return [(known[c.name] if c.name in known else image.c[c.name]).label(c.name) for c in table.c]
