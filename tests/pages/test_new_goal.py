"""New goal: what is typed becomes a goal, or a sentence at its field."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.errors import Invalid
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
from goals_core.services import assignments, definitions, identity, progress
from goals_core.services.drafts import Milestone
from goals_core.services.receipts import Owner
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.filters import Operator
from tests import makers
from tests.makers import TODAY, by_hand, from_sales, make_definition
from tests.pages.forms import (
    errors,
    fill,
    has_table,
    keys,
    open_page,
    press,
    problem_at,
    problems,
    rows,
    said,
    table,
    widget,
)
from ui import goal_saving
from ui.goal_saving import Entered

NOTHING = {"definitions": 0, "assignments": 0, "progress_log": 0, "milestone_notifications": 0}


def new(**fields):
    return {f"new_goal_{name}": value for name, value in fields.items()}


def key_of(actor):
    return f"user_{actor.user_id.hex}"


def only_goal(actor):
    with tenant_session(actor) as db:
        found = definitions.list_(db)
        assert found.total == 1
        return found.items[0]


def standings(actor):
    with tenant_session(actor) as db:
        return assignments.list_(db).items


def metric(at, label):
    return next(each.value for each in at.metric if each.label.startswith(label))


@pytest.fixture
def deals(cast):
    """Two won deals of the rep and a lost one, and one of the other rep, this month."""
    makers.add_deals(
        cast.tenant,
        makers.deal(cast.rep, 1200, attributes={"region": "north", "seats": 5, "vip": True}),
        makers.deal(cast.rep, 800, on=date(2026, 5, 4)),
        makers.deal(cast.rep, 5000, stage="closed_lost"),
        makers.deal(cast.second_rep, 300),
        makers.deal(cast.rep, 999, on=date(2026, 1, 31)),
    )


@pytest.fixture
def at_new(cast, deals):
    """The manager's form, filled far enough to be saved."""
    at = open_page(cast.manager, "new_goal")
    fill(at, **new(name="Won deals", target_value="1,000", period=Period.MONTHLY))
    return fill(at, **new(starts_at=date(2026, 1, 1)))


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


def test_the_preview_says_what_the_assignments_get(cast, at_new):
    press(at_new, "new_goal_filter_add")
    fill(at_new, **new(sales_0_column="stage", sales_0_stage_text="closed_won"))
    fill(at_new, **new(assignees=[key_of(cast.rep), key_of(cast.second_rep)]))
    fill(at_new, **new(**{f"custom_target_{key_of(cast.second_rep)}": "600"}))

    assert metric(at_new, "Records that count in") == "3"
    expected = table(at_new, "who")
    assert expected[["who", "value", "share"]].values.tolist() == [
        ["Rep", "$2,000", "200%"],
        ["Second Rep", "$300", "50%"],
    ]
    press(at_new, "new_goal_activate")
    got = {one.assignee: (one.value, one.attainment) for one in standings(cast.manager)}
    assert got == {
        "Rep": (Decimal(2000), Decimal(200)),
        "Second Rep": (Decimal(300), Decimal(50)),
    }


def test_a_draft_is_saved_and_nothing_is_tracked(cast, at_new):
    fill(at_new, **new(assignees=[key_of(cast.rep)]))
    press(at_new, "new_goal_save")
    assert only_goal(cast.manager).status is GoalStatus.DRAFT
    assert [one.value for one in standings(cast.manager)] == [0]


def test_every_setting_gets_where_it_belongs(cast, at_new):
    fill(
        at_new,
        **new(
            description="What is won",
            category="Sales",
            tags=["north", "won"],
            type=GoalType.MAINTAIN,
            metric=Metric.COUNT,
        ),
    )
    fill(
        at_new,
        **new(
            target_value="10",
            range_min="8",
            range_max="12",
            unit="deals",
            period=Period.CUSTOM,
            ends_at=date(2026, 6, 30),
            milestones=["50", "33 %"],
        ),
    )
    fill(at_new, **new(silent=["33 %"]))
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
    fill(at, **new(name="All of us", target_value="1000", assignees=["tenant"]))
    press(at, "new_goal_activate")
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
    fill(at, **new(assignees=[key_of(cast.rep)]))
    press(at, "new_goal_activate")
    assert [one.value for one in standings(cast.manager)] == [9]


# Filters

FILTERS = [
    ({"column": "stage", "stage_text": "closed_won"}, {"stage": "closed_won"}),
    (
        {"column": "stage", "text_comparison": Operator.NE, "stage_text": "closed_lost"},
        {"stage": {"ne": "closed_lost"}},
    ),
    (
        {"column": "stage", "text_comparison": Operator.IN, "stage_values": ["closed_won", "new"]},
        {"stage": ["closed_won", "new"]},
    ),
    ({"column": "amount", "amount_number": "1,000"}, {"amount": {"gte": 1000}}),
    (
        {"column": "amount", "number_comparison": Operator.LT, "amount_number": "99.95"},
        {"amount": {"lt": 99.95}},
    ),
    ({"column": "opened_on", "opened_on_day": TODAY}, {"opened_on": {"gte": "2026-05-20"}}),
    (
        {"column": "opened_on", "day_comparison": "is_empty"},
        {"opened_on": {"is_null": True}},
    ),
    (
        {"column": "attributes.region", "attributes.region_text": "north"},
        {"attributes.region": "north"},
    ),
    (
        {"column": "attributes.seats", "holds": "number", "attributes.seats_number": "5"},
        {"attributes.seats": {"gte": 5}},
    ),
    (
        {"column": "attributes.vip", "holds": "flag", "attributes.vip_flag": "false"},
        {"attributes.vip": False},
    ),
]


@pytest.mark.parametrize(("row", "filter_"), FILTERS, ids=[str(filter_) for _, filter_ in FILTERS])
def test_a_row_becomes_a_filter_and_a_filter_a_row(cast, at_new, row, filter_):
    press(at_new, "new_goal_filter_add")
    fill(at_new, **new(**{f"sales_0_{name}": value for name, value in row.items()}))
    press(at_new, "new_goal_save")
    goal = only_goal(cast.manager)
    assert goal.settings.source_config["filter"] == filter_

    at = open_page(cast.manager, "new_goal", edit=str(goal.id))
    press(at, f"goal_{goal.id.hex}_save")
    assert only_goal(cast.manager).settings == goal.settings


def test_rows_of_one_column_are_one_span(cast, at_new):
    press(press(at_new, "new_goal_filter_add"), "new_goal_filter_add")
    fill(at_new, **new(sales_0_column="amount", sales_0_amount_number="100"))
    fill(at_new, **new(sales_1_column="amount", sales_1_number_comparison=Operator.LT))
    fill(at_new, **new(sales_1_amount_number="1000"))
    press(at_new, "new_goal_save")
    config = only_goal(cast.manager).settings.source_config
    assert config["filter"] == {"amount": {"gte": 100, "lt": 1000}}


def test_the_same_comparison_twice_is_told_at_the_second(cast, at_new):
    press(press(at_new, "new_goal_filter_add"), "new_goal_filter_add")
    fill(at_new, **new(sales_0_column="amount", sales_0_amount_number="100"))
    fill(at_new, **new(sales_1_column="amount", sales_1_amount_number="200"))
    press(at_new, "new_goal_save")
    assert problem_at(at_new, "new_goal_sales_0_amount_number") is None
    assert "stands above already" in problem_at(at_new, "new_goal_sales_1_amount_number")
    assert rows(cast.manager) == NOTHING


def test_a_removed_row_leaves_nothing_behind(cast, at_new):
    press(at_new, "new_goal_filter_add")
    fill(at_new, **new(sales_0_column="stage", sales_0_stage_text="closed_lost"))
    press(at_new, "new_goal_filter_0_remove")
    press(at_new, "new_goal_filter_add")
    assert widget(at_new, "new_goal_sales_1_column").value == "name"
    press(at_new, "new_goal_filter_1_remove")
    press(at_new, "new_goal_save")
    assert only_goal(cast.manager).settings.source_config["filter"] == {}


# What is wrong

LONG = "x" * 201
NUL = "a\0b"
BAD = [
    ("name", "", "Please enter something here."),
    ("name", "   ", "Please enter something here."),
    ("name", LONG, "At most 200 characters; this has 201."),
    ("name", NUL, "This contains characters that cannot be stored."),
    ("description", "x" * 4001, "At most 4,000 characters; this has 4,001."),
    ("description", NUL, "This contains characters that cannot be stored."),
    ("category", "x" * 101, "At most 100 characters; this has 101."),
    ("category", NUL, "This contains characters that cannot be stored."),
    ("tags", ["x" * 51], "At most 50 characters; this has 51."),
    ("tags", [NUL], "This contains characters that cannot be stored."),
    ("tags", [f"tag {n}" for n in range(21)], "At most 20 of them."),
    ("target_value", "", "Please enter a number such as 1,234.5."),
    ("target_value", "many", "Please enter a number such as 1,234.5."),
    ("target_value", "1e20", "Please enter a number such as 1,234.5."),
    ("target_value", "NaN", "Please enter a number such as 1,234.5."),
    ("target_value", NUL, "Please enter a number such as 1,234.5."),
    ("target_value", "0.001", "At most two decimals."),
    ("target_value", "-1", "This must be more than 0."),
    ("target_value", "0", "This must be more than 0."),
    ("target_value", "1" * 14, "This must be at most 9,999,999,999,999.99."),
    ("currency", "EURO", "EURO is no ISO 4217 currency code."),
    ("currency", "x" * 51, "At most 50 characters; this has 51."),
    ("currency", NUL, "This contains characters that cannot be stored."),
    ("starts_at", None, "Please choose a day."),
    ("starts_at", date(1969, 12, 31), "This must be a day from Jan 1, 1970 to Dec 31, 2199."),
    ("starts_at", date(2200, 1, 1), "This must be a day from Jan 1, 1970 to Dec 31, 2199."),
    ("ends_at", date(2025, 12, 31), "This must not be before the first day."),
    ("ends_at", date(2200, 1, 1), "This must be a day from Jan 1, 1970 to Dec 31, 2199."),
    ("milestones", ["0"], "Whole percents from 1 to 100."),
    ("milestones", ["101"], "Whole percents from 1 to 100."),
    ("milestones", ["12.5"], "Whole percents from 1 to 100."),
    ("milestones", ["half"], "Whole percents from 1 to 100."),
    ("milestones", [NUL], "Whole percents from 1 to 100."),
    ("milestones", [str(n) for n in range(1, 22)], "At most 20 of them."),
]
"""A field, what is typed there, and the sentence below it."""


@pytest.mark.parametrize(("field", "typed", "sentence"), BAD)
def test_a_bad_value_is_told_at_its_field_and_nothing_is_lost_or_written(
    cast, at_new, field, typed, sentence
):
    key = f"new_goal_{field}"
    fill(at_new, **{"new_goal_category": "Kept"} | {key: typed})
    press(at_new, "new_goal_activate")
    assert sentence in (problem_at(at_new, key) or "")
    assert widget(at_new, key).value == typed
    assert widget(at_new, "new_goal_category").value == (typed if field == "category" else "Kept")
    assert rows(cast.manager) == NOTHING


def test_a_bad_own_target_is_told_at_that_person(cast, at_new):
    fill(at_new, **new(assignees=[key_of(cast.rep), key_of(cast.second_rep)]))
    first, second = (f"new_goal_custom_target_{key_of(who)}" for who in (cast.rep, cast.second_rep))
    for typed, sentence in {
        "-1": "This must be more than 0.",
        "0.001": "At most two decimals.",
        "lots": "Please enter a number such as 1,234.5.",
        "1" * 14: "This must be at most 9,999,999,999,999.99.",
    }.items():
        fill(at_new, **{second: typed})
        press(at_new, "new_goal_activate")
        assert problem_at(at_new, first) is None
        assert problem_at(at_new, second) == sentence
        assert widget(at_new, second).value == typed
    assert rows(cast.manager) == NOTHING


@pytest.mark.parametrize(
    ("metric", "field", "typed", "sentence"),
    [
        (Metric.COUNT, "target_value", "1.5", "This must be a whole number."),
        (Metric.COUNT, "unit", "x" * 51, "At most 50 characters; this has 51."),
        (Metric.NUMBER, "unit", NUL, "This contains characters that cannot be stored."),
        (Metric.NUMBER, "range_min", "low", "Please enter a number such as 1,234.5."),
        (Metric.NUMBER, "range_min", "0.001", "At most two decimals."),
        (Metric.NUMBER, "range_max", "1e20", "Please enter a number such as 1,234.5."),
        (Metric.NUMBER, "range_max", "5", "This must not be less than the lowest value."),
    ],
)
def test_a_bad_unit_or_range_is_told_at_its_field(cast, at_new, metric, field, typed, sentence):
    fill(at_new, **new(type=GoalType.MAINTAIN, metric=metric, range_min="10"))
    key = f"new_goal_{field}"
    fill(at_new, **{key: typed})
    press(at_new, "new_goal_activate")
    assert problem_at(at_new, key) == sentence
    assert widget(at_new, key).value == typed
    assert rows(cast.manager) == NOTHING


@pytest.mark.parametrize(
    ("row", "value", "typed", "sentence"),
    [
        ({"column": "amount"}, "amount_number", "much", "Please enter a number such as 1,234.5."),
        ({"column": "amount"}, "amount_number", "1.234", "At most two decimals."),
        ({"column": "amount"}, "amount_number", "", "Please enter something here."),
        ({"column": "opened_on"}, "opened_on_day", None, "Please enter something here."),
        ({"column": "stage"}, "stage_text", None, "Please enter something here."),
        (
            {"column": "amount", "number_comparison": Operator.EQ},
            "amount_number",
            "1e20",
            "Please enter a number such as 1,234.5.",
        ),
    ],
)
def test_a_bad_filter_value_is_told_at_its_row(cast, at_new, row, value, typed, sentence):
    press(press(at_new, "new_goal_filter_add"), "new_goal_filter_add")
    fill(at_new, **new(sales_0_column="account", sales_0_account_text="Acme"))
    fill(at_new, **new(**{f"sales_1_{name}": chosen for name, chosen in row.items()}))
    key = f"new_goal_sales_1_{value}"
    fill(at_new, **{key: typed})
    press(at_new, "new_goal_activate")
    assert problem_at(at_new, "new_goal_sales_0_account_text") is None
    assert problem_at(at_new, key) == sentence
    assert widget(at_new, key).value == typed
    assert rows(cast.manager) == NOTHING


def test_a_filter_text_that_cannot_be_stored_is_told_below_the_filter(cast, at_new):
    press(at_new, "new_goal_filter_add")
    fill(at_new, **new(sales_0_column="stage", sales_0_stage_text=NUL))
    press(at_new, "new_goal_activate")
    (sentence,) = problems(at_new)
    assert (sentence[:7], sentence[-12:]) == ("stage: ", " is no text.")
    assert rows(cast.manager) == NOTHING


@pytest.mark.parametrize("name", ["", "x" * 101, NUL, None])
def test_a_bad_name_of_records_is_told_there(cast, at_new, name):
    fill(at_new, **new(source=Source.CUSTOM))
    fill(at_new, **new(custom_entity=name))
    press(at_new, "new_goal_activate")
    assert problem_at(at_new, "new_goal_custom_entity").startswith("There is no ")
    assert rows(cast.manager) == NOTHING


def test_all_that_is_wrong_is_told_at_once_until_it_is_right(cast, at_new):
    fill(at_new, **new(name=LONG, target_value="-1", currency="EURO", milestones=["101"]))
    fill(at_new, **new(assignees=[key_of(cast.rep)]))
    fill(at_new, **new(**{f"custom_target_{key_of(cast.rep)}": "lots"}))
    assert problems(at_new) == []
    press(at_new, "new_goal_activate")
    assert len(problems(at_new)) == 5
    assert errors(at_new) == []
    fill(at_new, **new(name="Better"))
    assert len(problems(at_new)) == 4
    assert rows(cast.manager) == NOTHING


def test_a_custom_period_needs_its_last_day(cast, at_new):
    fill(at_new, **new(period=Period.CUSTOM))
    press(at_new, "new_goal_activate")
    assert problem_at(at_new, "new_goal_ends_at") == "A custom period needs its last day."
    assert rows(cast.manager) == NOTHING


# A lone surrogate cannot come through a browser's UTF-8, but through a program that uses the form.
@pytest.mark.parametrize("field", ["name", "description", "category", "unit"])
def test_a_lone_surrogate_is_refused_at_its_field(cast, field):
    entered = Entered(by_hand(**{field: "\ud800"}), {})
    with pytest.raises(Invalid) as refused:
        goal_saving.create(cast.manager, entered, activate=True)
    assert makers.fields(refused) == [field]
    assert rows(cast.manager) == NOTHING


def test_an_average_of_yes_or_no_is_no_way_to_count(cast):
    draft = from_sales(metric=Metric.COUNT, unit="deals", config={"aggregation": "avg"})
    with pytest.raises(Invalid) as refused:
        goal_saving.create(cast.manager, Entered(draft, {}), activate=True)
    assert makers.fields(refused) == ["aggregation"]


@pytest.mark.parametrize("field", ["entity", "aggregation", "field", "date_field"])
def test_a_source_that_no_selector_offers_is_refused_at_its_field(cast, field):
    draft = from_sales(config={field: "nonsense"})
    with pytest.raises(Invalid) as refused:
        goal_saving.create(cast.manager, Entered(draft, {}), activate=True)
    assert makers.fields(refused) == [field]
    assert rows(cast.manager) == NOTHING


# The preview


def test_the_preview_needs_no_name_and_no_target(cast, deals):
    at = open_page(cast.manager, "new_goal")
    assert metric(at, "Records that count in Q2 2026") == "4"


def test_the_preview_warns_of_what_is_left_out(cast, deals):
    makers.add_deals(cast.tenant, makers.deal(cast.rep, 5, currency="EUR"))
    at = open_page(cast.manager, "new_goal")
    assert [warning.value for warning in at.warning] == [
        "1 record is left out: there is no exchange rate for its day."
    ]
    assert "left out" in table(at, "amount")["amount"].tolist()


def test_the_preview_of_a_goal_by_hand_says_so(cast, at_new):
    fill(at_new, **new(source=Source.MANUAL))
    assert "Tracked by hand: its value is what people record." in [c.value for c in at_new.caption]
    assert not has_table(at_new, "amount")


def test_the_preview_waits_for_a_condition_that_is_not_complete(at_new):
    press(at_new, "new_goal_filter_add")
    assert not has_table(at_new, "amount")
    assert problems(at_new) == []


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


@pytest.mark.parametrize("who", ["south_rep", "manager", "other_manager"])
def test_a_manager_cannot_assign_outside_their_teams_nor_to_themselves(cast, who):
    owner = Owner(AssigneeType.USER, getattr(cast, who).user_id)
    with pytest.raises(Invalid) as refused:
        goal_saving.create(cast.manager, Entered(by_hand(), {owner: None}), activate=True)
    assert makers.fields(refused) == ["assignee"]
    assert rows(cast.manager) == NOTHING


def test_a_manager_cannot_assign_to_the_company(cast):
    everyone = {Owner(AssigneeType.TENANT): None}
    with pytest.raises(Invalid) as refused:
        goal_saving.create(cast.manager, Entered(by_hand(), everyone), activate=True)
    assert makers.fields(refused) == ["assignee"]
    assert rows(cast.manager) == NOTHING


# Editing


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
    at = fill(edit(cast.manager, goal), **{f"goal_{goal.hex}_target_value": "2,500"})
    press(at, f"goal_{goal.hex}_save")
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
    fill(at, **{f"goal_{goal.hex}_name": "Mine after all"})
    press(at, f"goal_{goal.hex}_save")
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
    at = fill(edit(cast.manager, goal), **{f"goal_{goal.hex}_metric": Metric.COUNT})
    press(at, f"goal_{goal.hex}_save")
    assert settings(cast.manager, goal).metric is Metric.COUNT


def test_once_there_is_progress_what_measures_it_is_fixed(cast):
    assignment = makers.make_goal(cast, cast.rep)
    goal = makers.definition_of(cast.admin, assignment)
    with tenant_session(cast.rep) as db:
        progress.record(db, assignment_id=assignment, value=Decimal(3), on=TODAY)
    at = edit(cast.admin, goal)
    for field in ("type", "metric", "unit", "period", "starts_at", "source"):
        assert widget(at, f"goal_{goal.hex}_{field}").proto.disabled
    fill(at, **{f"goal_{goal.hex}_name": "More calls"})
    press(at, f"goal_{goal.hex}_save")
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


def test_records_are_typed_by_the_seller_and_shown_as_text(cast):
    """Markdown in a name is shown as it is, also in a label."""
    with tenant_session(cast.admin) as db:
        team = identity.create_team(db, name="![x](https://evil.example/x)", manager_id=None)
    at = fill(open_page(cast.admin, "new_goal"), **new(assignees=[f"team_{team.hex}"]))
    label = widget(at, f"new_goal_custom_target_team_{team.hex}").label
    assert "![x]" not in label
    assert "&#91;x&#93;" in label
