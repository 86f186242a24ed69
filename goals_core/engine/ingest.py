"""The one way in for records: stored, or brought up to date, with their lines of the journal.

Each call is two statements, whatever the number of records: what is not there yet is inserted,
what is there and differs is locked and updated. Both lock by the records' keys in order, so that
two at once wait for each other and never in a circle. A record that is given as it is already
leaves no line.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Dialect, TextClause, text
from sqlalchemy.dialects import postgresql

from goals_core import clock
from goals_core.db import TenantSession
from goals_core.models.base import new_id_text
from goals_core.sources.catalogue import Entity

Record = Mapping[str, Any]
Key = tuple[str, str]
"""The entity's name where its table keeps it, else empty, and the external id."""

_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]

_HIDDEN = "'{tenant_id,id,created_at,updated_at}'::text[]"
_BATCH_AND_LINES = """
    batch AS (
        INSERT INTO goals.journal_batches (tenant_id, id, at, source_table, lines, actor_id)
        SELECT :tenant_id, CAST(:batch AS uuid), :now, :table, count(*), :actor_id FROM lines
        HAVING count(*) > 0
        ON CONFLICT (tenant_id, id) DO NOTHING
        RETURNING id
    )
    INSERT INTO goals.journal (tenant_id, id, batch_id, record_id, old, new)
    SELECT :tenant_id, core.line_id(b.id, row_number() OVER ()), b.id, l.id, l.old, l.new
    FROM lines l CROSS JOIN batch b
    ON CONFLICT (tenant_id, id) DO NOTHING
    RETURNING record_id
"""
# Said for the rest of the transaction, and taken back: what watches for others looks away.
_OURS, _OTHERS = (text(f"SET LOCAL app.journaled = '{said}'") for said in ("on", "off"))
_WAKE = text("SELECT pg_notify('goals_changes', CAST(:tenant_id AS text))")


@dataclass(frozen=True, slots=True)
class Ingested:
    """The records that are new or other than before, and the batches that tell of them."""

    added: int
    changed: int
    batches: tuple[UUID, ...]


def put(db: TenantSession, entity: Entity, records: Sequence[Record]) -> Ingested:
    """Store records by their external ids; all of them name the same columns.

    Columns that are not named stay as they are, and are empty in new ones; of two records with one
    id the last one counts.
    """
    if not records:
        return Ingested(0, 0, ())
    columns, content = _content(entity, records)
    with _Journaled(db) as journaled:
        added = journaled.write(_insert(entity, columns), entity, content)
        changed = journaled.write(_update(entity, columns), entity, content)
    return Ingested(added, changed, tuple(journaled.batches))


def change(db: TenantSession, entity: Entity, records: Sequence[Record]) -> Ingested:
    """The same for records of which it is known that they are there; no other is stored."""
    if not records:
        return Ingested(0, 0, ())
    columns, content = _content(entity, records)
    with _Journaled(db) as journaled:
        changed = journaled.write(_update(entity, columns), entity, content)
    return Ingested(0, changed, tuple(journaled.batches))


def delete(db: TenantSession, entity: Entity, keys: Collection[Key]) -> Ingested:
    """Forget records by their keys; those that are not there are passed over."""
    content = json.dumps([{"entity": name, "external_id": id_} for name, id_ in keys])
    with _Journaled(db) as journaled:
        gone = journaled.write(_delete(entity), entity, content)
    return Ingested(0, gone, tuple(journaled.batches))


@contextmanager
def ours(db: TenantSession) -> Iterator[None]:
    """A stretch of a transaction that tells of its changes itself, and wakes whoever waits."""
    db.execute(_OURS)
    yield
    db.execute(_OTHERS)
    db.execute(_WAKE, {"tenant_id": db.tenant_id})


class _Journaled:
    """A stretch of a transaction that writes its own lines."""

    def __init__(self, db: TenantSession) -> None:
        self.db = db
        self.batches: list[UUID] = []

    def __enter__(self) -> "_Journaled":
        self.db.execute(_OURS)
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed is None:  # otherwise the transaction is over, and what was said in it
            self.db.execute(_OTHERS)
            if self.batches:
                self.db.execute(_WAKE, {"tenant_id": self.db.tenant_id})

    def write(self, statement: TextClause, entity: Entity, content: str) -> int:
        """Run one of the statements; how many records it changed."""
        batch = uuid4()
        bound = {
            "tenant_id": self.db.tenant_id,
            "actor_id": self.db.actor.user_id,
            "now": clock.now(),
            "table": entity.table.fullname,
            "batch": str(batch),
            "content": content,
        }
        lines = len(self.db.execute(statement, bound).all())
        if lines:
            self.batches.append(batch)
        return lines


def _content(entity: Entity, records: Sequence[Record]) -> tuple[tuple[str, ...], str]:
    """The columns that the records name, and the last of each as JSON."""
    last = {tuple(each[name] for name in entity.key): each for each in records}
    content = [{**each, "id": new_id_text()} for each in last.values()]
    return tuple(sorted(records[0])), json.dumps(content, default=str)


@cache
def _insert(entity: Entity, columns: tuple[str, ...]) -> TextClause:
    names, key = ", ".join(columns), ", ".join(entity.key)
    return text(
        f"""
        WITH given AS ({_given(entity, columns)}), put AS (
            INSERT INTO {entity.table.fullname}
                (tenant_id, id, {names}, created_at, updated_at)
            SELECT :tenant_id, g.id, {_of("g", columns)}, :now, :now FROM given g ORDER BY {key}
            ON CONFLICT (tenant_id, {key}) DO NOTHING
            RETURNING *
        ), lines AS (
            SELECT p.id, CAST(NULL AS jsonb) AS old, to_jsonb(p) - {_HIDDEN} AS new FROM put p
        ), {_BATCH_AND_LINES}
        """  # noqa: S608  (names of the catalogue, no input)
    )


@cache
def _update(entity: Entity, columns: tuple[str, ...]) -> TextClause:
    key = entity.key
    content = [name for name in columns if name not in key]
    table, is_given = entity.table.fullname, _same("t", "g", key)
    return text(
        f"""
        WITH given AS ({_given(entity, columns)}), was AS (
            SELECT t.* FROM {table} t JOIN given g ON {is_given}
            WHERE t.tenant_id = :tenant_id
                AND ({_of("t", content)}) IS DISTINCT FROM ({_of("g", content)})
            ORDER BY {_of("t", key)} FOR UPDATE OF t
        ), put AS (
            UPDATE {table} t SET {", ".join(f"{c} = g.{c}" for c in content)}, updated_at = :now
            FROM given g JOIN was w ON {_same("w", "g", key)}
            WHERE t.tenant_id = :tenant_id AND t.id = w.id
            RETURNING t.*
        ), lines AS (
            SELECT p.id, to_jsonb(w) - {_HIDDEN} AS old, to_jsonb(p) - {_HIDDEN} AS new
            FROM put p JOIN was w ON w.id = p.id
        ), {_BATCH_AND_LINES}
        """  # noqa: S608  (names of the catalogue, no input)
    )


@cache
def _delete(entity: Entity) -> TextClause:
    table, key = entity.table.fullname, entity.key
    return text(
        f"""
        WITH given AS ({_given(entity, key)}), was AS (
            SELECT t.* FROM {table} t JOIN given g ON {_same("t", "g", key)}
            WHERE t.tenant_id = :tenant_id
            ORDER BY {_of("t", key)} FOR UPDATE OF t
        ), gone AS (
            DELETE FROM {table} t USING was w
            WHERE t.tenant_id = :tenant_id AND t.id = w.id
            RETURNING t.*
        ), lines AS (
            SELECT p.id, to_jsonb(p) - {_HIDDEN} AS old, CAST(NULL AS jsonb) AS new FROM gone p
        ), {_BATCH_AND_LINES}
        """  # noqa: S608  (names of the catalogue, no input)
    )


def _given(entity: Entity, columns: Sequence[str]) -> str:
    """The records as a relation."""
    types = {name: entity.table.c[name].type.compile(_DIALECT) for name in ("id", *columns)}
    typed = ", ".join(f"{name} {type_}" for name, type_ in types.items())
    return f"SELECT * FROM jsonb_to_recordset(CAST(:content AS jsonb)) AS r ({typed})"  # noqa: S608


def _of(alias: str, columns: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in columns)


def _same(one: str, other: str, columns: Sequence[str]) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in columns)
