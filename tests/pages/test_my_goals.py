"""My goals: cards with the services' figures, one's own or those of whom one looks after."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.kinds import GoalType, Metric, Period
from goals_core.services import identity
from tests.makers import TODAY, add_deals, by_hand, deal, from_sales, make_goal, standing
from tests.pages.forms import keys, open_page, press, widget
from tests.pages.goal_page import record
from tests.pages.shown import buttons, click_row, deltas, drawn, sync, table, tiles, words
from ui.wording import Wording


def test_a_card_says_where_the_goal_stands(cast):
    goal = make_goal(cast, cast.rep, from_sales(target_value=Decimal(4000)))
    add_deals(cast.tenant, deal(cast.rep, "1234.50"))
    sync(cast.admin)
    at = open_page(cast.rep, "my_goals")
    percent, now = Wording.of(cast.rep).percent, standing(cast.rep, goal)
    assert tiles(at)["May 2026 · 11 days left"] == "$1.2K"
    assert deltas(at)["May 2026 · 11 days left"] == percent(now.progress) == "30.8%"
    expected = percent(now.pace.expected_percent)
    assert f"{expected} expected by now, 30.8% reached: behind." in words(at)
    assert "Behind" in words(at)
    assert "Sales" in buttons(at)


def test_a_card_draws_how_far_it_is_and_the_way_there(cast):
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, 20, TODAY - timedelta(days=5))
    record(cast.rep, goal, 40)
    html = drawn(open_page(cast.rep, "my_goals"))
    assert f"width:{standing(cast.rep, goal).progress}%" in html
    assert "image/svg+xml" in html


def test_a_goal_of_one_day_has_no_line(cast):
    make_goal(cast, cast.rep, by_hand(period=Period.DAILY))
    assert "image/svg+xml" not in drawn(open_page(cast.rep, "my_goals"))


def test_the_sentence_on_top_names_what_deserves_a_look(cast):
    goal = make_goal(cast, cast.rep)
    assert "1 goal is behind its pace." in words(open_page(cast.rep, "my_goals"))
    record(cast.rep, goal, 99)
    assert "Everything is on track." in words(open_page(cast.rep, "my_goals"))


def test_the_counts_on_top_are_of_the_goals_shown(cast):
    done, near = make_goal(cast, cast.rep), make_goal(cast, cast.rep, by_hand(name="Near"))
    make_goal(cast, cast.rep, by_hand(name="Far"))
    record(cast.rep, done, 100)
    record(cast.rep, near, 90)
    shown = tiles(open_page(cast.rep, "my_goals"))
    assert (shown["Open"], shown["On track"]) == ("2", "1")
    assert (shown["Behind or at risk"], shown["Achieved"]) == ("1", "1")


def test_what_needs_help_comes_first(cast):
    well = make_goal(cast, cast.rep, by_hand(name="Well"))
    make_goal(cast, cast.rep, by_hand(name="Not well"))
    record(cast.rep, well, 90)
    names = buttons(open_page(cast.rep, "my_goals"))
    assert names.index("Not well") < names.index("Well")


def test_a_rep_sees_only_theirs(cast):
    make_goal(cast, cast.rep, by_hand(name="Mine"))
    make_goal(cast, cast.second_rep, by_hand(name="Not mine"))
    at = open_page(cast.rep, "my_goals")
    assert "Mine" in buttons(at)
    assert "Not mine" not in buttons(at)
    assert "whose" not in keys(at)


def test_a_rep_may_look_at_their_teams_and_the_companys_goals(cast):
    make_goal(cast, cast.north, by_hand(name="Of the team"))
    make_goal(cast, cast.south, by_hand(name="Of another team"))
    make_goal(cast, None, by_hand(name="Of the company"))
    at = open_page(cast.rep, "my_goals")
    assert widget(at, "whose").options == ["Rep", "Acme (company)", "North (team)"]
    widget(at, "whose").set_value("North (team)").run()
    assert "Of the team" in buttons(at)
    widget(at, "whose").set_value("Acme (company)").run()
    assert "Of the company" in buttons(at)


def test_a_manager_without_own_goals_begins_with_their_team(cast):
    make_goal(cast, cast.rep, by_hand(name="Of the rep"))
    make_goal(cast, cast.north, by_hand(name="Of the team"))
    make_goal(cast, cast.south, by_hand(name="Of South"))
    at = open_page(cast.manager, "my_goals")
    assert widget(at, "whose").options == ["North (team)", "Rep"]
    assert {"Of the team", "Of the rep"} <= set(buttons(at))
    assert "Of South" not in buttons(at)
    assert "Rep" in words(at)  # in a team's list each goal says whose it is


def test_a_manager_with_own_goals_begins_with_these(cast):
    make_goal(cast, cast.manager, by_hand(name="Own"))
    make_goal(cast, cast.rep, by_hand(name="Of the rep"))
    at = open_page(cast.manager, "my_goals")
    assert widget(at, "whose").value == "Manager"
    assert "Of the rep" not in buttons(at)


def test_a_manager_looks_at_one_member(cast):
    make_goal(cast, cast.rep, by_hand(name="Of the rep"))
    make_goal(cast, cast.second_rep, by_hand(name="Of the second"))
    at = open_page(cast.manager, "my_goals", whose="Second Rep")
    assert "Of the second" in buttons(at)
    assert "Of the rep" not in buttons(at)


@pytest.mark.parametrize("who", ["admin", "analyst"])
def test_who_sees_everything_chooses_anyone(cast, who):
    make_goal(cast, cast.rep)
    make_goal(cast, cast.south)
    make_goal(cast, None)
    at = open_page(getattr(cast, who), "my_goals")
    assert widget(at, "whose").options == ["Acme (company)", "South (team)", "Rep"]


def test_of_two_namesakes_each_can_be_chosen(cast):
    with tenant_session(cast.admin) as db:
        namesake = identity.create_user(
            db,
            email=f"2@{cast.tenant.slug}.example",
            name="Rep",
            role="rep",
            password=cast.PASSWORD,
        )
    make_goal(cast, cast.rep, by_hand(name="Of the first"))
    make_goal(cast, replace(cast.rep, user_id=namesake), by_hand(name="Of the second"))
    at = open_page(cast.admin, "my_goals")
    assert widget(at, "whose").options == ["Rep", "Rep (2)"]
    first = set(buttons(at))
    widget(at, "whose").set_value("Rep (2)").run()
    assert {"Of the first", "Of the second"} <= first | set(buttons(at))


@pytest.mark.parametrize("whose", ["South Rep", "Other Manager", "<b>", ""])
def test_whoever_is_out_of_sight_cannot_be_asked_for(cast, whose):
    make_goal(cast, cast.rep, by_hand(name="Mine"))
    make_goal(cast, cast.south_rep, by_hand(name="Of South"))
    make_goal(cast, cast.north)
    at = open_page(cast.rep, "my_goals", whose=whose)
    assert not at.exception
    assert "Mine" in buttons(at)
    assert "Of South" not in buttons(at)


def test_another_tenant_has_none_of_them(cast):
    make_goal(cast, cast.rep)
    make_goal(cast, None)
    at = open_page(cast.other_manager, "my_goals")
    assert "No goal is open" in words(at)


def test_a_card_leads_to_the_goals_page(cast):
    goal = make_goal(cast, cast.rep)
    at = press(open_page(cast.rep, "my_goals"), f"open_{goal}")
    assert at.title[0].value == "Calls"
    assert at.query_params["id"] == str(goal)


def test_beyond_a_dozen_the_others_are_a_table_that_leads_to_them(cast):
    for number in range(14):
        make_goal(cast, cast.rep, by_hand(name=f"Calls {number:02}"))
    at = open_page(cast.rep, "my_goals")
    assert len([key for key in keys(at) if key.startswith("open_")]) == 12
    assert list(table(at, "rest")["goal"]) == ["Calls 12", "Calls 13"]
    at = click_row(at, "rest", 1)
    assert at.title[0].value == "Calls 13"


def test_a_limit_says_how_much_of_it_is_used(cast):
    limit = by_hand(type=GoalType.LIMIT, name="Complaints", unit="complaints")
    goal = make_goal(cast, cast.rep, limit)
    record(cast.rep, goal, 40)
    assert "40% of the limit used, 60 complaints left." in words(open_page(cast.rep, "my_goals"))


def test_a_range_says_what_is_in_it(cast):
    quality = by_hand(
        type=GoalType.MAINTAIN,
        metric=Metric.PERCENTAGE,
        unit="%",
        target_value=Decimal(90),
        range_min=Decimal(80),
        range_max=Decimal(95),
    )
    goal = make_goal(cast, cast.rep, quality)
    record(cast.rep, goal, 88)
    assert "In range so far: 80% – 95%." in words(open_page(cast.rep, "my_goals"))


def test_names_and_units_are_shown_as_they_are_written(cast):
    name, unit = "![x](https://evil.example/x.png)", "*a* [b](https://evil.example)"
    make_goal(cast, cast.rep, by_hand(name=name, unit=unit))
    at = open_page(cast.rep, "my_goals")
    assert name in buttons(at)
    raw = (
        [m.value for m in at.metric] + [b.label for b in at.button] + [c.value for c in at.caption]
    )
    assert not any("](" in str(text) for text in raw)
