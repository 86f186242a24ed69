"""The inbox: what one was told, newest first, and what one has read of it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update

from goals_core import clock
from goals_core.db import TenantSession
from goals_core.engine import news
from goals_core.engine.news import News
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.kinds import Event
from goals_core.models.goals import OutboxRow
from goals_core.permissions import Permission, needs

MOST_COUNTED = 100
"""So many unread ones are many; nobody waits for a higher number."""


@needs(Permission.READ)
def list_(
    db: TenantSession,
    *,
    unread: bool = False,
    events: Collection[Event] = (),
    page: PageRequest = FIRST_PAGE,
) -> Page[News]:
    """One's own news of goals that one may still see, newest first."""
    rules = _mine(db, unread=unread)
    if events:
        rules.append(OutboxRow.event.in_([event.value for event in events]))
    total = db.scalar(news.visible(db, func.count()).where(*rules)) or 0
    found = news.latest_first(news.query(db).where(*rules))
    return page.of(news.all_of(db, found.limit(page.limit).offset(page.offset)), total)


@needs(Permission.READ)
def unread(db: TenantSession) -> int:
    """How many are unread, up to `MOST_COUNTED`."""
    some = news.visible(db, OutboxRow.id).where(*_mine(db, unread=True)).limit(MOST_COUNTED)
    return db.scalar(select(func.count()).select_from(some.subquery())) or 0


@needs(Permission.READ)
def mark(db: TenantSession, ids: Collection[UUID], *, read: bool) -> None:
    """Set some of one's own as read, or as unread again; anybody else's stay as they are."""
    is_other = OutboxRow.read_at.is_(None) if read else OutboxRow.read_at.is_not(None)
    _set(db, read, OutboxRow.id.in_(list(ids)), is_other)


@needs(Permission.READ)
def mark_all_read(db: TenantSession, *, until: datetime) -> None:
    """Set everything that was told up to a moment as read: what comes meanwhile is not."""
    _set(db, True, OutboxRow.read_at.is_(None), OutboxRow.created_at <= until)


def _mine(db: TenantSession, *, unread: bool) -> list[ColumnElement[bool]]:
    rules = [OutboxRow.user_id == db.actor.user_id, and_(OutboxRow.in_inbox)]
    return [*rules, OutboxRow.read_at.is_(None)] if unread else rules


def _set(db: TenantSession, read: bool, *which: ColumnElement[bool]) -> None:
    mine = _mine(db, unread=False)
    change = update(OutboxRow).where(OutboxRow.tenant_id == db.tenant_id, *mine, *which)
    at = clock.now() if read else None
    db.execute(change.values(read_at=at).execution_options(synchronize_session=False))
