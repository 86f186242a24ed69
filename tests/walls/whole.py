"""Arguments that only make sense as a whole: drafts, measures, files, actors."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from goals_core import clock, kinds
from goals_core.actor import Actor, Tenant
from goals_core.engine.definition_views import columns_of
from goals_core.engine.drafts import Draft
from goals_core.engine.paging import PageRequest
from goals_core.engine.preferences import Choice, Preferences
from goals_core.engine.provider_words import Provider
from goals_core.imports.preview import Item, Preview
from goals_core.kinds import GoalType, Metric, Source
from goals_core.models.base import new_id
from goals_core.models.goals import Definition
from goals_core.models.quiet import Hours
from goals_core.models.windows import Schedule, Window
from goals_core.permissions import Role
from goals_core.services.company import Settings
from goals_core.services.events import Event
from goals_core.sources import measures
from goals_core.sources.catalogue import ENTITIES, Entity
from goals_core.sources.measures import Measure
from tests import makers
from tests.makers import WON
from tests.walls.pool import ASSIGNMENTS, DEFINITIONS, PEOPLE, TEAMS

CLIENT = "goals"  # what the installation is called at a provider
MAY = Window(date(2026, 5, 1), date(2026, 5, 31))


def file_for(draw: Any) -> bytes:
    """A file as the operation reads one, with their names and ids in its cells."""
    module = draw.operation.module
    if module not in _FILES:
        raise AssertionError(f"say in tests/walls/whole.py what a file of {module} is")
    return _FILES[module](draw).encode()


def _draft(draw: Any) -> Draft:
    texts = {name: draw.make(str, name) for name in ("name", "description", "category")}
    texts |= {"tags": (draw.make(str, "name")[:50],), "prorate": draw.chance.random() < 0.2}
    if draw.chance.random() < 0.4:
        return makers.by_hand(**texts)
    return makers.from_sales(config=_config(draw), **texts)


def _config(draw: Any) -> dict[str, Any]:
    column = draw.chance.choice(("account", "name", "external_id", "stage"))
    value = draw.chance.choice(("closed_won", draw.make(str, column)))
    attribute = {f"attributes.{draw.make(str, 'name')[:30]}": "x"}
    return {"filter": draw.chance.choice(({column: value}, WON["filter"], attribute))}


def _measure(draw: Any) -> Measure:
    column = draw.chance.choice(("account", "name", "external_id"))
    filter_ = draw.chance.choice((WON["filter"], {column: draw.make(str, column)}))
    config = WON | {"filter": filter_}
    return measures.parse(Source.SALES, config, metric=Metric.CURRENCY, unit="USD")


def _definition(draw: Any) -> Definition:
    id_ = draw.pool.id_for(draw.chance, draw.operation, "definition_id")
    return Definition(id=id_, **columns_of(_draft(draw)))


def _entity(draw: Any) -> Entity:
    return draw.chance.choice(ENTITIES)


def _settings(draw: Any) -> Settings:
    return Settings(
        name=draw.make(str, "name"),
        grace_days=draw.chance.randint(0, 9),
        risk_progress_below=50,
        risk_time_left=25,
        workweek=draw.chance.choice(("12345", "1234")),
    )


def _event(draw: Any) -> Event:
    """One that gets far: of a record that somebody has, given to somebody, often said twice."""
    owner: dict[str, Any] = {"owner_email": draw.make(str, "email")}
    if draw.chance.random() < 0.5:
        owner = {"owner_id": draw.pool.id_for(draw.chance, draw.operation, "owner_id")}
    known = draw.pool.cells(draw.chance, "event_id")
    data = {"external_id": draw.make(str, "external_id"), "closed_on": MAY.end, **owner}
    data |= {"amount": draw.make(Decimal, "amount"), "currency": "USD", "name": "Said"}
    name = draw.chance.choice(("opportunity.won", "record.upserted", "record.deleted"))
    if name != "opportunity.won":
        named = {"module": "custom", "entity": draw.make(str, "entity")}
        said = {"value": 3, **owner} if name == "record.upserted" else {}
        data = named | said | {"external_id": data["external_id"]}
    return Event(id=draw.chance.choice([*known, new_id().hex]), name=name, data=data)


def _preferences(draw: Any) -> Preferences:
    """Choices of every event, with hours that make sense."""
    choices = {each: draw.make(Choice, "choice") for each in kinds.Event}
    return Preferences(choices, by_mail=draw.chance.random() < 0.5, hours=Hours(7))


def _preview(draw: Any, kind: Any) -> Preview[Any]:
    """One that was put together by hand, whatever a file would have made of it."""
    items = tuple(Item(n, "target", draw.make(kind, "item")) for n in range(2, 4))
    return Preview(
        file=draw.make(str, "name"),
        columns=(),
        rows=(),
        items=items,
        definition_id=draw.pool.id_for(draw.chance, draw.operation, "definition_id"),
    )


def _tenant(draw: Any) -> Tenant:
    row = draw.chance.choice((draw.pool.theirs, draw.pool.mine)).get("core.tenants")
    row = (row or draw.pool.mine["core.tenants"])[0]
    return Tenant(**{name: row[name] for name in Tenant.__slots__})


def _actor(draw: Any) -> Actor:
    """Somebody as they would be if they had signed in."""
    tenant = _tenant(draw)
    theirs = draw.pool.theirs.get("core.users") or draw.pool.mine["core.users"]
    row = draw.chance.choice(theirs)
    return Actor(tenant, row["id"], Role(row["role"]), row["name"], row["email"], new_id())


def _progress(draw: Any) -> str:
    lines = ["goal,assignment,assignee,day,value,change,note,reference"]
    for n in range(draw.chance.randint(1, 3)):
        by_id = draw.chance.random() < 0.5
        goal = "" if by_id else _their(draw, DEFINITIONS, "name")
        id_ = _their(draw, ASSIGNMENTS, "id") if by_id else ""
        who = draw.chance.choice(("", _their(draw, PEOPLE, "email"), _their(draw, TEAMS, "name")))
        note, reference = draw.make(str, "notes"), draw.make(str, "source_reference")
        lines.append(f"{goal},{id_},{who},2026-05-{20 - n},,{n + 1},{note},{reference}")
    return "\n".join(lines)


def _definitions(draw: Any) -> str:
    lines = ["name,description,type,metric,target_value,unit,period,starts_at"]
    for n in range(draw.chance.randint(1, 3)):
        name, words = _their(draw, DEFINITIONS, "name"), draw.make(str, "description")
        lines.append(f"{name},{words},{GoalType.TARGET},number,{100 + n},calls,monthly,2026-01-01")
    return "\n".join(lines)


def _quotas(draw: Any) -> str:
    emails = [_their(draw, PEOPLE, "email") for _ in range(draw.chance.randint(1, 3))]
    return "\n".join(
        ["email,name,2026-05-01", *(f"{email},x,{n + 5}" for n, email in enumerate(emails))]
    )


def _people(draw: Any) -> str:
    lines = ["email,name,role,title,manager,team,member_from"]
    for n in range(draw.chance.randint(1, 3)):
        who, manager = _their(draw, PEOPLE, "email"), _their(draw, PEOPLE, "email")
        email = draw.chance.choice((who, f"new{n}@x.example"))
        name, title = draw.make(str, "name"), draw.make(str, "title")
        role, team = draw.chance.choice(list(Role)), _their(draw, TEAMS, "name")
        lines.append(f"{email},{name},{role},{title},{manager},{team},2026-05-{10 + n}")
    return "\n".join(lines)


def _rates(draw: Any) -> str:
    lines = ["from_currency,to_currency,day,rate"]
    for n in range(draw.chance.randint(1, 3)):
        days = (f"2026-05-{10 + n}", _their(draw, "core.exchange_rates", "day"))
        lines.append(f"EUR,USD,{draw.chance.choice(days)},{1 + n / 10}")
    return "\n".join(lines)


def _provider(draw: Any) -> Provider:
    return Provider(_issuer(draw), CLIENT)


def _claims(draw: Any) -> dict[str, object]:
    """What a provider says of somebody who has just signed in there: of them or of a stranger."""
    subjects = draw.pool.cells(draw.chance, "subject")
    email = draw.chance.choice(draw.pool.cells(draw.chance, "email"))
    return {
        "iss": _issuer(draw),
        "aud": CLIENT,
        "sub": draw.chance.choice([*subjects, "a stranger"]),
        "iat": clock.now().timestamp(),
        "nonce": str(draw.chance.random()),
        "email": email,
        "email_verified": draw.chance.random() < 0.9,
    }


def _issuer(draw: Any) -> str:
    """Nearly always the same one, so that claims and provider fit."""
    issuers: list[str] = [row["issuer"] for row in draw.pool.theirs["core.user_identities"]]
    return issuers[0] if draw.chance.random() < 0.9 else "https://login.example.com"


def _their(draw: Any, table: str, column: str) -> str:
    rows = draw.pool.theirs if draw.chance.random() < 0.7 else draw.pool.mine
    found = rows.get(table) or draw.pool.mine[table]
    return str(draw.chance.choice(found)[column])


_FILES: dict[str, Callable[[Any], str]] = {
    "progress_import": _progress,
    "definitions_import": _definitions,
    "quotas_import": _quotas,
    "people_import": _people,
    "rates_import": _rates,
}
NAMED: dict[str, Callable[[Any], Any]] = {"claims": _claims}
MAKERS: dict[Any, Callable[[Any], Any]] = {
    Draft: _draft,
    Measure: _measure,
    Definition: _definition,
    Provider: _provider,
    Entity: _entity,
    Event: _event,
    Settings: _settings,
    Preferences: _preferences,
    Tenant: _tenant,
    Actor: _actor,
    Window: lambda _draw: MAY,
    Schedule: lambda _draw: Schedule(makers.by_hand().period, MAY.start, None),
    PageRequest: lambda draw: PageRequest(draw.chance.randint(1, 2), draw.chance.choice((1, 50))),
}
GENERIC: dict[Any, Callable[..., Any]] = {Preview: _preview}
