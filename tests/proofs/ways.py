"""The ways in which records are written: by this system, and by other programs past it."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import text

from goals_core import clock
from goals_core.db import TenantSession
from goals_core.engine import ingest
from goals_core.kinds import Source
from goals_core.sources.catalogue import entities_of
from tests.proofs.things import TABLES, Record, Table

Write = Callable[[TenantSession, str, Sequence[Record]], None]
"""Stores records of one module, which may be there already."""


def by_ingest(db: TenantSession, module: str, records: Sequence[Record]) -> None:
    (entity,) = entities_of(Source(module))
    ingest.put(db, entity, [_row(TABLES[module], record) for record in records])


def one_by_one(db: TenantSession, module: str, records: Sequence[Record]) -> None:
    for record in records:
        at_once(db, module, [record])


def at_once(db: TenantSession, module: str, records: Sequence[Record]) -> None:
    """What is there in one statement, what is new in another."""
    table = TABLES[module]
    content = ", ".join(f"{c} = j.{c}" for c in table.columns if c != "external_id")
    there = f"""
        UPDATE {table.name} t SET {content}, updated_at = :now FROM {_given(table)} j
        WHERE t.tenant_id = :tenant_id AND t.external_id = j.external_id
    """
    _run(db, there, table, records)
    _run(db, f"{_insert(table)} WHERE NOT {_is_there(table)}", table, records)


def upsert(db: TenantSession, module: str, records: Sequence[Record]) -> None:
    table = TABLES[module]
    key = "external_id" if table.entity else "entity, external_id"
    content = ", ".join(f"{c} = excluded.{c}" for c in table.columns if c not in key)
    do = f"ON CONFLICT (tenant_id, {key}) DO UPDATE SET {content}"
    _run(db, f"{_insert(table)} {do}", table, records)


def merge(db: TenantSession, module: str, records: Sequence[Record]) -> None:
    table = TABLES[module]
    columns = ", ".join(table.columns)
    values = ", ".join(f"j.{c}" for c in table.columns)
    content = ", ".join(f"{c} = j.{c}" for c in table.columns)
    statement = f"""
        MERGE INTO {table.name} t USING {_given(table)} j
        ON t.tenant_id = :tenant_id AND t.external_id = j.external_id
        WHEN MATCHED THEN UPDATE SET {content}
        WHEN NOT MATCHED THEN INSERT (tenant_id, id, created_at, updated_at, {columns})
            VALUES (:tenant_id, gen_random_uuid(), :now, :now, {values})
    """
    _run(db, statement, table, records)


def replace(db: TenantSession, module: str, records: Sequence[Record]) -> None:
    """Gone and there again, under other ids."""
    delete(db, module, records)
    _run(db, _insert(TABLES[module]), TABLES[module], records)


def delete(db: TenantSession, module: str, records: Sequence[Record]) -> None:
    statement = f"DELETE FROM {TABLES[module].name} WHERE tenant_id = :t AND external_id = ANY(:k)"
    keys = [record["external_id"] for record in records]
    db.execute(text(statement), {"t": db.tenant_id, "k": keys})


def delete_by_ingest(db: TenantSession, module: str, records: Sequence[Record]) -> None:
    (entity,) = entities_of(Source(module))
    named = "" if TABLES[module].entity else "entity"
    ingest.delete(db, entity, [(r.get(named, ""), r["external_id"]) for r in records])


WRITES: tuple[Write, ...] = (
    by_ingest,
    by_ingest,
    one_by_one,
    at_once,
    upsert,
    merge,
    replace,
)


def _row(table: Table, record: Record) -> dict[str, Any]:
    return {name: record[name] for name in table.columns}


def _given(table: Table) -> str:
    return f"jsonb_populate_recordset(NULL::{table.name}, CAST(:rows AS jsonb))"


def _insert(table: Table) -> str:
    columns = ", ".join(table.columns)
    return f"""
        INSERT INTO {table.name} (tenant_id, id, created_at, updated_at, {columns})
        SELECT :tenant_id, gen_random_uuid(), :now, :now, {columns} FROM {_given(table)} j
    """


def _is_there(table: Table) -> str:
    return f"""EXISTS (SELECT FROM {table.name} t
        WHERE t.tenant_id = :tenant_id AND t.external_id = j.external_id)"""


def _run(db: TenantSession, statement: str, table: Table, records: Sequence[Record]) -> None:
    rows = json.dumps([_row(table, record) for record in records], default=str)
    db.execute(text(statement), {"tenant_id": db.tenant_id, "now": clock.now(), "rows": rows})
