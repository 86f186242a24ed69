"""The company's own settings: by which rules its goals are judged."""

from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import select

from goals_core.actor import Actor, Tenant
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import audit, targets
from goals_core.engine.audit import Deed
from goals_core.engine.recompute import recompute
from goals_core.errors import N_
from goals_core.kinds import GoalStatus
from goals_core.models.core import TenantRow
from goals_core.models.goals import Assignment, Definition
from goals_core.permissions import Permission, needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a company may change of itself; its currency and fiscal year are in its numbers."""

    name: str
    grace_days: int
    risk_progress_below: int  # percent of the target
    risk_time_left: int  # percent of the window
    workweek: str  # ISO weekdays, such as '12345'


@needs(Permission.READ)
def settings(db: TenantSession) -> Settings:
    """The settings as they are now."""
    return Settings(**{f.name: getattr(_row(db), f.name) for f in fields(Settings)})


@needs(Permission.MANAGE)
def change_settings(db: TenantSession, new: Settings) -> Tenant:
    """Change them and bring what they decide up to date; the tenant as it is then."""
    new = _checked(new)
    row = _row(db, lock=True)
    before = {f.name: getattr(row, f.name) for f in fields(Settings)}
    after: dict[str, Any] = {f.name: getattr(new, f.name) for f in fields(Settings)}
    for name, value in after.items():
        setattr(row, name, value)
    db.flush()  # before the tenant's rules are read again
    audit.note(db, Deed.TENANT_CHANGED, db.tenant_id, before=before, after=after)
    db.actor = _under(db.actor, after)
    if before["workweek"] != new.workweek:
        targets.follow(db, _prorated(db))
    if before != after:
        recompute(db)
    return db.actor.tenant


def _checked(new: Settings) -> Settings:
    checks = Checks()
    name = checks.text("name", new.name, longest=200, required=True)
    for field, most in (("grace_days", 60), ("risk_progress_below", 100), ("risk_time_left", 100)):
        value = getattr(new, field)
        if type(value) is not int or not 0 <= value <= most:
            checks.problem(field, N_("A whole number from 0 to {most}."), most=most)
    days = "".join(sorted(set(new.workweek)))
    if not days or days != new.workweek or not set(days) <= set("1234567"):
        checks.problem("workweek", N_("Choose the days of the week that are worked."))
    checks.done()
    return replace(new, name=name)


def _row(db: TenantSession, *, lock: bool = False) -> TenantRow:
    query = select(TenantRow).where(TenantRow.id == db.tenant_id)
    return db.scalars(query.with_for_update(key_share=True) if lock else query).one()


def _under(actor: Actor, changed: dict[str, Any]) -> Actor:
    return replace(actor, tenant=replace(actor.tenant, **changed))


def _prorated(db: TenantSession) -> list[Any]:
    query = select(Assignment.id).join(
        Definition,
        (Definition.tenant_id == Assignment.tenant_id)
        & (Definition.id == Assignment.definition_id),
    )
    return list(
        db.scalars(
            query.where(
                Definition.prorate,
                Definition.status.in_([GoalStatus.DRAFT, GoalStatus.ACTIVE, GoalStatus.PAUSED]),
                targets.followed(),
            )
        )
    )
