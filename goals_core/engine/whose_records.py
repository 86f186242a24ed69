"""Whose records are looked at, as a condition on an owner and a day."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
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
from goals_core.engine import visibility
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
    spans = _spans(db, assignees).cte("spans")

    def is_theirs(owner: ColumnElement[Any], day: ColumnElement[Any] | None) -> ColumnElement[bool]:
        s = spans.c
        found = select(literal(1)).where(s.user_id == owner)
        if day is not None:
            found = found.where(
                or_(s.member_from.is_(None), s.member_from <= day),
                or_(s.member_to.is_(None), s.member_to >= day),
            )
        return found.exists()

    return is_theirs


def _spans(db: TenantSession, assignees: Sequence[Assignee]) -> Select[Any]:
    """Who, and from when to when: people always, members of teams while they are in them."""
    people = [one.id for one in assignees if one.type is AssigneeType.USER and one.id]
    teams = [one.id for one in assignees if one.type is AssigneeType.TEAM and one.id]
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
