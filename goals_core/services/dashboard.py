"""The goals at a glance: a company's or team's, a person's, what is achieved, what is at risk.

Units are never added up across goals: a group's attainment is the mean of its goals' attainments.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select

from goals_core.checks import printable
from goals_core.db import TenantSession
from goals_core.engine import standing_rules, standings, visibility
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.engine.standings import Standing
from goals_core.errors import N_, NotFound
from goals_core.kinds import AssigneeType, AssignmentStatus, GoalType, Period
from goals_core.models.core import Team, TeamMember, User
from goals_core.models.goals import Assignment, Definition
from goals_core.permissions import Permission, needs
from goals_core.services import history
from goals_core.services.history import Move

LEADERS = 10
ALL_OF_ONE = PageRequest(size=200)


class State(StrEnum):
    """What a running goal is, each exactly one of these."""

    ACHIEVED = "achieved"
    ON_TRACK = "on_track"
    BEHIND = "behind"
    AT_RISK = "at_risk"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A person or team with the mean attainment of the targets that run today."""

    id: UUID
    name: str
    attainment: Decimal  # percent, also beyond 100
    achieved: int
    goals: int


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
    running = standing_rules.running(db.actor.tenant)
    if period is not None:
        running = and_(running, Definition.period == period)
    states = dict.fromkeys(State, 0)
    for name, count in db.execute(_states(db, running)):
        states[State(name)] = count
    mean, expected = db.execute(_means(db, running)).one()
    return Overview(
        goals=sum(states.values()),
        states=states,
        attainment=mean,
        expected=expected,
        leaders=_ranked(db, running, User, AssigneeType.USER, LEADERS),
        teams=_ranked(db, running, Team, AssigneeType.TEAM, LEADERS),
        moves=history.moves(db, period=period),
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


def _states(db: TenantSession, running: ColumnElement[bool]) -> Select[Any]:
    tenant = db.actor.tenant
    state = case(
        (Assignment.status == AssignmentStatus.ACHIEVED, State.ACHIEVED.value),
        (Assignment.status == AssignmentStatus.FAILED, State.FAILED.value),
        (standing_rules.at_risk(tenant), State.AT_RISK.value),
        (standing_rules.behind_pace(tenant), State.BEHIND.value),
        else_=State.ON_TRACK.value,
    ).label("state")
    return _of_running(db, running, state, func.count()).group_by(state)


def _means(db: TenantSession, running: ColumnElement[bool]) -> Select[Any]:
    targets = and_(running, Definition.type == GoalType.TARGET)
    mean = func.round(func.avg(Assignment.progress_percentage), 2)
    expected = func.round(func.avg(standing_rules.expected_percent(db.actor.tenant)), 2)
    return _of_running(db, targets, mean, expected)


def _ranked(
    db: TenantSession,
    running: ColumnElement[bool],
    table: type[User] | type[Team],
    kind: AssigneeType,
    most: int,
) -> list[Ranked]:
    """Best first. A target counts as much as another, whatever its unit."""
    mean = func.round(func.avg(standing_rules.attained()), 2)
    is_done = Assignment.status == AssignmentStatus.ACHIEVED
    query = (
        _of_running(
            db, running, table.id, table.name, mean, func.count().filter(is_done), func.count()
        )
        .where(Definition.type == GoalType.TARGET, Assignment.assignee_type == kind)
        .group_by(table.id, table.name)
        .order_by(mean.desc(), table.name)
    )
    return [Ranked(*row) for row in db.execute(query.limit(most))]


def _of_running(
    db: TenantSession,
    running: ColumnElement[bool],
    *columns: ColumnElement[Any] | Any,  # noqa: ANN401
) -> Select[Any]:
    narrowed = standings.query(db).where(running, literal(True))
    return narrowed.with_only_columns(*columns, maintain_column_froms=True)
