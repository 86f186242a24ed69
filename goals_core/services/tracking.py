"""Tracking by itself: syncs, of everything or of what changed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select, text

from goals_core import clock
from goals_core.actor import Actor
from goals_core.arrays import ids_of
from goals_core.db import TenantSession, tenant_session
from goals_core.engine import journal
from goals_core.engine.journal import Taken
from goals_core.engine.recompute import GoalError, Outcome, recompute
from goals_core.engine.visibility import readable_definitions
from goals_core.errors import N_, Busy
from goals_core.kinds import SyncMode
from goals_core.models.base import new_id
from goals_core.models.core import User
from goals_core.models.goals import Definition, SyncRun
from goals_core.permissions import Permission, needs
from goals_core.services.rollover import begin_windows

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync looked at, what it changed and how long it took."""

    mode: SyncMode
    checked: int
    updated: int
    achieved: int
    failed: int
    errors: tuple[GoalError, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class LastSync:
    """A sync that finished, as it is told to somebody: its errors are of goals in their sight."""

    id: UUID
    started_by: UUID | None
    started_at: datetime
    finished_at: datetime
    checked: int
    updated: int
    achieved: int
    failed: int
    errors: tuple[GoalError, ...]


@needs(Permission.PROGRESS)
def sync(
    actor: Actor, *, mode: SyncMode = SyncMode.FULL, on_progress: Progress | None = None
) -> SyncResult:
    """Begin the windows that are due, then compute open assignments; some are closed by it.

    A full sync computes all of them, an incremental one those that the journal says are concerned.
    It is a full one all the same where none that began today has ended, as passing days change
    goals too, and where too much has changed, or what no line tells.
    One sync per tenant at a time: `Busy` says who runs the other one since when.
    """
    tell = on_progress or (lambda _share, _text: None)
    started = perf_counter()
    with tenant_session(actor) as turn:  # holds the tenant's turn until the sync is written
        tell(0.1, N_("Waiting for its turn"))
        _take_turn(turn)
        run_id = _begin(actor)
        tell(0.2, N_("Beginning new windows"))
        begin_windows(actor)
        tell(0.3, N_("Adding up the records"))
        with tenant_session(actor) as db:
            taken = journal.take(db, run_id=run_id)
            mode = mode if _may_be_incremental(db, taken) else SyncMode.FULL
            only = journal.concerned(db, taken) if mode is SyncMode.INCREMENTAL else None
            outcome = recompute(db, only=only, reference=str(run_id))
            _finish(db, run_id, outcome, mode, taken.lines)
            errors = _in_sight(db, outcome.errors)
        tell(1.0, N_("Done"))
    return SyncResult(
        mode=mode,
        checked=outcome.checked,
        updated=outcome.updated,
        achieved=outcome.achieved,
        failed=outcome.failed,
        errors=errors,
        seconds=perf_counter() - started,
    )


@needs(Permission.READ)
def last_synced(db: TenantSession) -> LastSync | None:
    """The latest sync that finished, None before the first."""
    query = select(SyncRun).where(SyncRun.finished_at.is_not(None))
    run = db.scalar(query.order_by(SyncRun.started_at.desc()).limit(1))
    if run is None or run.finished_at is None:
        return None
    errors = (GoalError(UUID(e["id"]), e["name"], e["reason"]) for e in run.errors if "id" in e)
    return LastSync(
        id=run.id,
        started_by=run.started_by,
        started_at=run.started_at,
        finished_at=run.finished_at,
        checked=run.checked,
        updated=run.updated,
        achieved=run.achieved,
        failed=run.failed,
        errors=_in_sight(db, tuple(errors)),
    )


def _may_be_incremental(db: TenantSession, taken: Taken) -> bool:
    """Whether what was taken tells all that can have changed."""
    if taken.concerns_all:
        return False
    full = (SyncRun.mode == SyncMode.FULL, SyncRun.finished_at.is_not(None))
    last = db.scalar(select(func.max(SyncRun.started_at)).where(*full))
    zone = ZoneInfo(db.actor.tenant.timezone)
    return last is not None and last.astimezone(zone).date() == db.actor.tenant.today


def _take_turn(db: TenantSession) -> None:
    key = {"key": f"sync:{db.tenant_id}"}
    free = db.scalar(text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))"), key)
    if not free:
        run = db.execute(
            select(SyncRun.started_at, func.coalesce(User.name, "Goals").label("who"))
            .outerjoin(
                User, and_(User.tenant_id == SyncRun.tenant_id, User.id == SyncRun.started_by)
            )
            .where(SyncRun.finished_at.is_(None))
            .order_by(SyncRun.started_at.desc())
            .limit(1)
        ).one_or_none()
        raise Busy(who=run.who if run else "Goals", since=run.started_at if run else clock.now())


def _begin(actor: Actor) -> UUID:
    """Say, for others to see, that a sync runs."""
    with tenant_session(actor) as db:
        run = SyncRun(
            id=new_id(),
            started_by=actor.user_id,
            started_at=clock.now(),
            checked=0,
            updated=0,
            achieved=0,
            failed=0,
            errors=[],
        )
        db.add(run)
        return run.id


def _finish(
    db: TenantSession, run_id: UUID, outcome: Outcome, mode: SyncMode, changes: int
) -> None:
    run = db.get_one(SyncRun, (db.tenant_id, run_id))
    run.finished_at, run.mode, run.changes = clock.now(), mode, changes
    run.checked, run.updated = outcome.checked, outcome.updated
    run.achieved, run.failed = outcome.achieved, outcome.failed
    run.errors = [
        {"id": str(error.id), "name": error.name, "reason": error.reason}
        for error in outcome.errors
    ]


def _in_sight(db: TenantSession, errors: tuple[GoalError, ...]) -> tuple[GoalError, ...]:
    """Those of goals that the actor may see: a sync computes everyone's."""
    if not errors:
        return ()
    ids = Definition.id == func.any(ids_of([error.id for error in errors]))
    seen = set(db.scalars(select(Definition.id).where(ids, readable_definitions(db))))
    return tuple(error for error in errors if error.id in seen)
