"""New goal: which fields there are, for whom, and what becomes of them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.engine.drafts import Milestone
from goals_core.kinds import (
    AssigneeType,
    AssignmentStatus,
    GoalStatus,
    GoalType,
    Metric,
    Period,
    Source,
)
from goals_core.models.sources import CustomRecord
from goals_core.services import identity, teams
from goals_core.sources.catalogue import Aggregation
from tests import makers
from tests.makers import from_sales
from tests.pages.forms import fill, keys, open_page, press, said, widget
from tests.pages.goal_form import key_of, new, only_goal, standings

# The whole way


def test_a_goal_is_made_assigned_and_active_with_its_values(cast, at_new):
    press(at_new, "new_goal_filter_add")
    fill(at_new, **new(sales_0_column="stage", sales_0_stage_text="closed_won"))
    fill(at_new, **new(assignees=[key_of(cast.rep), key_of(cast.second_rep)]))
    fill(at_new, **new(**{f"custom_target_{key_of(cast.second_rep)}": "600"}))
    press(at_new, "new_goal_activate")

    assert at_new.title[0].value == "Definitions"
    assert said(at_new) == ["Won deals is saved and active."]
    goal = only_goal(cast.manager)
    assert goal.status is GoalStatus.ACTIVE
    assert goal.settings == from_sales(
        name="Won deals",
        target_value=Decimal(1000),
        unit="USD",
        config={"date_field": "closed_on"},
    )
    found = {one.assignee: one for one in standings(cast.manager)}
    assert {name: (one.value, one.target, one.status) for name, one in found.items()} == {
        "Rep": (Decimal(2000), Decimal(1000), AssignmentStatus.ACHIEVED),
        "Second Rep": (Decimal(300), Decimal(600), AssignmentStatus.ACTIVE),
    }


def test_a_draft_is_saved_and_nothing_is_tracked(cast, at_new):
    press(at_new, "new_goal_save", **new(assignees=[key_of(cast.rep)]))
    assert only_goal(cast.manager).status is GoalStatus.DRAFT
    assert [one.value for one in standings(cast.manager)] == [0]


def test_every_setting_gets_where_it_belongs(cast, at_new):
    typed = new(
        description="What is won",
        category="Sales",
        tags=["north", "won"],
        type=GoalType.MAINTAIN,
        metric=Metric.COUNT,
        target_value="10",
        range_min="8",
        range_max="12",
        unit="deals",
        period=Period.CUSTOM,
        ends_at=date(2026, 6, 30),
        milestones=["50", "33 %"],
        silent=["33 %"],
    )
    for field, value in typed.items():  # each in a run of its own, as by someone who types slowly
        fill(at_new, **{field: value})
    press(at_new, "new_goal_save")
    goal = only_goal(cast.manager).settings
    assert goal == replace(
        from_sales(),
        name="Won deals",
        description="What is won",
        category="Sales",
        tags=("north", "won"),
        type=GoalType.MAINTAIN,
        metric=Metric.COUNT,
        target_value=Decimal(10),
        unit="deals",
        range_min=Decimal(8),
        range_max=Decimal(12),
        period=Period.CUSTOM,
        ends_at=date(2026, 6, 30),
        milestones=(Milestone(33, notify=False), Milestone(50)),
        source_config={
            "module": "sales",
            "entity": "opportunities",
            "filter": {},
            "aggregation": "count",
            "date_field": "closed_on",
        },
    )


def test_a_company_goal_is_for_administrators(cast, deals):
    at = open_page(cast.admin, "new_goal")
    entered = new(name="All of us", target_value="1000", assignees=["tenant"])
    press(at, "new_goal_activate", **entered)
    assert [one.assignee_type for one in standings(cast.admin)] == [AssigneeType.TENANT]


# What is shown


def test_a_yes_or_no_asks_for_no_number_and_no_source(cast, at_new):
    fill(at_new, **new(metric=Metric.BOOLEAN))
    gone = {"new_goal_target_value", "new_goal_currency", "new_goal_unit", "new_goal_sales_entity"}
    assert not gone & set(keys(at_new))
    press(at_new, "new_goal_save")
    goal = only_goal(cast.manager).settings
    assert (goal.target_value, goal.unit, goal.source) == (1, "", Source.MANUAL)


def test_only_a_target_can_be_a_yes_or_no(at_new):
    assert "Yes or no" in widget(at_new, "new_goal_metric").options
    fill(at_new, **new(type=GoalType.LIMIT))
    assert "Yes or no" not in widget(at_new, "new_goal_metric").options


def test_a_percentage_has_its_unit_already(cast, at_new):
    fill(at_new, **new(metric=Metric.PERCENTAGE, source=Source.MANUAL))
    assert not {"new_goal_currency", "new_goal_unit"} & set(keys(at_new))
    press(at_new, "new_goal_save")
    assert only_goal(cast.manager).settings.unit == "%"


def test_only_maintain_has_a_range(at_new):
    assert "new_goal_range_min" not in keys(at_new)
    fill(at_new, **new(type=GoalType.MAINTAIN))
    assert {"new_goal_range_min", "new_goal_range_max"} <= set(keys(at_new))


def test_what_was_typed_comes_back_with_its_field(at_new):
    fill(at_new, **new(type=GoalType.MAINTAIN, range_min="5"))
    fill(at_new, **new(type=GoalType.LIMIT))
    fill(at_new, **new(type=GoalType.MAINTAIN))
    assert widget(at_new, "new_goal_range_min").value == "5"


def test_a_count_offers_no_average_and_no_number_to_add_up(at_new):
    fill(at_new, **new(metric=Metric.COUNT))
    how = widget(at_new, "new_goal_sales_count_aggregation")
    assert (how.value, "Average" in how.options) == (Aggregation.COUNT, False)
    assert "new_goal_sales_field" not in keys(at_new)


def test_the_values_of_this_company_are_offered_and_of_no_other(cast, deals):
    makers.add_deals(
        cast.other_manager.tenant, makers.deal(None, 1, stage="secret", attributes={"hidden": 1})
    )
    at = press(open_page(cast.manager, "new_goal"), "new_goal_filter_add")
    fill(at, **new(sales_0_column="stage"))
    assert widget(at, "new_goal_sales_0_stage_text").options == ["closed_lost", "closed_won"]
    columns = widget(at, "new_goal_sales_0_column").options
    assert {"region (attribute)", "seats (attribute)"} <= set(columns)
    assert not any("hidden" in column for column in columns)


def test_custom_records_are_offered_by_name(cast):
    makers.add(cast.tenant, CustomRecord, makers.custom(cast.rep, 7), makers.custom(cast.rep, 2))
    at = fill(open_page(cast.manager, "new_goal"), **new(source=Source.CUSTOM))
    assert widget(at, "new_goal_custom_entity").options == ["calls"]
    fill(at, **new(name="Calls", target_value="10", metric=Metric.NUMBER))
    press(at, "new_goal_activate", **new(assignees=[key_of(cast.rep)]))
    assert [one.value for one in standings(cast.manager)] == [9]


# Who may


@pytest.mark.parametrize("who", ["rep", "analyst"])
def test_who_sets_no_goals_is_told_so(cast, who):
    at = open_page(getattr(cast, who), "new_goal")
    assert not [key for key in keys(at) if key.startswith("new_goal")]
    assert any("goals&#58;write" in each.value for each in at.markdown)


def test_a_manager_is_offered_their_teams_and_members_but_not_themselves(cast, at_new):
    assert widget(at_new, "new_goal_assignees").options == ["North (team)", "Rep", "Second Rep"]


def test_two_people_of_one_name_can_be_told_apart(cast):
    with tenant_session(cast.admin) as db:
        identity.create_user(
            db, email="again@rep.example", name="Rep", role=cast.rep.role, password=cast.PASSWORD
        )
    at = open_page(cast.admin, "new_goal")
    assert {"Rep", "Rep #2"} <= set(widget(at, "new_goal_assignees").options)


def test_records_are_typed_by_the_seller_and_shown_as_text(cast):
    """Markdown in a name is shown as it is, also in a label."""
    with tenant_session(cast.admin) as db:
        team = teams.create_team(db, name="![x](https://evil.example/x)", manager_id=None)
    at = fill(open_page(cast.admin, "new_goal"), **new(assignees=[f"team_{team.hex}"]))
    label = widget(at, f"new_goal_custom_target_team_{team.hex}").label
    assert "![x]" not in label
    assert "&#91;x&#93;" in label
