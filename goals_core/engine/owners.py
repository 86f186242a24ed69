"""Whose records goals can be made of: their people, and whoever was in their teams."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.kinds import AssigneeType
from goals_core.models.core import TeamMember
from goals_core.sources.facts import Owners

MOST = 2_000  # whose records are looked up one by one; of more, everybody's are read


def of(db: TenantSession, rows: Collection[Row[*tuple[Any, ...]]]) -> Owners:
    """Of these assignments; None: everyone's."""
    if any(row.assignee_type is AssigneeType.TENANT for row in rows):
        return None
    people = {row.user_id for row in rows if row.user_id is not None}
    teams = {row.team_id for row in rows if row.team_id is not None}
    return among(db, people, teams)


def among(db: TenantSession, people: Iterable[UUID], teams: Collection[UUID]) -> Owners:
    """The people, and whoever was ever in one of the teams; None: they are too many to name."""
    found = set(people)
    if teams:
        members = select(TeamMember.user_id).where(TeamMember.team_id == func.any(ids_of(teams)))
        found |= set(db.scalars(members))
    return found if len(found) <= MOST else None
