"""From records to standings: random worlds, computed by the database and by a second model."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from goals_core import clock
from goals_core.db import TenantSession, tenant_session
from goals_core.engine import scopes
from goals_core.engine.paging import PageRequest
from goals_core.engine.plans import plan_of, subjects, what_a_plan_needs
from goals_core.kinds import (
    AssigneeType,
    AssignmentStatus,
    GoalStatus,
    GoalType,
    Metric,
    Period,
    Source,
)
from goals_core.models.attainment import Evidence, Rule, judge
from goals_core.models.base import new_id
from goals_core.models.core import ExchangeRate, TeamMember
from goals_core.models.goals import Assignment, Definition
from goals_core.models.windows import Window
from goals_core.services import assignments, history, receipts, teams, tracking
from goals_core.services.receipts import Receipt
from goals_core.sources import readings
from goals_core.sources.catalogue import Aggregation
from tests.conftest import Cast, new_cast
from tests.makers import TODAY, WON, add, add_deals, deal, random_rows
from tests.sources.second_model import Found, Goal, Membership, Record, World

DAY = timedelta(days=1)
FIRST = date(2026, 5, 8)
EVERYTHING = PageRequest(size=500)
SPAN = 18  # days from FIRST, the last of them still to come

AMOUNTS = [Decimal(a) for a in ("-75", "-0.01", "0", "0.01", "33.33", "50", "99.99", "250.5")]
TARGETS = [Decimal(t) for t in ("0", "0.01", "50", "100", "150", "1000")]


def some_day(rnd: Random) -> date:
    return FIRST + rnd.randint(0, SPAN) * DAY


def some_record(rnd: Random, people: list[UUID]) -> Record:
    return Record(
        owner=rnd.choice([*people, None]),
        day=rnd.choice([some_day(rnd), some_day(rnd), some_day(rnd), None]),
        amount=rnd.choice([*AMOUNTS, Decimal(rnd.randint(-30_000, 60_000)) / 100]),
        currency=rnd.choice(["EUR", "EUR", "USD", "JPY"]),
        stage=rnd.choice(["closed_won", "closed_won", "open"]),
    )


def some_memberships(rnd: Random, team: UUID, person: UUID) -> list[Membership]:
    """Times in a team, of which no two overlap; the last one may not have ended."""
    days = sorted({some_day(rnd) for _ in range(rnd.randint(0, 4))})
    ends = [*days[1::2], *([None] if len(days) % 2 else [])]
    return [Membership(team, person, *span) for span in zip(days[::2], ends, strict=True)]


def some_goal(rnd: Random, teams: list[UUID], people: list[UUID]) -> Goal:
    type_, bounds = rnd.choice(list(GoalType)), (None, None)
    if type_ is GoalType.MAINTAIN:
        low, high = sorted((rnd.choice(AMOUNTS), rnd.choice(AMOUNTS)))
        bounds = rnd.choice([(None, None), (low, None), (None, high), (low, high)])
    kind = rnd.choice(list(AssigneeType))
    whose = {AssigneeType.USER: people, AssigneeType.TEAM: teams, AssigneeType.TENANT: [None]}
    return Goal(
        assignee_type=kind,
        assignee=rnd.choice(whose[kind]),
        aggregation=rnd.choice(list(Aggregation)),
        stage=rnd.choice(["closed_won", None]),
        is_money=rnd.random() < 0.7,
        rule=Rule(type_, rnd.choice(TARGETS), *bounds),
        window=Window(*sorted((some_day(rnd), some_day(rnd)))),
    )


def some_world(rnd: Random, cast: Cast) -> tuple[World, list[Goal]]:
    people = [actor.user_id for actor in (cast.rep, cast.second_rep, cast.south_rep)]
    teams = new_teams(cast)
    rate_days = [FIRST + rnd.randint(-8, SPAN) * DAY for _ in range(rnd.randint(0, 5))]
    world = World(
        today=TODAY,
        records=[some_record(rnd, people) for _ in range(rnd.randint(0, 60))],
        memberships=[m for t in teams for p in people for m in some_memberships(rnd, t, p)],
        rates={("EUR", day): Decimal(rnd.randint(1, 3 * 10**10)) / 10**10 for day in rate_days},
    )
    return world, [some_goal(rnd, teams, people) for _ in range(rnd.randint(1, 12))]


def new_teams(cast: Cast) -> list[UUID]:
    """Two teams that nobody is in yet."""
    with tenant_session(cast.admin) as db:
        return [teams.create_team(db, name=name, manager_id=None) for name in ("One", "Two")]


def put(cast: Cast, world: World, wanted: list[Goal]) -> list[UUID]:
    """Write a world and its goals into the tenant in bulk; the ids of the assignments."""
    tenant = cast.tenant
    deals = [
        deal(r.owner, r.amount, r.day, currency=r.currency, stage=r.stage) for r in world.records
    ]
    add_deals(tenant, *deals)
    member_rows = [
        {"team_id": m.team, "user_id": m.person, "member_from": m.first, "member_to": m.last}
        for m in world.memberships
    ]
    add(tenant, TeamMember, *member_rows)
    rates = [
        {"from_currency": currency, "to_currency": "USD", "day": day, "rate": rate}
        for (currency, day), rate in world.rates.items()
    ]
    add(tenant, ExchangeRate, *rates)
    ids = [(new_id(), new_id()) for _ in wanted]
    with tenant_session(cast.admin) as db:
        rows = [definition_row(db, goal, d) for goal, (d, _) in zip(wanted, ids, strict=True)]
        db.execute(insert(Definition), rows)
        rows = [assignment_row(db, goal, *pair) for goal, pair in zip(wanted, ids, strict=True)]
        db.execute(insert(Assignment), rows)
    return [assignment_id for _, assignment_id in ids]


def definition_row(db: TenantSession, goal: Goal, id_: UUID) -> dict:
    config = WON | {
        "aggregation": goal.aggregation.value,
        "filter": {"stage": goal.stage} if goal.stage else {},
    }
    return {
        "tenant_id": db.tenant_id,
        "id": id_,
        "name": "A goal",
        "description": "",
        "category": "",
        "type": goal.rule.type,
        "metric": Metric.CURRENCY if goal.is_money else Metric.NUMBER,
        "target_value": goal.rule.target,
        "unit": "USD",
        "period": Period.CUSTOM,
        "starts_at": goal.window.start,
        "ends_at": goal.window.end,
        "source": Source.SALES,
        "source_config": config,
        "milestones": [],
        "status": GoalStatus.ACTIVE,
        "tags": [],
        "range_min": goal.rule.range_min,
        "range_max": goal.rule.range_max,
        "created_at": clock.now(),
        "updated_at": clock.now(),
        "version": 1,
    }


def assignment_row(db: TenantSession, goal: Goal, definition_id: UUID, id_: UUID) -> dict:
    kind = goal.assignee_type
    return {
        "tenant_id": db.tenant_id,
        "id": id_,
        "definition_id": definition_id,
        "assignee_type": kind,
        "user_id": goal.assignee if kind is AssigneeType.USER else None,
        "team_id": goal.assignee if kind is AssigneeType.TEAM else None,
        "full_target": goal.rule.target,
        "current_value": Decimal(0),
        "progress_percentage": Decimal(0),
        "status": AssignmentStatus.ACTIVE,
        "notes": "",
        "period_start": goal.window.start,
        "period_end": goal.window.end,
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }


@random_rows
@given(st.randoms(use_true_random=True))
def test_what_the_database_computes_is_what_a_second_model_computes(cast, rnd):
    company = new_cast()
    world, wanted = some_world(rnd, company)
    ids = put(company, world, wanted)
    expected = {
        id_: world.found(goal)
        for id_, goal in zip(ids, wanted, strict=True)
        if goal.window.start <= TODAY
    }
    assert evidence_of(company) == {
        id_: facts_of(found) for id_, found in expected.items() if found.day_ends
    }
    tracking.sync(company.admin)
    with tenant_session(company.admin) as db:
        series = history.series(db, ids)
        for id_, goal in zip(ids, wanted, strict=True):
            standing = assignments.get(db, id_)
            if id_ not in expected:
                assert (standing.value, standing.status) == (0, AssignmentStatus.ACTIVE)
                continue
            check_standing(standing, goal, expected[id_])
            check_receipt(
                receipts.of_assignment(db, id_, page=EVERYTHING), goal, expected[id_], world
            )
            assert [(end.day, end.value) for end in series[id_]] == expected[id_].day_ends


def evidence_of(cast: Cast) -> dict:
    """What the one statement says of every open assignment."""
    with tenant_session(cast.admin) as db:
        plan = plan_of(db.execute(what_a_plan_needs()))
        who = subjects(db.actor.tenant, plan, only=None)
        a = Assignment
        window = (a.definition_id, a.assignee_type, a.period_start, a.period_end)
        scope = scopes.of(db, plan, db.execute(select(*window)).all(), everyones=True)
        read = readings.day_ends(who, plan.measures, scope, tenant=cast.tenant, today=TODAY)
        rows = db.execute(readings.evidence(who, read, today=TODAY))
        return {row.id: tuple(row)[1:] for row in rows if row.value is not None}


def facts_of(found: Found) -> tuple:
    return (
        found.value,
        found.peak,
        found.out_of_range,
        found.days_in_range,
        found.reached_on,
        found.left_out,
    )


def check_standing(standing, goal: Goal, found: Found) -> None:
    evidence = Evidence(
        found.value, found.peak, found.out_of_range, found.days_in_range, found.reached_on
    )
    # after the tenant's days of grace, unless a record waits for its rate
    closed = goal.window.end + 3 * DAY < TODAY and not found.left_out
    judgement = judge(goal.rule, evidence, goal.window, closed=closed)
    assert standing.value == (found.value or 0)
    assert (standing.status, standing.progress) == (judgement.status, judgement.progress)
    assert (standing.closed_at is not None) is closed
    assert standing.left_out == found.left_out
    if judgement.status is AssignmentStatus.ACHIEVED:
        is_target = goal.rule.type is GoalType.TARGET
        day = standing.achieved_at.astimezone(ZoneInfo("America/New_York")).date()
        assert day == (found.reached_on if is_target else goal.window.end)
    else:
        assert standing.achieved_at is None


def check_receipt(receipt: Receipt | None, goal: Goal, found: Found, world: World) -> None:
    """The records listed are the very ones that make the value."""
    assert receipt is not None
    assert (receipt.value, receipt.left_out) == (found.value, found.left_out)
    mine = [record for record in world.records if world.counts(record, goal)]
    assert receipt.lines.total == len(mine)
    assert Counter(line.counted for line in receipt.lines.items) == Counter(
        world.added(record, goal) for record in mine
    )
