"""Goals that are the actor's own: without goals:manage they neither change nor end them."""

from collections.abc import Sequence
from uuid import UUID

from goals_core.db import TenantSession
from goals_core.engine import definition_rules
from goals_core.errors import OwnTarget
from goals_core.services.definitions import DefinitionView


def is_own(db: TenantSession, *definition_ids: UUID) -> bool:
    """Whether the services would refuse the actor to change or end one of these."""
    try:
        definition_rules.refuse_own(db, definition_ids)
    except OwnTarget:
        return True
    return False


def first_own(db: TenantSession, views: Sequence[DefinitionView]) -> DefinitionView | None:
    """The first of the definitions that is their own; usually none is, which takes one query."""
    if not is_own(db, *(view.id for view in views)):
        return None
    return next((view for view in views if is_own(db, view.id)), None)
