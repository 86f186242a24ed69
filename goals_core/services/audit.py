"""Who changed what: a line for each deed, in the deed's own transaction."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from goals_core import clock
from goals_core.db import TenantSession
from goals_core.models.core import AuditLine


class Deed(StrEnum):
    TENANT_CREATED = "tenant:created"
    USER_CREATED = "user:created"
    USER_SIGNED_IN = "user:signed_in"
    USER_PASSWORD_CHANGED = "user:password_changed"  # noqa: S105  (a tag)
    TEAM_CREATED = "team:created"
    TEAM_JOINED = "team:joined"
    DEFINITION_CREATED = "definition:created"
    DEFINITION_CHANGED = "definition:changed"
    DEFINITION_STATUS_CHANGED = "definition:status_changed"
    DEFINITION_DELETED = "definition:deleted"
    ASSIGNMENT_CREATED = "assignment:created"
    ASSIGNMENT_CHANGED = "assignment:changed"
    ASSIGNMENT_DELETED = "assignment:deleted"


def note(
    db: TenantSession,
    deed: Deed,
    subject_id: UUID,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add a line; of a change only what differs is kept."""
    if before is not None and after is not None:
        changed = {key for key in after if after[key] != before.get(key)}
        before = {key: before.get(key) for key in changed}
        after = {key: after[key] for key in changed}
    db.add(
        AuditLine(
            at=clock.now(),
            actor_id=db.actor.user_id,
            tag=deed.value,
            subject_id=subject_id,
            before=_plain(before),
            after=_plain(after),
        )
    )


def _plain(facts: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """As JSON can hold it: numbers exact as text, days in ISO form."""
    if facts is None:
        return None
    plain = (str, int, bool, list, dict, type(None))
    return {k: v if isinstance(v, plain) else str(v) for k, v in facts.items()}
