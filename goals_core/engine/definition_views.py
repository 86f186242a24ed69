"""Definitions and assignments as they are read, written and compared."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from goals_core.engine.drafts import Draft, Milestone
from goals_core.kinds import GoalStatus
from goals_core.models.goals import Assignment, Definition


@dataclass(frozen=True, slots=True)
class DefinitionView:
    """A definition as it is read: its settings, its state and how much hangs on it."""

    id: UUID
    settings: Draft
    status: GoalStatus
    version: int
    sync_error: str | None
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    assignments: int

    @property
    def name(self) -> str:
        return self.settings.name


def columns_of(draft: Draft) -> dict[str, Any]:
    """A draft as the columns of a definition."""
    columns = {f.name: getattr(draft, f.name) for f in fields(draft)}
    columns["milestones"] = [m.as_json() for m in draft.milestones]
    columns["tags"] = list(draft.tags)
    return columns


def facts_of(definition: Definition) -> dict[str, Any]:
    """What the audit log compares."""
    return {f.name: getattr(definition, f.name) for f in fields(Draft)} | {
        "status": definition.status
    }


def view_of(definition: Definition, assignments: int) -> DefinitionView:
    """A definition as it is read."""
    settings = {f.name: getattr(definition, f.name) for f in fields(Draft)}
    settings["milestones"] = tuple(Milestone.from_json(m) for m in definition.milestones)
    settings["tags"] = tuple(definition.tags)
    return DefinitionView(
        id=definition.id,
        settings=Draft(**settings),
        status=definition.status,
        version=definition.version,
        sync_error=definition.sync_error,
        created_by=definition.created_by,
        created_at=definition.created_at,
        updated_at=definition.updated_at,
        assignments=assignments,
    )


ASSIGNED = (
    "definition_id",
    "assignee_type",
    "user_id",
    "team_id",
    "custom_target",
    "notes",
    "status",
    "period_start",
    "period_end",
)


def assigned_facts(assignment: Assignment) -> dict[str, Any]:
    """What the audit log compares of an assignment."""
    return {name: getattr(assignment, name) for name in ASSIGNED}
