"""People over time: when someone works here, and when they leave a team. Nothing of it is lost."""

from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from goals_core import clock
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import audit, targets
from goals_core.engine.arrays import ids_of
from goals_core.engine.audit import Deed
from goals_core.engine.recompute import recompute
from goals_core.errors import N_, Conflict, NotFound
from goals_core.kinds import GoalStatus
from goals_core.models.core import TeamMember, User
from goals_core.models.goals import Assignment, Definition
from goals_core.permissions import Permission, needs


class NotAMember(Conflict):
    message = N_("This person is not in the team on {day}.")


@needs(Permission.MANAGE)
def set_employment(
    db: TenantSession, user_id: UUID, *, hired_on: date | None, left_on: date | None
) -> None:
    """Say when someone works here, first and last day included; prorated targets follow at once.

    Windows that are closed keep what they were held against.
    """
    checks = Checks()
    for field, day in (("hired_on", hired_on), ("left_on", left_on)):
        if day is not None:
            checks.day(field, day)
    if hired_on and left_on and left_on < hired_on:
        checks.problem("left_on", N_("This must not be before the first day."))
    checks.done()
    concerned = _prorated(db, user_id)
    user = db.scalar(select(User).where(User.id == user_id).with_for_update(key_share=True))
    if user is None:
        raise NotFound(N_("person"))
    before = {"hired_on": user.hired_on, "left_on": user.left_on}
    user.hired_on, user.left_on, user.updated_at = hired_on, left_on, clock.now()
    db.flush()  # the targets are computed from it
    after = {"hired_on": hired_on, "left_on": left_on}
    audit.note(db, Deed.USER_EMPLOYMENT_CHANGED, user_id, before=before, after=after)
    targets.follow(db, concerned)
    recompute(db, only=concerned)


@needs(Permission.MANAGE)
def leave_team(db: TenantSession, *, team_id: UUID, user_id: UUID, last_day: date) -> None:
    """End someone's membership; what they did up to that day stays with the team."""
    checks = Checks()
    checks.day("last_day", last_day)
    checks.done()
    membership = db.scalar(
        select(TeamMember)
        .where(
            TeamMember.team_id == team_id,
            TeamMember.user_id == user_id,
            TeamMember.member_from <= last_day,
            func.coalesce(TeamMember.member_to, last_day) >= last_day,
        )
        .with_for_update()
    )
    if membership is None:
        raise NotAMember(day=last_day)
    before = {"member_to": membership.member_to}
    membership.member_to = last_day
    after = {"user_id": user_id, "member_to": last_day}
    audit.note(db, Deed.TEAM_LEFT, team_id, before=before, after=after)


def _prorated(db: TenantSession, user_id: UUID) -> list[UUID]:
    """The person's open assignments of prorated goals, locked: definitions first, both by id."""
    mine = (
        select(Assignment.id, Assignment.definition_id)
        .join(
            Definition,
            (Definition.tenant_id == Assignment.tenant_id)
            & (Definition.id == Assignment.definition_id),
        )
        .where(
            Assignment.user_id == user_id,
            targets.followed(),
            Definition.prorate,
            Definition.status.in_([GoalStatus.DRAFT, GoalStatus.ACTIVE, GoalStatus.PAUSED]),
        )
    )
    rows = db.execute(mine).all()
    goals = Definition.id == func.any(ids_of([row.definition_id for row in rows]))
    locked = select(Definition.id).where(goals).order_by(Definition.id)
    db.execute(locked.with_for_update(read=True))
    ids = [row.id for row in rows]
    these = select(Assignment.id).where(Assignment.id == func.any(ids_of(ids)))
    db.execute(these.order_by(Assignment.id).with_for_update(key_share=True))
    return ids
