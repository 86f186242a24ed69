"""The runs of the sync, as they are kept: begun for others to see, ended with what came of them.

Whoever begins one holds the tenant's turn, a lock that ends with its connection: a run without an
end whose turn nobody holds was killed, and the next one says so of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, func, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from goals_core import clock, logs
from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session
from goals_core.engine.recompute import Outcome
from goals_core.errors import Busy
from goals_core.kinds import Ending, Origin, Reason, SyncMode
from goals_core.models.base import new_id
from goals_core.models.core import User
from goals_core.models.goals import SyncRun

_log = logs.get("goals.tracking")
_TAKE_TURN = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
# The lock as the server lists it: the upper and the lower half of its number.
_TURN_IS_TAKEN = text(
    """
    SELECT EXISTS (
        SELECT FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (CAST(l.classid AS bigint) << 32) | CAST(l.objid AS bigint)
                = hashtextextended(:key, 0)
    )
    """
)
_NONE_IN_SESSION = {"synchronize_session": False}
_WAITED = ("40001", "40P01", "55P03", "57014")  # serialization, deadlock, lock, statement time-out


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has just begun."""

    id: UUID
    started_by: UUID | None
    began: float  # by a clock that counts also where the time is fixed


@dataclass(frozen=True, slots=True)
class Done:
    """What a run has done, whatever came of it."""

    mode: SyncMode
    reason: Reason | None  # why it computed everything, where only the changes were asked for
    changes: int  # lines of the journal that it took
    begun: int  # windows


def take_turn(db: TenantSession) -> None:
    """One sync per tenant at a time, until this transaction ends; `Busy` names who has it."""
    if not db.scalar(_TAKE_TURN, _turn(db)):
        run = db.execute(
            select(SyncRun.started_at, func.coalesce(User.name, "Goals").label("who"))
            .outerjoin(
                User, and_(User.tenant_id == SyncRun.tenant_id, User.id == SyncRun.started_by)
            )
            .where(SyncRun.finished_at.is_(None), SyncRun.ending.is_(None))
            .order_by(SyncRun.started_at.desc())
            .limit(1)
        ).one_or_none()
        raise Busy(who=run.who if run else "Goals", since=run.started_at if run else clock.now())


def turn_is_taken(db: TenantSession) -> bool:
    """Whether a sync of this tenant runs now, in whichever process."""
    return bool(db.scalar(_TURN_IS_TAKEN, _turn(db)))


@contextmanager
def begun(actor: Actor, mode: SyncMode, origin: Origin | None) -> Iterator[Run]:
    """A run that others see while it goes on; what breaks it off is kept as its ending.

    The turn is held: a run of before that has no end was killed, and is marked so.
    """
    run = Run(new_id(), actor.user_id, perf_counter())
    _begin(actor, run, mode, Origin.PERSON if actor.user_id else origin or Origin.SYSTEM)
    try:
        yield run
    except BaseException as error:
        _break_off(actor, run, error)
        raise


def finish(db: TenantSession, run: Run, outcome: Outcome, done: Done) -> None:
    """Keep what came of it, in the transaction that computed it.

    An incremental one that nobody asked for and that found nothing leaves no line.
    """
    idle = not (done.begun or done.changes or outcome.updated or outcome.errors)
    this = SyncRun.id == run.id
    if idle and done.mode is SyncMode.INCREMENTAL and run.started_by is None:
        db.execute(delete(SyncRun).where(this))
        return
    result = {
        "finished_at": clock.now(),
        "took_ms": _milliseconds(run),
        "mode": done.mode,
        "reason": done.reason,
        "changes": done.changes,
        "begun": done.begun,
        "checked": outcome.checked,
        "updated": outcome.updated,
        "closed": outcome.closed,
        "achieved": outcome.achieved,
        "failed": outcome.failed,
        "errors": [
            {"id": str(error.id), "name": error.name, "reason": error.reason}
            for error in outcome.errors
        ],
    }
    db.execute(update(SyncRun).where(this).values(**result), execution_options=_NONE_IN_SESSION)


def last_full(db: TenantSession) -> datetime | None:
    """When the latest full sync began that ended with a result."""
    ended = (SyncRun.finished_at.is_not(None), SyncRun.ending.is_(None))
    full = select(func.max(SyncRun.started_at)).where(SyncRun.mode == SyncMode.FULL, *ended)
    return db.scalar(full)


def had_a_full_one_today(db: TenantSession) -> bool:
    """Whether a full sync that began today has ended with a result."""
    last, tenant = last_full(db), db.actor.tenant
    return last is not None and last.astimezone(ZoneInfo(tenant.timezone)).date() == tenant.today


def _turn(db: TenantSession) -> dict[str, str]:
    return {"key": f"sync:{db.tenant_id}"}


def _begin(actor: Actor, run: Run, mode: SyncMode, origin: Origin) -> None:
    with tenant_session(actor) as db:
        endless = (SyncRun.finished_at.is_(None), SyncRun.ending.is_(None))
        db.execute(update(SyncRun).where(*endless).values(ending=Ending.LOST))
        db.add(
            SyncRun(
                id=run.id,
                started_by=run.started_by,
                origin=origin,
                started_at=clock.now(),
                mode=mode,
                checked=0,
                updated=0,
                achieved=0,
                failed=0,
                errors=[],
            )
        )


def _break_off(actor: Actor, run: Run, error: BaseException) -> None:
    ending = _ending(error)
    facts = {"run": run.id, "tenant": actor.tenant_id, "ending": ending.value}
    _log.error("A sync ended without a result", **facts, exc_info=error)
    mine = (SyncRun.id == run.id, SyncRun.finished_at.is_(None))
    end = {"finished_at": clock.now(), "took_ms": _milliseconds(run), "ending": ending}
    try:
        with tenant_session(actor) as db:
            db.execute(update(SyncRun).where(*mine).values(**end))
    except SQLAlchemyError:  # whoever looks finds it without an end, and nobody at it
        _log.warning("The end of a sync could not be kept", **facts)


def _ending(error: BaseException) -> Ending:
    """What people are told; the log has the rest."""
    if not isinstance(error, Exception):
        return Ending.STOPPED
    if not isinstance(error, DBAPIError):
        return Ending.UNEXPECTED
    if getattr(error.orig, "sqlstate", None) in _WAITED:
        return Ending.WAITED
    gone = error.connection_invalidated or isinstance(error, OperationalError)
    return Ending.UNREACHABLE if gone else Ending.UNEXPECTED


def _milliseconds(run: Run) -> int:
    return round(1000 * (perf_counter() - run.began))
