"""The inbox page: sentences by day, the way to the goal, read and unread, the sidebar's number."""

from datetime import timedelta

import pytest

from goals_core.db import tenant_session
from goals_core.services import inbox
from tests.conftest import NOW
from tests.engine import record
from tests.makers import by_hand, make_goal
from tests.pages.forms import keys, open_page, press, widget
from tests.pages.shown import buttons, words


@pytest.fixture
def news(cast, at):
    """The day before yesterday and yesterday a milestone of the rep's, today it is achieved."""
    goal = make_goal(cast, cast.rep)
    for days, value in ((2, 30), (1, 50)):
        at(NOW - timedelta(days=days))
        record(cast.rep, goal, value)
    at(NOW)
    record(cast.rep, goal, 100)
    return goal


def ids(actor, **wanted):
    with tenant_session(actor) as db:
        return [each.id for each in inbox.list_(db, **wanted).items]


def test_it_tells_by_days_in_words_and_numbers(cast, news):
    shown = words(open_page(cast.rep, "inbox"))
    assert "Today" in shown
    assert "Yesterday" in shown
    assert "You achieved “Calls”: 100 of 100 calls." in shown
    assert "You reached 25% of “Calls”: 30 of 100 calls." in shown
    assert "2:00 PM" in shown  # in New York
    assert shown.index("achieved") < shown.index("reached 25%")


def test_an_empty_inbox_says_what_will_be_in_it(cast):
    at = open_page(cast.rep, "inbox")
    assert "Nothing has happened yet" in words(at)
    assert {"mark_all", "inbox_bell"}.isdisjoint(keys(at))


def test_the_sidebar_has_the_number_of_unread_ones_on_every_page(cast, news):
    assert "3 unread" in buttons(open_page(cast.rep, "my_goals"))
    assert "1 unread" in buttons(open_page(cast.manager, "at_risk"))
    assert "inbox_bell" not in keys(open_page(cast.south_rep, "my_goals"))
    at = press(open_page(cast.rep, "my_goals"), "inbox_bell")
    assert at.title[0].value == "Inbox"


def test_one_is_marked_and_marked_back(cast, news):
    first = ids(cast.rep)[0]
    at = press(open_page(cast.rep, "inbox"), f"mark_{first}")
    assert "2 unread" in buttons(at)
    assert first not in ids(cast.rep, unread=True)
    press(at, f"mark_{first}")
    assert "3 unread" in buttons(at)


def test_all_are_marked_at_once(cast, news):
    at = press(open_page(cast.rep, "inbox", show="Unread"), "mark_all")
    assert ids(cast.rep, unread=True) == []
    assert "You have read everything" in words(at)
    assert "inbox_bell" not in keys(at)


def test_opening_the_goal_reads_it(cast, news):
    first = ids(cast.rep)[0]
    at = press(open_page(cast.rep, "inbox"), f"open_{first}")
    assert at.title[0].value == "Calls"
    assert len(ids(cast.rep, unread=True)) == 2


def test_events_are_chosen(cast, news):
    at = open_page(cast.rep, "inbox", events="Achieved")
    assert "1 message" in words(at)
    at = open_page(cast.rep, "inbox", events="Failed")
    assert "Nothing like that was told to you" in words(at)
    at = open_page(cast.rep, "inbox", show="nonsense", events="nonsense")
    assert "3 messages" in words(at)


def test_many_come_a_page_at_a_time(cast, at):
    for number in range(11):
        goal = make_goal(cast, cast.rep, by_hand(name=f"Goal {number}"))
        record(cast.rep, goal, 50)
        record(cast.rep, goal, 100)
    at = open_page(cast.rep, "inbox")
    assert "22 messages" in words(at)
    widget(at, "inbox_page").set_value(2).run()
    assert len([key for key in keys(at) if key.startswith("mark_")]) == 2 + 1


@pytest.mark.parametrize(
    "name", ["![x](https://evil.example/i.png)", "<b>{who}</b>", "**{0}** :red[x]", "% %s"]
)
def test_what_a_goal_is_called_is_shown_as_it_is(cast, name):
    record(cast.rep, make_goal(cast, cast.rep, by_hand(name=name)), 25)
    at = open_page(cast.rep, "inbox")
    (said,) = [each.value for each in at.markdown if "reached" in each.value]
    assert name not in said
    assert f"of “{name}”: 25 of 100 calls." in words(at)
