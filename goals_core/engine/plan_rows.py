"""The rows of a plan: finding, making and changing many assignments in a few statements."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text

from goals_core import clock
from goals_core.db import TenantSession
from goals_core.engine import assigning, audit, definition_lookup
from goals_core.engine.assigning import Assignee
from goals_core.engine.audit import Deed
from goals_core.engine.definition_views import ASSIGNED
from goals_core.models.goals import Assignment, Definition
from goals_core.models.windows import Window

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
    FROM (
        SELECT b.assignee_type, b.user_id, b.team_id, max(b.period_start) AS latest
        FROM goals.assignments b
        WHERE b.tenant_id = :tenant_id AND b.id = ANY (CAST(:ids AS uuid[]))
        GROUP BY b.assignee_type, b.user_id, b.team_id
    ) AS planned
    WHERE a.tenant_id = :tenant_id AND a.id = ANY (CAST(:ids AS uuid[]))
        AND a.assignee_type = planned.assignee_type AND a.period_start < planned.latest
        AND coalesce(a.user_id, a.team_id, :nobody)
            = coalesce(planned.user_id, planned.team_id, :nobody)
    """
)
_NOBODY = UUID(int=0)


def existing(db: TenantSession, definition_id: UUID) -> dict[Cell, Row[*tuple[Any, ...]]]:
    """The definition's assignments, locked by id; nobody else makes one meanwhile."""
    rows = db.execute(
        select(
            Assignment.id,
            Assignment.assignee_type,
            Assignment.user_id,
            Assignment.team_id,
            Assignment.period_start,
            Assignment.period_end,
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


def windows_of(found: dict[Cell, Row[*tuple[Any, ...]]]) -> dict[Assignee, list[Window]]:
    """The windows that each assignee has."""
    windows: dict[Assignee, list[Window]] = {}
    for (who, first), row in found.items():
        windows.setdefault(who, []).append(Window(first, row.period_end))
    return windows


def first_day(have: dict[Assignee, list[Window]], who: Assignee, window: Window, day: date) -> date:
    """Where the assignee's window around a day begins; one behind a closed one begins later."""
    mine = have.get(who, ())
    return next((each.start for each in mine if day in each), window.start)


def create(
    db: TenantSession, definition: Definition, missing: dict[Cell, Decimal | None]
) -> list[UUID]:
    """Make the assignments that are not there yet, and audit each; their ids."""
    if not missing:
        return []
    schedule = definition_lookup.schedule_of(db, definition)
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
    """Give assignments other targets; of each the one before and the one after is audited."""
    if not changed:
        return
    new = {"ids": list(changed), "targets": [target for _, target in changed.values()]}
    db.execute(_UPDATE, {"tenant_id": db.tenant_id, "now": clock.now()} | new)
    lines = [
        audit.Line(id_, {"custom_target": before}, {"custom_target": after})
        for id_, (before, after) in changed.items()
    ]
    audit.note_all(db, Deed.ASSIGNMENT_CHANGED, lines)


def end_chains(db: TenantSession, made: Sequence[UUID]) -> None:
    """Between windows planned together none is rolled over: what was left out is meant."""
    if made:
        these = {"ids": list(made), "nobody": _NOBODY}
        db.execute(_END_CHAINS, {"tenant_id": db.tenant_id} | these)
