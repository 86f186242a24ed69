"""Tracking by itself: syncs, of everything or of what changed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from uuid import UUID

from sqlalchemy import func, select

from goals_core.actor import Actor
from goals_core.arrays import ids_of
from goals_core.db import TenantSession, tenant_session
from goals_core.engine import effects, journal, locking, runs
from goals_core.engine.journal import Taken
from goals_core.engine.recompute import GoalError, Outcome, recompute
from goals_core.engine.runs import Run
from goals_core.engine.visibility import readable_definitions
from goals_core.errors import N_
from goals_core.kinds import Origin, Reason, SyncMode
from goals_core.models.goals import Definition, SyncRun
from goals_core.permissions import Permission, needs
from goals_core.services.rollover import begin_windows

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync looked at, what it changed and how long it took."""

    mode: SyncMode
    changes: int  # lines of the journal that it took
    checked: int
    updated: int
    achieved: int
    failed: int
    errors: tuple[GoalError, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class LastSync:
    """A sync that has a result, as somebody is told: its errors are of goals in their sight."""

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
    actor: Actor,
    *,
    mode: SyncMode = SyncMode.FULL,
    origin: Origin | None = None,
    on_progress: Progress | None = None,
) -> SyncResult:
    """Begin the windows that are due, then compute open assignments; some are closed by it.

    A full sync computes all of them, an incremental one those that the journal says are concerned.
    It is a full one all the same where there is a `Reason`.
    One sync per tenant at a time: `Busy` says who runs the other one since when. `origin` tells
    apart those that no person has begun.
    """
    tell = on_progress or (lambda _share, _text: None)
    started = perf_counter()
    with tenant_session(actor) as turn:  # holds the tenant's turn until the sync is written
        tell(0.1, N_("Waiting for its turn"))
        runs.take_turn(turn)
        with runs.begun(actor, mode, origin) as run:
            tell(0.2, N_("Beginning new windows"))
            begun = begin_windows(actor)
            tell(0.3, N_("Adding up the records"))
            with tenant_session(actor) as db:
                taken = journal.take(db, run_id=run.id)
                reason = None if mode is SyncMode.FULL else _why_all(db, taken)
                mode = SyncMode.FULL if reason else mode
                outcome = _compute(db, taken, mode, run)
                done = runs.Done(mode, reason, changes=taken.lines, begun=begun)
                runs.finish(db, run, outcome, done)
                errors = _in_sight(db, outcome.errors)
        tell(1.0, N_("Done"))
    return SyncResult(
        mode=mode,
        changes=taken.lines,
        checked=outcome.checked,
        updated=outcome.updated,
        achieved=outcome.achieved,
        failed=outcome.failed,
        errors=errors,
        seconds=perf_counter() - started,
    )


@needs(Permission.READ)
def last_synced(db: TenantSession) -> LastSync | None:
    """The latest sync that has a result, None before the first."""
    query = select(SyncRun).where(SyncRun.finished_at.is_not(None), SyncRun.ending.is_(None))
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


@needs(Permission.PROGRESS)
def has_changes(actor: Actor) -> bool:
    """Whether there is something that no sync has taken yet, or that one is to settle."""
    with tenant_session(actor) as db:
        return journal.waits(db) or bool(effects.unsettled(db))


def _why_all(db: TenantSession, taken: Taken) -> Reason | None:
    if taken.concerns_all:
        return taken.concerns_all
    return None if runs.had_a_full_one_today(db) else Reason.NEW_DAY


def _compute(db: TenantSession, taken: Taken, mode: SyncMode, run: Run) -> Outcome:
    reference = str(run.id)
    if mode is SyncMode.FULL:
        return recompute(db, settles=True, reference=reference)
    plan = locking.definitions_of(db, None)
    found = effects.of(db, plan, taken, settled=True)
    only = found.to_read | effects.unsettled(db)
    return recompute(db, only=only, plan=plan, moves=found.moves, settles=True, reference=reference)


def _in_sight(db: TenantSession, errors: tuple[GoalError, ...]) -> tuple[GoalError, ...]:
    """Those of goals that the actor may see: a sync computes everyone's."""
    if not errors:
        return ()
    ids = Definition.id == func.any(ids_of([error.id for error in errors]))
    seen = set(db.scalars(select(Definition.id).where(ids, readable_definitions(db))))
    return tuple(error for error in errors if error.id in seen)
