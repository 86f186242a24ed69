"""What the engine made of it: read from the tables, and held against the independent side."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session
from tests.proofs.shares import Share, Shares
from tests.proofs.things import TABLES

_HIDDEN = "'{tenant_id,id,created_at,updated_at}'::text[]"
_NOW = " UNION ALL ".join(
    f"SELECT id, (to_jsonb(t) - {_HIDDEN})::text, -1 FROM {table.name} t WHERE tenant_id = :t"
    for table in TABLES.values()
)
# Each image that was new is the next one's old one, or what there is now: whatever the order.
_TORN = f"""
    SELECT record_id, image, sum(n) FROM (
        SELECT record_id, new::text AS image, 1 AS n FROM goals.journal
        WHERE tenant_id = :t AND new IS NOT NULL
        UNION ALL
        SELECT record_id, old::text, -1 FROM goals.journal WHERE tenant_id = :t AND old IS NOT NULL
        UNION ALL
        {_NOW}
    ) AS said GROUP BY record_id, image HAVING sum(n) <> 0
"""
_COUNTED_WRONG = """
    SELECT b.id, b.lines, count(j.id), bool_or(j.old = j.new) FROM goals.journal_batches b
    LEFT JOIN goals.journal j ON j.tenant_id = :t AND j.batch_id = b.id
    WHERE b.tenant_id = :t GROUP BY b.tenant_id, b.id
    HAVING b.lines <> count(j.id) OR bool_or(j.old = j.new)
"""


class Differs(AssertionError):
    """The engine and the independent side do not agree."""


def check(shares: Shares, actor: Actor, *, waiting: int = 0) -> None:
    """Every number, mark, line and word is what the independent side says."""
    with tenant_session(actor) as db:
        check_journal(db, waiting)
        errors = rows_of(db, "SELECT id FROM goals.definitions WHERE sync_error IS NOT NULL")
        same("goals with an error", {row.id for row in errors}, shares.errors())
        rows = {key_of(row): row for row in rows_of(db, "SELECT * FROM goals.assignments")}
        same("assignments", set(rows), {share.key for share in shares.all})
        logs, noted = logs_of(db), noted_of(db)
        told = told_of(db, {row.id: key for key, row in rows.items()})
    for share in shares.all:
        row = rows[share.key]
        what = f"{shares.world.goals[share.goal_id].name} of {share.kind} {share.window}"
        same(what, stands(row, shares.world.zone), should_stand(share))
        _check_log(what, row, logs[row.id], share)
        same(f"{what}: milestones", noted[row.id], share.noted)
    same("told", told - shares.told, Counter())
    same("not told", shares.told - told, Counter())


def check_log(what: str, row: Row[Any], lines: list[Row[Any]]) -> None:
    """The log begins at 0, has no jump, rises in time and ends at the value."""
    value, at = 0, None
    for line in lines:
        same(f"{what}: previous value", line.previous_value, value)
        value += line.change_amount
        same(f"{what}: new value", line.new_value, value)
        same(f"{what}: time rises", at is None or line.logged_at > at, True)
        at = line.logged_at
    same(f"{what}: changes add up", value, row.current_value)


def _check_log(what: str, row: Row[Any], lines: list[Row[Any]], share: Share) -> None:
    check_log(what, row, lines)
    same(f"{what}: log", [cents(line.new_value) for line in lines], share.values)


def check_journal(db: TenantSession, waiting: int) -> None:
    untaken = rows_of(db, "SELECT id FROM goals.journal_batches WHERE taken_at IS NULL")
    same("batches that wait", len(untaken), waiting)
    for statement in (_TORN, _COUNTED_WRONG):
        same("the journal", db.execute(text(statement), {"t": db.tenant_id}).all(), [])


def rows_of(db: TenantSession, query: str) -> list[Row[Any]]:
    where = "AND" if "WHERE" in query else "WHERE"
    order = " ORDER BY logged_at" if "progress_log" in query else ""
    bound = {"t": db.tenant_id}
    return list(db.execute(text(f"{query} {where} tenant_id = :t{order}"), bound))


def key_of(row: Row[Any]) -> tuple[Any, ...]:
    return row.definition_id, row.assignee_type, row.user_id or row.team_id, row.period_start


def logs_of(db: TenantSession) -> dict[UUID, list[Row[Any]]]:
    logs = defaultdict(list)
    for line in rows_of(db, "SELECT * FROM goals.progress_log"):
        logs[line.assignment_id].append(line)
    return logs


def noted_of(db: TenantSession) -> dict[UUID, dict[int, tuple[int, bool]]]:
    noted: dict[UUID, dict[int, tuple[int, bool]]] = defaultdict(dict)
    for row in rows_of(db, "SELECT * FROM goals.milestone_notifications"):
        mark = cents(row.achieved_value), row.notified_at is not None
        noted[row.assignment_id][row.milestone_percentage] = mark
    return noted


def told_of(db: TenantSession, keys: dict[UUID, tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    return Counter(
        (keys[row.assignment_id], row.event, row.user_id, row.data.get("milestone"))
        for row in rows_of(db, "SELECT * FROM goals.outbox")
    )


def stands(row: Row[Any], zone: str) -> dict[str, Any]:
    return {
        "until": row.period_end,
        "value": cents(row.current_value),
        "progress": cents(row.progress_percentage),
        "status": row.status,
        "closed": row.closed_at is not None,
        "at risk": row.at_risk_since is not None,
        "left out": row.left_out,
        "reached on": _day(row.achieved_at, zone),
    }


def should_stand(share: Share) -> dict[str, Any]:
    return {
        "until": share.window.last,
        "value": share.value,
        "progress": share.progress,
        "status": share.status,
        "closed": share.is_closed,
        "at risk": share.is_at_risk,
        "left out": share.left_out,
        "reached on": share.reached_on,
    }


def _day(moment: datetime | None, zone: str) -> Any:
    return moment and moment.astimezone(ZoneInfo(zone)).date()


def cents(value: Any) -> int:
    return int(value * 100)


def same(what: str, engine: Any, independent: Any) -> None:
    if engine != independent:
        raise Differs(f"{what}:\n    engine      {engine}\n    independent {independent}")
