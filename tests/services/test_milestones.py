"""Milestones: where they are and when they were passed, as the readings say."""

from datetime import timedelta
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.errors import NotFound
from goals_core.models.goals import GoalType
from goals_core.services import milestones, progress, tracking
from goals_core.services.definitions import Milestone
from tests.makers import TODAY, add_deals, by_hand, deal, from_sales, make_goal


def found(actor, goal):
    with tenant_session(actor) as db:
        return milestones.list_(db, goal)


def test_the_day_is_the_records_not_the_syncs(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 600, TODAY - timedelta(days=9)), deal(cast.rep, 200))
    tracking.sync(cast.admin)
    assert [(m.percentage, m.value, m.passed, m.passed_on) for m in found(cast.rep, goal)] == [
        (25, 250, True, TODAY - timedelta(days=9)),
        (50, 500, True, TODAY - timedelta(days=9)),
        (75, 750, True, TODAY),
        (100, 1000, False, None),
    ]


def test_what_is_not_told_is_passed_all_the_same(cast):
    quiet = (Milestone(90), Milestone(10, notify=False))
    goal = make_goal(cast, cast.rep, by_hand(milestones=quiet))
    with tenant_session(cast.rep) as db:
        progress.record(db, assignment_id=goal, value=Decimal(20), on=TODAY)
    first, second = found(cast.rep, goal)
    assert (first.percentage, first.passed, first.passed_on) == (10, True, TODAY)
    assert (second.percentage, second.passed) == (90, False)


def test_of_days_in_range_a_milestone_has_no_value(cast):
    goal = make_goal(cast, cast.rep, by_hand(type=GoalType.MAINTAIN))
    assert [m.value for m in found(cast.rep, goal)] == [None] * 4


@pytest.mark.parametrize("who", ["second_rep", "south_manager", "other_manager"])
def test_out_of_sight_there_are_none(cast, who):
    goal = make_goal(cast, cast.rep)
    with pytest.raises(NotFound):
        found(getattr(cast, who), goal)
