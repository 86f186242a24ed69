"""What an event says of a record: checked before anything is looked up, every problem at once."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from goals_core import clock
from goals_core.checks import Checks
from goals_core.errors import N_
from goals_core.kinds import Source
from goals_core.sources.catalogue import ENTITIES, Entity, Kind, find
from goals_core.sources.entity import Occurrence

UPSERTED, DELETED = "record.upserted", "record.deleted"
EVERYTHING = "*"  # what a deletion speaks of
_CLOCKS_DIFFER_BY = timedelta(minutes=5)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_OWNER = ("owner_id", "owner_email")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a record elsewhere, as whoever saw it tells it.

    `data` is what JSON has: `external_id`, `owner_id` or `owner_email`, `attributes`, the columns
    of the entity, days as 2026-05-20; amounts as text, whole number or Decimal, never as a float.
    `record.upserted` and `record.deleted` say `module` and `entity` besides.
    """

    id: str  # the same whenever it is delivered again
    name: str
    data: Mapping[str, object]
    occurred_at: datetime | None = None  # None: when it is received


@dataclass(frozen=True, slots=True)
class Content:
    """A checked event: the columns that it names, of which record."""

    id: str
    name: str
    entity: Entity
    key: tuple[str, str]  # the entity's name where the table keeps it, and the external id
    occurred_at: datetime | None
    columns: dict[str, Any]
    owner: UUID | str | None  # by id or by e-mail; None: nobody's, or not said
    digest: bytes

    @property
    def is_deletion(self) -> bool:
        return self.name == DELETED


def check(checks: Checks, event: Event) -> Content | None:
    """What the event says, None if it says nothing that could be stored."""
    id_ = checks.text("id", event.id, longest=200, required=True)
    at = _moment(checks, event.occurred_at)
    occurrence = _occurrence(event.name)
    data: object = event.data  # an edge hands on whatever came
    if not isinstance(data, Mapping):
        checks.problem("data", N_("This must be a JSON object of texts, numbers and the like."))
        return None
    entity = _entity(checks, event, occurrence)
    if entity is None:
        return None
    data = {name: value for name, value in data.items() if name not in _where(occurrence)}
    key = _key(checks, entity, event.data)
    owner = _owner(checks, data)
    columns = {} if event.name == DELETED else _columns(checks, entity, data, occurrence)
    _check_names(checks, event, entity, data, occurrence)
    if checks.problems:
        return None
    said = {**columns, **({"owner": owner} if any(name in data for name in _OWNER) else {})}
    digest = _digest(event.name, at, entity.table.fullname, key, said)
    if "owner" in said:
        columns["owner_id"] = None
    return Content(id_, event.name, entity, key, at, columns, owner, digest)


def fields_of(content: Content) -> Iterator[str]:
    """What the event speaks of; a deletion of everything."""
    yield from (EVERYTHING,) if content.is_deletion else content.columns


def _occurrence(name: str) -> Occurrence | None:
    return next((o for entity in ENTITIES for o in entity.events if o.name == name), None)


def _where(occurrence: Occurrence | None) -> tuple[str, ...]:
    """What says of which entity a record is, where the event's name does not."""
    return () if occurrence else ("module", "entity")


def _entity(checks: Checks, event: Event, occurrence: Occurrence | None) -> Entity | None:
    if occurrence is not None:
        return next(entity for entity in ENTITIES if occurrence in entity.events)
    if event.name not in (UPSERTED, DELETED):
        names = [occurrence.name for entity in ENTITIES for occurrence in entity.events]
        names += [UPSERTED, DELETED]
        checks.problem("name", N_("This must be one of {names}."), names=", ".join(names))
        return None
    modules = list(dict.fromkeys(entity.module for entity in ENTITIES))
    module = event.data.get("module")
    if module not in modules:
        checks.problem("module", N_("This must be one of {names}."), names=", ".join(modules))
        return None
    name = checks.text("entity", event.data.get("entity"), longest=100, required=True)
    if not name:
        return None
    found = find(Source(str(module)), name)
    if found is None:
        checks.problem("entity", N_("There is no {name}."), name=name)
    return found


def _key(checks: Checks, entity: Entity, data: Mapping[str, object]) -> tuple[str, str]:
    external_id = checks.text("external_id", data.get("external_id"), longest=200, required=True)
    return "" if entity.name else str(data["entity"]).strip(), external_id


def _owner(checks: Checks, data: Mapping[str, object]) -> UUID | str | None:
    """Whose the record is, as the event says it."""
    id_, email = (data.get(name) for name in _OWNER)
    if id_ is not None and email is not None:
        checks.problem("owner_email", N_("Say whose it is by owner_id or by owner_email."))
    if id_ is not None:
        try:
            return UUID(str(id_))
        except ValueError:
            checks.problem("owner_id", N_("This is no ID."))
    if email is not None:
        return checks.text("owner_email", email, longest=254, required=True).casefold()
    return None


def _columns(
    checks: Checks, entity: Entity, data: Mapping[str, object], occurrence: Occurrence | None
) -> dict[str, Any]:
    """The columns that are named, with what the event's own name says."""
    found = {
        name: _value(checks, entity, name, data[name])
        for name in entity.columns
        if name in data and name != "external_id"
    }
    if "attributes" in data:
        found["attributes"] = _plain(data["attributes"])
        checks.attributes("attributes", found["attributes"])
    if occurrence is not None:
        for name in occurrence.needs:
            if name in data and data[name] is None:
                checks.problem(name, N_("Please enter something here."))
        found |= occurrence.says
    return found


def _value(checks: Checks, entity: Entity, name: str, value: object) -> object:
    match entity.columns[name]:
        case Kind.NUMBER:
            return checks.value(name, _number(value)).quantize(Decimal("0.01"))
        case Kind.DAY:
            return None if value is None else checks.day(name, _day(value))
        case _:
            longest = entity.table.c[name].type.length or 200  # type: ignore[attr-defined]
            return checks.text(name, value, longest=longest, required=name == "currency")


def _check_names(
    checks: Checks,
    event: Event,
    entity: Entity,
    data: Mapping[str, object],
    occurrence: Occurrence | None,
) -> None:
    """What cannot be stored is refused, or it would be missed by nobody."""
    names = ["external_id"]
    if event.name != DELETED:
        names += [*_OWNER, *entity.columns, "attributes"]
    if occurrence is not None:
        names = [name for name in names if name not in occurrence.says]
        for name in occurrence.needs:
            if name not in data:
                checks.problem(name, N_("Please enter something here."))
    for name in data:
        if name not in names:
            known = ", ".join(dict.fromkeys(names))
            checks.problem(
                str(name), N_("There is no {column}; there is {names}."), column=name, names=known
            )


def _moment(checks: Checks, at: object) -> datetime | None:
    if at is None:
        return None
    if not isinstance(at, datetime) or at.tzinfo is None:
        checks.problem("occurred_at", N_("This must be a moment with its time zone."))
    elif at > clock.now() + _CLOCKS_DIFFER_BY:
        checks.problem("occurred_at", N_("This must not be later than now."))
    else:
        return at.astimezone(UTC)
    return None


def _number(value: object) -> object:
    """A text's number; a float stays what it is and is refused."""
    try:
        return Decimal(value) if isinstance(value, str) else value
    except InvalidOperation:
        return value


def _day(value: object) -> object:
    try:
        is_day = isinstance(value, str) and _DAY.fullmatch(value)
        return date.fromisoformat(str(value)) if is_day else value
    except ValueError:
        return value


def _plain(value: object) -> object:
    """Attributes as JSON keeps them: a program that reads amounts as Decimal has them here too."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _digest(*said: object) -> bytes:
    text = json.dumps(said, default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).digest()
