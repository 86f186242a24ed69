"""Opening up: which database is used, and what is refused with a sentence."""

from uuid import uuid4

import pytest
from sqlalchemy import make_url

from goals_core import db, installation
from goals_core.config import Settings
from goals_core.installation import NotReady
from tests import makers


@pytest.fixture
def given(monkeypatch):
    """Sets the settings, and closes what was opened; no pool is open yet."""
    opened = []
    db.disconnect()
    monkeypatch.setattr(installation, "_opened", None)

    def open_up(**settings):
        monkeypatch.setattr(installation, "settings", lambda: Settings(**settings))
        opened.append(installation.open_up(lambda _line: None))
        return opened[-1]

    yield open_up
    for each in opened:
        each.close()


def user(url, name):
    return make_url(url).set(username=name).render_as_string(hide_password=False)


def test_a_given_database_is_used(given, database):
    opened = given(database_url=database.app_url)
    assert db.is_connected()
    assert (opened.server, opened.has_demo) == (None, False)


def test_it_is_opened_once_and_closed_once(given, database):
    opened = given(database_url=database.app_url)
    assert given(database_url=database.app_url) is opened
    opened.close()
    opened.close()
    assert not db.is_connected()


def test_an_empty_database_is_refused_with_what_to_do(given, server):
    empty = make_url(server.app_url).set(database="template1")
    with pytest.raises(NotReady, match="python -m goals_core migrate"):
        given(database_url=empty.render_as_string(hide_password=False))


def test_with_its_owners_address_a_database_is_brought_up_to_date(given, server):
    server.run("CREATE DATABASE goals_bare OWNER goals_owner")
    bare = [make_url(u).set(database="goals_bare") for u in (server.app_url, server.owner_url)]
    app, owner = (url.render_as_string(hide_password=False) for url in bare)
    given(database_url=app, migration_url=owner)
    assert db.is_connected()


@pytest.mark.parametrize("role", ["postgres", "goals_owner"])
def test_a_role_that_passes_the_wall_is_refused(given, database, role):
    with pytest.raises(NotReady, match=f"connects as {role}"):
        given(database_url=user(database.owner_url, role))
    assert not db.is_connected()


@pytest.mark.parametrize(
    ("right", "told"),
    [
        ("ALTER ROLE {} CREATEROLE", "it makes roles"),
        ("ALTER ROLE {} REPLICATION", "it replicates"),
        ("GRANT goals_owner TO {}", "it may become goals_owner, it owns billing"),
        ("GRANT pg_read_server_files TO {}", "it may become pg_read_server_files"),
    ],
)
def test_a_role_that_could_move_the_wall_is_refused(given, database, server, right, told):
    name = f"too_mighty_{uuid4().hex}"
    for statement in ("CREATE ROLE {} LOGIN IN ROLE goals_rw", right):
        server.run(statement.format(name))
    try:
        with pytest.raises(NotReady, match=f"connects as {name}, who .* needs: {told}"):
            given(database_url=user(database.owner_url, name))
        assert not db.is_connected()
    finally:
        server.run(f"DROP ROLE {name}")


def test_a_role_that_makes_tables_is_refused(given, server):
    database, name = server.new_database(), f"maker_{uuid4().hex}"
    server.run(f"CREATE ROLE {name} LOGIN IN ROLE goals_rw")
    makers.as_owner(database.owner_url, f"GRANT CREATE ON SCHEMA goals TO {name}")
    with pytest.raises(NotReady, match="needs: it makes tables in goals"):
        given(database_url=user(database.owner_url, name))
    makers.as_owner(database.owner_url, f"REVOKE ALL ON SCHEMA goals FROM {name}")
    server.run(f"DROP ROLE {name}")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://nobody@127.0.0.1:1/x", "cannot be used"),
        ("postgresql://a:b@host:port/x", "is no address"),
    ],
)
def test_what_cannot_be_reached_is_told_in_one_sentence(given, url, reason):
    with pytest.raises(NotReady, match=reason) as refused:
        given(database_url=url)
    assert "\n" not in str(refused.value)
