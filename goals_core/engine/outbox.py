"""What people are to be told, in the transaction that caused it; the worker delivers it later.

| event                    | told to
| goal.milestone_reached   | the assignee
| goal.achieved            | the assignee and their manager
| goal.at_risk             | the manager, once until it has recovered
| goal.failed              | the manager

A team is its members of today, its manager whoever leads it; for the company both are who manages
goals. A person's manager is the one of their account, else who leads a team they are in.

What one step passes is told as one: the farthest milestone, or that the goal is achieved. The rows
of what lies before are there, and nobody is shown them. A row of nobody is for the channels of the
company.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from goals_core import clock
from goals_core.arrays import array
from goals_core.db import TenantSession
from goals_core.kinds import Event
from goals_core.models.base import new_id_text

_ASSIGNEE, _MANAGER = "assignee", "manager"
AUDIENCE: dict[Event, tuple[str, ...]] = {
    Event.MILESTONE_REACHED: (_ASSIGNEE,),
    Event.ACHIEVED: (_ASSIGNEE, _MANAGER),
    Event.AT_RISK: (_MANAGER,),
    Event.FAILED: (_MANAGER,),
}
_PEOPLE = text(
    """
    WITH a AS (
        SELECT g.id, g.assignee_type, g.user_id, g.team_id FROM goals.assignments g
        WHERE g.tenant_id = :tenant_id AND g.id = ANY (CAST(:ids AS uuid[]))
    ), members AS (
        SELECT m.team_id, m.user_id, t.manager_id FROM core.team_members m
        JOIN core.teams t ON t.tenant_id = m.tenant_id AND t.id = m.team_id
        WHERE m.tenant_id = :tenant_id AND t.tenant_id = :tenant_id
            AND m.member_from <= :today AND (m.member_to IS NULL OR m.member_to >= :today)
    ), people AS (
        SELECT u.id, u.manager_id, u.role, u.is_active FROM core.users u
        WHERE u.tenant_id = :tenant_id
    ), told AS (
        SELECT a.id, 'assignee' AS part, a.user_id FROM a WHERE a.user_id IS NOT NULL
        UNION
        SELECT a.id, 'assignee', m.user_id FROM a JOIN members m ON m.team_id = a.team_id
        UNION
        SELECT a.id, part, p.id FROM a JOIN people p ON p.role = 'admin'
            CROSS JOIN unnest(ARRAY['assignee', 'manager']) AS part
        WHERE a.assignee_type = 'tenant'
        UNION
        SELECT a.id, 'manager', coalesce(boss.id, m.manager_id) FROM a
            JOIN people p ON p.id = a.user_id
            LEFT JOIN people boss ON boss.id = p.manager_id AND boss.is_active
            LEFT JOIN members m ON boss.id IS NULL AND m.user_id = a.user_id
        UNION
        SELECT a.id, 'manager', t.manager_id FROM a
            JOIN core.teams t ON t.tenant_id = :tenant_id AND t.id = a.team_id
    )
    SELECT told.id, told.part, told.user_id FROM told
    JOIN people ON people.id = told.user_id AND people.is_active ORDER BY told.id, told.user_id
    """
)
_INSERT = text(
    """
    INSERT INTO goals.outbox
        (tenant_id, id, event, assignment_id, user_id, data, created_at, in_inbox, planned_at)
    SELECT :tenant_id, n.id, n.event, a.id, n.user_id, jsonb_strip_nulls(jsonb_build_object(
        'goalName', d.name, 'milestone', n.milestone, 'currentValue', a.current_value,
        'targetValue', a.target_value, 'progress', a.progress_percentage,
        'remainingDays', greatest(a.period_end - greatest(a.period_start - 1, :today), 0)
    )), :now,
        n.is_shown AND n.user_id IS NOT NULL AND coalesce(
            CAST(jsonb_extract_path_text(p.choices, n.event, 'in_inbox') AS boolean), true),
        CASE WHEN n.is_shown THEN NULL ELSE CAST(:now AS timestamptz) END
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:events AS text[]), CAST(:assignment_ids AS uuid[]),
        CAST(:user_ids AS uuid[]), CAST(:milestones AS integer[]), CAST(:shown AS boolean[])
    ) AS n (id, event, assignment_id, user_id, milestone, is_shown)
    JOIN goals.assignments a ON a.tenant_id = :tenant_id AND a.id = n.assignment_id
    JOIN goals.definitions d ON d.tenant_id = :tenant_id AND d.id = a.definition_id
    LEFT JOIN goals.preferences p ON p.tenant_id = :tenant_id AND p.user_id = n.user_id
    WHERE n.user_id IS NOT NULL OR EXISTS (
        SELECT FROM goals.channels c WHERE c.tenant_id = :tenant_id AND c.user_id IS NULL
            AND c.events @> to_jsonb(n.event))
    ON CONFLICT (tenant_id, id) DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened to an assignment; `milestone` is the percentage that was reached."""

    event: Event
    assignment_id: UUID
    milestone: int | None = None


def tell(db: TenantSession, news: Sequence[News]) -> None:
    """Put each piece of news into the outbox, a row for everyone it is for."""
    if not news:
        return
    people = _people(db, {item.assignment_id for item in news})
    told: list[tuple[News, UUID | None]] = [(item, None) for item in news]
    told += [
        (item, user_id)
        for item in news
        for user_id in dict.fromkeys(
            user_id
            for part in AUDIENCE[item.event]
            for user_id in people.get((item.assignment_id, part), ())
        )
    ]
    day = {"today": db.actor.tenant.today, "now": clock.now()}
    db.execute(_INSERT, {"tenant_id": db.tenant_id} | day | _arrays(told, _passed(news)))


def forget(db: TenantSession, ids: Collection[UUID]) -> None:
    """Delete what was told of assignments that are deleted themselves."""
    bound = {"tenant_id": db.tenant_id, "ids": list(ids)}
    db.execute(
        text(
            "DELETE FROM goals.delivery_items i WHERE i.tenant_id = :tenant_id AND i.outbox_id IN ("
            " SELECT o.id FROM goals.outbox o"
            " WHERE o.tenant_id = :tenant_id AND o.assignment_id = ANY (CAST(:ids AS uuid[])))"
        ),
        bound,
    )
    db.execute(
        text(
            "DELETE FROM goals.outbox o"
            " WHERE o.tenant_id = :tenant_id AND o.assignment_id = ANY (CAST(:ids AS uuid[]))"
        ),
        bound,
    )


def _people(db: TenantSession, ids: Collection[UUID]) -> dict[tuple[UUID, str], list[UUID]]:
    """Who is to be told, by assignment and part: assignee or manager."""
    day = {"tenant_id": db.tenant_id, "ids": list(ids), "today": db.actor.tenant.today}
    found: dict[tuple[UUID, str], list[UUID]] = {}
    for row in db.execute(_PEOPLE, day):
        found.setdefault((row.id, row.part), []).append(row.user_id)
    return found


def _passed(news: Sequence[News]) -> set[News]:
    """The milestones that the same step has left behind."""
    farthest: dict[UUID, float] = {}
    for item in news:
        reached = math.inf if item.event is Event.ACHIEVED else item.milestone or 0
        farthest[item.assignment_id] = max(farthest.get(item.assignment_id, 0), reached)
    return {
        item for item in news if item.milestone and item.milestone < farthest[item.assignment_id]
    }


def _arrays(rows: Sequence[tuple[News, UUID | None]], passed: Collection[News]) -> dict[str, Any]:
    return {
        "ids": array(new_id_text() for _ in rows),
        "events": array(item.event for item, _ in rows),
        "assignment_ids": array(item.assignment_id for item, _ in rows),
        "user_ids": array(user_id for _, user_id in rows),
        "milestones": array(item.milestone for item, _ in rows),
        "shown": array(item not in passed for item, _ in rows),
    }
