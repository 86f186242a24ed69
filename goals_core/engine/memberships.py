"""Who was in a team from which day to which: never twice at a time; its goals follow at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select

from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import concerned
from goals_core.engine.recompute import recompute
from goals_core.errors import N_, Conflict, NotFound
from goals_core.models.core import Team, TeamMember
from goals_core.models.goals import Assignment


class MemberAlready(Conflict):
    message = N_("This person is in the team on some of these days already.")


class MembershipCounted(Conflict):
    message = N_("A window of {team} that is closed has counted it; change its days instead.")


@contextmanager
def changing(db: TenantSession, team_id: UUID) -> Iterator[Team]:
    """The team, locked, and with it its open goals; afterwards they are computed anew."""
    goals = concerned.locked(db, concerned.tracked_of([team_id]))
    yield get(db, team_id, lock=True)
    db.flush()  # the computation reads it
    if goals:
        recompute(db, only=goals)


def get(db: TenantSession, team_id: UUID, *, lock: bool = False) -> Team:
    """A team; its lock lets goals be assigned to it meanwhile."""
    query = select(Team).where(Team.id == team_id)
    fresh = {"populate_existing": True}
    found = query.with_for_update(key_share=True) if lock else query
    team = db.scalar(found, execution_options=fresh)
    if team is None:
        raise NotFound(N_("team"))
    return team


def find_team(db: TenantSession, membership_id: UUID) -> UUID:
    """Whose membership it is."""
    query = select(TeamMember.team_id).where(TeamMember.id == membership_id)
    team_id = db.scalar(query)
    if team_id is None:
        raise NotFound(N_("membership"))
    return team_id


def check_days(member_from: date, member_to: date | None) -> None:
    checks = Checks()
    checks.day("member_from", member_from)
    if member_to is not None:
        checks.day("member_to", member_to)
    checks.done()
    if member_to is not None and member_to < member_from:
        checks.problem("member_to", N_("This must not be before the first day."))
    checks.done()


def refuse_overlap(
    db: TenantSession,
    team_id: UUID,
    user_id: UUID,
    days: tuple[date, date | None],
    *,
    but: UUID | None = None,
) -> None:
    """Refuse when the person is in the team on any of these days; the team's row is locked."""
    first, last = days
    overlap = select(TeamMember.id).where(
        TeamMember.team_id == team_id,
        TeamMember.user_id == user_id,
        or_(TeamMember.member_to.is_(None), TeamMember.member_to >= first),
        TeamMember.member_from <= (last or date.max),
    )
    if but is not None:
        overlap = overlap.where(TeamMember.id != but)
    if db.scalar(overlap.limit(1)) is not None:
        raise MemberAlready


def refuse_counted(db: TenantSession, team: Team, membership: TeamMember) -> None:
    """Refuse when a window that is closed has days of the membership."""
    closed = select(func.count()).where(
        Assignment.team_id == team.id,
        Assignment.closed_at.is_not(None),
        Assignment.period_end >= membership.member_from,
        Assignment.period_start <= (membership.member_to or date.max),
    )
    if db.scalar(closed):
        raise MembershipCounted(team=team.name)
