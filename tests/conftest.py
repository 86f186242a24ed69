"""A real server, a migrated database, and a cast of its own for every test that asks."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import bcrypt
import pytest
import structlog
from sqlalchemy import create_engine, make_url, text

from goals_core import clock, db, embedded, schema
from goals_core.actor import Actor, Tenant
from goals_core.engine import audit, passwords
from goals_core.engine.audit import Deed, Line
from goals_core.models.access import LoginRow
from goals_core.models.base import new_id
from goals_core.models.core import Team, TeamMember, User
from goals_core.permissions import Role
from goals_core.services import tenants
from tests.order import (
    pytest_collection_modifyitems,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
)

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_xdist_auto_num_workers",
    "pytest_xdist_make_scheduler",
]

NOW = datetime(2026, 5, 20, 18, 0, tzinfo=UTC)  # a Wednesday, in the second quarter
PASSWORD = "correct horse battery"


# Where no log is set up, an error would be drawn with all the code around it, for seconds.
structlog.configure(
    processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
)


@dataclass(frozen=True)
class Database:
    """A migrated database and its two addresses."""

    app_url: str
    owner_url: str


@dataclass(frozen=True)
class Server:
    """Where databases are made, by its superuser."""

    app_url: str
    owner_url: str

    def new_database(self) -> Database:
        """A copy of the migrated template."""
        return self._made("goals_template")

    def empty_database(self) -> Database:
        """One that was never migrated."""
        return self._made("template0")

    def _made(self, template: str) -> Database:
        name = f"goals_{uuid4().hex}"
        self.run(f"CREATE DATABASE {name} OWNER goals_owner TEMPLATE {template}")
        return Database(_at(self.app_url, name), _at(self.owner_url, name))

    def run(self, statement: str) -> None:
        superuser = make_url(self.owner_url).set(username="postgres", database="postgres")
        engine = create_engine(superuser, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@dataclass(frozen=True)
class Cast:
    """The people of one company, and the manager of another that must see nothing of it.

    North has the manager and two reps; South has a manager and a rep of its own.
    """

    tenant: Tenant
    admin: Actor
    analyst: Actor
    manager: Actor
    rep: Actor
    second_rep: Actor
    south_manager: Actor
    south_rep: Actor
    other_manager: Actor  # of another tenant
    north: UUID
    south: UUID
    PASSWORD: str = PASSWORD

    @property
    def system(self) -> Actor:
        return Actor.system(self.tenant)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="goals tests ") as folder:
        Path(folder).chmod(0o755)  # as root the server runs under another account
        running = embedded.acquire(Path(folder) / "home")
        try:
            yield _with_template(Server(running.app_url, running.owner_url))
        finally:
            db.disconnect()
            running.release()


@pytest.fixture(scope="session")
def database(server: Server) -> Database:
    """The database that tests share; each brings a tenant of its own."""
    return server.new_database()


@pytest.fixture
def connected(database: Database) -> Database:
    """The pool is open, as the application's role."""
    use_pool(database)
    return database


def use_pool(database: Database) -> None:
    """Open the pool unless an earlier test has: each new one would compile every statement anew."""
    if not db.is_connected() or db.engine().url != make_url(database.app_url):
        db.connect(database.app_url)


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    gensalt = bcrypt.gensalt
    monkeypatch.setattr(bcrypt, "gensalt", lambda *_: gensalt(4))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the clock: `at(datetime(...))` or `at(date(...))` for noon in UTC."""

    def set_clock(moment: datetime | date) -> None:
        if not isinstance(moment, datetime):
            moment = datetime(moment.year, moment.month, moment.day, 12, tzinfo=UTC)
        monkeypatch.setattr(clock, "now", lambda: moment)

    return set_clock


@pytest.fixture
def cast(connected: Database, at: Any) -> Cast:
    at(NOW)
    return new_cast()


def new_cast() -> Cast:
    """Two new tenants; the second has only a manager.

    Written as the services write them, but all at once and unchecked: most tests begin here.
    """
    tenant, other = _tenant("acme"), _tenant("other")
    with db.tenant_session(Actor.system(tenant)) as session:
        people = _people(
            session,
            {
                "admin": Role.ADMIN,
                "analyst": Role.ANALYST,
                "manager": Role.MANAGER,
                "rep": Role.REP,
                "second_rep": Role.REP,
                "south_manager": Role.MANAGER,
                "south_rep": Role.REP,
            },
        )
        leads = {"North": people["manager"], "South": people["south_manager"]}
        north, south = _teams(session, leads)
        members = [(north, people[name]) for name in ("rep", "second_rep")]
        _join(session, [*members, (south, people["south_rep"])])
    with db.tenant_session(Actor.system(other)) as session:
        others = _people(session, {"other_manager": Role.MANAGER})
    return Cast(tenant=tenant, **people, **others, north=north, south=south)


def _tenant(name: str) -> Tenant:
    return tenants.create_tenant(
        slug=f"{name}-{uuid4().hex[:12]}",
        name=name.capitalize(),
        timezone="America/New_York",
        locale="en_US",
        currency="USD",
    )


def _people(session: db.TenantSession, roles: dict[str, Role]) -> dict[str, Actor]:
    tenant, now = session.actor.tenant, clock.now()
    people = {
        name: Actor(
            tenant,
            new_id(),
            role,
            name.replace("_", " ").title(),
            f"{name}@{tenant.slug}.example",
        )
        for name, role in roles.items()
    }
    for who in people.values():
        facts = {"email": who.email, "name": who.name, "role": who.role}
        user = User(id=who.user_id, **facts, title="", manager_id=None, hired_on=None)
        user.password_hash, user.is_active, user.auth_epoch = _password_hash(), True, 0
        user.created_at = user.updated_at = now
        session.add_all([user, LoginRow(email=who.email, tenant_id=tenant.id, user_id=who.user_id)])
    session.flush()
    lines = [
        Line(who.user_id, None, {"email": who.email, "name": who.name, "role": who.role})
        for who in people.values()
    ]
    audit.note_all(session, Deed.USER_CREATED, lines)
    return people


def _teams(session: db.TenantSession, leads: dict[str, Actor]) -> list[UUID]:
    teams = [
        Team(id=new_id(), name=name, manager_id=who.user_id, created_at=clock.now())
        for name, who in leads.items()
    ]
    session.add_all(teams)
    session.flush()
    lines = [Line(t.id, None, {"name": t.name, "manager_id": t.manager_id}) for t in teams]
    audit.note_all(session, Deed.TEAM_CREATED, lines)
    return [team.id for team in teams]


def _join(session: db.TenantSession, members: list[tuple[UUID, Actor]]) -> None:
    since = {"member_from": date(2020, 1, 1), "member_to": None}
    session.add_all(
        TeamMember(id=new_id(), team_id=team, user_id=who.user_id, **since) for team, who in members
    )
    lines = [Line(team, None, {"user_id": who.user_id} | since) for team, who in members]
    audit.note_all(session, Deed.TEAM_JOINED, lines)


@cache
def _password_hash() -> str:
    return passwords.digest(PASSWORD)


def _with_template(server: Server) -> Server:
    # nothing that a test writes needs to outlive a power cut
    server.run("ALTER SYSTEM SET fsync = off")
    server.run("ALTER SYSTEM SET synchronous_commit = off")
    server.run("SELECT pg_reload_conf()")
    server.run("CREATE DATABASE goals_template OWNER goals_owner")
    schema.migrate(_at(server.owner_url, "goals_template"), app_url=server.app_url)
    return server


def _at(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def project_root() -> Path:
    return Path(__file__).resolve().parent.parent


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much was tried at the walls, and write the table of it."""
    # what passes at setup and teardown is in no other category
    reports = [each for each in terminalreporter.stats.get("", []) if each.when == "teardown"]
    tried = [
        row
        for each in reports
        for name, rows in each.user_properties
        if name == "walls"
        for row in rows
    ]
    if tried:
        from tests.walls import tally

        found = tally.from_lists(tried)
        tally.write(found)
        terminalreporter.write_line(tally.summary(found))
