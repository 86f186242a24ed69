"""The goals at a glance: a company's or team's, a person's, what is achieved, what is at risk.

Units are never added up across goals: a group's attainment is the mean of its goals' attainments.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from goals_core.checks import printable
from goals_core.db import TenantSession
from goals_core.engine import glance, movers, standing_rules, standings, visibility
from goals_core.engine.glance import Ranked
from goals_core.engine.locking import read_in_memory
from goals_core.engine.movers import Move
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.engine.plans import active_ones, plan_of
from goals_core.engine.standings import Standing
from goals_core.errors import N_, NotFound
from goals_core.kinds import AssignmentStatus, Period
from goals_core.models.core import Team, TeamMember, User
from goals_core.models.goals import Assignment, Definition
from goals_core.permissions import Permission, needs

LEADERS = 10
MOVES, MOVED_IN = 8, 7  # so many of those that moved most in so many days
ALL_OF_ONE = PageRequest(size=200)


class State(StrEnum):
    """What a running goal is, each exactly one of these."""

    ACHIEVED = "achieved"
    ON_TRACK = "on_track"
    BEHIND = "behind"
    AT_RISK = "at_risk"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Overview:
    """What runs today, of what the actor may see."""

    goals: int
    states: dict[State, int]
    attainment: Decimal | None  # mean percent of the targets; None without any
    expected: Decimal | None  # mean percent that their pace expects by now
    leaders: list[Ranked]
    teams: list[Ranked]
    moves: list[Move]


@needs(Permission.READ)
def overview(db: TenantSession, *, period: Period | None = None) -> Overview:
    """Everything that runs today (of one period, if given) at a glance."""
    since = db.actor.tenant.today - timedelta(days=MOVED_IN)
    plan = plan_of(db.execute(active_ones(db.tenant_id, period)))
    goals = plan.definitions.values()
    look = glance.look(db, since=since)
    with read_in_memory(db):
        seen = glance.by_goal(look, goals)
        people, teams = glance.best(look, goals, most=LEADERS)
        moved = movers.of(look, plan, seen, most=MOVES)
    all_ = glance.of_all(goal.figures for goal in seen.values())
    return Overview(
        goals=all_.goals,
        states={state: getattr(all_, state.value) for state in State},
        attainment=all_.mean(all_.progress),
        expected=all_.mean(all_.expected),
        leaders=people,
        teams=teams,
        moves=moved,
    )


@needs(Permission.READ)
def my(db: TenantSession) -> list[Standing]:
    """The actor's own goals that run, or wait for their window to close."""
    mine = Assignment.user_id == db.actor.user_id
    return _open(db, mine)


@needs(Permission.READ)
def team(db: TenantSession, team_id: UUID) -> list[Standing]:
    """A team's goals and its members' that run or wait to be closed."""
    visibility.need_team(db, team_id)
    today = db.actor.tenant.today
    members = select(TeamMember.user_id).where(
        TeamMember.team_id == team_id,
        TeamMember.member_from <= today,
        or_(TeamMember.member_to.is_(None), TeamMember.member_to >= today),
    )
    return _open(db, or_(Assignment.team_id == team_id, Assignment.user_id.in_(members)))


@needs(Permission.READ)
def user(db: TenantSession, user_id: UUID) -> list[Standing]:
    """A person's goals that run or wait to be closed, as far as the actor may see them."""
    if db.scalar(select(User.id).where(User.id == user_id)) is None:
        raise NotFound(N_("person"))
    return _open(db, Assignment.user_id == user_id)


@needs(Permission.READ)
def achieved(db: TenantSession, *, page: PageRequest = FIRST_PAGE) -> Page[Standing]:
    """What was achieved, the latest windows first."""
    done = standings.query(db).where(Assignment.status == AssignmentStatus.ACHIEVED)
    return standings.page_of(db, done, page)


@needs(Permission.READ)
def at_risk(
    db: TenantSession,
    *,
    search: str = "",
    periods: Collection[Period] = (),
    page: PageRequest = FIRST_PAGE,
) -> Page[Standing]:
    """What the rule flags, worst first: the least progress, then the least time left."""
    flagged = standings.query(db).where(standing_rules.at_risk(db.actor.tenant))
    if periods:
        flagged = flagged.where(Definition.period.in_(periods))
    if words := printable(search):
        named = (Definition.name, User.name, Team.name)
        flagged = flagged.where(or_(*(c.icontains(words, autoescape=True) for c in named)))
    worst = (Assignment.progress_percentage, Assignment.period_end, Assignment.id)
    return standings.page_of(db, flagged, page, order=worst)


def _open(db: TenantSession, whose: ColumnElement[bool]) -> list[Standing]:
    """The ones that end first come first."""
    wanted = standings.query(db).where(
        whose, standing_rules.begun(db.actor.tenant), Assignment.closed_at.is_(None)
    )
    ordered = wanted.order_by(Assignment.period_end, Definition.name, User.name, Assignment.id)
    return standings.all_of(db, ordered.limit(ALL_OF_ONE.limit))
