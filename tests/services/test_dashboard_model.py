"""The overview of random worlds, held against what standings and day-ends say one by one."""

from collections import Counter, defaultdict
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session
from goals_core.engine import foremost, standing_rules, standings
from goals_core.engine.standings import Standing
from goals_core.kinds import AssigneeType, AssignmentStatus, GoalType, Period
from goals_core.services import corrections, dashboard, history, progress, tracking
from goals_core.services.dashboard import State
from goals_core.services.progress import Reading
from tests.conftest import Cast, new_cast
from tests.makers import TODAY, by_hand, make_goal, random_rows
from tests.sources.test_facts import put, some_goal, some_world

CENT = Decimal("0.01")
ROLES = ("admin", "manager", "rep", "south_rep")


def some_company(rnd: Random) -> Cast:
    """Goals that are tracked from deals and by hand."""
    cast = new_cast()
    world, goals = some_world(rnd, cast)
    people = [each.user_id for each in (cast.manager, cast.rep, cast.second_rep, cast.south_rep)]
    goals += [some_goal(rnd, [cast.north, cast.south], people) for _ in range(20)]
    put(cast, world, goals)
    for _ in range(rnd.randint(0, 3)):
        count_by_hand(rnd, cast)
    return cast


def count_by_hand(rnd: Random, cast: Cast) -> None:
    """Some entries of the last days, of which some are taken back."""
    target = Decimal(rnd.choice([1, 10, 100]))
    period = rnd.choice([Period.WEEKLY, Period.MONTHLY])
    who = rnd.choice([cast.rep, cast.south_rep, cast.north, None])
    goal = make_goal(cast, who, by_hand(target_value=target, period=period))
    days = [rnd.randint(0, 2 if period is Period.WEEKLY else 12) for _ in range(6)]
    with tenant_session(cast.admin) as db:
        readings = [
            Reading(
                assignment_id=goal, on=TODAY - timedelta(day), change=Decimal(rnd.randint(-3, 9))
            )
            for day in days
        ]
        progress.bulk(db, readings)
        entries = [each.id for each in progress.history(db, goal).items]
        for entry in rnd.sample(entries, 2):
            corrections.void(db, entry)


def running(db: TenantSession) -> dict[UUID, Standing]:
    wanted = standings.query(db).where(standing_rules.running(db.actor.tenant))
    return {each.id: each for each in standings.all_of(db, wanted)}


@settings(random_rows, max_examples=5)
@given(st.randoms(use_true_random=True))
def test_an_overview_is_what_standings_and_day_ends_say_one_by_one(cast, rnd):
    company = some_company(rnd)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(foremost, "_TRIES", rnd.choice([(1, 4, 10_000), foremost._TRIES]))
        for role in rnd.sample(ROLES, 2):  # also before any sync has read the records
            check_moves(getattr(company, role), days=rnd.randint(1, 12), most=rnd.randint(1, 12))
    tracking.sync(company.admin)
    for role in ROLES:
        check_sums(getattr(company, role))


def check_moves(actor: Actor, *, days: int, most: int) -> None:
    """Of equal shares any may come first."""
    with tenant_session(actor) as db:
        found = history.moves(db, days=days, most=most)
        goals = running(db)
        series = history.series(db, goals)
    since = TODAY - timedelta(days=days)
    changes: dict[UUID, Decimal] = {}
    for id_, ends in series.items():
        before = next((end.value for end in reversed(ends) if end.day <= since), Decimal(0))
        if ends and ends[-1].value != before:
            changes[id_] = ends[-1].value - before
    shares = {id_: share(change, goals[id_]) for id_, change in changes.items()}
    best = sorted(shares.values(), reverse=True)[:most]
    assert [shares[move.standing.id] for move in found] == best
    assert len({move.standing.id for move in found}) == len(best)
    assert all(move.change == changes[move.standing.id] for move in found)


def share(change: Decimal, goal: Standing) -> Decimal:
    return abs(change) / goal.target if goal.target else Decimal(-1)


def check_sums(actor: Actor) -> None:
    with tenant_session(actor) as db:
        found, goals = dashboard.overview(db), list(running(db).values())
    states = Counter(state_of(goal) for goal in goals)
    assert found.states == {state: states[state] for state in State}
    assert found.goals == len(goals)
    targets = [goal for goal in goals if goal.type is GoalType.TARGET]
    assert found.attainment == mean([goal.progress for goal in targets])
    assert found.expected == mean([goal.pace.expected_percent for goal in targets])
    assert [told(each) for each in found.leaders] == best(targets, AssigneeType.USER)
    assert [told(each) for each in found.teams] == best(targets, AssigneeType.TEAM)


def state_of(goal: Standing) -> State:
    if goal.status is AssignmentStatus.ACHIEVED:
        return State.ACHIEVED
    if goal.status is AssignmentStatus.FAILED:
        return State.FAILED
    if goal.at_risk:
        return State.AT_RISK
    return State.BEHIND if goal.is_behind else State.ON_TRACK


def mean(shares: list[Decimal]) -> Decimal | None:
    return (sum(shares) / len(shares)).quantize(CENT, ROUND_HALF_UP) if shares else None


def told(ranked: dashboard.Ranked) -> tuple[object, ...]:
    return ranked.id, ranked.name, ranked.attainment, ranked.achieved, ranked.goals


def best(targets: list[Standing], kind: AssigneeType) -> list[tuple[object, ...]]:
    theirs = defaultdict(list)
    for goal in targets:
        if goal.assignee_type is kind:
            theirs[goal.assignee_id, goal.assignee].append(goal)
    ranked = [
        (
            id_,
            name,
            mean([goal.attainment for goal in goals]),
            sum(goal.status is AssignmentStatus.ACHIEVED for goal in goals),
            len(goals),
        )
        for (id_, name), goals in theirs.items()
    ]
    return sorted(ranked, key=lambda each: (-each[2], each[1]))[: dashboard.LEADERS]
