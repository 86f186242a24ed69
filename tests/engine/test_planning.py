"""Planning: many targets at once, all or nothing, and nothing between them that was not meant."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from goals_core.db import tenant_session
from goals_core.errors import Invalid, NotAllowed, NotFound
from goals_core.kinds import AssigneeType, AssignmentStatus, GoalStatus, Period
from goals_core.services import (
    assignments,
    definitions,
    identity,
    people,
    planning,
    teams,
    tracking,
)
from goals_core.services.definitions import NoSuchStep
from goals_core.services.planning import Planned, Quota
from goals_core.services.rollover import roll_over
from tests.engine import chain, employ, milestones, plan, quota, told
from tests.makers import (
    TODAY,
    add_deals,
    assign,
    by_hand,
    deal,
    fields,
    from_sales,
    make_definition,
    statements,
)

MAY, JUNE, JULY = (date(2026, month, 1) for month in (5, 6, 7))
YEAR = [date(2026, month, 1) for month in range(1, 13)]


@pytest.fixture
def calls(cast):
    with tenant_session(cast.admin) as db:
        return make_definition(db, by_hand())


def targets(cast, definition):
    return {
        (row.user_id or row.team_id, row.period_start.month): row.target_value
        for row in chain(cast, definition)
    }


def hire(cast, number):
    """A team of so many people."""
    with tenant_session(cast.admin) as db:
        team = teams.create_team(db, name=f"Team {uuid4().hex}", manager_id=None)
        hired = [
            identity.create_user(
                db,
                email=f"{uuid4().hex}@example.com",
                name=f"Person {n}",
                role="rep",
                password=cast.PASSWORD,
            )
            for n in range(number)
        ]
        for user_id in hired:
            teams.add_member(db, team_id=team, user_id=user_id, member_from=date(2020, 1, 1))
    return hired


@pytest.mark.parametrize("draft", [by_hand(), from_sales(), from_sales(prorate=True)])
def test_a_year_of_a_team_costs_as_many_statements_as_two_months_of_two_people(cast, draft):
    sent = []
    for number, months in ((2, (YEAR[0], MAY)), (20, YEAR)):
        hired = hire(cast, number)
        with tenant_session(cast.admin) as db:
            definition = make_definition(db, draft)
        given = [
            Quota(assignee_type=AssigneeType.USER, assignee_id=who, on=on, target=Decimal(50 + n))
            for n, who in enumerate(hired)
            for on in months
        ]
        raised = [
            replace(q, target=q.target + 1)
            for q in given
            if q.on >= MAY  # what is over is closed
        ]
        with statements() as first:
            assert plan(cast.admin, definition, *given) == Planned(len(given), 0, 0)
        with statements() as second:
            assert plan(cast.admin, definition, *raised) == Planned(0, len(raised), 0)
        sent.append((len(first), len(second)))
    assert sent[0] == sent[1]
    assert len(chain(cast, definition)) == 20 * 12


def test_what_exists_is_changed_what_is_not_is_made_and_what_is_not_named_stays(cast, calls):
    first = [quota(cast.rep, MAY, 70), quota(cast.rep, JUNE, 80)]
    assert plan(cast.admin, calls, *first) == Planned(2, 0, 0)
    again = [quota(cast.rep, date(2026, 5, 31), 75), quota(cast.rep, JUNE, 80)]
    assert plan(cast.admin, calls, *again, quota(cast.north, JULY)) == Planned(1, 1, 1)
    me = cast.rep.user_id
    assert targets(cast, calls) == {(me, 5): 75, (me, 6): 80, (cast.north, 7): 100}
    plan(cast.admin, calls, quota(cast.rep, MAY))
    assert targets(cast, calls)[me, 5] == 100  # the goal's own again


def test_a_plan_counts_at_once(cast, calls):
    add_deals(cast.tenant, deal(cast.rep, 600))
    with tenant_session(cast.admin) as db:
        sales = make_definition(db, from_sales())
    plan(cast.admin, sales, *(quota(cast.rep, on, 600) for on in (MAY, JUNE)))
    may, june = chain(cast, sales)
    assert (may.status, may.current_value) == (AssignmentStatus.ACHIEVED, 600)
    assert (june.status, june.current_value) == (AssignmentStatus.ACTIVE, 0)
    plan(cast.admin, sales, quota(cast.rep, MAY, 1200))
    may, _ = chain(cast, sales)
    assert (may.status, may.progress_percentage) == (AssignmentStatus.ACTIVE, 50)
    assert set(milestones(cast, may.id)) == {25, 50}


def test_every_bad_row_is_named_and_nothing_is_done(cast, calls):
    own = quota(cast.manager, MAY, 1)
    given = [
        quota(cast.rep, MAY, 70),
        quota(cast.south_rep, MAY, 70),  # not in a team of theirs
        own,
        quota(cast.second_rep, date(2025, 12, 31), 70),  # before the goal begins
        quota(cast.second_rep, MAY, 0),
        quota(cast.rep, date(2026, 5, 9), 71),  # the first row's window again
        quota(None, MAY, 5),
        Quota(assignee_type=AssigneeType.USER, assignee_id=uuid4(), on=MAY),
        Quota(assignee_type=AssigneeType.TENANT, assignee_id=cast.rep.user_id, on=MAY),
        quota(cast.second_rep, JUNE, "0.001"),
        Quota(assignee_type=AssigneeType.USER, assignee_id=cast.rep.user_id, on="May"),
    ]
    with tenant_session(cast.admin) as db:
        assign(db, calls, cast.north)
    with pytest.raises(Invalid) as refused:
        plan(cast.manager, calls, *given)
    assert " ".join(fields(refused)) == (
        "2.assignee 3.assignee 4.on 5.target 6.on 7.assignee 8.assignee 9.assignee 10.target 11.on"
    )
    assert len(chain(cast, calls)) == 1


def test_an_own_target_is_refused_also_when_the_kind_of_assignee_comes_as_text(cast):
    with tenant_session(cast.manager) as db:
        own = make_definition(db, by_hand())
    plan(cast.admin, own, quota(cast.manager, MAY, 100))
    mine = {"assignee_id": cast.manager.user_id, "on": MAY, "target": Decimal(1)}
    with tenant_session(cast.admin) as db:
        teams.add_member(
            db, team_id=cast.north, user_id=cast.manager.user_id, member_from=date(2026, 1, 1)
        )
    for kind in (AssigneeType.USER, "user"):
        with pytest.raises(Invalid) as refused:
            plan(cast.manager, own, Quota(assignee_type=kind, **mine))
        assert fields(refused) == ["1.assignee"]
    assert targets(cast, own) == {(cast.manager.user_id, 5): 100}


def test_what_is_closed_or_cancelled_gets_no_other_target(cast, at, calls):
    plan(cast.admin, calls, *(quota(cast.rep, on, 70) for on in (MAY, JUNE, JULY)))
    with tenant_session(cast.admin) as db:
        assignments.cancel(db, chain(cast, calls)[1].id)
    at(date(2026, 6, 4))
    tracking.sync(cast.admin)
    with pytest.raises(Invalid) as refused:
        plan(cast.admin, calls, *(quota(cast.rep, on, 80) for on in (JULY, MAY, JUNE)))
    assert fields(refused) == ["2.on", "3.on"]
    assert "closed on 2026-06-04" in str(refused.value)
    assert set(targets(cast, calls).values()) == {70}
    same = [quota(cast.rep, MAY, 70), quota(cast.rep, JULY, 90)]
    assert plan(cast.admin, calls, *same) == Planned(0, 1, 1)


def months(cast, definition, who):
    return [r.period_start.month for r in chain(cast, definition) if r.user_id == who.user_id]


def test_between_planned_windows_none_is_rolled_over_and_after_the_last_it_goes_on(cast, at, calls):
    plan(cast.admin, calls, quota(cast.rep, MAY, 70), quota(cast.rep, JULY, 80))
    plan(cast.admin, calls, quota(cast.second_rep, MAY))
    at(date(2026, 8, 2))
    roll_over(cast.system)
    assert months(cast, calls, cast.rep) == [5, 7, 8]
    assert months(cast, calls, cast.second_rep) == [5, 6, 7, 8]


def test_a_target_for_a_later_month_alone_stops_no_chain_that_runs(cast, at, calls):
    plan(cast.admin, calls, quota(cast.rep, MAY, 70))
    plan(cast.admin, calls, quota(cast.rep, JULY, 80))
    at(date(2026, 8, 2))
    roll_over(cast.system)
    assert months(cast, calls, cast.rep) == [5, 6, 7, 8]


@pytest.mark.parametrize("status", [GoalStatus.COMPLETED, GoalStatus.CANCELLED])
def test_what_is_over_is_not_planned(cast, status):
    with tenant_session(cast.admin) as db:
        done = make_definition(db, by_hand(), status=status)
    with pytest.raises(planning.assigning.GoalIsOver):
        plan(cast.admin, done, quota(cast.rep, MAY, 70))


def test_who_may_not_assign_plans_nothing_and_who_does_not_see_it_finds_nothing(cast, calls):
    without = {NotAllowed: [cast.rep, cast.analyst], NotFound: [cast.south_manager]}
    for refusal, who in ((error, who) for error in without for who in without[error]):
        with pytest.raises(refusal):
            plan(who, calls, quota(cast.rep, MAY, 70))
    assert chain(cast, calls) == []


def test_a_person_who_works_no_day_of_a_prorated_window_is_named(cast):
    employ(cast, cast.rep, hired_on=JUNE)
    with tenant_session(cast.admin) as db:
        prorated = make_definition(db, by_hand(prorate=True))
    with pytest.raises(Invalid) as refused:
        plan(cast.admin, prorated, quota(cast.rep, JUNE), quota(cast.rep, MAY))
    assert fields(refused) == ["2.on"]


def test_each_member_gets_the_goal_and_who_has_it_keeps_it(cast, calls):
    with tenant_session(cast.admin) as db:
        assign(db, calls, cast.rep, custom_target=Decimal(5))
        made = planning.assign_members(db, calls, cast.north, custom_target=Decimal(40))
        again = planning.assign_members(db, calls, cast.north, custom_target=Decimal(50))
    assert (made, again) == (Planned(1, 0, 1), Planned(0, 0, 2))
    assert targets(cast, calls) == {(cast.rep.user_id, 5): 5, (cast.second_rep.user_id, 5): 40}


def test_members_are_those_of_the_day(cast, calls):
    with tenant_session(cast.admin) as db:
        people.leave_team(db, team_id=cast.north, user_id=cast.rep.user_id, last_day=TODAY)
        planning.assign_members(db, calls, cast.north, on=JUNE)
        planning.assign_members(db, calls, cast.north)
    assert months(cast, calls, cast.rep) == [5]
    assert months(cast, calls, cast.second_rep) == [5, 6]


def test_a_manager_who_is_in_their_own_team_assigns_the_others(cast):
    with tenant_session(cast.admin) as db:
        teams.add_member(
            db, team_id=cast.north, user_id=cast.manager.user_id, member_from=date(2026, 1, 1)
        )
    with tenant_session(cast.manager) as db:
        made = make_definition(db, by_hand())
        planning.assign_members(db, made, cast.north)
    assert set(targets(cast, made)) == {(cast.rep.user_id, 5), (cast.second_rep.user_id, 5)}


def test_the_next_year_is_a_draft_with_the_same_people_and_targets_without_who_has_left(cast, at):
    draft = by_hand(period=Period.YEARLY, ends_at=date(2026, 12, 31))
    with tenant_session(cast.admin) as db:
        year = make_definition(db, draft)
        goals = [
            assign(db, year, who, custom_target=target)
            for who, target in (
                (cast.rep, Decimal(70)),
                (cast.second_rep, None),
                (cast.north, Decimal(300)),
                (cast.south_rep, Decimal(9)),
            )
        ]
        assignments.cancel(db, goals[-1])
    employ(cast, cast.second_rep, left_on=date(2026, 12, 31))
    with tenant_session(cast.admin) as db:
        copy = planning.copy_to_next(db, year)
    assert (copy.status, copy.name) == (GoalStatus.DRAFT, "Calls")
    assert (copy.settings.starts_at, copy.settings.ends_at) == (
        date(2027, 1, 1),
        date(2027, 12, 31),
    )
    assert {(r.user_id or r.team_id, r.target_value) for r in chain(cast, copy.id)} == {
        (cast.rep.user_id, 70),
        (cast.north, 300),
    }
    assert {row.period_start for row in chain(cast, copy.id)} == {date(2027, 1, 1)}
    assert [told(cast, row.id) for row in chain(cast, copy.id)] == [[], []]


def test_who_works_no_day_of_the_first_window_is_not_copied_into_it(cast):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, by_hand(prorate=True, ends_at=date(2026, 10, 31)))
        for who in (cast.rep, cast.second_rep):
            assign(db, goal, who)
    employ(cast, cast.second_rep, left_on=date(2026, 11, 1))  # a Sunday
    with tenant_session(cast.admin) as db:
        copy = planning.copy_to_next(db, goal)
    assert copy.settings.starts_at == date(2026, 11, 1)
    assert [row.user_id for row in chain(cast, copy.id)] == [cast.rep.user_id]


def test_several_goals_take_a_step_together_or_none_does(cast):
    with tenant_session(cast.admin) as db:
        drafts = [make_definition(db, by_hand(), status=GoalStatus.DRAFT) for _ in range(3)]
        over = make_definition(db, by_hand(), status=GoalStatus.COMPLETED)
    with pytest.raises(NoSuchStep), tenant_session(cast.admin) as db:
        definitions.set_statuses(db, [*drafts, over], GoalStatus.ACTIVE)
    with pytest.raises(NotFound), tenant_session(cast.admin) as db:
        definitions.set_statuses(db, [*drafts, uuid4()], GoalStatus.ACTIVE)
    with tenant_session(cast.admin) as db:
        assert {definitions.get(db, id_).status for id_ in drafts} == {GoalStatus.DRAFT}
        assert definitions.set_statuses(db, drafts, GoalStatus.ACTIVE) == 3
        assert definitions.set_statuses(db, drafts, GoalStatus.PAUSED) == 3
        assert {definitions.get(db, id_).status for id_ in drafts} == {GoalStatus.PAUSED}


def test_a_manager_stops_none_of_several_when_one_is_their_own(cast):
    with tenant_session(cast.manager) as db:
        both = [make_definition(db, by_hand()) for _ in range(2)]
    plan(cast.admin, both[1], quota(cast.manager, MAY))
    with pytest.raises(NotAllowed), tenant_session(cast.manager) as db:
        definitions.set_statuses(db, both, GoalStatus.PAUSED)
    with tenant_session(cast.admin) as db:
        assert {definitions.get(db, id_).status for id_ in both} == {GoalStatus.ACTIVE}
