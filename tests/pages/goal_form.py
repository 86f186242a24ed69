"""The form of a goal: its fields' keys, and what a saved one has become."""

from goals_core.db import tenant_session
from goals_core.services import assignments, definitions


def new(**fields):
    return {f"new_goal_{name}": value for name, value in fields.items()}


def key_of(actor):
    return f"user_{actor.user_id.hex}"


def only_goal(actor):
    with tenant_session(actor) as db:
        found = definitions.list_(db)
        assert found.total == 1
        return found.items[0]


def standings(actor):
    with tenant_session(actor) as db:
        return assignments.list_(db).items
