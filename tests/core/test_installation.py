"""Opening up: which database is used, and what is refused with a sentence."""

import pytest
from sqlalchemy import make_url

from goals_core import db, installation
from goals_core.config import Settings
from goals_core.installation import NotReady


@pytest.fixture
def given(monkeypatch):
    """Sets the settings, and closes what was opened."""
    opened = []
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
