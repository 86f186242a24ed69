"""What of the outbox is sent where and when: planned as people want it, then bundled when due.

Each step is a transaction of its own and finds what is left to do: two at once share the work.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from goals_core import clock, mail, sealed
from goals_core.arrays import array
from goals_core.db import TenantSession
from goals_core.kinds import DeliveryState, Mode
from goals_core.models.base import new_id_text
from goals_core.models.quiet import Hours

BATCH = 2_000
STALE = timedelta(days=7)
"""What nobody has planned for so long is no news any more; the inbox has it."""

_UNPLANNED = text(
    """
    SELECT o.id, o.created_at FROM goals.outbox o
    WHERE o.tenant_id = :tenant_id AND o.planned_at IS NULL
    ORDER BY o.id LIMIT :most FOR UPDATE SKIP LOCKED
    """
)
# A person who has not come in yet is mailed nothing: the address may be anybody's.
_WHERE = text(
    """
    WITH o AS (
        SELECT o.id, o.event, o.user_id, o.created_at FROM goals.outbox o
        WHERE o.tenant_id = :tenant_id AND o.id = ANY (CAST(:ids AS uuid[]))
    ), told AS (
        SELECT o.id, o.created_at, u.id AS user_id, p.quiet_from, p.quiet_until,
            coalesce(p.digest_hour, :digest_hour) AS digest_hour,
            coalesce(p.by_mail, true) AND (u.password_hash IS NOT NULL OR EXISTS (
                SELECT FROM core.user_identities i
                WHERE i.tenant_id = :tenant_id AND i.user_id = u.id)) AS by_mail,
            coalesce(jsonb_extract_path_text(p.choices, o.event, 'mode'),
                jsonb_extract_path_text(CAST(:defaults AS jsonb), o.event)) AS mode
        FROM o JOIN core.users u ON u.tenant_id = :tenant_id AND u.id = o.user_id AND u.is_active
        LEFT JOIN goals.preferences p ON p.tenant_id = :tenant_id AND p.user_id = u.id
    )
    SELECT t.id, t.user_id, CAST(NULL AS uuid) AS channel_id, t.mode, t.quiet_from, t.quiet_until,
        t.digest_hour FROM told t WHERE t.mode <> 'off' AND t.by_mail AND :mail
    UNION ALL
    SELECT t.id, t.user_id, c.id, t.mode, t.quiet_from, t.quiet_until, t.digest_hour FROM told t
    JOIN goals.channels c ON c.tenant_id = :tenant_id AND c.user_id = t.user_id
    WHERE t.mode <> 'off' AND :chat AND c.created_at <= t.created_at
    UNION ALL
    SELECT o.id, CAST(NULL AS uuid), c.id, 'instant', NULL, NULL, :digest_hour FROM o
    JOIN goals.channels c ON c.tenant_id = :tenant_id AND c.user_id IS NULL
    WHERE o.user_id IS NULL AND :chat AND c.created_at <= o.created_at
        AND c.events @> to_jsonb(o.event)
    """
)
_PLAN = text(
    """
    INSERT INTO goals.delivery_items
        (tenant_id, id, outbox_id, user_id, channel_id, is_digest, due_at)
    SELECT :tenant_id, n.id, n.outbox_id, n.user_id, n.channel_id, n.is_digest, n.due_at
    FROM unnest(
        CAST(:item_ids AS uuid[]), CAST(:outbox_ids AS uuid[]), CAST(:user_ids AS uuid[]),
        CAST(:channel_ids AS uuid[]), CAST(:digests AS boolean[]), CAST(:due AS timestamptz[])
    ) AS n (id, outbox_id, user_id, channel_id, is_digest, due_at)
    ON CONFLICT (tenant_id, outbox_id, channel_id) DO NOTHING
    """
)
_PLANNED = text(
    """
    UPDATE goals.outbox o SET planned_at = :now
    WHERE o.tenant_id = :tenant_id AND o.id = ANY (CAST(:ids AS uuid[]))
    """
)
_DUE = text(
    """
    SELECT i.id, i.user_id, i.channel_id, i.is_digest FROM goals.delivery_items i
    WHERE i.tenant_id = :tenant_id AND i.delivery_id IS NULL AND i.due_at <= :now
    ORDER BY i.due_at, i.id LIMIT :most FOR UPDATE SKIP LOCKED
    """
)
_OPEN = text(
    """
    INSERT INTO goals.deliveries
        (tenant_id, id, user_id, channel_id, is_digest, state, attempts, next_at, created_at)
    SELECT :tenant_id, n.id, n.user_id, n.channel_id, n.is_digest, :state, 0, :now, :now
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:user_ids AS uuid[]), CAST(:channel_ids AS uuid[]),
        CAST(:digests AS boolean[])
    ) AS n (id, user_id, channel_id, is_digest)
    ON CONFLICT (tenant_id, id) DO NOTHING
    """
)
_BUNDLE = text(
    """
    UPDATE goals.delivery_items i SET delivery_id = n.delivery_id
    FROM unnest(CAST(:items AS uuid[]), CAST(:deliveries AS uuid[])) AS n (id, delivery_id)
    WHERE i.tenant_id = :tenant_id AND i.id = n.id
    """
)


def plan(db: TenantSession, *, defaults: str) -> int:
    """Plan some of what is new; how much of the outbox was looked at, 0 when nothing is left.

    `defaults` is JSON: the mode of each event for whoever has chosen nothing.
    """
    found = db.execute(_UNPLANNED, {"tenant_id": db.tenant_id, "most": BATCH}).all()
    if not found:
        return 0
    fresh = [row.id for row in found if row.created_at > clock.now() - STALE]
    if rows := _where(db, fresh, defaults) if fresh else []:
        db.execute(_PLAN, {"tenant_id": db.tenant_id} | _planned(db, rows))
    ids = array(row.id for row in found)
    db.execute(_PLANNED, {"tenant_id": db.tenant_id, "ids": ids, "now": clock.now()})
    return len(found)


def bundle(db: TenantSession) -> int:
    """Make deliveries of some of what is due, one for each mailbox or channel; how many items."""
    now = {"tenant_id": db.tenant_id, "now": clock.now()}
    found = db.execute(_DUE, now | {"most": BATCH}).all()
    if not found:
        return 0
    deliveries: dict[tuple[UUID | None, UUID | None, bool], str] = {}
    for row in found:
        deliveries.setdefault((row.user_id, row.channel_id, row.is_digest), new_id_text())
    opened = {
        "ids": array(deliveries.values()),
        "user_ids": array(user for user, _, _ in deliveries),
        "channel_ids": array(channel for _, channel, _ in deliveries),
        "digests": array(is_digest for _, _, is_digest in deliveries),
        "state": DeliveryState.WAITING.value,
    }
    db.execute(_OPEN, now | opened)
    to = array(deliveries[row.user_id, row.channel_id, row.is_digest] for row in found)
    items = array(row.id for row in found)
    db.execute(_BUNDLE, {"tenant_id": db.tenant_id, "items": items, "deliveries": to})
    return len(found)


def _where(db: TenantSession, ids: Sequence[UUID], defaults: str) -> Sequence[Row[Any]]:
    can = {"mail": mail.is_configured(), "chat": sealed.is_possible()}
    facts = {"ids": array(ids), "defaults": defaults, "digest_hour": Hours().digest_hour}
    return db.execute(_WHERE, {"tenant_id": db.tenant_id} | facts | can).all()


def _planned(db: TenantSession, rows: Sequence[Row[Any]]) -> dict[str, str]:
    now, zone = clock.now(), ZoneInfo(db.actor.tenant.timezone)
    due = [
        Hours(row.digest_hour, row.quiet_from, row.quiet_until).due(now, Mode(row.mode), zone)
        for row in rows
    ]
    return {
        "item_ids": array(new_id_text() for _ in rows),
        "outbox_ids": array(row.id for row in rows),
        "user_ids": array(row.user_id for row in rows),
        "channel_ids": array(row.channel_id for row in rows),
        "digests": array(row.mode == Mode.DAILY for row in rows),
        "due": array(f'"{at.isoformat()}"' for at in due),
    }
