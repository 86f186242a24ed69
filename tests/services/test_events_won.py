"""The event opportunity.won: each deal counts once, for whoever it belongs to now."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

import pytest
from sqlalchemy import select

from goals_core.db import tenant_session
from goals_core.engine import changes
from goals_core.errors import Invalid, NotAllowed
from goals_core.models.goals import AssignmentStatus, GoalStatus, ProgressEntry, ProgressSource
from goals_core.models.sources import Opportunity
from goals_core.services import definitions, events, teams, tracking
from tests.makers import (
    TODAY,
    add_deals,
    add_rate,
    as_owner,
    assign,
    deal,
    definition_of,
    fields,
    from_sales,
    make_definition,
    make_goal,
    next_of,
    standing,
    statements,
    won_deal,
)

LAST_MONTH = date(2026, 4, 10)


@pytest.fixture
def goals(cast):
    """The same goal of a rep, their colleague, their team, the other team and the company."""
    with tenant_session(cast.admin) as db:
        definition = make_definition(db, from_sales())
        who = (cast.rep, cast.second_rep, cast.north, cast.south, None)
        return [assign(db, definition, one) for one in who]


def happens(cast, event):
    with tenant_session(cast.admin) as db:
        return events.receive(db, event)


def values(cast, goals):
    return [standing(cast.admin, goal).value for goal in goals]


def log(cast):
    with tenant_session(cast.admin) as db:
        return list(db.scalars(select(ProgressEntry).order_by(ProgressEntry.logged_at)))


def test_a_won_deal_counts_for_its_owner_their_team_and_the_company(cast, goals):
    outcome = happens(cast, won_deal(cast.rep, Decimal(1000)))
    assert values(cast, goals) == [1000, 0, 1000, 0, 1000]
    assert (outcome.checked, outcome.updated, outcome.achieved) == (3, 3, 3)
    assert standing(cast.rep, goals[0]).status is AssignmentStatus.ACHIEVED


def test_its_line_of_the_log_is_automatic_and_names_the_record(cast):
    make_goal(cast, cast.rep, from_sales())
    event = won_deal(cast.rep, Decimal(250))
    happens(cast, event)
    with tenant_session(cast.admin) as db:
        record = db.scalars(select(Opportunity)).one()
    assert (record.external_id, record.stage) == (event.data["external_id"], "closed_won")
    line = log(cast)[0]
    assert (line.source, line.source_reference) == (ProgressSource.AUTOMATIC, str(record.id))
    assert (line.change_amount, line.logged_by) == (250, cast.admin.user_id)


def test_the_same_event_twice_counts_once(cast, goals):
    event = won_deal(cast.rep, Decimal(250))
    first = happens(cast, event)
    assert happens(cast, event) == first
    assert values(cast, goals) == [250, 0, 250, 0, 250]
    assert len(log(cast)) == 3


def test_the_same_event_at_the_same_time_counts_once(cast, goals):
    event = won_deal(cast.rep, Decimal(250))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: happens(cast, event), range(4)))
    assert values(cast, goals) == [250, 0, 250, 0, 250]
    assert len(log(cast)) == 3


def test_deals_at_the_same_time_are_all_counted(cast, goals):
    with ThreadPoolExecutor(4) as pool:
        deals = [won_deal(who, Decimal(10)) for who in (cast.rep, cast.second_rep) * 4]
        list(pool.map(lambda each: happens(cast, each), deals))
    assert values(cast, goals) == [40, 40, 80, 0, 80]


def test_another_amount_of_the_same_deal_replaces_the_first(cast, goals):
    event = won_deal(cast.rep, Decimal(250))
    happens(cast, event)
    happens(cast, next_of(event, amount=Decimal(100)))
    assert values(cast, goals) == [100, 0, 100, 0, 100]
    assert [line.change_amount for line in log(cast)] == [250] * 3 + [-150] * 3


def test_a_changed_owner_moves_the_amount(cast, goals):
    event = won_deal(cast.rep, Decimal(250))
    happens(cast, event)
    happens(cast, next_of(event, owner_id=cast.second_rep.user_id))
    assert values(cast, goals) == [0, 250, 250, 0, 250]
    happens(cast, next_of(event, owner_id=cast.south_rep.user_id))
    assert values(cast, goals) == [0, 0, 0, 250, 250]
    happens(cast, next_of(event, owner_id=None))
    assert values(cast, goals) == [0, 0, 0, 0, 250]


def test_a_deal_that_moves_to_another_month_leaves_this_one(cast, goals):
    event = won_deal(cast.rep, Decimal(250))
    happens(cast, event)
    happens(cast, next_of(event, closed_on=LAST_MONTH))
    assert values(cast, goals) == [0] * 5


def test_a_deal_that_was_open_is_won_in_place(cast, goals):
    add_deals(cast.tenant, deal(cast.rep, 90, None, stage="proposal", external_id="D-1"))
    happens(cast, won_deal(cast.rep, Decimal(100), external_id="D-1"))
    assert values(cast, goals) == [100, 0, 100, 0, 100]
    with tenant_session(cast.admin) as db:
        assert db.scalars(select(Opportunity.stage)).all() == ["closed_won"]


def test_a_goal_that_counts_by_the_day_a_deal_was_opened_is_brought_up_to_date_too(cast):
    goal = make_goal(cast, cast.rep, from_sales(config={"date_field": "opened_on"}))
    opened = date(2026, 5, 2)
    add_deals(cast.tenant, deal(cast.rep, 1, None, opened_on=opened, external_id="D-1", stage="x"))
    happens(cast, won_deal(cast.rep, Decimal(100), LAST_MONTH, external_id="D-1"))
    assert standing(cast.rep, goal).value == 100


def test_an_event_and_a_full_sync_come_to_the_same(cast, goals):
    add_rate(cast.tenant, "EUR", TODAY, "1.0777")
    for who, currency in ((cast.rep, "EUR"), (cast.south_rep, "USD"), (cast.rep, "JPY")):
        happens(cast, won_deal(who, Decimal("99.99"), currency=currency))
    before = values(cast, goals)
    assert before == [Decimal("107.76"), 0, Decimal("107.76"), Decimal("99.99"), Decimal("207.75")]
    assert tracking.sync(cast.admin).updated == 0
    assert values(cast, goals) == before


def test_a_team_gets_what_its_members_won_while_they_were_in_it(cast):
    with tenant_session(cast.admin) as db:
        team = teams.create_team(db, name="Spring", manager_id=None)
        days = {"member_from": date(2026, 5, 4), "member_to": date(2026, 5, 8)}
        teams.add_member(db, team_id=team, user_id=cast.rep.user_id, **days)
    goal = make_goal(cast, team, from_sales())
    for day in (3, 4, 8, 9):
        happens(cast, won_deal(cast.rep, Decimal(10) ** day, date(2026, 5, day)))
    assert standing(cast.admin, goal).value == 10**4 + 10**8


def test_only_active_goals_hear_of_it(cast, goals):
    with tenant_session(cast.admin) as db:
        definitions.set_status(db, definition_of(cast.admin, goals[0]), GoalStatus.PAUSED)
    assert happens(cast, won_deal(cast.rep, Decimal(250))).checked == 0
    assert values(cast, goals) == [0] * 5
    with tenant_session(cast.admin) as db:
        definitions.set_status(db, definition_of(cast.admin, goals[0]), GoalStatus.ACTIVE)
    assert values(cast, goals) == [250, 0, 250, 0, 250]


def test_a_closed_window_takes_no_late_deal(cast, goals, at):
    at(date(2026, 6, 10))
    tracking.sync(cast.admin)
    assert happens(cast, won_deal(cast.rep, Decimal(250))).checked == 0
    assert values(cast, goals) == [0] * 5


REFUSED = {
    "external_id": ["", "x" * 201, "a\0b"],
    "name": ["x" * 201],
    "account": ["\ud800"],
    "currency": ["", "EURO"],
    "amount": [Decimal("0.001"), Decimal("NaN"), Decimal("1e13"), 9.99, "9,99", None],
    "closed_on": ["20.05.2026", "2026-02-30", None, datetime(2026, 5, 20), date(1900, 1, 1)],  # noqa: DTZ001  (no day)
    "attributes": [
        {"note": "a\0b"},
        {"a\0b": 1},
        {"x": {"y": ["\ud800"]}},
        {"x": float("nan")},
        {"x": object()},
        {1: 2},
        ["x"],
        None,
    ],
}


@pytest.mark.parametrize("field", REFUSED)
def test_a_bad_event_names_its_field_and_leaves_nothing(cast, field):
    for value in REFUSED[field]:
        with pytest.raises(Invalid) as refused:
            happens(cast, next_of(won_deal(cast.rep, Decimal(5)), **{field: value}))
        assert fields(refused) == [field], value
    with tenant_session(cast.admin) as db:
        assert db.scalars(select(Opportunity.id)).all() == []


def test_attributes_are_kept_as_they_are(cast):
    attributes = {"a": [1, 2.5, None, True, {"b": "été"}], "": ""}
    happens(cast, won_deal(cast.rep, Decimal(5), attributes=attributes))
    with tenant_session(cast.admin) as db:
        assert db.scalars(select(Opportunity.attributes)).all() == [attributes]


def test_an_owner_of_nobody_or_of_another_tenant_is_a_problem_of_the_field(cast):
    for owner_id in (uuid4(), cast.other_manager.user_id):
        with pytest.raises(Invalid) as refused:
            happens(cast, won_deal(None, Decimal(5), owner_id=owner_id))
        assert fields(refused) == ["owner_id"]


def test_nobody_credits_themselves(cast, goals):
    for actor in (cast.rep, cast.manager, cast.analyst):
        with tenant_session(actor) as db, pytest.raises(NotAllowed, match="goals:manage"):
            events.receive(db, won_deal(cast.rep, Decimal(5)))
    with tenant_session(cast.system) as db:
        events.receive(db, won_deal(cast.rep, Decimal(5)))
    assert values(cast, goals) == [5, 0, 5, 0, 5]


def test_an_event_costs_as_many_statements_whatever_it_concerns(cast, goals):
    counts = []
    for who in (cast.south_manager, cast.rep):
        happens(cast, won_deal(who, Decimal(1)))
        with statements() as sent:
            happens(cast, won_deal(who, Decimal(1)))
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_events_at_the_same_time_on_a_goal_that_cannot_be_computed_end_both(
    cast, database, monkeypatch
):
    goal = make_goal(cast, None, from_sales())
    spoiled = "UPDATE goals.definitions SET source_config = '{}' WHERE id = :id"
    as_owner(database.owner_url, spoiled, id=definition_of(cast.admin, goal))
    both_have_locked = Barrier(2, timeout=20)
    write = changes.write
    with monkeypatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(changes, "write", lambda *a, **k: (both_have_locked.wait(), write(*a, **k)))
        # by their names these two do not wait for each other's turn; one pair in 64 would
        deals = [won_deal(cast.rep, Decimal(5), external_id=name) for name in ("D-1", "D-2")]
        outcomes = list(pool.map(lambda each: happens(cast, each), deals))
    assert [outcome.not_computed for outcome in outcomes] == [1, 1]
    tracking.sync(cast.admin)
    assert standing(cast.admin, goal).sync_error
