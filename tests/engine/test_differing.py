"""A full sync touches what differs, whatever of it does, and nothing else."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from goals_core import clock
from goals_core.db import tenant_session
from goals_core.engine import differing
from goals_core.engine.plans import plan_of, what_a_plan_needs
from goals_core.kinds import AssignmentStatus
from goals_core.models.goals import Assignment
from goals_core.services import tracking
from tests.makers import TODAY, add_deals, by_hand, deal, from_sales, make_goal, statements

REACHED, BEHIND = 0, 1
COLUMNS = (
    "current_value",
    "progress_percentage",
    "status",
    "achieved_at",
    "at_risk_since",
    "rearm",
)


@pytest.fixture
def goals(cast):
    """One that is reached, one that is not, both as a sync leaves them."""
    add_deals(cast.tenant, deal(cast.rep, 1000), deal(cast.second_rep, 400))
    made = [make_goal(cast, who, from_sales()) for who in (cast.rep, cast.second_rep)]
    tracking.sync(cast.admin)
    return made


def found(cast):
    with tenant_session(cast.admin) as db:
        return differing.find(db, plan_of(db.execute(what_a_plan_needs())))


def state(cast, goal):
    with tenant_session(cast.admin) as db:
        row = db.get_one(Assignment, (cast.tenant.id, goal))
        return {name: getattr(row, name) for name in COLUMNS}


def disturb(cast, goal, **values):
    with tenant_session(cast.admin) as db:
        db.execute(update(Assignment).where(Assignment.id == goal).values(**values))


def test_nothing_differs_after_a_sync(cast, goals):
    assert (found(cast).open, found(cast).ids) == (2, set())
    with statements() as sent:
        done = tracking.sync(cast.admin)
    assert (done.checked, done.updated) == (2, 0)
    assert not [text for text, _ in sent if text.strip().startswith("UPDATE goals.assignments")]


@pytest.mark.parametrize(
    ("which", "change"),
    [
        (BEHIND, {"current_value": Decimal("400.01")}),
        (BEHIND, {"progress_percentage": Decimal("39.99")}),
        (BEHIND, {"status": AssignmentStatus.FAILED}),
        (BEHIND, {"rearm": True}),
        (REACHED, {"status": AssignmentStatus.ACTIVE, "achieved_at": None}),
    ],
    ids=str,
)
def test_whatever_was_disturbed_is_put_right(cast, goals, which, change):
    before = state(cast, goals[which])
    disturb(cast, goals[which], **change)
    assert found(cast).ids == {goals[which]}
    tracking.sync(cast.admin)
    assert state(cast, goals[which]) == before


def test_days_that_pass_make_it_at_risk_and_close_it(cast, goals, at):
    at(date(2026, 5, 28))
    assert found(cast).ids == {goals[BEHIND]}
    tracking.sync(cast.admin)
    assert state(cast, goals[BEHIND])["at_risk_since"] == clock.now()
    assert found(cast).ids == set()
    at(date(2026, 6, 4))
    assert found(cast).ids == set(goals)


def test_others_than_tracked_targets_are_all_computed(cast, goals):
    mine = make_goal(cast, cast.rep, by_hand())
    assert found(cast).ids == {mine}
    assert found(cast).open == 3


def test_of_many_windows_the_days_are_read_instead(cast):
    first = TODAY - timedelta(days=60)
    made = [
        make_goal(
            cast,
            cast.rep,
            from_sales(name=f"{n}", period="custom", starts_at=first + timedelta(n), ends_at=TODAY),
        )
        for n in range(45)
    ]
    add_deals(cast.tenant, deal(cast.rep, 70))
    assert found(cast) is None
    tracking.sync(cast.admin)
    with tenant_session(cast.admin) as db:
        values = set(db.scalars(select(Assignment.current_value).where(Assignment.id.in_(made))))
    assert values == {Decimal(70)}
