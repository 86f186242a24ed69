"""How far the actor reaches: whose goals they look at, which progress they record."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from goals_core.db import TenantSession
from goals_core.engine import standing_rules, standings, visibility
from goals_core.engine.standings import Standing
from goals_core.kinds import AssigneeType
from goals_core.models.core import Team, User
from goals_core.models.goals import Assignment
from goals_core.permissions import Permission, Role, needs
from goals_core.services import dashboard
from goals_core.services.choices import Assignee
from goals_core.services.receipts import Owner

MOST = 200


@needs(Permission.READ)
def owners(db: TenantSession) -> list[Assignee]:
    """Whose open goals the actor may see, in the order of interest: the first one is theirs.

    Oneself, if there is a goal or one could come; then teams for who leads some, the company,
    the others by name.
    """
    found = [
        Assignee(
            Owner(row.assignee_type, row.user_id or row.team_id),
            row.person or row.team or db.actor.tenant.name,
        )
        for row in db.execute(_with_open_goals(db))
    ]
    me = Assignee(Owner(AssigneeType.USER, db.actor.user_id), db.actor.name)
    if db.actor.role is Role.REP and me.owner not in [who.owner for who in found]:
        found.append(me)
    order = [AssigneeType.TENANT, AssigneeType.TEAM, AssigneeType.USER]
    if db.actor.role is Role.MANAGER:
        order.insert(0, order.pop(1))
    return sorted(found, key=lambda w: (w.owner != me.owner, order.index(w.owner.type), w.name))


@needs(Permission.READ)
def goals_of(db: TenantSession, owner: Owner) -> list[Standing]:
    """What runs or waits to be closed of one of the `owners`; of a team with its members' goals."""
    if owner.type is AssigneeType.TENANT or owner.id is None:
        return _of_the_company(db)
    if owner.type is AssigneeType.TEAM:
        return dashboard.team(db, owner.id)
    return dashboard.user(db, owner.id)


@needs(Permission.READ)
def may_record(db: TenantSession, assignment_id: UUID) -> bool:
    """Whether the actor may record progress on an assignment by hand."""
    mine = select(Assignment.id).where(
        Assignment.id == assignment_id, visibility.progressable_assignments(db)
    )
    return db.scalar(mine) is not None


def _with_open_goals(db: TenantSession) -> Select[*tuple[Any, ...]]:
    """The assignees of what runs or waits to be closed, each once."""
    return (
        standings.query(db)
        .where(standing_rules.begun(db.actor.tenant), Assignment.closed_at.is_(None))
        .with_only_columns(
            Assignment.assignee_type,
            Assignment.user_id,
            Assignment.team_id,
            User.name.label("person"),
            Team.name.label("team"),
            maintain_column_froms=True,
        )
        .distinct()
    )


def _of_the_company(db: TenantSession) -> list[Standing]:
    wanted = standings.query(db).where(
        Assignment.assignee_type == AssigneeType.TENANT,
        standing_rules.begun(db.actor.tenant),
        Assignment.closed_at.is_(None),
    )
    return standings.all_of(db, wanted.order_by(Assignment.period_end, Assignment.id).limit(MOST))
