"""One large company among others, made in bulk: its people, teams, goals, deals and logs.

Nine other companies have as many assignments each, so that they are a tenth of the table's. Every
company has ten goals of each person and five of each team, that run today; the large one has deals
of this year and the log of what was counted by hand.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from benchmarks.place import Place, add_people, new_company, system
from goals_core import clock, db
from goals_core.actor import Actor, Tenant
from goals_core.kinds import GoalStatus, GoalType, Metric, Period, Source
from goals_core.permissions import Role
from goals_core.services import definitions
from goals_core.services.definitions import Draft

COMPANIES, GOALS, GOALS_OF_TEAMS = 10, 10, 5
_TEAMS = """
    WITH made AS (
        INSERT INTO core.teams (tenant_id, id, name, manager_id, created_at)
        SELECT :tenant_id, gen_random_uuid(), 'Team ' || n, NULL, :now
        FROM generate_series(1, CAST(:teams AS integer)) AS n RETURNING tenant_id, id, name
    ), people AS (
        SELECT id, 1 + row_number() OVER (ORDER BY id) % :teams AS team FROM core.users
        WHERE tenant_id = :tenant_id
    )
    INSERT INTO core.team_members (tenant_id, id, team_id, user_id, member_from)
    SELECT :tenant_id, gen_random_uuid(), m.id, p.id, :year
    FROM made m JOIN people p ON m.name = 'Team ' || p.team
    ON CONFLICT DO NOTHING
"""
_LEAD = """
    UPDATE core.teams SET manager_id = :manager
    WHERE tenant_id = :tenant_id AND right(name, 1) = '7'
"""
_ASSIGNMENTS = """
    INSERT INTO goals.assignments (tenant_id, id, definition_id, assignee_type, user_id, team_id,
        full_target, current_value, progress_percentage, status, notes, last_updated_at,
        period_start, period_end, created_at, updated_at)
    SELECT :tenant_id, gen_random_uuid(), :goal, CAST(:kind AS goals.assignee_type),
        CASE :kind WHEN 'user' THEN w.id END, CASE :kind WHEN 'team' THEN w.id END, v.target,
        v.value, least(v.done, 100),
        CAST(CASE WHEN v.done < 100 THEN 'active' WHEN :is_limit THEN 'failed' ELSE 'achieved' END
            AS goals.assignment_status),
        '', :now, :starts, :ends, :now, :now
    FROM {whose} w, LATERAL (
        SELECT round(:target * (50 + abs(hashtext(w.id || 'target')) % 101) / 100, 2) AS target,
            abs(hashtext(CAST(w.id AS text) || CAST(:goal AS text))) % 11000 / 10000.0 AS share
    ) t, LATERAL (
        SELECT t.target, round(t.target * t.share, 2) AS value,
            floor(round(t.target * t.share, 2) * 10000 / t.target) / 100 AS done
    ) v
    WHERE w.tenant_id = :tenant_id
"""
_DEALS = """
    INSERT INTO sales.opportunities (tenant_id, id, external_id, name, account, owner_id, stage,
        amount, currency, closed_on, attributes, created_at, updated_at)
    SELECT :tenant_id, gen_random_uuid(), 'D-' || n, 'A deal', 'An account',
        (CAST(:people AS uuid[]))[1 + abs(hashtext(n || 'owner')) % :count],
        CASE WHEN n % 4 = 0 THEN 'closed_lost' ELSE 'closed_won' END,
        (abs(hashtext(n || 'amount')) % 1000000) / 100.0, 'USD',
        CAST(:year AS date) + CAST(n * 31 % :days AS integer), '{}', :now, :now
    FROM generate_series(1, CAST(:deals AS bigint)) AS n
"""
_LOG = """
    INSERT INTO goals.progress_log (tenant_id, id, assignment_id, previous_value, new_value,
        change_amount, source, notes, logged_at, occurred_at, kind)
    SELECT a.tenant_id, gen_random_uuid(), a.id, n, n + 1, 1,
        CAST(:source AS goals.progress_source), '',
        CAST(a.period_start + n * :each AS timestamptz) + interval '10 hours',
        CAST(a.period_start + n * :each AS timestamptz) + interval '10 hours', 'change'
    FROM goals.assignments a JOIN goals.definitions d ON d.tenant_id = a.tenant_id
        AND d.id = a.definition_id, generate_series(0, (:today - a.period_start) / :each) AS n
    WHERE a.tenant_id = :tenant_id AND (d.source = 'manual') = (:source = 'manual')
"""
_WON, _LOST = {"stage": "closed_won"}, {"stage": "closed_lost"}
_LARGE = _WON | {"amount": {"gte": 2500}}


@dataclass(frozen=True)
class Crowd:
    """The large company, and who looks at it."""

    tenant: Tenant
    manager: Actor  # of a tenth of the teams

    @property
    def admin(self) -> Actor:
        return system(self.tenant)


def gather(place: Place, *, people: int, teams: int, deals: int) -> Crowd:
    """All companies; each of them has `people` times ten assignments."""
    made = [new_company(f"crowd-{n}") for n in range(COMPANIES)]
    with _in_bulk(place):
        for tenant in made:
            with db.tenant_session(system(tenant)) as session:
                ids = add_people(session, people)
                _run(session, _TEAMS, teams=teams, year=_year(tenant))
                _goals(session, size=people // teams)
            if tenant is made[0]:
                found = _history(tenant, ids, deals)
    place.analyze()
    return found


def _history(tenant: Tenant, people: list[UUID], deals: int) -> Crowd:
    """The deals of the large company, and its logs: by hand a line every second week."""
    manager = replace(system(tenant), user_id=people[0], role=Role.MANAGER)
    with db.tenant_session(system(tenant)) as session:
        days = (tenant.today - _year(tenant)).days + 1
        whose = {"people": "{" + ",".join(map(str, people)) + "}", "count": len(people)}
        _run(session, _LEAD, manager=manager.user_id)
        _run(session, _DEALS, **whose, year=_year(tenant), days=days, deals=deals)
        for source, each in (("manual", 14), ("automatic", 2)):
            _run(session, _LOG, source=source, each=each, today=tenant.today)
    return Crowd(tenant, manager)


def _goals(session: db.TenantSession, *, size: int) -> None:
    """A team is asked for as much as so many people."""
    tenant = session.actor.tenant
    for n, draft in enumerate(_drafts(tenant)):
        goal = definitions.create(session, draft).id
        definitions.set_status(session, goal, GoalStatus.ACTIVE)
        starts = _starts(draft.period, tenant.today)
        bound: dict[str, Any] = {
            "goal": goal,
            "target": draft.target_value,
            "is_limit": draft.type is GoalType.LIMIT,
            "starts": starts,
            "ends": max(starts + timedelta(days=_DAYS[draft.period] - 1), tenant.today),
        }
        of_people = _ASSIGNMENTS.format(whose="core.users")
        _run(session, of_people, kind="user", **bound)
        if n < GOALS_OF_TEAMS:
            bound["target"] *= size
            _run(session, _ASSIGNMENTS.format(whose="core.teams"), kind="team", **bound)


_DAYS = {Period.WEEKLY: 7, Period.MONTHLY: 30, Period.QUARTERLY: 91, Period.YEARLY: 365}


def _starts(period: Period, today: date) -> date:
    match period:
        case Period.WEEKLY:
            return today - timedelta(days=today.weekday())
        case Period.MONTHLY:
            return today.replace(day=1)
        case Period.QUARTERLY:
            return today.replace(month=today.month - (today.month - 1) % 3, day=1)
        case _:
            return today.replace(month=1, day=1)


def _drafts(tenant: Tenant) -> Iterator[Draft]:
    """Seven from deals, three by hand; two of them are limits."""
    limit, of = GoalType.LIMIT, lambda **how: _draft(tenant, **how)
    yield of(name="Sales", period=Period.MONTHLY, filter_=_WON, target=10_000)
    yield of(name="Sales", period=Period.QUARTERLY, filter_=_WON, target=30_000)
    yield of(name="Sales", period=Period.YEARLY, filter_=_WON, target=120_000)
    yield of(name="Large sales", period=Period.QUARTERLY, filter_=_LARGE, target=25_000)
    yield of(name="Deals", period=Period.MONTHLY, filter_=_WON, counted=True, target=3)
    yield of(name="Deals", period=Period.WEEKLY, filter_=_WON, counted=True, target=1)
    yield of(name="Lost", period=Period.YEARLY, filter_=_LOST, counted=True, target=9, type=limit)
    yield of(name="Calls", period=Period.MONTHLY, target=200)
    yield of(name="Visits", period=Period.WEEKLY, target=5)
    yield of(name="Complaints", period=Period.QUARTERLY, target=5, type=limit)


def _draft(
    tenant: Tenant,
    *,
    name: str,
    period: Period,
    target: int,
    filter_: dict[str, Any] | None = None,
    counted: bool = False,
    type: GoalType = GoalType.TARGET,  # noqa: A002  (as the goal's own)
) -> Draft:
    how = {"aggregation": "count"} if counted else {"aggregation": "sum", "field": "amount"}
    config = {"module": "sales", "entity": "opportunities", "filter": filter_} | how
    is_money = filter_ is not None and not counted
    return Draft(
        name=f"{name}, {period}",
        type=type,
        metric=Metric.CURRENCY if is_money else Metric.COUNT,
        target_value=Decimal(target),
        unit="USD" if is_money else "times",
        period=period,
        starts_at=_year(tenant),
        source=Source.MANUAL if filter_ is None else Source.SALES,
        source_config=None if filter_ is None else config,
    )


def _year(tenant: Tenant) -> date:
    return date(tenant.today.year, 1, 1)


def _run(session: db.TenantSession, statement: str, **bound: object) -> None:
    session.execute(text(statement), {"tenant_id": session.tenant_id, "now": clock.now()} | bound)


_FILLED = ("goals.assignments", "goals.progress_log", "sales.opportunities")


@contextmanager
def _in_bulk(place: Place) -> Iterator[None]:
    """References are not checked row by row, nothing goes to the journal."""
    for table in _FILLED:
        place.as_superuser(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    yield
    for table in _FILLED:
        place.as_superuser(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
