"""What is not told, and not closed, while a number is known to be wrong; once it is right, once."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from goals_core.db import tenant_session
from goals_core.kinds import AssignmentStatus, GoalType, SyncMode
from goals_core.models.goals import Assignment, Definition, OutboxRow
from goals_core.services import definitions, tracking
from goals_core.services.definitions import Milestone
from goals_core.services.rollover import roll_over
from tests.engine import rows, told
from tests.makers import (
    TODAY,
    add_deals,
    add_rate,
    deal,
    definition_of,
    from_sales,
    make_goal,
    standing,
)
from tests.services.test_tracking_runs import spoil
from tests.sources.second_model import Record
from tests.sources.test_facts import put, some_goal, some_world

DAY = timedelta(days=1)
LATE, CLOSED = date(2026, 5, 24), date(2026, 6, 4)
ACHIEVED, AT_RISK, FAILED, MILESTONE = (
    f"goal.{event}" for event in ("achieved", "at_risk", "failed", "milestone_reached")
)
NONE = from_sales(milestones=())


def events(cast, goal):
    """What was told of a goal, each event once however many heard it."""
    found = rows(cast, OutboxRow, OutboxRow.assignment_id == goal)
    return [event for event, _ in dict.fromkeys((r.event, r.data["currentValue"]) for r in found)]


def francs(cast, amount, on=TODAY):
    """A deal that is left out: the franc has no rate yet."""
    add_deals(cast.tenant, deal(cast.rep, amount, on, currency="CHF"))


def rate(cast, day=TODAY):
    add_rate(cast.tenant, "CHF", day, "2")


def sync(cast, mode=SyncMode.FULL):
    return tracking.sync(cast.admin, mode=mode)


class TestWhileARecordHasNoRate:
    def test_the_goal_says_how_many(self, cast):
        goals = [make_goal(cast, who, NONE) for who in (cast.rep, cast.north, None, cast.south)]
        francs(cast, 10)
        add_deals(cast.tenant, deal(cast.second_rep, 10, currency="JPY"), deal(cast.rep, 5))
        sync(cast)
        found = [standing(cast.admin, goal) for goal in goals]
        assert [(one.value, one.left_out) for one in found] == [(5, 1), (5, 2), (5, 2), (0, 0)]
        assert sync(cast).updated == 0

    @pytest.mark.parametrize("kind", list(GoalType))
    def test_every_kind_of_goal_says_it(self, cast, kind):
        goal = make_goal(cast, cast.rep, from_sales(type=kind, milestones=()))
        francs(cast, 10)
        sync(cast)
        assert standing(cast.rep, goal).left_out == 1
        rate(cast)
        sync(cast, SyncMode.INCREMENTAL)
        assert (standing(cast.rep, goal).left_out, standing(cast.rep, goal).value) == (0, 20)

    @pytest.mark.parametrize("kind", list(GoalType))
    def test_it_says_so_where_there_is_nothing_else_to_make_an_average_of(self, cast, kind):
        draft = from_sales(type=kind, milestones=(), config={"aggregation": "avg"})
        goal = make_goal(cast, cast.rep, draft)
        francs(cast, 10)
        sync(cast)
        assert standing(cast.rep, goal).left_out == 1

    def test_nothing_is_left_out_of_a_count_nor_of_what_has_no_number(self, cast):
        seats = from_sales(metric="number", unit="", config={"field": "attributes.seats"})
        add_deals(cast.tenant, deal(cast.second_rep, 1, attributes={"seats": 1}))
        goals = [
            make_goal(cast, cast.rep, from_sales(config={"aggregation": "count", "field": None})),
            make_goal(cast, cast.rep, seats),
        ]
        francs(cast, 10)
        sync(cast)
        assert [standing(cast.rep, goal).left_out for goal in goals] == [0, 0]

    def test_at_risk_waits_and_is_told_once_when_it_is_still_so(self, cast, at):
        goal = make_goal(cast, cast.rep, NONE)
        at(LATE)
        francs(cast, 10, LATE)
        for _ in range(2):
            sync(cast)
        assert events(cast, goal) == []
        rate(cast, LATE)
        for _ in range(2):
            sync(cast)
        assert told(cast, goal) == [(AT_RISK, cast.manager.user_id)]

    def test_at_risk_that_was_not_so_is_never_told(self, cast, at):
        goal = make_goal(cast, cast.rep, NONE)
        at(LATE)
        francs(cast, 400, LATE)
        sync(cast)
        rate(cast, LATE)
        sync(cast)
        assert (standing(cast.rep, goal).value, events(cast, goal)) == (800, [])

    def test_what_was_told_before_is_not_told_again(self, cast, at):
        goal = make_goal(cast, cast.rep, NONE)
        at(LATE)
        sync(cast)
        assert events(cast, goal) == [AT_RISK]
        francs(cast, 10, LATE)
        sync(cast)
        rate(cast, LATE)
        sync(cast)
        assert events(cast, goal) == [AT_RISK]

    def test_achieved_waits_and_is_told_once(self, cast):
        goal = make_goal(cast, cast.rep, NONE)
        francs(cast, 10)
        add_deals(cast.tenant, deal(cast.rep, 1000))
        for _ in range(2):
            sync(cast)
        found = standing(cast.rep, goal)
        assert (found.status, events(cast, goal)) == (AssignmentStatus.ACHIEVED, [])
        rate(cast)
        for _ in range(2):
            sync(cast)
        assert to_whom(cast, goal, ACHIEVED) == {cast.rep.user_id, cast.manager.user_id}
        assert len(told(cast, goal)) == 2

    def test_achieved_that_the_missing_record_takes_back_is_never_told(self, cast):
        goal = make_goal(cast, cast.rep, NONE)
        francs(cast, -10)
        add_deals(cast.tenant, deal(cast.rep, 1000))
        sync(cast)
        rate(cast)
        sync(cast)
        assert (standing(cast.rep, goal).value, events(cast, goal)) == (980, [])
        add_deals(cast.tenant, deal(cast.rep, 20))
        sync(cast)
        assert events(cast, goal) == [ACHIEVED]

    def test_a_limit_that_is_broken_waits_too(self, cast):
        goal = make_goal(cast, cast.rep, from_sales(type=GoalType.LIMIT, milestones=()))
        francs(cast, 10)
        add_deals(cast.tenant, deal(cast.rep, 1001))
        sync(cast)
        assert events(cast, goal) == []
        rate(cast)
        sync(cast, SyncMode.INCREMENTAL)
        assert told(cast, goal) == [(FAILED, cast.manager.user_id)]

    def test_a_milestone_is_told_of_what_is_counted(self, cast):
        goal = make_goal(cast, cast.rep, from_sales(milestones=(Milestone(50),)))
        francs(cast, 10)
        add_deals(cast.tenant, deal(cast.rep, 500))
        sync(cast)
        assert events(cast, goal) == [MILESTONE]

    @pytest.mark.parametrize(("amount", "outcome"), [(10, FAILED), (500, ACHIEVED)])
    def test_its_window_is_closed_when_the_rate_is_there(self, cast, at, amount, outcome):
        goal = make_goal(cast, cast.rep, NONE)
        francs(cast, amount)
        at(CLOSED)
        for close in (lambda: roll_over(cast.system), lambda: sync(cast)):
            close()
            found = standing(cast.rep, goal)
            assert (found.closed_at, found.status) == (None, AssignmentStatus.ACTIVE)
        rate(cast)
        assert roll_over(cast.system).closed == 1
        found = standing(cast.rep, goal)
        assert (found.value, found.closed_at is not None) == (2 * amount, True)
        assert events(cast, goal) == [outcome]

    def test_the_next_window_begins_all_the_same(self, cast, at):
        make_goal(cast, cast.rep, NONE)
        francs(cast, 10)
        at(CLOSED)
        assert roll_over(cast.system).begun == 1


class TestWhileAGoalCannotBeComputed:
    def test_nothing_is_told_and_the_number_stands(self, cast, at, database):
        goal = make_goal(cast, cast.rep, NONE)
        add_deals(cast.tenant, deal(cast.rep, 5))
        sync(cast)
        spoil(database, cast, goal)
        at(LATE)
        add_deals(cast.tenant, deal(cast.rep, 2000, LATE))
        sync(cast)
        assert (standing(cast.rep, goal).value, events(cast, goal)) == (5, [])
        mend(cast, goal)
        assert (standing(cast.rep, goal).value, events(cast, goal)) == (2005, [ACHIEVED])
        sync(cast)
        assert events(cast, goal) == [ACHIEVED]

    def test_its_window_is_not_closed_before_it_can_be(self, cast, at, database):
        goal = make_goal(cast, cast.rep, NONE)
        add_deals(cast.tenant, deal(cast.rep, 5))
        spoil(database, cast, goal)
        at(CLOSED)
        for close in (lambda: roll_over(cast.system), lambda: sync(cast)):
            close()
            found = standing(cast.rep, goal)
            assert (found.closed_at, found.status) == (None, AssignmentStatus.ACTIVE)
            assert "leads" in (found.sync_error or "")
        mend(cast, goal)
        found = standing(cast.rep, goal)
        assert (found.value, found.status) == (5, AssignmentStatus.FAILED)
        assert told(cast, goal) == [(FAILED, cast.manager.user_id)]


def test_of_many_goals_the_one_that_cannot_be_computed_harms_no_other(cast, database):
    rnd = Random(5)
    world, _ = some_world(rnd, cast)
    people = [who.user_id for who in (cast.rep, cast.second_rep, cast.south_rep)]
    teams = list({each.team for each in world.memberships})
    wanted = [some_goal(rnd, teams, people) for _ in range(200)]
    ids = put(cast, world, wanted)
    open_ = [n for n, goal in enumerate(wanted) if is_open(goal) and world.found(goal).value]
    bad = open_[17]
    spoil(database, cast, ids[bad])
    for mode in (SyncMode.FULL, SyncMode.INCREMENTAL):
        more = Record(people[0], TODAY, Decimal(77), "USD", "closed_won")
        world.records.append(more)
        add_deals(cast.tenant, deal(cast.rep, more.amount))
        done = sync(cast, mode)
        assert (done.mode, [error.id for error in done.errors]) == (
            mode,
            [definition_of(cast.admin, ids[bad])],
        )
        with tenant_session(cast.admin) as db:
            assert tracking.last_synced(db).errors == done.errors
        found = {row.id: row.current_value for row in rows(cast, Assignment)}
        assert found[ids[bad]] == 0
        assert {ids[n]: found[ids[n]] for n in open_ if n != bad} == {
            ids[n]: world.found(wanted[n]).value for n in open_ if n != bad
        }
        assert [d.id for d in rows(cast, Definition) if d.sync_error] == [
            definition_of(cast.admin, ids[bad])
        ]


def is_open(goal):
    return goal.window.start <= TODAY <= goal.window.end + 3 * DAY


def to_whom(cast, goal, event):
    return {user for event_, user in told(cast, goal) if event_ == event}


def mend(cast, goal):
    """Save the definition as it should be, which computes it."""
    with tenant_session(cast.admin) as db:
        bad = definitions.get(db, definition_of(cast.admin, goal))
        definitions.update(db, bad.id, NONE, version=bad.version)
