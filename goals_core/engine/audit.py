"""Who changed what: a line for each deed, in the deed's own transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text

from goals_core import clock
from goals_core.arrays import array, texts
from goals_core.db import TenantSession
from goals_core.models.base import new_id_text

_INSERT = text(
    """
    INSERT INTO core.audit_log (tenant_id, id, at, actor_id, tag, subject_id, before, after)
    SELECT :tenant_id, n.id, :at, :actor_id, :tag, n.subject_id, n.before, n.after
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:subjects AS uuid[]),
        CAST(:before AS jsonb[]), CAST(:after AS jsonb[])
    ) AS n (id, subject_id, before, after)
    ON CONFLICT (tenant_id, id) DO NOTHING
    """
)


class Deed(StrEnum):
    TENANT_CREATED = "tenant:created"
    TENANT_CHANGED = "tenant:changed"
    USER_CREATED = "user:created"
    USER_SIGNED_IN = "user:signed_in"
    USER_PASSWORD_CHANGED = "user:password_changed"  # noqa: S105  (a tag)
    USER_IDENTITY_LINKED = "user:identity_linked"
    USER_IDENTITY_UNLINKED = "user:identity_unlinked"
    USER_INVITED = "user:invited"
    USER_INVITATION_ACCEPTED = "user:invitation_accepted"
    USER_RESET_OFFERED = "user:reset_offered"
    USER_PASSWORD_RESET = "user:password_reset"  # noqa: S105  (a tag)
    USER_SESSIONS_ENDED = "user:sessions_ended"
    USER_EMPLOYMENT_CHANGED = "user:employment_changed"
    USER_CHANGED = "user:changed"
    USER_DISABLED = "user:disabled"
    USER_ENABLED = "user:enabled"
    TEAM_CREATED = "team:created"
    TEAM_CHANGED = "team:changed"
    TEAM_JOINED = "team:joined"
    TEAM_LEFT = "team:left"
    TEAM_MEMBERSHIP_CHANGED = "team:membership_changed"
    TEAM_MEMBERSHIP_TAKEN_BACK = "team:membership_taken_back"
    DEFINITION_CREATED = "definition:created"
    DEFINITION_CHANGED = "definition:changed"
    DEFINITION_STATUS_CHANGED = "definition:status_changed"
    DEFINITION_DELETED = "definition:deleted"
    ASSIGNMENT_CREATED = "assignment:created"
    ASSIGNMENT_CHANGED = "assignment:changed"
    ASSIGNMENT_DELETED = "assignment:deleted"
    RATE_CREATED = "rate:created"
    RATE_CHANGED = "rate:changed"
    RATE_DELETED = "rate:deleted"
    PROGRESS_VOIDED = "progress:voided"
    PROGRESS_IMPORTED = "progress:imported"
    CHANNEL_ADDED = "channel:added"
    CHANNEL_REMOVED = "channel:removed"


@dataclass(frozen=True, slots=True)
class Line:
    """A deed, what it was done to, and the facts before and after."""

    subject_id: UUID
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def note(
    db: TenantSession,
    deed: Deed,
    subject_id: UUID,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add a line; of a change only what differs is kept."""
    note_all(db, deed, [Line(subject_id, before, after)])


def note_all(db: TenantSession, deed: Deed, lines: Sequence[Line]) -> None:
    """Add the lines of one deed that was done to several things, in one statement."""
    if not lines:
        return
    facts = [_facts(line) for line in lines]
    db.execute(
        _INSERT,
        {
            "tenant_id": db.tenant_id,
            "at": clock.now(),
            "actor_id": db.actor.user_id,
            "tag": deed.value,
            "ids": array(new_id_text() for _ in lines),
            "subjects": array(line.subject_id for line in lines),
            "before": texts(before for before, _ in facts),
            "after": texts(after for _, after in facts),
        },
    )


def _facts(line: Line) -> tuple[str | None, str | None]:
    """Before and after as JSON; of a change only what differs."""
    before, after = line.before, line.after
    if before is not None and after is not None:
        changed = [key for key in after if after[key] != before.get(key)]
        before = {key: before.get(key) for key in changed}
        after = {key: after[key] for key in changed}
    return _json(before), _json(after)


def _json(facts: Mapping[str, Any] | None) -> str | None:
    """As JSON can hold it: numbers exact as text, days in ISO form."""
    return None if facts is None else json.dumps(facts, default=str, ensure_ascii=False)
