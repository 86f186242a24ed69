"""What one may assign to whom: the rules that a single assignment and a whole plan share."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import select

from goals_core import clock
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import definition_lookup, visibility
from goals_core.errors import N_, Conflict, NotAllowed, NotFound, OwnTarget, invalid
from goals_core.kinds import AssigneeType, AssignmentStatus, GoalStatus, GoalType, Metric
from goals_core.models.base import new_id
from goals_core.models.core import Team, User
from goals_core.models.goals import Definition
from goals_core.models.proration import worked
from goals_core.models.windows import Window
from goals_core.permissions import Permission

_ENDED = {GoalStatus.COMPLETED, GoalStatus.CANCELLED}


class GoalIsOver(Conflict):
    message = N_("{name} is {status} and can no longer be assigned.")


class NotYours(NotAllowed):
    message = N_("{assignee} is in no team that you lead; you cannot assign goals to them.")


class NobodyWorks(Conflict):
    message = N_("{assignee} works on no day from {first} to {last}: there is nothing to reach.")


class NotActive(Conflict):
    message = N_("The account of {assignee} is disabled; nothing new can be assigned to them.")


@dataclass(frozen=True, slots=True)
class Assignee:
    """Who is to reach it; the company has no id."""

    type: AssigneeType
    id: UUID | None = None


class Assignees:
    """Everyone a goal can be assigned to, and to whom the actor may."""

    def __init__(self, db: TenantSession) -> None:
        self._db = db

    def need(self, who: Assignee) -> str:
        """The assignee's name; refuses when there is none, or none that the actor assigns to."""
        if (who.type is AssigneeType.TENANT) != (who.id is None):
            raise invalid("assignee", N_("Choose one person, one team or the whole company."))
        if who.type is AssigneeType.TENANT:
            self._db.actor.need(Permission.MANAGE)
            return self._db.actor.tenant.name
        if who.type is AssigneeType.USER:
            refuse_own(self._db, who.id)
        found = self._named.get(who)
        if found is None:
            raise NotFound(who.type.value)
        if self._led is not None and who not in self._led:
            raise NotYours(assignee=found.name, permission=Permission.ASSIGN.value)
        return found.name

    def need_active(self, who: Assignee) -> None:
        """Refuse who has no account in use any more; what they have already stays theirs."""
        if not self.is_active(who):
            raise NotActive(assignee=self._named[who].name)

    def is_active(self, who: Assignee) -> bool:
        """Whether something new can be assigned; to a team and the company always."""
        person = self._named.get(who) if who.type is AssigneeType.USER else None
        return person is None or person.is_active

    def works_in(self, who: Assignee, window: Window) -> bool:
        """Whether they work on any day of the window; a team and the company always do."""
        days = self.days_in(who, window)
        return days is None or days[0] > 0

    def days_in(self, who: Assignee, window: Window) -> tuple[int, int] | None:
        """(days worked, working days) of who is there for a part of the window."""
        person = self._named.get(who) if who.type is AssigneeType.USER else None
        if person is None:
            return None
        week = self._db.actor.tenant.workweek
        return worked(window, week, hired_on=person.hired_on, left_on=person.left_on)

    def left_on(self, who: Assignee) -> date | None:
        """The last day of work of someone who leaves."""
        person = self._named.get(who) if who.type is AssigneeType.USER else None
        return person.left_on if person else None

    @cached_property
    def _named(self) -> dict[Assignee, "_Named"]:
        people = self._db.execute(
            select(User.id, User.name, User.hired_on, User.left_on, User.is_active)
        )
        teams = self._db.execute(select(Team.id, Team.name))
        return {
            Assignee(AssigneeType.USER, row.id): _Named(
                row.name, row.hired_on, row.left_on, row.is_active
            )
            for row in people
        } | {Assignee(AssigneeType.TEAM, row.id): _Named(row.name) for row in teams}

    @cached_property
    def _led(self) -> set[Assignee] | None:
        """To whom the actor may assign; None: to everyone."""
        if self._db.actor.may(Permission.MANAGE):
            return None
        people, teams = visibility.led_people(self._db), visibility.led_teams(self._db)
        return {Assignee(AssigneeType.USER, id_) for id_ in self._db.scalars(people)} | {
            Assignee(AssigneeType.TEAM, id_) for id_ in self._db.scalars(teams)
        }


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    hired_on: date | None = None
    left_on: date | None = None
    is_active: bool = True


def assignable(db: TenantSession, definition_id: UUID, *, alone: bool = False) -> Definition:
    """The definition, locked, while it can be assigned; `alone`: to nobody else at the time."""
    definition_lookup.get(db, definition_id)  # out of sight is not found
    lock = True if alone else {"read": True}
    definition = db.get_one(Definition, (db.tenant_id, definition_id), with_for_update=lock)
    if definition.status in _ENDED:
        raise GoalIsOver(name=definition.name, status=definition.status)
    return definition


def refuse_own(db: TenantSession, user_id: UUID | None) -> None:
    """Nobody sets, changes or ends their own target without goals:manage."""
    is_own = user_id is not None and user_id == db.actor.user_id
    if is_own and not db.actor.may(Permission.MANAGE):
        raise OwnTarget(permission=Permission.MANAGE.value)


def check_target(
    checks: Checks, definition: Definition, target: Decimal | None, *, field: str
) -> None:
    """Collect what is wrong with an own target; none is the definition's."""
    if target is None:
        return
    whole = definition.metric in {Metric.COUNT, Metric.BOOLEAN}
    above = Decimal(0) if definition.type is GoalType.TARGET else None
    checks.value(field, target, least=Decimal(0), above=above, whole=whole)
    if definition.metric is Metric.BOOLEAN and target != 1:
        checks.problem(field, N_("A yes/no goal has the target 1."))


def window_on(db: TenantSession, definition: Definition, on: date | None) -> Window:
    """The definition's window that a day falls in; without a day today's, or the first to come."""
    schedule = definition_lookup.schedule_of(db, definition)
    if on is not None:
        checks = Checks()
        checks.day("on", on)
        checks.done()
    today = db.actor.tenant.today
    window = schedule.current_or_first(today) if on is None else schedule.window_on(on)
    if window is None:
        raise invalid("on", N_("{name} has no window on that day."), name=definition.name)
    return window


def new_row(
    definition: Definition,
    who: Assignee,
    window: Window,
    *,
    custom_target: Decimal | None,
    notes: str = "",
) -> dict[str, Any]:
    """The columns of an assignment that nothing has been reached of yet."""
    now = clock.now()
    return {
        "id": new_id(),
        "definition_id": definition.id,
        "assignee_type": who.type,
        "user_id": who.id if who.type is AssigneeType.USER else None,
        "team_id": who.id if who.type is AssigneeType.TEAM else None,
        "custom_target": custom_target,
        "full_target": definition.target_value if custom_target is None else custom_target,
        "current_value": Decimal(0),
        "progress_percentage": Decimal(0),
        "status": AssignmentStatus.ACTIVE,
        "notes": notes,
        "period_start": window.start,
        "period_end": window.end,
        "created_at": now,
        "updated_at": now,
        "rolls_over": True,
        "rearm": False,
    }
