"""The events that were received: each claimed once by its id, kept for a while with its result.

Two deliveries of one event at once meet at its unique id: the second waits for the first, and
answers with what came of it. Deliveries that speak of one record take turns by a lock of the
record's share of the tenant, taken after all ids, so that nobody waits in a circle.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from goals_core import clock
from goals_core.arrays import array, texts
from goals_core.db import TenantSession
from goals_core.engine.event_content import Content, fields_of
from goals_core.models.base import new_id_text

KEPT = timedelta(days=90)
_SHARES = 64  # of a tenant's records: more locks than this no delivery holds

Record = tuple[str, str, str]
"""A table, the entity's name where the table keeps it, and the external id."""

_KNOWN = text(
    """
    SELECT e.event_id, e.digest, e.record_id, e.result FROM goals.events e
    WHERE e.tenant_id = :tenant_id AND e.event_id = ANY (CAST(:ids AS text[]))
    """
)
_CLAIM = text(
    """
    INSERT INTO goals.events (tenant_id, id, event_id, name, occurred_at, received_at, received_by,
        digest, source_table, entity, external_id, fields, delivery_id)
    SELECT :tenant_id, n.id, n.event_id, n.name, n.occurred_at, :now, :actor_id,
        decode(n.digest, 'hex'), n.source_table, n.entity, n.external_id, n.fields, :delivery_id
    FROM jsonb_to_recordset(CAST(:content AS jsonb)) AS n (id uuid, event_id varchar, name varchar,
        occurred_at timestamptz, digest text, source_table varchar, entity varchar,
        external_id varchar, fields jsonb)
    ORDER BY n.event_id
    ON CONFLICT (tenant_id, event_id) DO NOTHING
    RETURNING event_id
    """
)
_TAKE_TURNS = text(
    """
    SELECT pg_advisory_xact_lock(k.key)
    FROM (SELECT u.key FROM unnest(CAST(:keys AS bigint[])) AS u (key) ORDER BY u.key) k
    """
)
_LAST_WORDS = text(
    """
    SELECT e.source_table, e.entity, e.external_id, f.name, max(e.occurred_at) AS at
    FROM jsonb_to_recordset(CAST(:records AS jsonb))
            AS n (source_table varchar, entity varchar, external_id varchar)
        JOIN goals.events e ON e.tenant_id = :tenant_id AND e.source_table = n.source_table
            AND e.entity = n.entity AND e.external_id = n.external_id
        CROSS JOIN LATERAL jsonb_array_elements_text(e.fields) AS f (name)
    WHERE e.delivery_id <> :delivery_id
    GROUP BY e.source_table, e.entity, e.external_id, f.name
    """
)
_FINISH = text(
    """
    UPDATE goals.events e SET record_id = n.record_id, result = n.result
    FROM jsonb_to_recordset(CAST(:content AS jsonb))
        AS n (event_id varchar, record_id uuid, result jsonb)
    WHERE e.tenant_id = :tenant_id AND e.event_id = n.event_id
    """
)
# Two for one, so that however many come, those that are old become fewer.
_CLEAR = text(
    """
    WITH old AS (
        SELECT e.id FROM goals.events e
        WHERE e.tenant_id = :tenant_id AND e.received_at < :before
        ORDER BY e.received_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    DELETE FROM goals.events e USING old o WHERE e.tenant_id = :tenant_id AND e.id = o.id
    """
)


@dataclass(frozen=True, slots=True)
class Received:
    """What came of an event; the numbers are of goals, and of everything delivered with it."""

    event_id: str
    effect: str  # stored, deleted, or late: newer events of its record have said all that it says
    record_id: UUID | None  # None: there is no such record
    checked: int
    updated: int
    achieved: int
    failed: int
    not_computed: int


@dataclass(frozen=True, slots=True)
class Known:
    """An event that was received before."""

    digest: bytes
    received: Received


def find(db: TenantSession, ids: Collection[str]) -> dict[str, Known]:
    """Those of these events that were received before, by their ids."""
    bound = {"tenant_id": db.tenant_id, "ids": texts(ids)}
    return {
        row.event_id: Known(
            bytes(row.digest), Received(row.event_id, record_id=row.record_id, **row.result)
        )
        for row in db.execute(_KNOWN, bound)
    }


def claim(
    db: TenantSession, contents: Sequence[Content], *, delivery_id: UUID, now: datetime
) -> set[str]:
    """Make these events this delivery's; the ids of those that nobody else has."""
    rows = [
        {
            "id": new_id_text(),
            "event_id": each.id,
            "name": each.name,
            "occurred_at": each.occurred_at or now,
            "digest": each.digest.hex(),
            "fields": list(fields_of(each)),
            **_columns(record_of(each)),
        }
        for each in contents
    ]
    bound = {
        "tenant_id": db.tenant_id,
        "actor_id": db.actor.user_id,
        "delivery_id": delivery_id,
        "now": now,
        "content": json.dumps(rows, default=str),
    }
    return set(db.scalars(_CLAIM, bound))


def take_turns(db: TenantSession, records: Collection[Record]) -> None:
    """Wait until nobody else speaks of these records."""
    keys = {_share_of(db.tenant_id, record) for record in records}
    db.execute(_TAKE_TURNS, {"keys": array(keys)})


def last_words(
    db: TenantSession, records: Collection[Record], *, delivery_id: UUID
) -> dict[Record, dict[str, datetime]]:
    """When each column of the records was last spoken of, `*` when they were deleted."""
    bound = {
        "tenant_id": db.tenant_id,
        "delivery_id": delivery_id,
        "records": json.dumps([_columns(record) for record in records]),
    }
    said: dict[Record, dict[str, datetime]] = {record: {} for record in records}
    for row in db.execute(_LAST_WORDS, bound):
        said[row.source_table, row.entity, row.external_id][row.name] = row.at
    return said


def finish(db: TenantSession, results: Collection[Received]) -> None:
    """Keep what came of the events, and clear old ones."""
    rows = [
        {"event_id": each.event_id, "record_id": each.record_id, "result": _result(each)}
        for each in results
    ]
    content = json.dumps(rows, default=str)
    db.execute(_FINISH, {"tenant_id": db.tenant_id, "content": content})
    old = {"before": clock.now() - KEPT, "most": 2 * len(rows)}
    db.execute(_CLEAR, {"tenant_id": db.tenant_id} | old)


def record_of(content: Content) -> Record:
    """The record that an event speaks of."""
    return (content.entity.table.fullname, *content.key)


def _columns(record: Record) -> dict[str, str]:
    return dict(zip(("source_table", "entity", "external_id"), record, strict=True))


def _result(received: Received) -> Mapping[str, Any]:
    names = ("effect", "checked", "updated", "achieved", "failed", "not_computed")
    return {name: getattr(received, name) for name in names}


def _share_of(tenant_id: UUID, record: Record) -> int:
    """The lock of the record's share, as PostgreSQL numbers locks."""
    share = hashlib.sha256("\0".join(record).encode()).digest()[0] % _SHARES
    named = hashlib.sha256(f"events:{tenant_id}:{share}".encode()).digest()
    return int.from_bytes(named[:8], signed=True)
