"""How fresh a number is, what counts, what is left out and why."""

from dataclasses import asdict
from datetime import date, timedelta

import pytest

from goals_core.db import tenant_session
from goals_core.errors import NotFound
from goals_core.kinds import Metric
from goals_core.services import teams, tracking, trust
from tests.conftest import NOW
from tests.makers import (
    TODAY,
    add_deals,
    add_rate,
    deal,
    from_sales,
    make_goal,
    statements,
)

DAY = timedelta(days=1)


def of(actor, goal):
    with tenant_session(actor) as db:
        return trust.of_assignment(db, goal)


def counts(actor, goal):
    """What is not 0."""
    found = asdict(of(actor, goal))
    kept = ("synced_at", "waiting", "rates_wait")
    return {name: n for name, n in found.items() if name not in kept and n}


@pytest.fixture
def deals(cast):
    add_deals(
        cast.tenant,
        deal(cast.rep, 1),
        deal(cast.rep, 2, on=TODAY - DAY),
        deal(cast.rep, 3, currency="CHF"),
        deal(cast.rep, 4, on=TODAY + DAY),
        deal(cast.rep, 5, on=None),
        deal(cast.rep, 6, stage="open"),
        deal(cast.rep, 7, on=date(2026, 4, 1)),
        deal(None, 8),
        deal(None, 9, on=None),
        deal(cast.second_rep, 10),
    )


def test_of_a_person_each_reason_is_counted(cast, deals):
    goal = make_goal(cast, cast.rep, from_sales())
    expected = {"counted": 2, "without_rate": 1, "later": 1, "undated": 1, "unowned": 1}
    assert counts(cast.rep, goal) == expected
    assert of(cast.rep, goal).left_out == 4


def test_of_the_company_what_is_nobodys_counts(cast, deals):
    goal = make_goal(cast, None, from_sales())
    expected = {"counted": 4, "without_rate": 1, "later": 1, "undated": 2}
    assert counts(cast.admin, goal) == expected


def test_of_a_team_days_outside_of_a_membership_are_counted(cast, deals):
    with tenant_session(cast.admin) as db:
        west = teams.create_team(db, name="West", manager_id=None)
        teams.add_member(db, team_id=west, user_id=cast.rep.user_id, member_from=TODAY)
    goal = make_goal(cast, west, from_sales())
    expected = {
        "counted": 1,
        "without_rate": 1,
        "later": 1,
        "undated": 1,
        "unowned": 1,
        "not_member": 1,
    }
    assert counts(cast.admin, goal) == expected


def test_an_attribute_that_holds_no_number_is_a_reason_of_its_own(cast):
    add_deals(
        cast.tenant,
        deal(cast.rep, 1, attributes={"seats": 2}),
        deal(cast.rep, 1, currency="CHF", attributes={"seats": "two"}),
    )
    settings = {"metric": Metric.NUMBER, "unit": "", "config": {"field": "attributes.seats"}}
    goal = make_goal(cast, cast.rep, from_sales(**settings))
    assert counts(cast.rep, goal) == {"counted": 1, "without_number": 1}


def test_it_says_when_a_sync_last_looked_and_what_waits_for_the_next(cast, at):
    goal, other = (make_goal(cast, who, from_sales()) for who in (cast.rep, cast.second_rep))
    assert of(cast.rep, goal).synced_at is None
    tracking.sync(cast.admin)
    at(NOW + DAY / 24)
    add_deals(cast.tenant, deal(cast.rep, 1), deal(cast.rep, 2), deal(cast.rep, 3, stage="open"))
    found = of(cast.rep, goal)
    assert (found.synced_at, found.waiting, found.rates_wait) == (NOW, 2, False)
    assert of(cast.second_rep, other).waiting == 0
    add_rate(cast.tenant, "CHF", TODAY, "1")
    assert of(cast.rep, goal).rates_wait
    tracking.sync(cast.admin)
    found = of(cast.rep, goal)
    assert (found.synced_at, found.waiting, found.rates_wait) == (NOW + DAY / 24, 0, False)


def test_it_takes_as_many_statements_whatever_there_is(cast, deals):
    goal = make_goal(cast, cast.north, from_sales())
    sent_for = []
    for _ in range(2):
        with statements() as sent:
            of(cast.rep, goal)
        sent_for.append(len(sent))
        add_deals(cast.tenant, *(deal(cast.rep, 1) for _ in range(20)))
    assert sent_for[0] == sent_for[1] <= 9


def test_of_a_goal_by_hand_there_is_nothing_to_say(cast):
    assert of(cast.rep, make_goal(cast, cast.rep)) is None


@pytest.mark.parametrize("stranger", ["second_rep", "south_manager", "other_manager"])
def test_who_may_not_see_the_goal_learns_nothing_of_its_records(cast, deals, stranger):
    goal = make_goal(cast, cast.rep, from_sales())
    with pytest.raises(NotFound):
        of(getattr(cast, stranger), goal)
