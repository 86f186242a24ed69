"""Who is in a team on a day: for whom a record counts besides its owner."""

from typing import Any

from sqlalchemy import ColumnElement, and_, literal, or_, select

from goals_core.actor import Tenant
from goals_core.models.core import TeamMember


def is_member(
    team_id: ColumnElement[Any],
    user_id: ColumnElement[Any],
    day: ColumnElement[Any],
    tenant: Tenant,
) -> ColumnElement[bool]:
    """Whether a person was in a team on a day."""
    member = TeamMember.__table__.c
    return (
        select(literal(1))
        .select_from(TeamMember.__table__)
        .where(
            member.tenant_id == tenant.id,
            member.team_id == team_id,
            member.user_id == user_id,
            was_in(day),
        )
        .exists()
    )


def was_in_team(
    user_id: ColumnElement[Any], day: ColumnElement[Any], tenant: Tenant
) -> ColumnElement[bool]:
    """Which memberships a person's record of a day counts for; those of a team never overlap."""
    member = TeamMember.__table__.c
    return and_(member.tenant_id == tenant.id, member.user_id == user_id, was_in(day))


def was_in(day: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a membership covers a day; a person's memberships of a team never overlap."""
    member = TeamMember.__table__.c
    return and_(member.member_from <= day, or_(member.member_to.is_(None), member.member_to >= day))
