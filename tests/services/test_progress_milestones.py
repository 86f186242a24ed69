"""Milestones: noted once each, upward only, and armed again by a raised target."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from goals_core.db import tenant_session
from goals_core.errors import NotFound
from goals_core.models.goals import GoalType, MilestoneNotification
from goals_core.services import assignments, definitions, progress
from goals_core.services.definitions import Milestone
from tests.makers import TODAY, by_hand, from_sales, make_goal, standing


def milestones(cast, goal):
    """The percentages noted, and whether somebody was to be told."""
    mine = MilestoneNotification.assignment_id == goal
    with tenant_session(cast.admin) as db:
        found = db.scalars(select(MilestoneNotification).where(mine)).all()
    return {m.milestone_percentage: m.notified_at is not None for m in found}


def record(cast, goal, value, *, on=TODAY):
    with tenant_session(cast.admin) as db:
        return progress.record(db, assignment_id=goal, value=Decimal(value), on=on)


def set_target(cast, goal, target):
    with tenant_session(cast.admin) as db:
        definition = definitions.get(db, assignments.get(db, goal).definition_id)
        draft = by_hand(target_value=Decimal(target), milestones=definition.settings.milestones)
        definitions.update(db, definition.id, draft, version=definition.version)


def test_a_jump_notes_every_milestone_on_the_way_once(cast):
    goal = make_goal(cast, cast.rep)
    record(cast, goal, 80)
    assert milestones(cast, goal) == {25: True, 50: True, 75: True}
    record(cast, goal, 10)
    record(cast, goal, 80)
    assert len(milestones(cast, goal)) == 3
    record(cast, goal, 500)
    assert milestones(cast, goal) == {25: True, 50: True, 75: True, 100: True}


def test_a_milestone_that_nobody_wants_to_hear_of_is_noted_only(cast):
    draft = by_hand(milestones=(Milestone(10, notify=False), Milestone(20)))
    goal = make_goal(cast, cast.rep, draft)
    record(cast, goal, 20)
    assert milestones(cast, goal) == {10: False, 20: True}


def test_a_milestone_keeps_the_value_that_passed_it(cast):
    goal = make_goal(cast, cast.rep)
    record(cast, goal, "33.33")
    record(cast, goal, 40)
    with tenant_session(cast.admin) as db:
        assert db.scalars(select(MilestoneNotification.achieved_value)).all() == [Decimal("33.33")]


def test_for_a_limit_milestones_warn_about_its_use(cast):
    goal = make_goal(cast, cast.rep, by_hand(type=GoalType.LIMIT))
    record(cast, goal, 75)
    assert milestones(cast, goal) == {25: True, 50: True, 75: True}


def test_a_raised_target_rearms_what_lies_above_the_new_percentage(cast):
    goal = make_goal(cast, cast.rep)
    record(cast, goal, 80)
    set_target(cast, goal, 200)
    assert milestones(cast, goal) == {25: True}
    record(cast, goal, 100)
    assert milestones(cast, goal) == {25: True, 50: True}


def test_a_raised_own_target_rearms_too_and_the_goals_does_not_reach_it(cast):
    goal = make_goal(cast, cast.rep, custom_target=Decimal(100))
    record(cast, goal, 80)
    set_target(cast, goal, 400)
    assert milestones(cast, goal) == {25: True, 50: True, 75: True}
    with tenant_session(cast.admin) as db:
        assignments.update(db, goal, custom_target=Decimal(160), notes="")
    assert milestones(cast, goal) == {25: True, 50: True}
    with tenant_session(cast.admin) as db:
        assignments.update(db, goal, custom_target=None, notes="")  # the goal's 400
    assert milestones(cast, goal) == {}


def test_renaming_a_correction_and_a_lower_target_rearm_nothing(cast):
    goal = make_goal(cast, cast.rep)
    record(cast, goal, 80)
    before = milestones(cast, goal)
    record(cast, goal, 10)
    set_target(cast, goal, 100)
    set_target(cast, goal, 90)
    with tenant_session(cast.admin) as db:
        assignments.update(db, goal, custom_target=None, notes="A note")
    assert milestones(cast, goal) == before


@pytest.mark.parametrize("whole", [False, True], ids=["assignment", "definition"])
def test_milestones_noted_without_any_progress_keep_nothing_from_being_deleted(cast, whole):
    """Days in range pass milestones though the value, and so the log, stays as it began."""
    goal = make_goal(cast, cast.rep, from_sales(type=GoalType.MAINTAIN, target_value=Decimal(0)))
    assert set(milestones(cast, goal)) == {25, 50}
    with tenant_session(cast.admin) as db:
        definition = assignments.get(db, goal).definition_id
        definitions.delete(db, definition) if whole else assignments.delete(db, goal)
    assert milestones(cast, goal) == {}
    with pytest.raises(NotFound):
        standing(cast.admin, goal)
