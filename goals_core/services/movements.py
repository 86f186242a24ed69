"""What moved a goal's number, record by record: the lines of the journal that changed its value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, true

from goals_core.db import TenantSession
from goals_core.engine import movement_lines, standings, tracked
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.models.core import User
from goals_core.models.goals import ProgressEntry
from goals_core.permissions import Permission, needs
from goals_core.sources.filters import ATTRIBUTE
from goals_core.sources.measures import Measure


class Deed(StrEnum):
    """What was done to a record."""

    ADDED = "added"
    CHANGED = "changed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Difference:
    """A column of a record that is another than before; an owner by name."""

    column: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Side:
    """A record before or after: its image, and what it added to the number."""

    image: Mapping[str, Any] | None  # None: it was not there
    counts: bool  # it met the goal's conditions, was its people's and lay in its days
    added: Decimal | None  # in the goal's unit; None: it does not count, or is left out


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of one record that made a difference to a number."""

    at: datetime
    by: str | None  # a person's name; None: another program, or the system
    deed: Deed
    external_id: str
    name: str
    differences: tuple[Difference, ...]
    before: Side
    after: Side
    is_counted: bool  # a sync has taken it; otherwise the next one does

    @property
    def change(self) -> Decimal:
        """What it added to a sum, or took from it."""
        return (self.after.added or Decimal(0)) - (self.before.added or Decimal(0))


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved a number, newest first, and what it is made of."""

    changes: Page[Movement]
    measure: Measure
    known_since: datetime  # of what was before, no line tells


@needs(Permission.READ)
def of_assignment(
    db: TenantSession,
    assignment_id: UUID,
    *,
    entry_id: UUID | None = None,
    page: PageRequest = FIRST_PAGE,
) -> Moved | None:
    """The changes of records that moved it, newest first, at most `movement_lines.MOST` of them.

    With an entry of its log only those that came with it: taken since the entry before. None when
    it is tracked by hand, or cannot be computed.
    """
    standing = standings.get(db, assignment_id)  # out of sight is not found
    measure = tracked.measure_of(db, standing)
    if measure is None:
        return None
    newest = movement_lines.newest(db, measure, standing, _which(db, assignment_id, entry_id))
    rows = db.execute(_with_names(db, newest, page)).all()
    total = rows[0].total if rows else 0
    found = page.of([_movement(row, measure) for row in rows], total)
    return Moved(found, measure, tracked.journal_since(db))


def _which(db: TenantSession, assignment_id: UUID, entry_id: UUID | None) -> movement_lines.Which:
    if entry_id is None:
        return lambda _taken_at: true()
    return lambda taken_at: _came_with(db, assignment_id, entry_id, taken_at)


def _came_with(
    db: TenantSession,
    assignment_id: UUID,
    entry_id: UUID,
    taken_at: ColumnElement[Any],
) -> ColumnElement[bool]:
    """Taken by the time of an entry, and not yet by that of the one before it."""
    entry = ProgressEntry
    mine = select(entry.logged_at).where(
        entry.tenant_id == db.tenant_id, entry.assignment_id == assignment_id
    )
    this = mine.where(entry.id == entry_id).scalar_subquery()
    before = (
        select(func.max(entry.logged_at))
        .where(
            entry.tenant_id == db.tenant_id,
            entry.assignment_id == assignment_id,
            entry.logged_at < this,
        )
        .scalar_subquery()
    )
    return and_(taken_at <= this, or_(before.is_(None), taken_at > before))


def _with_names(db: TenantSession, newest: Select[Any], page: PageRequest) -> Select[Any]:
    found = newest.subquery("moved")
    c, users = found.c, User.__table__
    by, old, new = (users.alias(name) for name in ("by", "old_owner", "new_owner"))
    joined: Any = found
    for person, id_ in ((by, c.actor_id), (old, c.old_owner), (new, c.new_owner)):
        joined = joined.outerjoin(
            person, and_(person.c.tenant_id == db.tenant_id, person.c.id == id_)
        )
    return (
        select(
            found,
            by.c.name.label("by_name"),
            old.c.name.label("old_name"),
            new.c.name.label("new_name"),
            func.count().over().label("total"),
        )
        .select_from(joined)
        .order_by(c.at.desc(), c.id.desc())
        .limit(page.limit)
        .offset(page.offset)
    )


def _movement(row: Row[Any], measure: Measure) -> Movement:
    deed = Deed.CHANGED
    if row.old is None or row.new is None:
        deed = Deed.ADDED if row.old is None else Deed.DELETED
    image = row.new or row.old
    return Movement(
        at=row.at,
        by=row.by_name,
        deed=deed,
        external_id=image["external_id"],
        name=image["name"],
        differences=_differences(row, measure) if deed is Deed.CHANGED else (),
        before=Side(row.old, row.counted, row.added),
        after=Side(row.new, row.counts, row.adds),
        is_counted=row.taken_at is not None,
    )


def _differences(row: Row[Any], measure: Measure) -> tuple[Difference, ...]:
    """What differs of that by which a record counts, in the order of its table."""
    matters = _what_matters(measure)
    found = []
    for column in (each.name for each in measure.entity.table.c):
        old, new = row.old.get(column), row.new.get(column)
        if old == new or (column != "attributes" and column not in matters):
            continue
        if column == "owner_id":
            found.append(Difference(column, row.old_name, row.new_name))
        elif column == "attributes":
            keys = sorted(old.keys() | new.keys())
            found += [
                Difference(f"{ATTRIBUTE}{key}", old.get(key), new.get(key))
                for key in keys
                if old.get(key) != new.get(key) and f"{ATTRIBUTE}{key}" in matters
            ]
        else:
            found.append(Difference(column, old, new))
    return tuple(found)


def _what_matters(measure: Measure) -> set[str | None]:
    """The columns by which a record counts, and for how much."""
    columns = {measure.field, measure.date_field, "owner_id"}
    columns |= {condition.column for condition in measure.conditions}
    return columns | ({"currency"} if measure.currency else set())
