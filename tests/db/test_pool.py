"""The pool hands nobody what was another's, whatever happens to its connections."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from goals_core import db
from goals_core.db import tenant_session
from tests.conftest import Database
from tests.db import storm

SECONDS = 5


@pytest.fixture
def connected(database: Database) -> Iterator[Database]:
    """A pool of its own, on which a test may leave what it likes."""
    db.connect(database.app_url)
    yield database
    db.disconnect()


def test_in_a_storm_everyone_sees_their_own(connected):
    blown = storm.blow(connected, SECONDS)
    assert blown.wrong == []
    assert set(blown.done) >= {*storm.DEEDS, "read", "looked"}  # each disturbance did happen
    assert blown.done["read"] > 100


def test_the_storm_notices_a_setting_that_stays(connected, monkeypatch):
    def leave(_storm, cast, _chance):
        with db.at_once() as connection:
            connection.execute(text(f"SET app.tenant_id = '{cast.tenant.id}'"))

    monkeypatch.setattr(storm, "DEEDS", {"leaves": leave})
    assert any("left over" in each for each in storm.blow(connected, SECONDS).wrong)


def test_the_storm_notices_a_tenant_that_is_not_set(connected, monkeypatch):
    def wrong(blown, cast, _chance):
        other = next(each for each in blown.casts if each is not cast)
        with tenant_session(cast.rep) as session:
            session.execute(text("SELECT core.set_tenant(:id)"), {"id": other.tenant.id})
            blown.sees_its_own(session)

    monkeypatch.setattr(storm, "DEEDS", {"wrong": wrong})
    assert any("saw" in each for each in storm.blow(connected, SECONDS).wrong)


@pytest.mark.parametrize("deed", ["is killed at rest", "is killed", "times out"])
def test_after_a_disturbance_the_next_one_gets_on(connected, deed):
    blown = storm.blow(connected, 0)
    for _ in range(3):
        storm.DEEDS[deed](blown, blown.casts[0], None)
        with tenant_session(blown.casts[1].rep) as session:
            blown.sees_its_own(session)
    assert blown.wrong == []
