"""New goal: what is wrong is told at its field, nothing is lost and nothing written.

None of these tests writes anything, so they share a company.
"""

from datetime import date

import pytest

from goals_core.errors import Invalid
from goals_core.kinds import AssigneeType, GoalType, Metric, Period, Source
from goals_core.services.receipts import Owner
from goals_core.sources.filters import Operator
from tests import makers
from tests.makers import by_hand, from_sales
from tests.pages.forms import errors, fill, press, problem_at, problems, rows, widget
from tests.pages.goal_form import key_of, new
from ui import goal_saving
from ui.goal_saving import Entered


@pytest.fixture
def cast(company):
    return company


@pytest.fixture
def before(cast):
    """The rows that there are; in the end they are the same."""
    return rows(cast.manager)


@pytest.fixture
def deals():
    """None: nothing here needs a record."""


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
    cast, at_new, before, field, typed, sentence
):
    key = f"new_goal_{field}"
    press(at_new, "new_goal_activate", **{"new_goal_category": "Kept"} | {key: typed})
    assert sentence in (problem_at(at_new, key) or "")
    assert widget(at_new, key).value == typed
    assert widget(at_new, "new_goal_category").value == (typed if field == "category" else "Kept")
    assert rows(cast.manager) == before


def test_a_bad_own_target_is_told_at_that_person(cast, at_new, before):
    fill(at_new, **new(assignees=[key_of(cast.rep), key_of(cast.second_rep)]))
    first, second = (f"new_goal_custom_target_{key_of(who)}" for who in (cast.rep, cast.second_rep))
    for typed, sentence in {
        "-1": "This must be more than 0.",
        "0.001": "At most two decimals.",
        "lots": "Please enter a number such as 1,234.5.",
        "1" * 14: "This must be at most 9,999,999,999,999.99.",
    }.items():
        press(at_new, "new_goal_activate", **{second: typed})
        assert problem_at(at_new, first) is None
        assert problem_at(at_new, second) == sentence
        assert widget(at_new, second).value == typed
    assert rows(cast.manager) == before


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
def test_a_bad_unit_or_range_is_told_at_its_field(
    cast, at_new, before, metric, field, typed, sentence
):
    fill(at_new, **new(type=GoalType.MAINTAIN, metric=metric, range_min="10"))
    key = f"new_goal_{field}"
    press(at_new, "new_goal_activate", **{key: typed})
    assert problem_at(at_new, key) == sentence
    assert widget(at_new, key).value == typed
    assert rows(cast.manager) == before


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
def test_a_bad_filter_value_is_told_at_its_row(cast, at_new, before, row, value, typed, sentence):
    press(press(at_new, "new_goal_filter_add"), "new_goal_filter_add")
    second = {f"sales_1_{name}": chosen for name, chosen in row.items()}
    fill(at_new, **new(sales_0_column="account", sales_0_account_text="Acme", **second))
    key = f"new_goal_sales_1_{value}"
    press(at_new, "new_goal_activate", **{key: typed})
    assert problem_at(at_new, "new_goal_sales_0_account_text") is None
    assert problem_at(at_new, key) == sentence
    assert widget(at_new, key).value == typed
    assert rows(cast.manager) == before


def test_the_same_comparison_twice_is_told_at_the_second(cast, at_new, before):
    press(press(at_new, "new_goal_filter_add"), "new_goal_filter_add")
    fill(at_new, **new(sales_0_column="amount", sales_1_column="amount"))
    first, second = (f"new_goal_sales_{row}_amount_number" for row in (0, 1))
    press(at_new, "new_goal_save", **{first: "100", second: "200"})
    assert problem_at(at_new, first) is None
    assert "stands above already" in problem_at(at_new, second)
    assert rows(cast.manager) == before


def test_a_filter_text_that_cannot_be_stored_is_told_below_the_filter(cast, at_new, before):
    press(at_new, "new_goal_filter_add")
    fill(at_new, **new(sales_0_column="stage"))
    press(at_new, "new_goal_activate", **new(sales_0_stage_text=NUL))
    (sentence,) = problems(at_new)
    assert (sentence[:7], sentence[-12:]) == ("stage: ", " is no text.")
    assert rows(cast.manager) == before


@pytest.mark.parametrize("name", ["", "x" * 101, NUL, None])
def test_a_bad_name_of_records_is_told_there(cast, at_new, before, name):
    fill(at_new, **new(source=Source.CUSTOM))
    press(at_new, "new_goal_activate", **new(custom_entity=name))
    assert problem_at(at_new, "new_goal_custom_entity").startswith("There is no ")
    assert rows(cast.manager) == before


def test_all_that_is_wrong_is_told_at_once_until_it_is_right(cast, at_new, before):
    fill(at_new, **new(name=LONG, target_value="-1", currency="EURO", milestones=["101"]))
    own = {f"custom_target_{key_of(cast.rep)}": "lots"}
    fill(at_new, **new(assignees=[key_of(cast.rep)], **own))
    assert problems(at_new) == []
    press(at_new, "new_goal_activate")
    assert len(problems(at_new)) == 5
    assert errors(at_new) == []
    fill(at_new, **new(name="Better"))
    assert len(problems(at_new)) == 4
    assert rows(cast.manager) == before


def test_a_custom_period_needs_its_last_day(cast, at_new, before):
    press(at_new, "new_goal_activate", **new(period=Period.CUSTOM))
    assert problem_at(at_new, "new_goal_ends_at") == "A custom period needs its last day."
    assert rows(cast.manager) == before


# A lone surrogate cannot come through a browser's UTF-8, but through a program that uses the form.
@pytest.mark.parametrize("field", ["name", "description", "category", "unit"])
def test_a_lone_surrogate_is_refused_at_its_field(cast, before, field):
    entered = Entered(by_hand(**{field: "\ud800"}), {})
    with pytest.raises(Invalid) as refused:
        goal_saving.create(cast.manager, entered, activate=True)
    assert makers.fields(refused) == [field]
    assert rows(cast.manager) == before


def test_an_average_of_yes_or_no_is_no_way_to_count(cast):
    draft = from_sales(metric=Metric.COUNT, unit="deals", config={"aggregation": "avg"})
    with pytest.raises(Invalid) as refused:
        goal_saving.create(cast.manager, Entered(draft, {}), activate=True)
    assert makers.fields(refused) == ["aggregation"]


@pytest.mark.parametrize("field", ["entity", "aggregation", "field", "date_field"])
def test_a_source_that_no_selector_offers_is_refused_at_its_field(cast, before, field):
    draft = from_sales(config={field: "nonsense"})
    with pytest.raises(Invalid) as refused:
        goal_saving.create(cast.manager, Entered(draft, {}), activate=True)
    assert makers.fields(refused) == [field]
    assert rows(cast.manager) == before


@pytest.mark.parametrize("who", ["south_rep", "manager", "other_manager"])
def test_a_manager_cannot_assign_outside_their_teams_nor_to_themselves(cast, before, who):
    owner = Owner(AssigneeType.USER, getattr(cast, who).user_id)
    with pytest.raises(Invalid) as refused:
        goal_saving.create(cast.manager, Entered(by_hand(), {owner: None}), activate=True)
    assert makers.fields(refused) == ["assignee"]
    assert rows(cast.manager) == before


def test_a_manager_cannot_assign_to_the_company(cast, before):
    everyone = {Owner(AssigneeType.TENANT): None}
    with pytest.raises(Invalid) as refused:
        goal_saving.create(cast.manager, Entered(by_hand(), everyone), activate=True)
    assert makers.fields(refused) == ["assignee"]
    assert rows(cast.manager) == before
