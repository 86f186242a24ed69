"""People over time: who leaves, changes team or comes later keeps what was, to the cent."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.engine.assigning import NobodyWorks
from goals_core.errors import Invalid, NotAllowed, OwnTarget
from goals_core.kinds import AssignmentStatus, GoalStatus, GoalType, Period
from goals_core.models.proration import Proration
from goals_core.services import assignments, company, definitions, people, planning, teams, tracking
from goals_core.services.rollover import roll_over
from tests.engine import (
    chain,
    change,
    employ,
    log,
    quota,
    record,
    set_status,
    told,
)
from tests.makers import (
    TODAY,
    add_deals,
    assign,
    by_hand,
    deal,
    definition_of,
    from_sales,
    make_definition,
    make_goal,
    standing,
    with_settings,
)

DAY = timedelta(days=1)
THOUSAND = Decimal(1000)
MONDAY = date(2026, 5, 18)  # from here on ten of May's 21 working days are left


def prorated(cast, who, target=THOUSAND, **more):
    return make_goal(cast, who, by_hand(prorate=True, target_value=Decimal(target), **more))


def share(cast, goal):
    found = standing(cast.admin, goal)
    if found.proration is not None:
        assert found.proration.target == found.target
    return found.target, found.proration


@pytest.mark.parametrize(
    ("hired_on", "left_on", "worked", "target"),
    [
        (MONDAY, None, 10, "476.19"),
        (None, date(2026, 5, 22), 16, "761.90"),  # 761.904…
        (MONDAY, date(2026, 5, 22), 5, "238.10"),  # 238.095…
        (date(2026, 5, 16), None, 10, "476.19"),  # a Saturday
        (date(2026, 5, 31), None, 0, None),  # the last day is a Sunday
        (date(2026, 5, 29), None, 1, "47.62"),
        (date(2026, 4, 30), date(2026, 5, 29), 21, "1000.00"),  # all the working days
    ],
)
def test_the_target_counts_for_the_working_days_of_who_comes_and_goes(
    cast, hired_on, left_on, worked, target
):
    goal = prorated(cast, cast.rep)
    assert share(cast, goal) == (THOUSAND, None)
    employ(cast, cast.rep, hired_on, left_on)
    if target is None:
        assert standing(cast.admin, goal).status is AssignmentStatus.CANCELLED
        return
    assert share(cast, goal) == (Decimal(target), Proration(THOUSAND, worked, 21))


@pytest.mark.parametrize(
    ("full", "expected"),
    [
        ("0.01", "0.00"),
        ("0.03", "0.01"),
        ("0.21", "0.10"),
        ("9999999999999.99", "4761904761904.76"),
    ],
)
def test_the_arithmetic_is_exact_to_the_cent_for_any_target(cast, full, expected):
    employ(cast, cast.rep, MONDAY)
    goal = prorated(cast, cast.rep, full)
    assert share(cast, goal) == (Decimal(expected), Proration(Decimal(full), 10, 21))


def test_half_a_cent_is_rounded_up_in_both_places(cast):
    """Of two working days one: a half of an odd number of cents."""
    draft = {"period": Period.CUSTOM, "starts_at": date(2026, 5, 19), "ends_at": TODAY}
    employ(cast, cast.rep, TODAY)
    for full, half in (("0.01", "0.01"), ("0.03", "0.02"), ("12345678.87", "6172839.44")):
        assert share(cast, prorated(cast, cast.rep, full, **draft))[0] == Decimal(half)


def test_an_own_target_is_prorated_as_well(cast):
    employ(cast, cast.rep, MONDAY)
    goal = make_goal(cast, cast.rep, by_hand(prorate=True), custom_target=Decimal(2100))
    assert share(cast, goal) == (THOUSAND, Proration(Decimal(2100), 10, 21))


def test_what_is_not_prorated_stays_whole(cast):
    employ(cast, cast.rep, MONDAY)
    assert share(cast, make_goal(cast, cast.rep)) == (100, None)
    assert share(cast, prorated(cast, cast.north)) == (THOUSAND, None)


def test_a_lower_target_by_proration_is_reached_at_once(cast):
    goal = prorated(cast, cast.rep)
    record(cast.rep, goal, 480)
    employ(cast, cast.rep, MONDAY)
    assert standing(cast.rep, goal).status is AssignmentStatus.ACHIEVED
    employ(cast, cast.rep, None)
    assert standing(cast.rep, goal).status is AssignmentStatus.ACTIVE


def test_the_working_week_is_the_companys(cast):
    employ(cast, cast.rep, MONDAY)
    goal = prorated(cast, cast.rep)
    with tenant_session(cast.admin) as db:
        week = replace(company.settings(db), workweek="123456")
        tenant = company.change_settings(db, week)
    assert tenant.workweek == "123456"
    assert share(cast, goal) == (Decimal("461.54"), Proration(THOUSAND, 12, 26))
    weekend = with_settings(cast.admin, workweek="67")
    with tenant_session(weekend) as db:
        other = assign(db, definition_of(cast.admin, goal), cast.rep, on=date(2026, 6, 1))
    assert share(cast, other) == (THOUSAND, None)


def test_closed_windows_keep_the_target_that_they_were_held_against(cast, at):
    goal = prorated(cast, cast.rep)
    record(cast.rep, goal, 500)
    at(date(2026, 6, 4))
    roll_over(cast.system)
    employ(cast, cast.rep, MONDAY, date(2026, 6, 12))
    change(
        cast.admin, definition_of(cast.admin, goal), by_hand(prorate=True, target_value=Decimal(9))
    )
    with tenant_session(cast.admin) as db:
        company.change_settings(db, replace(company.settings(db), workweek="1234567"))
    may, june = chain(cast, definition_of(cast.admin, goal))
    assert (may.target_value, may.status) == (1000, AssignmentStatus.FAILED)
    assert (june.target_value, june.worked_days, june.working_days) == (Decimal("3.60"), 12, 30)


def test_a_next_window_is_prorated_when_it_begins(cast, at):
    goal = prorated(cast, cast.rep)
    employ(cast, cast.rep, left_on=date(2026, 6, 12))
    assert share(cast, goal) == (THOUSAND, None)
    at(date(2026, 6, 1))
    roll_over(cast.system)
    _, june = chain(cast, definition_of(cast.admin, goal))
    assert (june.target_value, june.worked_days, june.working_days) == (Decimal("454.55"), 10, 22)


def test_who_works_no_day_of_a_window_has_nothing_to_reach_in_it(cast):
    employ(cast, cast.rep, date(2026, 7, 1))
    with pytest.raises(NobodyWorks, match="Rep works on no day from 2026-05-01 to 2026-05-31"):
        prorated(cast, cast.rep)


def test_a_last_day_that_was_a_mistake_and_is_taken_back_gives_the_goal_back(cast):
    goal = prorated(cast, cast.rep)
    record(cast.rep, goal, 300)
    employ(cast, cast.rep, left_on=date(2025, 5, 31))  # meant was 2026
    employ(cast, cast.rep, left_on=date(2026, 5, 31))
    found = standing(cast.admin, goal)
    assert (found.status, found.value, found.target) == (AssignmentStatus.ACTIVE, 300, THOUSAND)


def test_leaving_keeps_what_was_reached_and_closes_it_as_it_is(cast, at):
    goal = make_goal(cast, cast.rep, from_sales())
    add_deals(cast.tenant, deal(cast.rep, 700))
    tracking.sync(cast.admin)
    employ(cast, cast.rep, left_on=TODAY)
    at(date(2026, 6, 4))
    tracking.sync(cast.admin)
    (may,) = chain(cast, definition_of(cast.admin, goal))
    assert (may.current_value, may.status) == (700, AssignmentStatus.FAILED)
    assert told(cast, goal).count(("goal.failed", cast.manager.user_id)) == 1


def test_reassigning_leaves_the_history_with_whom_it_was(cast):
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, 40)
    with tenant_session(cast.manager) as db:
        assignments.cancel(db, goal)
        new = assign(db, definition_of(cast.manager, goal), cast.second_rep)
    record(cast.second_rep, new, 5)
    before, after = standing(cast.admin, goal), standing(cast.admin, new)
    assert (before.value, before.status, after.value) == (40, AssignmentStatus.CANCELLED, 5)
    assert [line.new_value for line in log(cast, goal)] == [40]


def test_changing_the_team_leaves_with_each_team_what_was_done_in_it(cast, at):
    both = [make_goal(cast, team, from_sales()) for team in (cast.north, cast.south)]
    own = make_goal(cast, cast.rep, from_sales())
    for day, amount in ((10, 100), (15, 20), (16, 3)):
        add_deals(cast.tenant, deal(cast.rep, amount, date(2026, 5, day)))
    with tenant_session(cast.admin) as db:
        people.leave_team(
            db, team_id=cast.north, user_id=cast.rep.user_id, last_day=date(2026, 5, 15)
        )
        teams.add_member(
            db, team_id=cast.south, user_id=cast.rep.user_id, member_from=date(2026, 5, 16)
        )
    tracking.sync(cast.admin)
    assert [standing(cast.admin, goal).value for goal in (*both, own)] == [120, 3, 123]
    at(date(2026, 6, 4))
    tracking.sync(cast.admin)
    assert [standing(cast.admin, goal).value for goal in (*both, own)] == [120, 3, 123]


@pytest.fixture
def own(cast):
    """Written by a manager, who is in the team they lead, and assigned to them by someone else."""
    with tenant_session(cast.manager) as db:
        definition = make_definition(db, by_hand())
    with tenant_session(cast.admin) as db:
        teams.add_member(
            db, team_id=cast.north, user_id=cast.manager.user_id, member_from=date(2026, 1, 1)
        )
        return assign(db, definition, cast.manager)


OTHER = {
    "target": {"target_value": Decimal(1)},
    "end": {"ends_at": TODAY},
    "start": {"starts_at": TODAY},
    "period": {"period": Period.DAILY},
    "type": {"type": GoalType.LIMIT},
    "source": {
        "source": "sales",
        "source_config": {"module": "sales", "entity": "opportunities", "aggregation": "count"},
    },
    "proration": {"prorate": True},
}


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
def test_a_manager_does_not_change_what_their_own_goal_is_judged_by(cast, own, other):
    definition = definition_of(cast.admin, own)
    with pytest.raises(OwnTarget):
        change(cast.manager, definition, by_hand(**other))
    change(cast.admin, definition, by_hand(**other))


OWN_DEEDS = {
    "set": lambda db, own: assignments.update(db, own.id, custom_target=Decimal(1), notes=""),
    "plan": lambda db, own: planning.set_targets(
        db, own.definition_id, [quota(db.actor, TODAY, 1)]
    ),
    "hire": lambda db, own: people.set_employment(
        db, own.assignee_id, hired_on=TODAY, left_on=None
    ),
    "company": lambda db, _: company.change_settings(db, company.settings(db)),
    "cancel": lambda db, own: assignments.cancel(db, own.id),
    "delete": lambda db, own: assignments.delete(db, own.id),
    "delete all": lambda db, own: definitions.delete(db, own.definition_id),
    "pause": lambda db, own: definitions.set_status(db, own.definition_id, GoalStatus.PAUSED),
    "complete": lambda db, own: definitions.set_status(db, own.definition_id, GoalStatus.COMPLETED),
    "stop": lambda db, own: definitions.set_status(db, own.definition_id, GoalStatus.CANCELLED),
}


@pytest.mark.parametrize("deed", OWN_DEEDS)
def test_a_manager_does_not_stop_lower_or_delete_their_own_goal(cast, own, deed):
    before = standing(cast.admin, own)
    refused = Invalid if deed == "plan" else NotAllowed  # it names the row
    with pytest.raises(refused), tenant_session(cast.manager) as db:
        OWN_DEEDS[deed](db, before)
    assert standing(cast.admin, own) == before


def test_what_a_manager_may_do_with_their_own_goal(cast, own):
    definition = definition_of(cast.admin, own)
    change(cast.manager, definition, by_hand(name="Phone calls"))
    with tenant_session(cast.manager) as db:
        assignments.update(db, own, custom_target=None, notes="Mine")
    set_status(cast.admin, definition, "paused")
    set_status(cast.manager, definition, "active")
    assert record(cast.manager, own, 10).value == 10
