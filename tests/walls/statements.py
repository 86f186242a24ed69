"""Statements that try to get at another company's row, for any table of the catalogue.

Each is written with what is theirs as its parameters, so that the same statement with what nobody
has can be held against it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from goals_core.models.base import new_id
from tests.walls.catalogue_facts import Function, Table
from tests.walls.rows import Rows

Row = dict[str, Any]


@dataclass(frozen=True)
class Statement:
    """What is sent, and under which heading it is counted."""

    kind: str
    target: str  # the table or function
    sql: str
    bound: Row


Form = Callable[[Table, Row, Row], Iterator[tuple[str, Row]]]
"""Statements against one of their rows (the second), with one of one's own (the third) at hand."""


def against_row(table: Table, theirs: Row, mine: Row) -> Iterator[Statement]:
    """Everything that is tried with one of their rows."""
    for kind, forms in FORMS.items():
        for form in forms:
            for sql, bound in form(table, theirs, mine):
                yield Statement(kind, table.name, sql, bound)


def _by_key(table: Table, theirs: Row, _mine: Row) -> Iterator[tuple[str, Row]]:
    keys = [*table.keys, (table.tenant,), *((c,) for c in ("id", *table.texts) if c in theirs)]
    for key in keys:
        where = " AND ".join(f"{column} IS NOT DISTINCT FROM %({column})s" for column in key)
        bound = {column: theirs[column] for column in key}
        for what in ("*", "count(*)", "max(t::text)"):
            yield f"SELECT {what} FROM {table.name} t WHERE {where}", bound
        yield f"SELECT EXISTS (SELECT FROM {table.name} WHERE {where})", bound


def _around(table: Table, theirs: Row, _mine: Row) -> Iterator[tuple[str, Row]]:
    """Joins, subqueries, cursors, samples, locks, XML: other ways to the same row."""
    name, tenant = table.name, table.tenant
    bound = {"t": theirs[tenant]}
    yield f"SELECT a.* FROM core.tenants m LEFT JOIN {name} a ON a.{tenant} = %(t)s", bound
    yield f"SELECT (SELECT max(a::text) FROM {name} a WHERE a.{tenant} = %(t)s)", bound
    yield f"WITH found AS (SELECT * FROM {name}) SELECT * FROM found WHERE {tenant} = %(t)s", bound
    yield f"SELECT * FROM {name} TABLESAMPLE SYSTEM (100) WHERE {tenant} = %(t)s", bound
    yield f"SELECT * FROM ONLY {name} WHERE {tenant} = %(t)s OR {tenant} <> {tenant}", bound
    yield f"SELECT * FROM {name} WHERE {tenant} = %(t)s FOR UPDATE", bound
    yield f"SELECT * FROM {name} WHERE {tenant} = %(t)s FOR KEY SHARE", bound
    found = f"format('SELECT * FROM {name} WHERE {tenant} = %%L', %(t)s::text)"
    yield f"SELECT query_to_xml({found}, true, false, '')", bound
    for column in table.texts:  # an error of a function that ran before the policy would quote it
        quoted = f"CAST({column} AS xid8) IS NULL"
        yield f"SELECT count(*) FROM {name} WHERE {tenant} = %(t)s AND {quoted}", bound
        like = {"w": theirs[column]}
        yield f"SELECT count(*) FROM {name} WHERE {column} LIKE %(w)s AND {quoted}", like


def _written_as_theirs(table: Table, theirs: Row, mine: Row) -> Iterator[tuple[str, Row]]:
    """Rows with their tenant's id, and one's own row handed to them."""
    for row in ({**mine, table.tenant: theirs[table.tenant]}, theirs):
        yield from _inserted(table, _fresh(table, row))
        yield from _inserted(table, row)
    tenant = table.tenant
    handed = f"UPDATE {table.name} SET {tenant} = %(theirs)s WHERE {tenant} = %(mine)s"
    yield handed, {"theirs": theirs[tenant], "mine": mine[tenant]}
    yield f"{handed} RETURNING *", {"theirs": theirs[tenant], "mine": mine[tenant]}


def _changed(table: Table, theirs: Row, _mine: Row) -> Iterator[tuple[str, Row]]:
    """Updates and deletions of their row, by any of its keys."""
    for key in table.keys:
        where = " AND ".join(f"{column} IS NOT DISTINCT FROM %({column})s" for column in key)
        bound = {column: theirs[column] for column in key}
        yield f"DELETE FROM {table.name} t WHERE {where} RETURNING t.*", bound
        for column in table.columns:
            changed = f"UPDATE {table.name} t SET {column} = {column} WHERE {where} RETURNING t.*"
            yield changed, bound


def _referred(table: Table, theirs: Row, mine: Row) -> Iterator[tuple[str, Row]]:
    """Rows of one's own that refer to theirs."""
    for column, _target in table.references:
        if theirs[column] is not None:
            row = {**mine, column: theirs[column]}
            yield from _inserted(table, _fresh(table, row))
            where = " AND ".join(f"{each} = %(own_{each})s" for each in table.keys[0])
            own = {f"own_{each}": mine[each] for each in table.keys[0]}
            bound = own | {"v": theirs[column]}
            yield f"UPDATE {table.name} SET {column} = %(v)s WHERE {where}", bound


def _guessed(table: Table, theirs: Row, mine: Row) -> Iterator[tuple[str, Row]]:
    """Rows of one's own with their unique values: were they taken, somebody would have them."""
    for key in table.keys:
        own = {column: theirs[column] for column in key if column != table.tenant}
        references = {column for column, _ in table.references}
        values = {column: value for column, value in own.items() if column not in references}
        if values:
            yield from _inserted(table, _fresh(table, mine) | values)
            own = {f"own_{each}": mine[each] for each in table.keys[0]}
            where = " AND ".join(f"{each} = %(own_{each})s" for each in table.keys[0])
            changes = ", ".join(f"{column} = %({column})s" for column in values)
            yield f"UPDATE {table.name} SET {changes} WHERE {where} RETURNING *", own | values


def _copied(table: Table, theirs: Row, _mine: Row) -> Iterator[tuple[str, Row]]:
    yield f"COPY {table.name} FROM STDIN", {}
    yield f"COPY {table.name} TO STDOUT", {}
    found = f"SELECT * FROM {table.name} WHERE {table.tenant} = '{theirs[table.tenant]}'"
    yield f"COPY ({found}) TO STDOUT", {}


def _emptied(table: Table, _theirs: Row, _mine: Row) -> Iterator[tuple[str, Row]]:
    yield f"TRUNCATE {table.name}", {}
    yield f"TRUNCATE {table.name} CASCADE", {}


def called(function: Function, theirs: Rows) -> Iterator[Statement]:
    """A function with their ids, keys and texts as its arguments."""
    cast = ", ".join(f"%(a{place})s::{kind}" for place, kind in enumerate(function.types))
    for given in dict.fromkeys((*_any_of(function, theirs), *_of_one_row(function, theirs))):
        bound = {f"a{place}": value for place, value in enumerate(given)}
        yield Statement("call", function.name, f"SELECT * FROM {function.name}({cast})", bound)


FORMS: dict[str, tuple[Form, ...]] = {
    "read": (_by_key, _around),
    "write": (_written_as_theirs, _changed),
    "refer": (_referred,),
    "guess": (_guessed,),
    "copy": (_copied,),
    "empty": (_emptied,),
}


def _inserted(table: Table, row: Row) -> Iterator[tuple[str, Row]]:
    columns = [column for column in table.columns if column in row]
    values = ", ".join(f"%({column})s" for column in columns)
    insert = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({values})"
    bound = {column: row[column] for column in columns}
    yield insert, bound
    yield f"{insert} ON CONFLICT DO NOTHING", bound
    yield f"{insert} ON CONFLICT DO NOTHING RETURNING *", bound
    key = table.keys[0]
    same = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns)
    yield f"{insert} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {same} RETURNING *", bound


def _fresh(table: Table, row: Row) -> Row:
    """The row with an id and texts that are nobody's, so that only what is tried is in the way."""
    own = dict(row)
    if "id" in own and table.tenant != "id":
        own["id"] = new_id()
    for column in {column for key in table.keys for column in key}:
        if column in table.texts and own[column]:
            own[column] = new_id().hex[-len(own[column]) :]
        elif isinstance(own[column], bytes):
            own[column] = new_id().bytes
    return own


def _any_of(function: Function, theirs: Rows) -> Iterator[tuple[Any, ...]]:
    """Each of their values of a type at least once."""
    cells = [cell for rows in theirs.values() for row in rows for cell in row.values()]
    offered = [_offered(kind, cells) for kind in function.types]
    for n in range(max(map(len, offered), default=1)):
        yield tuple(values[n % len(values)] for values in offered)


def _of_one_row(function: Function, theirs: Rows) -> Iterator[tuple[Any, ...]]:
    """What belongs together: a tenant and a token, an issuer and a subject."""
    for row in (row for rows in theirs.values() for row in rows):
        left = {kind: iter(_offered(kind, list(row.values()))) for kind in function.types}
        given = tuple(next(left[kind], None) for kind in function.types)
        if None not in given:
            yield given


def _offered(kind: str, cells: list[Any]) -> list[Any]:
    """The values of a type among some; for times and numbers one that is possible."""
    plain = {"timestamp with time zone": "2026-05-20 19:00+00", "interval": "7 days"}
    plain |= dict.fromkeys(("integer", "bigint"), 5)
    if kind in plain:
        return [plain[kind]]
    wanted = {"uuid": UUID, "bytea": bytes, "character varying": str, "text": str}[kind]
    found = [cell for cell in cells if isinstance(cell, wanted) and cell]
    return list(dict.fromkeys(found))
