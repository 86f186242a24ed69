"""What the tests of the engine share: short ways to do and to look."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine import standings
from goals_core.engine.standings import Standing
from goals_core.kinds import AssigneeType, GoalStatus
from goals_core.models.goals import Assignment, MilestoneNotification, OutboxRow, ProgressEntry
from goals_core.models.windows import Window
from goals_core.services import definitions, people, planning, progress
from goals_core.services.definitions import DefinitionView
from goals_core.services.planning import Quota
from tests.makers import TODAY


def rows(cast: Any, model: type[Any], *where: Any) -> list[Any]:
    """The tenant's rows of a table."""
    with tenant_session(cast.system) as session:
        return list(session.scalars(select(model).where(*where)))


def windows(cast: Any, definition: UUID) -> list[Window]:
    """The windows that a goal of one assignee has, in their order."""
    return [Window(row.period_start, row.period_end) for row in chain(cast, definition)]


def days(*pairs: tuple[str, str]) -> list[Window]:
    return [Window(date.fromisoformat(first), date.fromisoformat(last)) for first, last in pairs]


def chain(cast: Any, definition: UUID) -> list[Assignment]:
    found = rows(cast, Assignment, Assignment.definition_id == definition)
    return sorted(found, key=lambda row: (row.period_start, str(row.user_id)))


def log(cast: Any, goal: UUID) -> list[ProgressEntry]:
    """The lines of the log, in the order in which they were written."""
    lines = rows(cast, ProgressEntry, ProgressEntry.assignment_id == goal)
    return sorted(lines, key=lambda line: line.logged_at)


def told(cast: Any, goal: UUID) -> list[tuple[str, UUID]]:
    """What was told of an assignment, and to whom, in the order of telling."""
    found = rows(cast, OutboxRow, OutboxRow.assignment_id == goal)
    return [(row.event, row.user_id) for row in sorted(found, key=lambda row: row.id)]


def milestones(cast: Any, goal: UUID) -> dict[int, bool]:
    """The percentages noted, and whether somebody was to be told."""
    of_this = MilestoneNotification.assignment_id == goal
    found = rows(cast, MilestoneNotification, of_this)
    return {row.milestone_percentage: row.notified_at is not None for row in found}


def record(
    actor: Actor, goal: UUID, value: object = None, *, change: object = None, on: date | None = None
) -> Standing:
    """Record by hand: a new value, or a change; today, unless said otherwise."""
    with tenant_session(actor) as session:
        progress.record(
            session,
            assignment_id=goal,
            value=None if value is None else Decimal(str(value)),
            change=None if change is None else Decimal(str(change)),
            on=on or actor.tenant.today,
        )
        return standings.get(session, goal)


def change(actor: Actor, definition: UUID, draft: definitions.Draft) -> DefinitionView:
    """Save other settings, as they are now."""
    with tenant_session(actor) as session:
        version = definitions.get(session, definition).version
        return definitions.update(session, definition, draft, version=version)


def set_status(actor: Actor, definition: UUID, status: str) -> DefinitionView:
    with tenant_session(actor) as session:
        return definitions.set_status(session, definition, GoalStatus(status))


def quota(who: Actor | UUID | None, on: date = TODAY, target: object = None) -> Quota:
    """A target of a person, of a team by its id, or of the company (None)."""
    kind, id_ = AssigneeType.TENANT, None
    if isinstance(who, Actor):
        kind, id_ = AssigneeType.USER, who.user_id
    elif who is not None:
        kind, id_ = AssigneeType.TEAM, who
    given = None if target is None else Decimal(str(target))
    return Quota(assignee_type=kind, assignee_id=id_, on=on, target=given)


def plan(actor: Actor, definition: UUID, *quotas: Quota) -> planning.Planned:
    with tenant_session(actor) as session:
        return planning.set_targets(session, definition, quotas)


def employ(
    cast: Any, who: Actor, hired_on: date | None = None, left_on: date | None = None
) -> None:
    with tenant_session(cast.admin) as session:
        people.set_employment(session, who.user_id, hired_on=hired_on, left_on=left_on)
