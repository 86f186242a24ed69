"""The syncs that were run, what waits for the next one, and which of the old ones are kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypedDict, Unpack
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, or_, select, union_all

from goals_core import clock
from goals_core.actor import Tenant
from goals_core.arrays import ids_of
from goals_core.checks import EARLIEST_DAY, LATEST_DAY
from goals_core.db import TenantSession
from goals_core.engine import runs
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.kinds import Ending, Origin, Reason, SyncMode
from goals_core.models.core import User
from goals_core.models.goals import Definition, SyncRun
from goals_core.models.journal import JournalBatch
from goals_core.permissions import Permission, needs

KEPT_DAYS = 90
IDLE_KEPT_DAYS = 7  # incremental ones that changed nothing
MOST_IN_A_CHART = 60

_COLUMNS = (
    SyncRun.id,
    SyncRun.mode,
    SyncRun.reason,
    SyncRun.origin,
    User.name.label("who"),
    SyncRun.started_at,
    SyncRun.finished_at,
    SyncRun.took_ms,
    SyncRun.ending,
    SyncRun.checked,
    SyncRun.updated,
    SyncRun.achieved,
    SyncRun.failed,
    SyncRun.begun,
    SyncRun.closed,
    SyncRun.changes,
    SyncRun.errors,
)
_ENDLESS = and_(SyncRun.finished_at.is_(None), SyncRun.ending.is_(None))
_WITH_RESULT = and_(SyncRun.finished_at.is_not(None), SyncRun.ending.is_(None))


class Filters(TypedDict, total=False):
    """What the runs are narrowed to; a run fits every filter that is given."""

    mode: SyncMode | None
    only_errors: bool
    since: date | None  # days where the tenant is, both included
    until: date | None


@dataclass(frozen=True, slots=True)
class RunError:
    """A goal that a run could not compute; `is_there`: it has not been deleted since."""

    definition_id: UUID
    name: str
    reason: str
    is_there: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One sync; `ending` says why it has no result, `is_running` that it may still get one."""

    id: UUID
    mode: SyncMode
    reason: Reason | None  # why it computed everything, where only the changes were asked for
    origin: Origin
    who: str | None  # none: no person
    started_at: datetime
    finished_at: datetime | None
    seconds: Decimal | None
    ending: Ending | None
    is_running: bool
    checked: int
    updated: int
    achieved: int
    failed: int
    begun: int
    closed: int
    changes: int  # lines of the journal that it took
    errors: tuple[RunError, ...]


@dataclass(frozen=True, slots=True)
class State:
    """Whether the goals are up to date: what runs, what ran last, what waits for the next sync."""

    is_running: bool
    running: Run | None  # none also where it has only just begun
    last: Run | None  # with a result
    last_full_at: datetime | None
    waiting: int  # lines of the journal
    waits_since: datetime | None
    waits_for_all: bool  # an exchange rate has changed: the next sync is a full one


@needs(Permission.MANAGE)
def list_(
    db: TenantSession, *, page: PageRequest = FIRST_PAGE, **wanted: Unpack[Filters]
) -> Page[Run]:
    """The runs that fit every filter given, newest first."""
    rules = _rules(db, **wanted)
    total = db.scalar(select(func.count()).select_from(SyncRun).where(*rules)) or 0
    return page.of(_runs(db, _query(rules).limit(page.limit).offset(page.offset)), total)


@needs(Permission.MANAGE)
def newest(
    db: TenantSession, *, most: int = MOST_IN_A_CHART, **wanted: Unpack[Filters]
) -> list[Run]:
    """The newest runs that fit every filter given, for a chart: the oldest of them first."""
    limit = min(max(most, 0), MOST_IN_A_CHART)
    return _runs(db, _query(_rules(db, **wanted)).limit(limit))[::-1]


@needs(Permission.MANAGE)
def state(db: TenantSession) -> State:
    """Where tracking stands right now."""
    is_running = runs.turn_is_taken(db)
    last = _runs(db, _query([_WITH_RESULT]).limit(1))
    running = _runs(db, _query([_ENDLESS]).limit(1)) if is_running else []
    b = JournalBatch
    waiting = db.execute(
        select(
            func.coalesce(func.sum(b.lines), 0).label("lines"),
            func.min(b.at).label("since"),
            func.coalesce(func.bool_or(b.lines == 0), False).label("for_all"),
        ).where(b.taken_at.is_(None))
    ).one()
    return State(
        is_running=is_running,
        running=running[0] if running else None,
        last=last[0] if last else None,
        last_full_at=runs.last_full(db),
        waiting=waiting.lines,
        waits_since=waiting.since,
        waits_for_all=waiting.for_all,
    )


@needs(Permission.MANAGE)
def tidy(db: TenantSession) -> int:
    """Forget runs that tell nothing any more; how many there were. It can be run at any time.

    Those of the last 90 days are kept, incremental ones that changed nothing for 7. The last one
    with a result and the last full one stay, however old: they say how fresh the goals are.
    """
    now, full = clock.now(), SyncRun.mode == SyncMode.FULL
    idle = and_(
        SyncRun.mode == SyncMode.INCREMENTAL,
        _WITH_RESULT,
        func.jsonb_array_length(SyncRun.errors) == 0,
        SyncRun.updated + SyncRun.begun + SyncRun.closed == 0,
        SyncRun.started_at < now - timedelta(IDLE_KEPT_DAYS),
    )
    old = or_(SyncRun.started_at < now - timedelta(KEPT_DAYS), idle)
    kept = db.scalars(union_all(_latest(_WITH_RESULT), _latest(_WITH_RESULT, full))).all()
    gone = delete(SyncRun).where(old, SyncRun.id != func.all(ids_of(kept))).returning(SyncRun.id)
    return len(db.scalars(gone, execution_options={"synchronize_session": False}).all())


def _latest(*rules: ColumnElement[bool]) -> Select[UUID]:
    newest_first = select(SyncRun.id).where(*rules).order_by(SyncRun.started_at.desc()).limit(1)
    return select(newest_first.subquery().c.id)


def _rules(
    db: TenantSession,
    *,
    mode: SyncMode | None = None,
    only_errors: bool = False,
    since: date | None = None,
    until: date | None = None,
) -> list[ColumnElement[bool]]:
    tenant = db.actor.tenant
    wanted = [
        SyncRun.mode == mode if mode else None,
        _with_errors(db) if only_errors else None,
        SyncRun.started_at >= _midnight(since, tenant) if since else None,
        SyncRun.started_at < _midnight(until, tenant, days=1) if until else None,
    ]
    return [rule for rule in wanted if rule is not None]


def _with_errors(db: TenantSession) -> ColumnElement[bool]:
    """Without a result, which one has not that runs now, or with a goal that was not computed."""
    found = or_(SyncRun.ending.is_not(None), func.jsonb_array_length(SyncRun.errors) > 0)
    return found if runs.turn_is_taken(db) else or_(found, _ENDLESS)


def _midnight(day: date, tenant: Tenant, *, days: int = 0) -> datetime:
    """When a day, or one some days later, begins where the tenant is."""
    possible = min(max(day, EARLIEST_DAY), LATEST_DAY)
    return datetime.combine(possible + timedelta(days), time.min, ZoneInfo(tenant.timezone))


def _query(rules: Collection[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    same = and_(User.tenant_id == SyncRun.tenant_id, User.id == SyncRun.started_by)
    query = select(*_COLUMNS).select_from(SyncRun).outerjoin(User, same).where(*rules)
    return query.order_by(SyncRun.started_at.desc(), SyncRun.id.desc())


def _runs(db: TenantSession, query: Select[*tuple[Any, ...]]) -> list[Run]:
    rows = db.execute(query).all()
    named = {UUID(error["id"]) for row in rows for error in row.errors}
    there = select(Definition.id).where(Definition.id == func.any(ids_of(named)))
    known = set(db.scalars(there)) if named else set()
    endless = [row for row in rows if _is_endless(row)]
    running = endless[0].id if endless and runs.turn_is_taken(db) else None
    return [_run(row, known, is_running=row.id == running) for row in rows]


def _is_endless(row: Row[*tuple[Any, ...]]) -> bool:
    return row.finished_at is None and row.ending is None


def _run(row: Row[*tuple[Any, ...]], known: set[UUID], *, is_running: bool) -> Run:
    """A run without an end that nobody is at was killed."""
    lost = Ending.LOST if _is_endless(row) and not is_running else None
    return Run(
        id=row.id,
        mode=SyncMode(row.mode),
        reason=Reason(row.reason) if row.reason else None,
        origin=Origin(row.origin),
        who=row.who,
        started_at=row.started_at,
        finished_at=row.finished_at,
        seconds=None if row.took_ms is None else Decimal(row.took_ms) / 1000,
        ending=Ending(row.ending) if row.ending else lost,
        is_running=is_running,
        checked=row.checked,
        updated=row.updated,
        achieved=row.achieved,
        failed=row.failed,
        begun=row.begun,
        closed=row.closed,
        changes=row.changes,
        errors=_errors(row.errors, known),
    )


def _errors(kept: Sequence[dict[str, str]], known: set[UUID]) -> tuple[RunError, ...]:
    return tuple(
        RunError(UUID(e["id"]), e["name"], e["reason"], UUID(e["id"]) in known) for e in kept
    )
