"""How far a number can be trusted: how fresh it is, what counts, what is left out and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select

from goals_core.db import TenantSession
from goals_core.engine import movement_lines, scopes, standings, tracked
from goals_core.engine.standings import Standing
from goals_core.kinds import AssigneeType
from goals_core.models.goals import SyncRun
from goals_core.models.journal import JournalBatch
from goals_core.permissions import Permission, needs
from goals_core.sources import amounts
from goals_core.sources.measures import Measure


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known of the records of a window that meet a goal's conditions."""

    synced_at: datetime | None  # up to when a sync has looked; None: none has
    waiting: int  # changes that concern it and are not counted yet, at most `movement_lines.MOST`
    rates_wait: bool  # a rate has changed since
    counted: int
    without_rate: int
    without_number: int  # the attribute that is added up holds none
    later: int  # dated after today
    undated: int
    unowned: int  # in these days, and nobody's
    not_member: int  # of people of the team, on days when they were not in it

    @property
    def left_out(self) -> int:
        """Those that would count but for something that they lack, or that is lacking."""
        lacking = (self.without_rate, self.without_number, self.later)
        return sum(lacking) + self.undated + self.unowned + self.not_member


@needs(Permission.READ)
def of_assignment(db: TenantSession, assignment_id: UUID) -> Trust | None:
    """Of a goal that is tracked from records; None when by hand, or when it cannot be computed."""
    standing = standings.get(db, assignment_id)  # out of sight is not found
    measure = tracked.measure_of(db, standing)
    if measure is None:
        return None
    kept = db.execute(_freshness(db)).one()
    return Trust(
        synced_at=kept.synced_at,
        waiting=movement_lines.waiting(db, measure, standing),
        rates_wait=kept.rates_wait,
        **db.execute(_counts(db, measure, standing)).one()._mapping,
    )


def _freshness(db: TenantSession) -> Select[*tuple[Any, ...]]:
    """A sync knows what had been committed when it began."""
    rates = select(literal(1)).where(
        JournalBatch.tenant_id == db.tenant_id, JournalBatch.taken_at.is_(None)
    )
    ended = select(func.max(SyncRun.started_at)).where(
        SyncRun.tenant_id == db.tenant_id, SyncRun.finished_at.is_not(None)
    )
    return select(
        ended.scalar_subquery().label("synced_at"),
        rates.where(JournalBatch.lines == 0).exists().label("rates_wait"),
    )


def _counts(db: TenantSession, measure: Measure, standing: Standing) -> Select[Any]:
    tenant, table, window = db.actor.tenant, measure.entity.table, standing.window
    whose, day, owner = tracked.whose(db, standing), table.c[measure.date_field], table.c.owner_id
    who = (standing.assignee_type, standing.assignee_id)
    amount = amounts.amount(measure, tenant=tenant, has_rates=scopes.has_rates(db, measure))
    mine = tracked.belongs(db, *who, owner, day)
    begun, in_days = day <= tenant.today, day.between(window.start, window.end)
    lacks = and_(in_days, mine, begun, amount.is_(None))
    is_money = literal(measure.currency is not None)
    theirs = select(
        _count(in_days, mine, begun, amount.is_not(None)).label("counted"),
        _count(lacks, is_money).label("without_rate"),
        _count(lacks, ~is_money).label("without_number"),
        _count(in_days, mine, ~begun).label("later"),
        _count(day.is_(None)).label("undated"),
        _count(in_days, ~mine).label("not_member"),
        _unowned(measure, standing, db).label("unowned"),
    ).where(amounts.matching(measure, tenant=tenant), or_(in_days, day.is_(None)))
    if whose.owners is None:
        return theirs
    return theirs.where(owner.in_(whose.owners))


def _count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(*conditions)


def _unowned(measure: Measure, standing: Standing, db: TenantSession) -> ColumnElement[Any]:
    """What is nobody's counts for the company only."""
    if standing.assignee_type is AssigneeType.TENANT:
        return literal(0)
    table, window = measure.entity.table, standing.window
    query = select(func.count()).where(
        amounts.matching(measure, tenant=db.actor.tenant),
        table.c.owner_id.is_(None),
        table.c[measure.date_field].between(window.start, window.end),
    )
    return query.correlate(None).scalar_subquery()
