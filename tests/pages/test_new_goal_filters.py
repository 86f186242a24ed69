"""New goal: rows of the filter become a filter, and a filter its rows."""

import pytest

from goals_core.sources.filters import Operator
from tests.makers import TODAY
from tests.pages.forms import fill, open_page, press, widget
from tests.pages.goal_form import new, only_goal

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
    *chosen, value = new(**{f"sales_0_{name}": value for name, value in row.items()}).items()
    fill(at_new, **dict(chosen))
    press(at_new, "new_goal_save", **dict([value]))
    goal = only_goal(cast.manager)
    assert goal.settings.source_config["filter"] == filter_

    at = open_page(cast.manager, "new_goal", edit=str(goal.id))
    press(at, f"goal_{goal.id.hex}_save")
    assert only_goal(cast.manager).settings == goal.settings


def test_rows_of_one_column_are_one_span(cast, at_new):
    press(press(at_new, "new_goal_filter_add"), "new_goal_filter_add")
    fill(at_new, **new(sales_0_column="amount", sales_1_column="amount"))
    fill(at_new, **new(sales_1_number_comparison=Operator.LT))
    press(at_new, "new_goal_save", **new(sales_0_amount_number="100", sales_1_amount_number="1000"))
    config = only_goal(cast.manager).settings.source_config
    assert config["filter"] == {"amount": {"gte": 100, "lt": 1000}}


def test_a_removed_row_leaves_nothing_behind(cast, at_new):
    press(at_new, "new_goal_filter_add")
    fill(at_new, **new(sales_0_column="stage", sales_0_stage_text="closed_lost"))
    press(at_new, "new_goal_filter_0_remove")
    press(at_new, "new_goal_filter_add")
    assert widget(at_new, "new_goal_sales_1_column").value == "name"
    press(at_new, "new_goal_filter_1_remove")
    press(at_new, "new_goal_save")
    assert only_goal(cast.manager).settings.source_config["filter"] == {}
