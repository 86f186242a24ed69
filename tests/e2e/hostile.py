"""A company whose every text would load and run something, if a page let it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

from goals_core import db, embedded
from goals_core.actor import Actor
from goals_core.kinds import GoalStatus, GoalType, Metric, Period, Source
from goals_core.models.sources import CustomRecord
from goals_core.permissions import Role
from goals_core.services import assignments, audit_reading, identity, progress, teams, tenants
from goals_core.services.definitions import Milestone
from goals_core.services.events import receive
from goals_core.services.tracking import sync
from tests import makers

PASSWORD = "hostile words, tame pages"
HOST = "example.invalid"
EVIL = f"![x](https://{HOST}/a.png)<script>alert(1)</script><a href='https://{HOST}/d'>y</a>"
BRIEF = f"![x](https://{HOST}/b)"  # where a text has to be short
LONG = f"{EVIL} <img src=https://{HOST}/c onerror=alert(2)> [go](javascript:alert(3)) $x$ :red[y]"


@dataclass(frozen=True)
class Hostile:
    """Who to sign in as, and what to open."""

    email: str
    definition: UUID
    goals: tuple[UUID, ...]  # by hand, from records, of a team, of the company, with an error
    line: UUID  # of the audit log
    team: UUID
    person: UUID


@contextmanager
def hostile(home: Path) -> Iterator[Hostile]:
    """Put it into the installation that runs in `home`, beside the app."""
    server = embedded.acquire(home)
    db.connect(server.app_url)
    try:
        yield _made()
    finally:
        db.disconnect()
        server.release()


def _made() -> Hostile:
    tenant = tenants.create_tenant(
        slug=f"hostile-{uuid4().hex[:8]}",
        name=EVIL,
        timezone="UTC",
        locale="en_US",
        currency="USD",
    )
    system = Actor.system(tenant)
    with db.tenant_session(system) as session:
        admin = _person(session, "admin", Role.ADMIN)
        rep = _person(session, "rep", Role.REP)
        team = teams.create_team(session, name=EVIL, manager_id=admin.user_id)
        since = tenant.today - timedelta(days=400)
        teams.add_member(session, team_id=team, user_id=rep.user_id, member_from=since)
    makers.add(tenant, CustomRecord, makers.custom(rep, 7) | _record(tenant.today))
    with db.tenant_session(admin) as session:
        goals = _goals(session, rep, team)
        receive(session, _deal(rep, tenant.today))
        progress.record(
            session, assignment_id=goals[0], value=Decimal(60), on=tenant.today, note=LONG
        )
    sync(admin)
    with db.tenant_session(admin) as session:
        definition = assignments.get(session, goals[0]).definition_id
        line = audit_reading.list_(session).items[0].id
    assert rep.user_id is not None
    return Hostile(admin.email, definition, goals, line, team, rep.user_id)


def _person(session: db.TenantSession, name: str, role: Role) -> Actor:
    email = f"{name}-{uuid4().hex[:8]}@{HOST}"
    id_ = identity.create_user(
        session, email=email, name=f"{EVIL} {name}", title=LONG, role=role, password=PASSWORD
    )
    return Actor(session.actor.tenant, id_, role, EVIL, email)


def _goals(session: db.TenantSession, rep: Actor, team: UUID) -> tuple[UUID, ...]:
    words = {"name": EVIL, "description": LONG, "category": BRIEF, "tags": (BRIEF,)}
    words["milestones"] = (Milestone(50), Milestone(100, notify=False))
    start = session.actor.tenant.today.replace(month=1, day=1)
    by_hand = makers.by_hand(**words, unit=BRIEF, period=Period.YEARLY, starts_at=start)
    sales = makers.from_sales(**words, period=Period.YEARLY, starts_at=start)
    limit = makers.by_hand(
        **words | {"name": f"{EVIL} limit"}, unit=BRIEF, type=GoalType.LIMIT, starts_at=start
    )
    custom = makers.by_hand(
        **words,
        metric=Metric.NUMBER,
        unit=BRIEF,
        starts_at=start,
        source=Source.CUSTOM,
        source_config={
            "module": "custom",
            "entity": BRIEF,
            "filter": {"status": BRIEF, "attributes.region": EVIL},
            "aggregation": "sum",
            "field": "value",
        },
    )
    plan = (
        (by_hand, rep),
        (sales, rep),
        (sales, team),
        (limit, rep),
        (custom, rep),
        (by_hand, None),
    )
    return tuple(
        makers.assign(session, makers.make_definition(session, draft), who, notes=LONG)
        for draft, who in plan
    ) + tuple(
        makers.assign(session, makers.make_definition(session, by_hand, status=status), rep)
        for status in (GoalStatus.DRAFT, GoalStatus.PAUSED)
    )


def _record(today):
    return {
        "entity": BRIEF,
        "status": BRIEF,
        "name": LONG,
        "occurred_on": today,
        "attributes": {"region": EVIL, EVIL: EVIL},
    }


def _deal(rep: Actor, today):
    return makers.won_deal(
        rep, Decimal(900), today, name=EVIL, account=EVIL, attributes={"region": EVIL, EVIL: EVIL}
    )
