"""The real state of a tenant, read with one statement per table, in the model's own words."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session

ZONE = ZoneInfo("America/New_York")
_NUMBERS = {"custom_target", "target_value", "range_min", "range_max", "change"}
_ASSIGNMENTS = "SELECT * FROM goals.assignments WHERE tenant_id = :t"
_LOG = "SELECT * FROM goals.progress_log WHERE tenant_id = :t ORDER BY assignment_id, logged_at, id"
_MILESTONES = """
    SELECT assignment_id, milestone_percentage, achieved_value, notified_at IS NOT NULL AS notified
    FROM goals.milestone_notifications WHERE tenant_id = :t
"""
_OUTBOX = """
    SELECT assignment_id, event, user_id, data ->> 'goalName' AS name,
        CAST(data ->> 'milestone' AS integer) AS milestone,
        CAST(data ->> 'currentValue' AS numeric) AS value,
        CAST(data ->> 'targetValue' AS numeric) AS target,
        CAST(data ->> 'progress' AS numeric) AS progress,
        CAST(data ->> 'remainingDays' AS integer) AS remaining, count(*) AS n
    FROM goals.outbox WHERE tenant_id = :t GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""
_DEFINITIONS = """
    SELECT id, status, version, name, target_value, unit, ends_at, prorate, milestones, sync_error
    FROM goals.definitions WHERE tenant_id = :t
"""
_PEOPLE = "SELECT id, hired_on, left_on FROM core.users WHERE tenant_id = :t"
_MEMBERS = (
    "SELECT team_id, user_id, member_from, member_to FROM core.team_members WHERE tenant_id = :t"
)
_TENANT = "SELECT * FROM core.tenants WHERE id = :t"
_AUDIT = """
    SELECT tag, subject_id, before, after, actor_id FROM core.audit_log
    WHERE tenant_id = :t ORDER BY at, id OFFSET :seen
"""
_TABLES = """
    SELECT table_schema || '.' || table_name FROM information_schema.columns
    WHERE column_name = 'tenant_id' AND table_schema NOT IN ('pg_catalog', 'information_schema')
        AND has_table_privilege(format('%I.%I', table_schema, table_name), 'SELECT')
    ORDER BY 1
"""


@dataclass(frozen=True)
class State:
    """All rows of a tenant that the model has an opinion on."""

    assignments: dict[UUID, Any]
    log: dict[UUID, list[Any]]
    milestones: dict[UUID, dict[int, tuple[Decimal, bool]]]
    outbox: Counter[tuple[Any, ...]]
    definitions: dict[UUID, Any]
    people: dict[UUID, tuple[date | None, date | None]]
    members: Counter[tuple[Any, ...]]
    tenant: Any
    audit: list[Any]  # what came since


def read(actor: Actor, *, seen: int) -> State:
    """The state as the tenant sees it; of the audit log what follows the `seen` first lines."""
    with tenant_session(actor) as db:
        rows = {
            name: _rows(db, statement, seen)
            for name, statement in {
                "assignments": _ASSIGNMENTS,
                "log": _LOG,
                "milestones": _MILESTONES,
                "outbox": _OUTBOX,
                "definitions": _DEFINITIONS,
                "people": _PEOPLE,
                "members": _MEMBERS,
                "tenant": _TENANT,
                "audit": _AUDIT,
            }.items()
        }
    log: dict[UUID, list[Any]] = {}
    for row in rows["log"]:
        log.setdefault(row.assignment_id, []).append(row)
    milestones: dict[UUID, dict[int, tuple[Decimal, bool]]] = {}
    for assignment, percentage, value, notified in rows["milestones"]:
        milestones.setdefault(assignment, {})[percentage] = (value, notified)
    return State(
        assignments={row.id: row for row in rows["assignments"]},
        log=log,
        milestones=milestones,
        outbox=Counter({tuple(row)[:-1]: row.n for row in rows["outbox"]}),
        definitions={row.id: row for row in rows["definitions"]},
        people={row.id: (row.hired_on, row.left_on) for row in rows["people"]},
        members=Counter(tuple(row) for row in rows["members"]),
        tenant=rows["tenant"][0],
        audit=rows["audit"],
    )


def count_audit(actor: Actor) -> int:
    with tenant_session(actor) as db:
        return db.scalar(text("SELECT count(*) FROM core.audit_log WHERE tenant_id = :t"), _of(db))


def fingerprint(actor: Actor) -> list[tuple[str, int, int, str]]:
    """(table, rows, rows of others, hash of all) of every table that this tenant sees."""
    with tenant_session(actor) as db:
        parts = " UNION ALL ".join(
            f"SELECT '{name}', count(*), count(*) FILTER (WHERE tenant_id <> :t),"
            f" md5(string_agg(CAST(x AS text), '|' ORDER BY CAST(x AS text))) FROM {name} x"
            for name in _tables(db.get_bind().engine.url.database)
        )
        return [tuple(row) for row in db.execute(text(parts), _of(db))]


def strangers(actor: Actor) -> int:
    """How many rows of other tenants this one sees: 0."""
    with tenant_session(actor) as db:
        parts = " UNION ALL ".join(
            f"SELECT count(*) AS n FROM {name} WHERE tenant_id <> :t"
            for name in _tables(db.get_bind().engine.url.database)
        )
        return db.scalar(text(f"SELECT sum(n) FROM ({parts}) AS each"), _of(db))


def canonical(facts: Any) -> Any:
    """Audit facts as JSON holds them; a number is the same however it is written."""
    if facts is None:
        return None
    found = json.loads(json.dumps(facts, default=_plain))
    for name in _NUMBERS & found.keys():
        found[name] = found[name] and str(Decimal(str(found[name])).normalize())
    return json.dumps(found, sort_keys=True)


def local_day(moment: Any) -> date:
    return moment.astimezone(ZONE).date()


def _plain(value: Any) -> Any:
    return value.as_json() if hasattr(value, "as_json") else str(value)


def _rows(db: TenantSession, statement: str, seen: int) -> list[Any]:
    bound = _of(db) | ({"seen": seen} if ":seen" in statement else {})
    return list(db.execute(text(statement), bound))


def _of(db: TenantSession) -> dict[str, Any]:
    return {"t": db.tenant_id}


@cache
def _tables(_database: str) -> list[str]:
    from goals_core import db

    with db.directory() as connection:
        return list(connection.scalars(text(_TABLES)))
