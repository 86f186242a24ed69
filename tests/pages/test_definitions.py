"""Definitions: the list, what it shows of each goal, and how it is narrowed."""

from decimal import Decimal

from sqlalchemy import update

from goals_core.db import tenant_session
from goals_core.kinds import GoalStatus, GoalType, Metric, Period, Source
from goals_core.models.goals import Definition
from goals_core.services import tracking
from tests import makers
from tests.makers import assign, by_hand, from_sales
from tests.pages.drawer import listed, make, open_drawer
from tests.pages.forms import errors, fill, open_page, press, table


def test_it_shows_each_goal_in_words(cast):
    goal = make(cast.manager, from_sales(name="Won deals", target_value=Decimal("84250.5")))
    with tenant_session(cast.manager) as db:
        assign(db, goal, cast.rep)
        assign(db, goal, cast.second_rep)
    at = open_page(cast.manager, "definitions")
    (row,) = table(at, "goal").values.tolist()
    assert [list(cell) if index == 1 else cell for index, cell in enumerate(row)] == [
        "Won deals",
        ["Active"],
        "Target",
        "$84,250.50",
        "Monthly",
        "Sum of amount of won opportunities, by close date",
        2,
    ]


def test_it_shows_what_the_actor_may_see(cast):
    make(cast.manager, by_hand(name="Ours"))
    make(cast.south_manager, by_hand(name="Theirs"))
    assert listed(open_page(cast.manager, "definitions")) == ["Ours"]
    assert listed(open_page(cast.admin, "definitions")) == ["Theirs", "Ours"]


def test_another_company_sees_nothing_of_it(cast, goal):
    at = open_page(cast.other_manager, "definitions")
    assert not at.dataframe
    assert any("No goals yet" in each.value for each in at.markdown)


def test_without_goals_the_way_to_the_form_is_offered(cast):
    at = press(open_page(cast.manager, "definitions"), "first_goal")
    assert at.title[0].value == "New goal"


def test_a_search_finds_words_of_name_and_description(cast):
    make(cast.manager, by_hand(name="Calls"))
    make(cast.manager, by_hand(name="Visits", description="In person, no calls"))
    make(cast.manager, by_hand(name="Letters"))
    at = fill(open_page(cast.manager, "definitions"), q="calls")
    assert listed(at) == ["Visits", "Calls"]
    fill(at, q="50% \0'")
    assert any("No goal is like that" in each.value for each in at.markdown)


def test_the_filters_narrow_it_and_are_cleared_together(cast):
    make(cast.manager, by_hand(name="Draft"), GoalStatus.DRAFT)
    make(cast.manager, by_hand(name="Limit", type=GoalType.LIMIT))
    make(cast.manager, by_hand(name="Weekly", period=Period.WEEKLY))
    make(cast.manager, from_sales(name="Sales"))
    at = open_page(cast.manager, "definitions")
    for key, value, name in (
        ("status", GoalStatus.DRAFT, "Draft"),
        ("type", GoalType.LIMIT, "Limit"),
        ("period", Period.WEEKLY, "Weekly"),
        ("source", Source.SALES, "Sales"),
    ):
        fill(at, **{key: [value]})
        assert listed(at) == [name]
        press(at, "clear")
        assert len(listed(at)) == 4


def test_a_view_can_be_shared_by_its_address(cast):
    make(cast.manager, by_hand(name="Draft"), GoalStatus.DRAFT)
    make(cast.manager, by_hand(name="Active"))
    assert listed(open_page(cast.manager, "definitions", status="Draft")) == ["Draft"]


def test_it_comes_a_page_at_a_time(cast):
    for number in range(17):
        make(cast.manager, by_hand(name=f"Goal {number}"), GoalStatus.DRAFT)
    at = open_page(cast.manager, "definitions")
    assert len(listed(at)) == 15
    fill(at, page=2)
    assert listed(at) == ["Goal 1", "Goal 0"]


def test_a_goal_that_cannot_be_computed_is_marked(cast):
    goal = make(cast.manager, from_sales())
    with tenant_session(cast.manager) as db:
        assign(db, goal, cast.rep)
        outdated = makers.WON | {"entity": "leads"}
        db.execute(update(Definition).where(Definition.id == goal).values(source_config=outdated))
    tracking.sync(cast.system)
    at = open_drawer(cast.manager, goal)
    assert list(table(at, "goal")["state"][0]) == ["Active", "Sync error"]
    assert any("The last sync could not compute it" in error for error in errors(at))


def test_a_yes_or_no_is_listed_in_words(cast):
    make(cast.manager, by_hand(metric=Metric.BOOLEAN, target_value=Decimal(1), unit=""))
    assert table(open_page(cast.manager, "definitions"), "goal")["target"].tolist() == ["Yes"]
