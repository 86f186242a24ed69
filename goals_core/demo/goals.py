"""Writing a demo's goals through the services, with people and teams by their key and name."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from goals_core.db import TenantSession
from goals_core.demo.calendar import Calendar
from goals_core.kinds import AssigneeType, GoalStatus
from goals_core.models.windows import Window
from goals_core.services import assignments, definitions, progress
from goals_core.services.definitions import Draft


@dataclass(slots=True)
class GoalWriter:
    """The hand that writes goals, and how many it has written."""

    db: TenantSession
    calendar: Calendar
    people: Mapping[str, UUID]
    teams: Mapping[str, UUID]
    definitions: int = 0
    assignments: int = 0

    @contextmanager
    def goal(self, draft: Draft, *, status: GoalStatus = GoalStatus.ACTIVE) -> Iterator["Goal"]:
        """A goal to be assigned in the block; at its end it becomes active, computed only once."""
        goal = Goal(self, definitions.create(self.db, draft).id)
        self.definitions += 1
        yield goal
        if status is GoalStatus.DRAFT:
            return
        definitions.set_status(self.db, goal.id, GoalStatus.ACTIVE)
        if status is not GoalStatus.ACTIVE:
            definitions.set_status(self.db, goal.id, status)

    def record(
        self, assignment_id: UUID, value: int, *, window: Window, days_ago: int = 0, note: str = ""
    ) -> None:
        """A reading by hand, on the window's first day if that was later than `days_ago`."""
        on = max(window.start, self.calendar.today - timedelta(days=days_ago))
        progress.record(
            self.db, assignment_id=assignment_id, value=Decimal(value), on=on, note=note
        )


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal that is being written."""

    writer: GoalWriter
    id: UUID

    def for_person(self, key: str, window: Window, target: Decimal | None = None) -> UUID:
        return self._assign(AssigneeType.USER, window, target, user_id=self.writer.people[key])

    def for_team(self, name: str, window: Window, target: Decimal | None = None) -> UUID:
        return self._assign(AssigneeType.TEAM, window, target, team_id=self.writer.teams[name])

    def for_company(self, window: Window, target: Decimal | None = None) -> UUID:
        return self._assign(AssigneeType.TENANT, window, target)

    def _assign(
        self,
        assignee: AssigneeType,
        window: Window,
        target: Decimal | None,
        *,
        user_id: UUID | None = None,
        team_id: UUID | None = None,
    ) -> UUID:
        self.writer.assignments += 1
        return assignments.create(
            self.writer.db,
            definition_id=self.id,
            assignee_type=assignee,
            user_id=user_id,
            team_id=team_id,
            custom_target=target,
            on=window.start,
        )
