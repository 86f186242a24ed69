"""The receipt: the very records behind a number, and those that were left out and why."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, select, true

from goals_core.db import TenantSession
from goals_core.engine import standings, visibility
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.kinds import AssigneeType, Source
from goals_core.models.core import User
from goals_core.models.goals import Definition
from goals_core.models.windows import Window
from goals_core.permissions import Permission, needs
from goals_core.sources import facts, measures
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.measures import Measure


@dataclass(frozen=True, slots=True)
class Line:
    """A record that falls into the window, and what it adds."""

    day: date
    external_id: str
    name: str
    owner: str | None
    amount: Decimal | None
    currency: str
    counted: Decimal | None  # in the goal's unit; None: left out, there is no exchange rate


@dataclass(frozen=True, slots=True)
class Receipt:
    """The records of a window, newest first, and what they come to now."""

    lines: Page[Line]
    value: Decimal | None  # None: an average of nothing
    left_out: int
    aggregation: Aggregation


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose records count."""

    type: AssigneeType
    id: UUID | None = None


@needs(Permission.READ)
def of_assignment(
    db: TenantSession, assignment_id: UUID, *, page: PageRequest = FIRST_PAGE
) -> Receipt | None:
    """The records behind an assignment's value; None when it is tracked by hand.

    Of a closed window too: what it comes to now may differ from the frozen value.
    """
    standing = standings.get(db, assignment_id)
    if standing.source is Source.MANUAL:
        return None
    config = db.scalars(
        select(Definition.source_config).where(Definition.id == standing.definition_id)
    ).one()
    measure = measures.parse(standing.source, config, metric=standing.metric, unit=standing.unit)
    owner = Owner(standing.assignee_type, standing.assignee_id)
    return receipt(db, measure, owner, standing.window, page=page)


@needs(Permission.READ)
def receipt(
    db: TenantSession,
    measure: Measure,
    owner: Owner,
    window: Window,
    *,
    page: PageRequest = FIRST_PAGE,
    led_only: bool = False,
) -> Receipt:
    """The records of an owner that a measure finds in a window, up to today.

    `led_only` keeps to those of the people whose goals the actor sets.
    """
    found = _records(db, measure, owner, window)
    if led_only and not db.actor.may(Permission.MANAGE):
        found = found.where(measure.entity.table.c.owner_id.in_(visibility.led_people(db)))
    rows = found.subquery("records")
    totals = db.execute(
        select(
            func.count(),
            func.count().filter(rows.c.counted.is_(None)),
            _total(measure.aggregation, rows.c.counted),
        )
    ).one()
    newest = select(rows).order_by(rows.c.day.desc(), rows.c.external_id.desc())
    lines = [Line(*row) for row in db.execute(newest.limit(page.limit).offset(page.offset))]
    count, left_out, value = totals
    return Receipt(page.of(lines, count), value, left_out, measure.aggregation)


def _records(db: TenantSession, measure: Measure, owner: Owner, window: Window) -> Select[Any]:
    tenant, table, person = db.actor.tenant, measure.entity.table, User.__table__.c
    day = table.c[measure.date_field]
    return (
        select(
            day.label("day"),
            table.c.external_id,
            table.c.name,
            person.name.label("owner"),
            table.c[measure.entity.number].label("amount"),
            table.c.currency,
            facts.amount(measure, tenant=tenant).label("counted"),
        )
        .select_from(table)
        .outerjoin(
            User.__table__,
            and_(person.tenant_id == table.c.tenant_id, person.id == table.c.owner_id),
        )
        .where(
            facts.matching(measure, tenant=tenant),
            day.between(window.start, min(window.end, tenant.today)),
            _belongs(db, owner, table.c.owner_id, day),
        )
    )


def _belongs(
    db: TenantSession, owner: Owner, owner_id: ColumnElement[Any], day: ColumnElement[Any]
) -> ColumnElement[bool]:
    if owner.type is AssigneeType.TENANT:
        return true()
    if owner.id is None:
        return false()
    if owner.type is AssigneeType.USER:
        return owner_id == owner.id
    return facts.is_member(literal(owner.id), owner_id, day, db.actor.tenant)


def _total(aggregation: Aggregation, counted: ColumnElement[Any]) -> ColumnElement[Any]:
    totals: dict[Aggregation, ColumnElement[Any]] = {
        Aggregation.SUM: func.coalesce(func.sum(counted), 0),
        Aggregation.COUNT: func.count(counted),
        Aggregation.AVG: func.round(func.avg(counted), 2),
        Aggregation.MIN: func.min(counted),
        Aggregation.MAX: func.max(counted),
    }
    return totals[aggregation]
