"""Reach: whose goals there are to look at, and which progress is one's to record."""

from uuid import uuid4

import pytest

from goals_core.db import tenant_session
from goals_core.services import reach
from tests.makers import by_hand, make_goal


@pytest.fixture
def goals(cast):
    """One of everybody."""
    whose = {"rep": cast.rep, "second_rep": cast.second_rep, "manager": cast.manager}
    whose |= {"south_rep": cast.south_rep, "north": cast.north, "south": cast.south}
    made = {name: make_goal(cast, who, by_hand(name=name)) for name, who in whose.items()}
    return made | {"company": make_goal(cast, None, by_hand(name="company"))}


def names(actor):
    with tenant_session(actor) as db:
        return [who.name for who in reach.owners(db)]


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("rep", ["Rep", "Acme", "North"]),
        ("south_rep", ["South Rep", "Acme", "South"]),
        ("manager", ["Manager", "North", "Acme", "Rep", "Second Rep"]),
        ("south_manager", ["South", "Acme", "South Rep"]),
        ("admin", ["Acme", "North", "South", "Manager", "Rep", "Second Rep", "South Rep"]),
        ("analyst", ["Acme", "North", "South", "Manager", "Rep", "Second Rep", "South Rep"]),
        ("other_manager", []),
    ],
)
def test_each_looks_at_whom_they_may_see_the_nearest_first(cast, goals, who, sees):
    assert names(getattr(cast, who)) == sees


def test_a_rep_without_goals_is_still_there(cast):
    assert names(cast.rep) == ["Rep"]


def test_a_name_stands_once_however_many_goals(cast):
    for number in range(3):
        make_goal(cast, cast.rep, by_hand(name=f"{number}"))
    assert names(cast.manager) == ["Rep"]


def test_the_goals_of_each_are_found(cast, goals):
    with tenant_session(cast.admin) as db:
        found = {
            who.name: {goal.goal for goal in reach.goals_of(db, who.owner)}
            for who in reach.owners(db)
        }
    assert found["Acme"] == {"company"}
    assert found["South"] == {"south", "south_rep"}
    assert found["Rep"] == {"rep"}


@pytest.mark.parametrize(
    ("who", "records"),
    [
        ("rep", {"rep"}),
        ("manager", {"rep", "second_rep", "manager", "north"}),
        ("south_manager", {"south", "south_rep"}),
        ("analyst", set()),
        ("other_manager", set()),
    ],
)
def test_progress_is_recorded_by_those_who_may(cast, goals, who, records):
    with tenant_session(getattr(cast, who)) as db:
        assert {name for name, goal in goals.items() if reach.may_record(db, goal)} == records
        assert not reach.may_record(db, uuid4())


def test_an_administrator_records_everywhere(cast, goals):
    with tenant_session(cast.admin) as db:
        assert all(reach.may_record(db, goal) for goal in goals.values())
