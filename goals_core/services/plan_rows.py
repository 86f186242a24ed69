"""The rows of a plan: finding, making and changing many assignments in a few statements."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text

from goals_core import clock
from goals_core.db import TenantSession
from goals_core.models.goals import Assignment, Definition
from goals_core.services import assigning, audit, definitions
from goals_core.services.assigning import Assignee
from goals_core.services.audit import Deed
from goals_core.services.definition_views import ASSIGNED

Cell = tuple[Assignee, date]
"""Whose target, in the window that begins on which day."""

_UPDATE = text(
    """
    UPDATE goals.assignments a SET custom_target = n.target, updated_at = :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:targets AS numeric[])) AS n (id, target)
    WHERE a.tenant_id = :tenant_id AND a.id = n.id
    """
)
_END_CHAINS = text(
    """
    UPDATE goals.assignments a SET rolls_over = false
    WHERE a.tenant_id = :tenant_id AND a.definition_id = :definition_id AND a.rolls_over
        AND EXISTS (
            SELECT FROM goals.assignments b
            WHERE b.tenant_id = :tenant_id AND b.definition_id = a.definition_id
                AND b.assignee_type = a.assignee_type
                AND b.user_id IS NOT DISTINCT FROM a.user_id
                AND b.team_id IS NOT DISTINCT FROM a.team_id
                AND b.period_start > a.period_start AND b.id = ANY (CAST(:ids AS uuid[]))
        )
    """
)


def existing(db: TenantSession, definition_id: UUID) -> dict[Cell, Row[*tuple[Any, ...]]]:
    """The definition's assignments, locked by id; nobody else makes one meanwhile."""
    rows = db.execute(
        select(
            Assignment.id,
            Assignment.assignee_type,
            Assignment.user_id,
            Assignment.team_id,
            Assignment.period_start,
            Assignment.custom_target,
            Assignment.closed_at,
            Assignment.status,
        )
        .where(Assignment.definition_id == definition_id)
        .order_by(Assignment.id)
        .with_for_update(key_share=True)
    )
    return {
        (Assignee(row.assignee_type, row.user_id or row.team_id), row.period_start): row
        for row in rows
    }


def create(
    db: TenantSession, definition: Definition, missing: dict[Cell, Decimal | None]
) -> list[UUID]:
    if not missing:
        return []
    schedule = definitions.schedule_of(db, definition)
    rows = [
        {"tenant_id": db.tenant_id}
        | assigning.new_row(definition, who, window, custom_target=target)
        for (who, first), target in missing.items()
        if (window := schedule.window_on(first))
    ]
    db.execute(insert(Assignment), rows)
    lines = [audit.Line(row["id"], after={name: row[name] for name in ASSIGNED}) for row in rows]
    audit.note_all(db, Deed.ASSIGNMENT_CREATED, lines)
    return [row["id"] for row in rows]


def change(db: TenantSession, changed: dict[UUID, tuple[Decimal | None, Decimal | None]]) -> None:
    if not changed:
        return
    new = {"ids": list(changed), "targets": [target for _, target in changed.values()]}
    db.execute(_UPDATE, {"tenant_id": db.tenant_id, "now": clock.now()} | new)
    lines = [
        audit.Line(id_, {"custom_target": before}, {"custom_target": after})
        for id_, (before, after) in changed.items()
    ]
    audit.note_all(db, Deed.ASSIGNMENT_CHANGED, lines)


def end_chains(db: TenantSession, definition_id: UUID, made: Sequence[UUID]) -> None:
    """Between planned windows none is rolled over: what was left out is meant."""
    if made:
        these = {"definition_id": definition_id, "ids": list(made)}
        db.execute(_END_CHAINS, {"tenant_id": db.tenant_id} | these)
