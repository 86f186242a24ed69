"""What a click on a definition or an assignment does; plain functions, so that tests can press."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.errors import N_, Invalid, Problem, invalid
from goals_core.kinds import GoalStatus
from goals_core.services import assignments, definitions, planning
from goals_core.services.definitions import DefinitionView
from goals_core.services.planning import Planned
from goals_core.services.receipts import Owner
from ui import goal_saving, reads

_FIELDS = {"assignee": "team", "target": "custom_target"}
"""What the form calls the fields of a planned row."""


@dataclass(frozen=True)
class Assigning:
    """What the form for one assignment says; `on` None: today's window, or the first to come."""

    owner: Owner
    own_target: Decimal | None = None
    notes: str = ""
    on: date | None = None


@dataclass(frozen=True)
class AssigningMembers:
    """What the form for all members of a team says."""

    team_id: UUID
    own_target: Decimal | None = None  # of each
    on: date | None = None


def set_status(actor: Actor, definition_id: UUID, status: GoalStatus) -> None:
    with tenant_session(actor) as db:
        definitions.set_status(db, definition_id, status)
    reads.forget()


def set_statuses(actor: Actor, ids: Sequence[UUID], status: GoalStatus) -> None:
    """All of them or none."""
    with tenant_session(actor) as db:
        definitions.set_statuses(db, ids, status)
    reads.forget()


def duplicate(actor: Actor, definition_id: UUID, *, next_period: bool) -> UUID:
    """The copy's id."""
    with tenant_session(actor) as db:
        return definitions.duplicate(db, definition_id, next_period=next_period).id


def copy_to_next(actor: Actor, definition_id: UUID) -> DefinitionView:
    """The draft for the next period, with the same assignees."""
    with _without_rows(), tenant_session(actor) as db:
        return planning.copy_to_next(db, definition_id)


def delete(actor: Actor, definition_id: UUID) -> None:
    with tenant_session(actor) as db:
        definitions.delete(db, definition_id)
    reads.forget()


def assign(actor: Actor, definition_id: UUID, wanted: Assigning) -> None:
    with tenant_session(actor) as db:
        goal_saving.assign(
            db,
            definition_id,
            wanted.owner,
            custom_target=wanted.own_target,
            notes=wanted.notes,
            on=wanted.on,
        )
    reads.forget()


def assign_members(actor: Actor, definition_id: UUID, wanted: AssigningMembers) -> Planned:
    """Assign to who is in the team; nobody being there is a problem of the field `team`."""
    with _without_rows(), tenant_session(actor) as db:
        planned = planning.assign_members(
            db, definition_id, wanted.team_id, on=wanted.on, custom_target=wanted.own_target
        )
        if not planned.created + planned.same:
            raise invalid("team", N_("Nobody is in this team in that window."))
    reads.forget()
    return planned


def remove(actor: Actor, assignment_id: UUID) -> None:
    with tenant_session(actor) as db:
        assignments.delete(db, assignment_id)
    reads.forget()


def take_out(actor: Actor, assignment_id: UUID) -> None:
    """Out of tracking; what was recorded stays."""
    with tenant_session(actor) as db:
        assignments.cancel(db, assignment_id)
    reads.forget()


@contextmanager
def _without_rows() -> Iterator[None]:
    """The problems of rows that nobody typed, each sentence once, at the field it is about."""
    try:
        yield
    except Invalid as error:
        found: dict[tuple[str, str], Problem] = {}
        for problem in error.problems:
            field = problem.field.rpartition(".")[2]  # 3.target
            field = _FIELDS.get(field, field)
            found.setdefault((field, problem.message), replace(problem, field=field))
        raise Invalid(*found.values()) from error
