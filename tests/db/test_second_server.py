"""The same code on a PostgreSQL that others run: by addresses alone, as README.md says.

Where Debian's server is installed it is that one; elsewhere the embedded one plays its part, an
empty database of it, reached by its addresses. The test's id says which it was.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from goals_core import config, db, demo, installation
from goals_core.actor import Actor
from goals_core.permissions import Role
from goals_core.services import dashboard, tenants, tracking
from tests.conftest import Server
from tests.db import catalogue, second_server
from tests.db.second_server import Given

BINARIES = second_server.programs()
WHICH = f"postgresql-{BINARIES.parent.name}" if BINARIES else "embedded"


@pytest.fixture(params=[WHICH])
def given(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """The settings name a server, and nothing is on it yet."""
    if BINARIES is None:
        empty = server.empty_database()
        yield from _named(Given(empty.app_url, empty.owner_url), monkeypatch)
    else:
        with second_server.started(BINARIES) as found:
            yield from _named(found, monkeypatch)


def _named(given: Given, monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    monkeypatch.setenv("GOALS_DATABASE_URL", given.app_url)
    monkeypatch.setenv("GOALS_MIGRATION_URL", given.owner_url)
    config.settings.cache_clear()
    yield given
    config.settings.cache_clear()


def test_it_migrates_loads_syncs_and_keeps_the_wall(given: Given) -> None:
    opened = installation.open_up(log=lambda _line: None)
    try:
        assert not tenants.list_tenants()  # a server of others gets no demo unasked
        assert demo.load(log=lambda _line: None)
        tenant = tenants.get_tenant("adventure-works")
        synced = tracking.sync(Actor.system(tenant))
        assert synced.checked > 50
        assert (synced.updated, synced.errors) == (0, ())
        with db.tenant_session(Actor(tenant, None, Role.ANALYST, "Analyst")) as session:
            overview = dashboard.overview(session)
            assert overview.goals > 50
            assert {ranked.name for ranked in overview.teams} >= {"Europe", "Pacific"}
        with db.directory() as connection:
            assert connection.scalar(text("SELECT count(*) FROM goals.assignments")) == 0
    finally:
        opened.close()
    owner = create_engine(given.owner_url)
    with owner.connect() as connection:
        assert catalogue.findings(connection) == []
    owner.dispose()
