"""Writing a demo's goals through the services, with people and teams by their key and name."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from goals_core.db import TenantSession
from goals_core.demo.calendar import Calendar
from goals_core.kinds import AssigneeType, GoalStatus
from goals_core.models.windows import Window
from goals_core.services import assignments, definitions, planning, progress
from goals_core.services.definitions import Draft
from goals_core.services.planning import Quota


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
        """A goal to be planned in the block; at its end it is assigned, becomes active, computed.

        All who are to have it get it at once; then the readings of the block are recorded.
        """
        goal = Goal(self, definitions.create(self.db, draft).id)
        yield goal
        self.definitions += 1
        self.assignments += planning.set_targets(self.db, goal.id, goal.quotas).created
        if status is GoalStatus.DRAFT:
            return
        definitions.set_status(self.db, goal.id, GoalStatus.ACTIVE)
        if status is not GoalStatus.ACTIVE:
            definitions.set_status(self.db, goal.id, status)
        goal.record_readings()


@dataclass(frozen=True, slots=True)
class _Said:
    """What a person is to have recorded on a day."""

    key: str
    on: date
    value: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal that is being planned."""

    writer: GoalWriter
    id: UUID
    quotas: list[Quota] = field(default_factory=list)
    _said: list[_Said] = field(default_factory=list)

    def for_person(self, key: str, window: Window, target: Decimal | None = None) -> None:
        self._plan(AssigneeType.USER, self.writer.people[key], window, target)

    def for_team(self, name: str, window: Window, target: Decimal | None = None) -> None:
        self._plan(AssigneeType.TEAM, self.writer.teams[name], window, target)

    def for_company(self, window: Window, target: Decimal | None = None) -> None:
        self._plan(AssigneeType.TENANT, None, window, target)

    def reading(
        self, key: str, value: int, *, window: Window, days_ago: int = 0, note: str = ""
    ) -> None:
        """One by hand, on the window's first day if that was later than `days_ago`."""
        on = max(window.start, self.writer.calendar.today - timedelta(days=days_ago))
        self._said.append(_Said(key, on, Decimal(value), note))

    def record_readings(self) -> None:
        """Each on the one assignment that its person has, as if by somebody on a page."""
        if not self._said:
            return
        db, people = self.writer.db, self.writer.people
        of = {each.assignee_id: each.id for each in assignments.by_definition(db, self.id).items}
        for said in self._said:
            id_ = of[people[said.key]]
            progress.record(db, assignment_id=id_, value=said.value, on=said.on, note=said.note)

    def _plan(
        self, type_: AssigneeType, id_: UUID | None, window: Window, target: Decimal | None
    ) -> None:
        self.quotas.append(
            Quota(assignee_type=type_, assignee_id=id_, on=window.start, target=target)
        )
