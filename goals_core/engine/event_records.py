"""What events make of records: the last word on each column, whatever order they came in.

A record's columns keep what the newest event said of each, by when it happened. A deletion speaks
of all of them: what is older says nothing any more, what is newer makes the record anew.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from goals_core.actor import Tenant
from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine import ingest
from goals_core.engine.event_content import EVERYTHING, Content
from goals_core.engine.event_log import Record, record_of
from goals_core.kinds import Source
from goals_core.models.core import User
from goals_core.sources.catalogue import Entity, Kind

STORED, DELETED, LATE = "stored", "deleted", "late"
# Attributes that no event names are not read, and so cannot be written back.
_NEW, _CHANGED, _CHANGED_WITH_ATTRIBUTES, _GONE = "new", "changed", "attributes", "gone"


@dataclass(slots=True)
class State:
    """A record while events are applied to it."""

    entity: Entity
    key: tuple[str, str]
    id: UUID | None  # of the row that was there
    row: dict[str, Any] | None  # its columns as they come to be; None: it is not there
    said: dict[str, datetime]  # when each column was last spoken of

    def apply(self, content: Content, at: datetime, tenant: Tenant) -> str:
        """What becomes of the record; `Missing` names what a new one needs besides."""
        newest = max(self.said.values(), default=at)
        if content.is_deletion:
            return LATE if newest > at else self._delete(at)
        if self.said.get(EVERYTHING, at) > at or (self.row is None and newest > at):
            return LATE
        if self.row is None:
            self.row = _new_row(self.entity, content.columns, tenant)
        fresh = {c: v for c, v in content.columns.items() if self.said.get(c, at) <= at}
        self.row |= fresh
        self.said |= dict.fromkeys(fresh, at)
        return STORED if fresh or not content.columns else LATE

    def _delete(self, at: datetime) -> str:
        self.row, self.said = None, {EVERYTHING: at}
        return DELETED


class Missing(Exception):
    """A new record lacks these columns."""

    def __init__(self, columns: Collection[str]) -> None:
        self.columns = columns
        super().__init__(", ".join(columns))


def owners(db: TenantSession, contents: Iterable[Content]) -> dict[UUID | str, UUID]:
    """The people whom events name, by id or e-mail as they name them; who is unknown is absent."""
    named = {each.owner for each in contents if each.owner is not None}
    if not named:
        return {}
    ids = [name for name in named if isinstance(name, UUID)]
    emails = [name for name in named if isinstance(name, str)]
    found = select(User.id, User.email).where(
        or_(User.id == func.any(ids_of(ids)), User.email == func.any(_texts(emails)))
    )
    by_name: dict[UUID | str, UUID] = {}
    for id_, email in db.execute(found):
        by_name |= {id_: id_, email: id_}
    return by_name


def states(
    db: TenantSession,
    contents: Iterable[Content],
    said: Mapping[Record, dict[str, datetime]],
) -> dict[Record, State]:
    """The records that the events speak of as they are, locked until the transaction ends."""
    found: dict[Record, State] = {}
    for entity, keys in _by_entity(contents).items():
        rows = _locked(db, entity, keys)
        for key in keys:
            record = (entity.table.fullname, *key)
            row = rows.get(key)
            id_ = row.pop("id") if row else None
            found[record] = State(entity, key, id_, row, said[record])
    return found


def write(db: TenantSession, states: Collection[State]) -> tuple[UUID, ...]:
    """Store what the records have become; the batches of the journal that tell of it."""
    deeds: dict[tuple[Entity, str], list[State]] = defaultdict(list)
    for state in sorted(states, key=lambda s: (s.entity.table.fullname, s.key)):
        if deed := _deed(state):
            deeds[state.entity, deed].append(state)
    batches: list[UUID] = []
    for (entity, deed), some in deeds.items():
        if deed == _GONE:
            done = ingest.delete(db, entity, [each.key for each in some])
        else:
            rows = [{**(each.row or {}), **_named(entity, each.key)} for each in some]
            done = (ingest.put if deed == _NEW else ingest.change)(db, entity, rows)
        batches += done.batches
    return tuple(batches)


def ids(db: TenantSession, states: Collection[State]) -> dict[Record, UUID]:
    """The records' ids, of those that are gone the ones that they had."""
    found = {(s.entity.table.fullname, *s.key): s.id for s in states if s.id is not None}
    new: dict[Entity, list[tuple[str, str]]] = defaultdict(list)
    for state in states:
        if state.id is None and state.row is not None:
            new[state.entity].append(state.key)
    for entity, keys in new.items():
        table = entity.table
        query = select(table.c.id, *_key_columns(entity)).where(*_these(db, entity, keys))
        for row in db.execute(query).mappings():
            found[table.fullname, row.get("entity", ""), row["external_id"]] = row["id"]
    return found


def _deed(state: State) -> str:
    """What is to be done with a record; those that name the same columns go together."""
    if state.row is None:
        return _GONE if state.id is not None else ""
    if state.id is None:
        return _NEW
    return _CHANGED_WITH_ATTRIBUTES if "attributes" in state.row else _CHANGED


def _new_row(entity: Entity, named: Mapping[str, Any], tenant: Tenant) -> dict[str, Any]:
    """What a record has of which nothing was said; a number, and what money it is, has to be."""
    row: dict[str, Any] = {"owner_id": None, "attributes": {}}
    for name, kind in entity.columns.items():
        if name not in entity.key:
            row[name] = "" if kind is Kind.TEXT else None
    if entity.module is Source.CUSTOM:  # often no money at all
        row["currency"] = tenant.currency
    needed = ["currency", *(n for n, kind in entity.columns.items() if kind is Kind.NUMBER)]
    if missing := [name for name in needed if not row[name] and name not in named]:
        raise Missing(missing)
    return row


def _locked(
    db: TenantSession, entity: Entity, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows by their keys, without what belongs to the table and without attributes."""
    table = entity.table
    columns = [table.c[name] for name in entity.columns if name not in entity.key]
    query = (
        select(table.c.id, table.c.owner_id, *columns, *_key_columns(entity))
        .where(*_these(db, entity, keys))
        .order_by(*_key_columns(entity))
        .with_for_update()
    )
    rows = {}
    for found in db.execute(query).mappings():
        row = dict(found)
        rows[row.pop("entity", ""), row.pop("external_id")] = row
    return rows


def _these(
    db: TenantSession, entity: Entity, keys: Collection[tuple[str, str]]
) -> list[ColumnElement[bool]]:
    """By the parts of their keys: of several entities of one table also what crosses them."""
    table = entity.table
    these = [
        table.c.tenant_id == db.tenant_id,
        table.c.external_id == func.any(_texts(external_id for _, external_id in keys)),
    ]
    if not entity.name:
        these.append(table.c.entity == func.any(_texts({name for name, _ in keys})))
    return these


def _by_entity(contents: Iterable[Content]) -> dict[Entity, list[tuple[str, str]]]:
    """Each entity's keys; entities in the order of their tables, as they are locked."""
    keys: dict[Entity, dict[tuple[str, str], None]] = defaultdict(dict)
    for each in sorted(contents, key=record_of):
        keys[each.entity][each.key] = None
    return {entity: list(found) for entity, found in keys.items()}


def _named(entity: Entity, key: tuple[str, str]) -> dict[str, str]:
    name, external_id = key
    return {"external_id": external_id} | ({} if entity.name else {"entity": name})


def _key_columns(entity: Entity) -> list[ColumnElement[Any]]:
    return [entity.table.c[name] for name in entity.key]


def _texts(some: Iterable[str]) -> ColumnElement[Any]:
    return bindparam(None, list(some), ARRAY(Text))
