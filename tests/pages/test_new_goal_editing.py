"""New goal, with a goal that exists: its settings come back, and a change is saved."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.engine.drafts import Milestone
from goals_core.kinds import GoalStatus, GoalType, Metric
from goals_core.services import definitions, progress
from tests import makers
from tests.makers import TODAY, by_hand, from_sales, make_definition
from tests.pages.forms import errors, fill, keys, open_page, press, said, table, widget
from tests.pages.goal_form import only_goal


@pytest.fixture
def goal(cast):
    with tenant_session(cast.manager) as db:
        return make_definition(db, from_sales(tags=("won",)), status=GoalStatus.ACTIVE)


def edit(actor, goal):
    return open_page(actor, "new_goal", edit=str(goal))


def settings(actor, goal):
    with tenant_session(actor) as db:
        return definitions.get(db, goal).settings


@pytest.mark.parametrize(
    "draft",
    [
        by_hand(description="By phone", category="Activity", ends_at=date(2026, 12, 31)),
        by_hand(metric=Metric.BOOLEAN, target_value=Decimal(1), unit=""),
        by_hand(metric=Metric.PERCENTAGE, unit="%", target_value=Decimal("12.5")),
        by_hand(type=GoalType.MAINTAIN, range_min=Decimal(1), range_max=Decimal("2.5")),
        by_hand(milestones=(Milestone(33, notify=False), Milestone(100))),
        by_hand(milestones=(), tags=("a", "b")),
        from_sales(config={"date_field": "opened_on", "filter": {"amount": {"gt": 5, "lte": 9}}}),
        from_sales(config={"aggregation": "max", "filter": {"stage": {"gte": "m"}}}),
        from_sales(metric=Metric.COUNT, unit="deals", config={"aggregation": "count"}),
    ],
    ids=lambda draft: f"{draft.type} {draft.metric} {draft.source} {draft.milestones}",
)
def test_a_goal_that_is_saved_as_it_was_stays_as_it_was(cast, draft):
    with tenant_session(cast.manager) as db:
        goal = make_definition(db, draft)
        before = definitions.get(db, goal).settings
    at = press(edit(cast.manager, goal), f"goal_{goal.hex}_save")
    assert said(at) == [f"{draft.name} is saved."]
    after = settings(cast.manager, goal)
    if after.source_config:
        day = after.source_config["date_field"]
        before = replace(before, source_config=before.source_config | {"date_field": day})
        if after.source_config["aggregation"] == "count":
            before.source_config.pop("field")
    assert after == before


def test_a_change_is_saved(cast, goal):
    at = edit(cast.manager, goal)
    press(at, f"goal_{goal.hex}_save", **{f"goal_{goal.hex}_target_value": "2,500"})
    assert settings(cast.manager, goal).target_value == 2500


def test_a_draft_can_be_activated_while_it_is_edited(cast):
    with tenant_session(cast.manager) as db:
        goal = make_definition(db, by_hand(), status=GoalStatus.DRAFT)
    press(edit(cast.manager, goal), f"goal_{goal.hex}_activate")
    assert only_goal(cast.manager).status is GoalStatus.ACTIVE


def test_who_saves_an_old_version_is_told_and_loses_nothing(cast, goal):
    at = fill(edit(cast.manager, goal), **{f"goal_{goal.hex}_name": "Mine"})
    with tenant_session(cast.admin) as db:
        definitions.update(db, goal, from_sales(name="Theirs"), version=2)
    press(at, f"goal_{goal.hex}_save")
    assert errors(at) == [
        "Someone else changed Theirs meanwhile. Reload to see it, then change it again."
    ]
    assert widget(at, f"goal_{goal.hex}_name").value == "Mine"
    assert settings(cast.manager, goal).name == "Theirs"
    press(at, f"goal_{goal.hex}_save")
    assert len(errors(at)) == 1

    press(at, f"goal_{goal.hex}_reload")
    assert widget(at, f"goal_{goal.hex}_name").value == "Theirs"
    press(at, f"goal_{goal.hex}_save", **{f"goal_{goal.hex}_name": "Mine after all"})
    assert settings(cast.manager, goal).name == "Mine after all"


def test_the_preview_of_an_edit_shows_who_has_the_goal(cast, goal, deals):
    with tenant_session(cast.manager) as db:
        makers.assign(db, goal, cast.rep, custom_target=Decimal(4000))
    at = edit(cast.manager, goal)
    expected = table(at, "who")
    assert expected[["who", "value", "share"]].values.tolist() == [["Rep", "$2,000", "50%"]]
    assert f"goal_{goal.hex}_assignees" not in keys(at)


def test_an_own_target_that_somebody_has_keeps_nobody_from_saving(cast, goal):
    with tenant_session(cast.manager) as db:
        makers.assign(db, goal, cast.rep, custom_target=Decimal("99.5"))
    at = edit(cast.manager, goal)
    press(at, f"goal_{goal.hex}_save", **{f"goal_{goal.hex}_metric": Metric.COUNT})
    assert settings(cast.manager, goal).metric is Metric.COUNT


def test_once_there_is_progress_what_measures_it_is_fixed(cast):
    assignment = makers.make_goal(cast, cast.rep)
    goal = makers.definition_of(cast.admin, assignment)
    with tenant_session(cast.rep) as db:
        progress.record(db, assignment_id=assignment, value=Decimal(3), on=TODAY)
    at = edit(cast.admin, goal)
    for field in ("type", "metric", "unit", "period", "starts_at", "source"):
        assert widget(at, f"goal_{goal.hex}_{field}").proto.disabled
    press(at, f"goal_{goal.hex}_save", **{f"goal_{goal.hex}_name": "More calls"})
    assert settings(cast.admin, goal).name == "More calls"


@pytest.mark.parametrize("wanted", ["nonsense", "00000000-0000-0000-0000-000000000000", "a\0b"])
def test_a_goal_that_there_is_not_cannot_be_edited(cast, wanted):
    at = open_page(cast.manager, "new_goal", edit=wanted)
    assert any("no such goal" in each.value for each in at.markdown)
    assert not [key for key in keys(at) if key.startswith(("goal_", "new_goal"))]


def test_another_companys_goal_is_not_found(cast, goal):
    at = edit(cast.other_manager, goal)
    assert any("no such goal" in each.value for each in at.markdown)


def test_a_goal_of_the_company_is_not_the_managers_to_edit(cast):
    goal = makers.definition_of(cast.admin, makers.make_goal(cast, None))
    at = edit(cast.manager, goal)
    assert any("goals&#58;write" in each.value for each in at.markdown)


def test_a_completed_goal_can_no_longer_be_edited(cast, goal):
    with tenant_session(cast.manager) as db:
        definitions.set_status(db, goal, GoalStatus.COMPLETED)
    at = edit(cast.manager, goal)
    assert any("can no longer be changed" in each.value for each in at.markdown)
