"""A row of its own in every table: what no service has written is made of the table's columns."""

import itertools
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from psycopg.errors import CheckViolation
from sqlalchemy import (
    Boolean,
    Connection,
    Date,
    DateTime,
    Enum,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Uuid,
    insert,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError

from goals_core import clock
from goals_core.models.base import Base, new_id
from tests.db import catalogue
from tests.walls.words import word

# What a rule of the table asks for, where any value of the type would not do.
_GIVEN: dict[str, Any] = {
    "purpose": "reset",
    "service": "slack",
    "state": "sent",
    "language": "es",
    "quiet_from": None,
    "quiet_until": None,
    "choices": {},
    "events": [],
}
# What is compared as a hash: a planted text in its place could not be, and it is a secret already.
_HASHES = {"password_hash"}
_SHORTEST = len(word(0))
_numbers = itertools.count(1)

Rows = dict[str, list[dict[str, Any]]]


def tenant_column(name: str) -> str:
    return "id" if name == catalogue.TENANTS else "tenant_id"


def rows_of(owner: Connection, tenant_id: UUID) -> Rows:
    """Everything that belongs to a tenant, by table, as the owner sees it."""
    found = {}
    for name in catalogue.tables(owner):
        query = f"SELECT * FROM {name} WHERE {tenant_column(name)} = :id ORDER BY ctid"
        found[name] = [
            dict(row) for row in owner.execute(text(query), {"id": tenant_id}).mappings()
        ]
    return found


def fill(owner: Connection, tenant_id: UUID) -> None:
    """Put a row into each of the tenant's tables that has none yet."""
    have = rows_of(owner, tenant_id)
    for model in Base.metadata.sorted_tables:
        if not have.get(model.fullname, True):
            row = _row(model, tenant_id, have)
            owner.execute(insert(model), row)
            have[model.fullname].append(row)


def empty_tables(owner: Connection, tenant_id: UUID) -> list[str]:
    return [name for name, rows in rows_of(owner, tenant_id).items() if not rows]


def plant(owner: Connection, tenant_id: UUID, only: tuple[str, ...] = ()) -> None:
    """Write a word of its own into every text of a tenant, the same one where the text is one.

    What a constraint of the table does not allow is left as it is, and so is what is too short.
    """
    known: dict[str, str] = {}
    for name in only or catalogue.tables(owner):
        for field, longest in _text_columns(owner, name).items():
            if longest >= _SHORTEST and field not in _HASHES | set(_GIVEN):
                _plant_column(owner, name, field, tenant_id, known)
        for field in () if only else _json_columns(owner, name):
            _plant_json(owner, name, field, tenant_id)


def _plant_column(
    owner: Connection, name: str, field: str, tenant_id: UUID, known: dict[str, str]
) -> None:
    for place, old in _cells(owner, name, field, tenant_id):
        new = known.get(old) or word(next(_numbers)) + old[old.find("@") :] * ("@" in old)
        if old:
            known[old] = new
        _write(owner, name, field, place, new)


def _plant_json(owner: Connection, name: str, field: str, tenant_id: UUID) -> None:
    for place, old in _cells(owner, name, field, tenant_id):
        planted = word(next(_numbers))
        new = old | {planted: planted} if isinstance(old, dict) else [*old, planted]
        _write(owner, name, field, place, json.dumps(new))


def _cells(owner: Connection, name: str, field: str, tenant_id: UUID) -> list[Any]:
    """Where each text of a column stands, and which it is."""
    mine = f"{tenant_column(name)} = :id AND {field} IS NOT NULL"
    query = f"SELECT CAST(ctid AS text), {field} FROM {name} WHERE {mine} ORDER BY ctid"
    return list(owner.execute(text(query), {"id": tenant_id}))


def _write(owner: Connection, name: str, field: str, place: str, new: str) -> None:
    statement = f"UPDATE {name} SET {field} = :new WHERE ctid = CAST(:place AS tid)"
    bound = {"new": new, "place": place}
    try:
        with owner.begin_nested():
            owner.execute(text(statement), bound)
    except IntegrityError as error:
        if not isinstance(error.orig, CheckViolation):
            raise


def _row(model: Any, tenant_id: UUID, have: Rows) -> dict[str, Any]:
    """A value of its type in each column; references are to the first row that there is."""
    row: dict[str, Any] = {}
    targets = {
        element.parent.name: element.column.table.fullname
        for constraint in model.foreign_key_constraints
        for element in constraint.elements
    }
    for each in model.columns:
        if each.computed is not None:
            continue
        if each.name == tenant_column(model.fullname):
            row[each.name] = tenant_id
        elif each.name in targets:
            row[each.name] = have[targets[each.name]][0]["id"]
        else:
            row[each.name] = _value(each, have)
    return row


def _value(each: Any, have: Rows) -> object:
    if each.name in _GIVEN:
        return _GIVEN[each.name]
    if isinstance(each.type, Uuid):  # a directory refers to people without a constraint
        return new_id() if each.name == "id" else have["core.users"][0]["id"]
    if isinstance(each.type, Enum):
        return each.type.enums[0]
    made = next(make for kind, make in _MAKERS.items() if isinstance(each.type, kind))
    return made()[: each.type.length] if isinstance(each.type, String) else made()


_MAKERS: dict[type, Callable[[], Any]] = {
    String: lambda: word(next(_numbers)),
    LargeBinary: lambda: uuid4().bytes * 2,
    Boolean: lambda: True,
    Integer: lambda: 1,
    Numeric: lambda: Decimal(1),
    DateTime: clock.now,
    Date: lambda: clock.now().date(),
    JSONB: lambda: {},
}


def _text_columns(owner: Connection, name: str) -> dict[str, int]:
    """The columns that hold texts, and how long a text may be."""
    return dict(owner.execute(text(_TEXTS), {"name": name}).all())


def _json_columns(owner: Connection, name: str) -> list[str]:
    return list(owner.scalars(text(_JSONS), {"name": name}))


_TEXTS = """
    SELECT attname, CASE WHEN atttypmod < 0 THEN 1000000 ELSE atttypmod - 4 END FROM pg_attribute
    WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 AND NOT attisdropped
        AND atttypid IN (CAST('text' AS regtype), CAST('varchar' AS regtype))
"""
_JSONS = """
    SELECT attname FROM pg_attribute WHERE attrelid = CAST(:name AS regclass) AND attnum > 0
        AND NOT attisdropped AND atttypid = CAST('jsonb' AS regtype)
"""
