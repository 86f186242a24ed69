"""Who sends what: a delivery is claimed for a while, sent outside of any transaction, and noted.

A claim that is left by a process that died is taken over when its time is over; whoever comes back
late finds that another one has claimed it since, and notes nothing.
"""

import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from goals_core import clock
from goals_core.actor import Actor
from goals_core.db import TenantSession
from goals_core.kinds import DeliveryState, Mode, Service
from goals_core.models.quiet import Hours
from goals_core.permissions import Role

LEASE = timedelta(minutes=5)  # longer than any server takes to say yes or no
PATIENCE = timedelta(days=1)
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=2)
_LONGEST_ERROR = 300

_CLAIM = text(
    """
    WITH next AS (
        SELECT d.id FROM goals.deliveries d
        WHERE d.tenant_id = :tenant_id AND d.state = 'waiting' AND d.next_at <= :now
            AND (d.channel_id IS NOT NULL OR :mail)
        ORDER BY d.next_at, d.id LIMIT 1 FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE goals.deliveries d SET attempts = d.attempts + 1, next_at = :until
        FROM next WHERE d.tenant_id = :tenant_id AND d.id = next.id
        RETURNING d.id, d.user_id, d.channel_id, d.is_digest, d.attempts, d.created_at
    )
    SELECT m.id, m.user_id, m.channel_id, m.is_digest, m.attempts, m.created_at,
        u.name, u.email, u.role, u.is_active, p.language, p.quiet_from, p.quiet_until,
        c.service, c.address
    FROM claimed m
    LEFT JOIN core.users u ON u.tenant_id = :tenant_id AND u.id = m.user_id
    LEFT JOIN goals.preferences p ON p.tenant_id = :tenant_id AND p.user_id = m.user_id
    LEFT JOIN goals.channels c ON c.tenant_id = :tenant_id AND c.id = m.channel_id
    """
)
_NOTE = text(
    """
    UPDATE goals.deliveries d
    SET state = :state, ended_at = :ended_at, next_at = :next_at, error = :error
    WHERE d.tenant_id = :tenant_id AND d.id = :id AND d.attempts = :attempt AND d.state = 'waiting'
    """
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is this process's to send, once."""

    id: UUID
    reader: Actor | None  # who is told; none: a person who is disabled
    language: str | None
    channel_id: UUID | None
    service: Service | None
    address: bytes | None  # sealed
    is_digest: bool
    attempt: int
    created_at: datetime
    quiet_from: time | None
    quiet_until: time | None


def claim(db: TenantSession, *, mail: bool) -> Claimed | None:
    """The next one that is due, where `mail` says whether mails can be sent."""
    now = clock.now()
    bound = {"tenant_id": db.tenant_id, "now": now, "until": now + LEASE, "mail": mail}
    row = db.execute(_CLAIM, bound).one_or_none()
    return None if row is None else _claimed(db, row)


def note(db: TenantSession, claimed: Claimed, state: DeliveryState, error: str = "") -> None:
    """How it ended."""
    now = clock.now()
    _note(db, claimed, state=state.value, ended_at=now, next_at=now, error=error or None)


def note_failure(db: TenantSession, claimed: Claimed, error: str) -> DeliveryState:
    """It is tried again later, longer after each time, until it has been tried for a day."""
    now = clock.now()
    if now >= claimed.created_at + PATIENCE:
        note(db, claimed, DeliveryState.GIVEN_UP, error)
        return DeliveryState.GIVEN_UP
    hours = Hours(quiet_from=claimed.quiet_from, quiet_until=claimed.quiet_until)
    zone = ZoneInfo(db.actor.tenant.timezone)
    next_at = hours.due(now + _pause(claimed.attempt), Mode.INSTANT, zone)
    waiting = DeliveryState.WAITING
    _note(db, claimed, state=waiting.value, ended_at=None, next_at=next_at, error=error)
    return waiting


def _pause(attempt: int) -> timedelta:
    """A minute, two, four …; not to the second, so that what failed together parts."""
    grown: timedelta = min(_FIRST * 2 ** min(attempt - 1, 10), _LONGEST)
    return grown * random.uniform(0.8, 1.2)  # noqa: S311  # nosec B311  (no secret)


def _note(db: TenantSession, claimed: Claimed, *, error: str | None, **facts: Any) -> None:  # noqa: ANN401
    which = {"tenant_id": db.tenant_id, "id": claimed.id, "attempt": claimed.attempt}
    said = error[:_LONGEST_ERROR] if error else None
    db.execute(_NOTE, which | facts | {"error": said})


def _claimed(db: TenantSession, row: Row[Any]) -> Claimed:
    return Claimed(
        id=row.id,
        reader=_reader(db, row),
        language=row.language,
        channel_id=row.channel_id,
        service=Service(row.service) if row.service else None,
        address=bytes(row.address) if row.address else None,
        is_digest=row.is_digest,
        attempt=row.attempts,
        created_at=row.created_at,
        quiet_from=row.quiet_from,
        quiet_until=row.quiet_until,
    )


def _reader(db: TenantSession, row: Row[Any]) -> Actor | None:
    """The company's channels are told what the company may see."""
    if row.user_id is None:
        return db.actor
    if not row.is_active:
        return None
    return Actor(db.actor.tenant, row.user_id, Role(row.role), row.name, row.email)
