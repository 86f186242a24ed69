"""The audit log as it is read: who did what to what and when, newest first, told by names."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, func, select

from goals_core.actor import Tenant
from goals_core.checks import EARLIEST_DAY, LATEST_DAY, printable
from goals_core.db import TenantSession
from goals_core.engine.audit import Deed
from goals_core.engine.audit_names import mentions, names_of, uuid_of
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.models.core import AuditLine, User
from goals_core.permissions import Permission, needs

TAGS = tuple(deed.value for deed in Deed)
SUBJECTS = tuple(dict.fromkeys(tag.partition(":")[0] for tag in TAGS))
SYSTEM = UUID(int=0)
"""Whose id is asked for what the system did by itself."""
MOST_EXPORTED = 50_000

_COLUMNS = (
    AuditLine.id,
    AuditLine.at,
    User.name.label("who"),
    AuditLine.tag,
    AuditLine.subject_id,
    AuditLine.before,
    AuditLine.after,
)


class Filters(TypedDict, total=False):
    """What the lines are narrowed to; a line fits every filter that is given."""

    who: UUID | None
    subject: str | None  # the part of the tag before its colon
    tags: Collection[str]
    since: date | None  # days where the tenant is, both included
    until: date | None
    search: str
    subject_id: UUID | None


@dataclass(frozen=True, slots=True)
class Change:
    """One fact before and after, as JSON holds it; ids are told by names."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the log."""

    id: UUID
    at: datetime
    who: str | None  # none: the system
    tag: str
    subject_id: UUID
    subject_name: str | None
    is_change: bool  # otherwise the facts are of something that was made or removed
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Doer:
    """Someone who appears in the log; the system has no name."""

    id: UUID
    name: str | None


@needs(Permission.MANAGE)
def list_(
    db: TenantSession, *, page: PageRequest = FIRST_PAGE, **wanted: Unpack[Filters]
) -> Page[AuditEntry]:
    """The lines that fit every filter given, newest first."""
    rules = _rules(db, **wanted)
    total = db.scalar(select(func.count()).select_from(AuditLine).where(*rules)) or 0
    return page.of(_entries(db, _lines(rules).limit(page.limit).offset(page.offset)), total)


@needs(Permission.MANAGE)
def export(
    db: TenantSession, *, most: int = MOST_EXPORTED, **wanted: Unpack[Filters]
) -> list[AuditEntry]:
    """The newest lines that fit every filter given, all at once."""
    return _entries(db, _lines(_rules(db, **wanted)).limit(most))


@needs(Permission.MANAGE)
def people(db: TenantSession) -> list[Doer]:
    """Who has done anything that is in the log, the system first, then by name."""
    doers = select(AuditLine.actor_id).distinct().subquery()
    named = select(doers.c.actor_id, User.name).outerjoin(User, User.id == doers.c.actor_id)
    rows = db.execute(named.order_by(User.name.nulls_first(), doers.c.actor_id))
    return [Doer(row.actor_id or SYSTEM, row.name) for row in rows]


def _rules(
    db: TenantSession,
    *,
    who: UUID | None = None,
    subject: str | None = None,
    tags: Collection[str] = (),
    since: date | None = None,
    until: date | None = None,
    search: str = "",
    subject_id: UUID | None = None,
) -> list[ColumnElement[bool]]:
    doer = None if who == SYSTEM else who
    words = printable(search)
    wanted = [
        AuditLine.actor_id.is_not_distinct_from(doer) if who else None,
        AuditLine.tag.startswith(f"{subject}:", autoescape=True) if subject else None,
        AuditLine.tag.in_(tags) if tags else None,
        AuditLine.at >= _midnight(since, db.actor.tenant) if since else None,
        AuditLine.at < _midnight(until, db.actor.tenant, days=1) if until else None,
        mentions(db, words) if words else None,
        AuditLine.subject_id == subject_id if subject_id else None,
    ]
    return [rule for rule in wanted if rule is not None]


def _midnight(day: date, tenant: Tenant, *, days: int = 0) -> datetime:
    """When a day, or one some days later, begins where the tenant is."""
    possible = min(max(day, EARLIEST_DAY), LATEST_DAY)
    return datetime.combine(possible + timedelta(days), time.min, ZoneInfo(tenant.timezone))


def _lines(rules: Sequence[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    same = and_(User.tenant_id == AuditLine.tenant_id, User.id == AuditLine.actor_id)
    query = select(*_COLUMNS).select_from(AuditLine).outerjoin(User, same).where(*rules)
    return query.order_by(AuditLine.at.desc(), AuditLine.id.desc())


def _entries(db: TenantSession, query: Select[*tuple[Any, ...]]) -> list[AuditEntry]:
    rows = db.execute(query).all()
    names = names_of(db, {id_ for row in rows for id_ in _ids(row)})
    return [_entry(row, names) for row in rows]


def _ids(line: Row[Any]) -> Iterator[UUID]:
    """Every id in a line whose name is wanted."""
    yield line.subject_id
    for facts in (line.before, line.after):
        for field, value in (facts or {}).items():
            if id_ := _reference(field, value):
                yield id_


def _entry(line: Row[Any], names: Mapping[UUID, str]) -> AuditEntry:
    before, after = _named(line.before, names), _named(line.after, names)
    return AuditEntry(
        id=line.id,
        at=line.at,
        who=line.who,
        tag=line.tag,
        subject_id=line.subject_id,
        subject_name=names.get(line.subject_id),
        is_change=line.before is not None and line.after is not None,
        changes=tuple(
            Change(field, before.get(field), after.get(field))
            for field in before | after
            if before.get(field) != after.get(field)
        ),
    )


def _named(facts: Mapping[str, Any] | None, names: Mapping[UUID, str]) -> dict[str, object]:
    """The facts with names in place of ids; an id that nobody knows stays."""
    found = {}
    for field, value in (facts or {}).items():
        id_ = _reference(field, value)
        found[field] = names.get(id_, value) if id_ else value
    return found


def _reference(field: str, value: object) -> UUID | None:
    return uuid_of(value) if field.endswith("_id") else None
