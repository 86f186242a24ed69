"""The receipt: the very records behind a number, and those that were left out and why."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select

from goals_core.db import TenantSession
from goals_core.engine import scopes, standings, tracked, visibility
from goals_core.engine.locking import planned_anew
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.kinds import AssigneeType
from goals_core.models.core import User
from goals_core.models.windows import Window
from goals_core.permissions import Permission, needs
from goals_core.sources import amounts, past, trials
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
    db: TenantSession,
    assignment_id: UUID,
    *,
    at: datetime | None = None,
    page: PageRequest = FIRST_PAGE,
) -> Receipt | None:
    """The records behind an assignment's value, as they are or were `at` a moment.

    None when it is tracked by hand, or cannot be computed. Of a closed window too: what it comes to
    now may differ from the frozen value.
    """
    standing = standings.get(db, assignment_id)
    measure = tracked.measure_of(db, standing)
    if measure is None:
        return None
    owner = Owner(standing.assignee_type, standing.assignee_id)
    if at is None:
        return receipt(db, measure, owner, standing.window, page=page)
    tenant = db.actor.tenant
    found = _records(db, measure, owner, standing.window, until=tracked.day_of(tenant, at))
    then = past.records_at(measure, tracked.whose(db, standing), at, tenant=tenant)
    return _receipt(db, measure, past.instead(found, measure.entity.table, then), page)


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
    found = _records(db, measure, owner, window, until=db.actor.tenant.today)
    if led_only and not db.actor.may(Permission.MANAGE):
        found = found.where(measure.entity.table.c.owner_id.in_(visibility.led_people(db)))
    return _receipt(db, measure, found, page)


def _receipt(db: TenantSession, measure: Measure, found: Select[Any], page: PageRequest) -> Receipt:
    rows = found.subquery("receipt")
    totals = select(
        func.count(),
        func.count().filter(rows.c.counted.is_(None)),
        trials.total(measure.aggregation, rows.c.counted),
    )
    newest = select(rows).order_by(rows.c.day.desc(), rows.c.external_id.desc())
    with planned_anew(db):
        count, left_out, value = db.execute(totals).one()
        lines = [Line(*row) for row in db.execute(newest.limit(page.limit).offset(page.offset))]
    return Receipt(page.of(lines, count), value, left_out, measure.aggregation)


def _records(
    db: TenantSession, measure: Measure, owner: Owner, window: Window, *, until: date
) -> Select[Any]:
    tenant, table, person = db.actor.tenant, measure.entity.table, User.__table__.c
    day, has_rates = table.c[measure.date_field], scopes.has_rates(db, measure)
    return (
        select(
            day.label("day"),
            table.c.external_id,
            table.c.name,
            person.name.label("owner"),
            table.c[measure.entity.number].label("amount"),
            table.c.currency,
            amounts.amount(measure, tenant=tenant, has_rates=has_rates).label("counted"),
        )
        .select_from(table)
        .outerjoin(
            User.__table__,
            and_(person.tenant_id == table.c.tenant_id, person.id == table.c.owner_id),
        )
        .where(
            amounts.matching(measure, tenant=tenant),
            day.between(window.start, min(window.end, until)),
            tracked.belongs(db, owner.type, owner.id, table.c.owner_id, day),
        )
    )
