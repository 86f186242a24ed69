"""The inbox: one's own news of goals that one may see, newest first, read and unread."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.news_words import sentence
from goals_core.engine.paging import PageRequest
from goals_core.kinds import Event, GoalType, Metric
from goals_core.services import inbox, people, teams
from goals_core.wording import speak
from tests.conftest import NOW
from tests.engine import record, told
from tests.makers import TODAY, by_hand, make_goal, statements

MILESTONE, ACHIEVED, FAILED = Event.MILESTONE_REACHED, Event.ACHIEVED, Event.FAILED


def listed(actor, **wanted):
    with tenant_session(actor) as db:
        return inbox.list_(db, **wanted).items


def unread(actor):
    with tenant_session(actor) as db:
        return inbox.unread(db)


def sentences(actor, **wanted):
    speak(actor)
    return [" ".join(sentence(news).split()) for news in listed(actor, **wanted)]


def mark(actor, *news, read=True):
    with tenant_session(actor) as db:
        inbox.mark(db, [each.id for each in news], read=read)


def reach(cast, at, *values, who=None, draft=None):
    """A goal of a hundred calls whose values come a minute apart."""
    goal = make_goal(cast, who or cast.rep, draft)
    for minute, value in enumerate(values):
        at(NOW + timedelta(minutes=minute))
        record(who or cast.rep, goal, value)
    return goal


def test_it_tells_one_what_happened_newest_first(cast, at):
    reach(cast, at, 60, 100)
    assert [news.event for news in listed(cast.rep)] == [ACHIEVED, MILESTONE]
    assert sentences(cast.rep)[0] == "You achieved “Calls”: 100 of 100 calls."
    assert sentences(cast.rep)[-1] == "You reached 50% of “Calls”: 60 of 100 calls."
    assert sentences(cast.manager) == ["Rep achieved “Calls”: 100 of 100 calls."]
    assert sentences(cast.south_manager) == sentences(cast.other_manager) == []


def test_what_one_step_passes_is_told_as_one(cast, at):
    goal = reach(cast, at, 80)
    assert sentences(cast.rep) == ["You reached 75% of “Calls”: 80 of 100 calls."]
    assert len(told(cast, goal)) == 3
    record(cast.rep, goal, 130)
    assert [news.event for news in listed(cast.rep)] == [ACHIEVED, MILESTONE]


@pytest.mark.parametrize(
    ("draft", "value", "says"),
    [
        (
            {"metric": Metric.CURRENCY, "unit": "USD", "target_value": Decimal(80000)},
            "80123.5",
            "Rep achieved “Calls”: $80,123.50 of $80,000.",
        ),
        (
            {"metric": Metric.BOOLEAN, "unit": "", "target_value": Decimal(1), "milestones": ()},
            1,
            "Rep achieved “Calls”.",
        ),
        (
            {"type": GoalType.LIMIT},
            101,
            "Rep exceeded “Calls”: 101 against a limit of 100 calls.",
        ),
        (
            {"type": GoalType.MAINTAIN, "milestones": ()},
            99,
            "“Calls” has left its range: Rep is at 99 calls.",
        ),
    ],
)
def test_every_kind_of_goal_has_its_words(cast, at, draft, value, says):
    reach(cast, at, value, draft=by_hand(**draft))
    assert sentences(cast.manager)[0] == says


def test_a_team_and_the_company_are_called_what_they_are(cast, at):
    reach(cast, at, 100, who=cast.admin, draft=by_hand(name="All"))
    team, company = make_goal(cast, cast.north), make_goal(cast, None)
    record(cast.admin, team, 100)
    record(cast.admin, company, 100)
    achieved = sentences(cast.manager, events=[ACHIEVED])
    assert achieved == ["The team North achieved “Calls”: 100 of 100 calls."]
    assert sentences(cast.admin, events=[ACHIEVED])[0].startswith("Acme achieved")


def test_what_is_told_keeps_the_name_and_the_numbers_of_its_moment(cast, at):
    reach(cast, at, 30, 55)
    first = listed(cast.rep)[-1]
    assert (first.goal, first.value, first.target, first.days_left) == ("Calls", 30, 100, 11)


def test_one_is_read_and_unread_again_and_nobody_reads_for_another(cast, at):
    reach(cast, at, 30, 60, 100)
    assert (unread(cast.rep), unread(cast.manager)) == (3, 1)
    news = listed(cast.rep)
    mark(cast.rep, news[0])
    assert unread(cast.rep) == 2
    assert listed(cast.rep, unread=True) == news[1:]
    assert listed(cast.rep)[0].read_at == NOW + timedelta(minutes=2)
    mark(cast.manager, *news)
    mark(cast.other_manager, *news)
    assert (unread(cast.rep), unread(cast.manager)) == (2, 1)
    mark(cast.rep, news[0], read=False)
    assert (unread(cast.rep), listed(cast.rep)[0].read_at) == (3, None)


def test_when_something_was_read_first_is_kept(cast, at):
    reach(cast, at, 25)
    (news,) = listed(cast.rep)
    mark(cast.rep, news)
    at(NOW + timedelta(hours=1))
    mark(cast.rep, news)
    assert listed(cast.rep)[0].read_at == NOW


def test_all_up_to_a_moment_are_read_and_what_came_meanwhile_is_not(cast, at):
    reach(cast, at, 50, 100)
    with tenant_session(cast.rep) as db:
        inbox.mark_all_read(db, until=NOW)
    assert [news.event for news in listed(cast.rep, unread=True)] == [ACHIEVED]
    assert unread(cast.manager) == 1


def test_filters_and_pages(cast, at):
    reach(cast, at, 25, 50, 75, 100)
    assert [news.event for news in listed(cast.rep, events=[ACHIEVED, FAILED])] == [ACHIEVED]
    with tenant_session(cast.rep) as db:
        pages = [inbox.list_(db, page=PageRequest(number, 3)) for number in (1, 2, 3)]
    assert [len(page.items) for page in pages] == [3, 1, 0]
    assert {page.total for page in pages} == {4}


def test_what_is_out_of_sight_by_now_is_not_told(cast, at):
    with tenant_session(cast.admin) as db:
        west = teams.create_team(db, name="West", manager_id=cast.manager.user_id)
        someone = cast.south_rep.user_id
        teams.add_member(db, team_id=west, user_id=someone, member_from=TODAY)
    goal = make_goal(cast, west)
    record(cast.admin, goal, 25)
    assert unread(cast.south_rep) == 1
    at(NOW + timedelta(days=9))
    with tenant_session(cast.admin) as db:
        people.leave_team(db, team_id=west, user_id=someone, last_day=TODAY + timedelta(days=3))
    assert (listed(cast.south_rep), unread(cast.south_rep)) == ([], 0)


def test_many_are_counted_only_so_far(cast, at):
    goal = reach(cast, at, 25)
    copies = text(
        "INSERT INTO goals.outbox SELECT tenant_id, gen_random_uuid(), event, assignment_id,"
        " user_id, data, created_at FROM goals.outbox, generate_series(1, 150)"
        " WHERE tenant_id = :tenant_id AND assignment_id = :goal"
    )
    with tenant_session(cast.system) as db:
        db.execute(copies, {"tenant_id": cast.tenant.id, "goal": goal})
    assert unread(cast.rep) == inbox.MOST_COUNTED


def test_the_number_of_statements_does_not_depend_on_the_number_of_news(cast, at):
    def sent(actor):
        with tenant_session(actor) as db, statements() as found:
            inbox.list_(db)
            inbox.unread(db)
        return len(found)

    reach(cast, at, 25)
    few = sent(cast.rep)
    reach(cast, at, 50, 75, 100)
    assert sent(cast.rep) == few == 4  # one of them sets the tenant


def test_the_system_has_no_inbox(cast, at):
    reach(cast, at, 100)
    assert (listed(Actor.system(cast.tenant)), unread(cast.system)) == ([], 0)
