"""What a click on a definition or an assignment does; plain functions, so that tests can press."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.kinds import GoalStatus
from goals_core.services import assignments, definitions
from goals_core.services.receipts import Owner
from ui import goal_saving, reads


@dataclass(frozen=True)
class Assigning:
    """What the form for one assignment says; `on` None: today's window, or the first to come."""

    owner: Owner
    own_target: Decimal | None = None
    notes: str = ""
    on: date | None = None


def set_status(actor: Actor, definition_id: UUID, status: GoalStatus) -> None:
    with tenant_session(actor) as db:
        definitions.set_status(db, definition_id, status)
    reads.forget()


def duplicate(actor: Actor, definition_id: UUID, *, next_period: bool) -> UUID:
    """The copy's id."""
    with tenant_session(actor) as db:
        return definitions.duplicate(db, definition_id, next_period=next_period).id


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


def remove(actor: Actor, assignment_id: UUID) -> None:
    with tenant_session(actor) as db:
        assignments.delete(db, assignment_id)
    reads.forget()


def take_out(actor: Actor, assignment_id: UUID) -> None:
    """Out of tracking; what was recorded stays."""
    with tenant_session(actor) as db:
        assignments.cancel(db, assignment_id)
    reads.forget()
