"""Who is asking: the person, their tenant and what their role permits."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from goals_core import clock, logs
from goals_core.errors import NotAllowed
from goals_core.permissions import Permission, Reach, Role, reach

_log = logs.get("goals.security")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company and the settings that its goals are judged by."""

    id: UUID
    slug: str
    name: str
    timezone: str
    locale: str
    currency: str
    fiscal_year_start: int  # month, 1 to 12
    grace_days: int
    risk_progress_below: int  # percent of the target
    risk_time_left: int  # percent of the window
    workweek: str = "12345"  # the ISO weekdays that are worked, for prorated targets

    @property
    def today(self) -> date:
        """The day it is where the tenant is."""
        return clock.today(self.timezone)


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person, or the system itself (then `user_id` is None)."""

    tenant: Tenant
    user_id: UUID | None
    role: Role
    name: str
    email: str = ""
    session_id: UUID | None = None

    @classmethod
    def system(cls, tenant: Tenant) -> "Actor":
        """The command line and the worker: nobody's account, every permission."""
        return cls(tenant, None, Role.ADMIN, "Goals")

    @property
    def tenant_id(self) -> UUID:
        return self.tenant.id

    def may(self, permission: Permission) -> bool:
        return self.reach(permission) is not Reach.NONE

    def reach(self, permission: Permission) -> Reach:
        """Whose goals the permission extends to."""
        return reach(self.role, permission)

    def need(self, permission: Permission) -> None:
        """Refuse with `NotAllowed` when the role lacks the permission; the log knows of it."""
        if not self.may(permission):
            _log.warning(
                "Refused for want of a permission",
                permission=permission.value,
                user=self.user_id,
                tenant=self.tenant_id,
            )
            raise NotAllowed(permission=permission.value)
