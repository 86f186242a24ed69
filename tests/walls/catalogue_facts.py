"""What the catalogue says of the tables and functions that are attacked."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from tests.db import catalogue


@dataclass(frozen=True)
class Table:
    """A table as an attack sees it."""

    name: str
    columns: tuple[str, ...]  # that may be written
    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]  # unique together
    references: tuple[tuple[str, str], ...]  # a column, and the table that it refers to

    @property
    def tenant(self) -> str:
        return "id" if self.name == catalogue.TENANTS else "tenant_id"


@dataclass(frozen=True)
class Function:
    """A function of ours that the application's role may execute."""

    name: str
    types: tuple[str, ...]


def tables(owner: Connection) -> list[Table]:
    """Those of tenants; the sealed ones are of no tenant, and out of reach altogether."""
    return [_table(owner, name) for name in catalogue.tables(owner)]


def functions(owner: Connection, role: str) -> list[Function]:
    rows = owner.execute(text(_FUNCTIONS), {"schemas": catalogue.SCHEMAS, "role": role})
    return [Function(row.name, tuple(row.types)) for row in rows]


def _table(owner: Connection, name: str) -> Table:
    columns = owner.execute(text(_COLUMNS), {"name": name}).all()
    keys = owner.scalars(text(_KEYS), {"name": name}).all()
    return Table(
        name,
        tuple(row.attname for row in columns if not row.generated),
        tuple(row.attname for row in columns if row.category == "S"),
        tuple(row.attname for row in columns if row.category == "N"),
        tuple(tuple(key) for key in keys),
        tuple(tuple(row) for row in owner.execute(text(_REFERENCES), {"name": name})),
    )


_COLUMNS = """
    SELECT a.attname, a.attgenerated <> '' AS generated, CAST(t.typcategory AS text) AS category
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = CAST(:name AS regclass) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""
_KEYS = """
    SELECT array(SELECT a.attname::text FROM unnest(i.indkey) k JOIN pg_attribute a
        ON a.attrelid = i.indrelid AND a.attnum = k)
    FROM pg_index i WHERE i.indrelid = CAST(:name AS regclass) AND i.indisunique
    ORDER BY i.indexrelid
"""
_REFERENCES = """
    SELECT a.attname, n.nspname || '.' || t.relname
    FROM pg_constraint k
    JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace n ON n.oid = t.relnamespace
    JOIN unnest(k.conkey) c (num) ON true
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.num
    WHERE k.contype = 'f' AND k.conrelid = CAST(:name AS regclass) AND a.attname <> 'tenant_id'
    ORDER BY k.conname
"""
_FUNCTIONS = """
    SELECT n.nspname || '.' || p.proname AS name,
        array(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t) AS types
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = ANY (:schemas) AND has_function_privilege(:role, p.oid, 'EXECUTE')
    ORDER BY 1
"""
