"""Whose records are looked at, as a condition on an owner and a day."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Select,
    and_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.engine import scopes, visibility
from goals_core.engine.assigning import Assignee
from goals_core.kinds import AssigneeType
from goals_core.models.core import TeamMember
from goals_core.permissions import Permission
from goals_core.sources.trials import Whose


def of(db: TenantSession, assignees: Sequence[Assignee]) -> Whose:
    """The assignees' records together; without any, all that are the actor's to look at.

    Those are the company's for who manages goals, else those of the people whose goals they set.
    """
    if any(one.type is AssigneeType.TENANT for one in assignees):
        return lambda _owner, _day: true()
    if not assignees:
        if db.actor.may(Permission.MANAGE):
            return lambda _owner, _day: true()
        led = ids_of(list(db.scalars(visibility.led_people(db))), "led")
        return lambda owner, _day: owner == func.any(led)
    people = {one.id for one in assignees if one.type is AssigneeType.USER and one.id}
    teams = {one.id for one in assignees if one.type is AssigneeType.TEAM and one.id}
    if not teams:
        mine = ids_of(people, "people")
        return lambda owner, _day: owner == func.any(mine)
    spans = _spans(db, people, teams).cte("spans")
    ever = scopes.owners_among(db, people, teams)
    if ever is None:
        return lambda owner, day: _is_in(spans, owner, day)
    named = ids_of(ever, "ever")
    return lambda owner, day: and_(owner == func.any(named), _is_in(spans, owner, day))


def _is_in(
    spans: CTE, owner: ColumnElement[Any], day: ColumnElement[Any] | None
) -> ColumnElement[bool]:
    found = select(literal(1)).where(spans.c.user_id == owner)
    if day is not None:
        found = found.where(
            or_(spans.c.member_from.is_(None), spans.c.member_from <= day),
            or_(spans.c.member_to.is_(None), spans.c.member_to >= day),
        )
    return found.exists()


def _spans(db: TenantSession, people: Collection[UUID], teams: Collection[UUID]) -> Select[Any]:
    """Who, and from when to when: people always, members of teams while they are in them."""
    ever = cast(null(), Date)
    always = select(
        func.unnest(ids_of(people, "people")).label("user_id"),
        ever.label("member_from"),
        ever.label("member_to"),
    )
    member = TeamMember.__table__.c
    while_member = select(member.user_id, member.member_from, member.member_to).where(
        member.tenant_id == db.tenant_id, member.team_id == func.any(ids_of(teams, "teams"))
    )
    return select(union_all(always, while_member).subquery("everyone"))
