"""Where pages lead to: the other pages, and whose goals are shown."""

from collections.abc import Iterable
from uuid import UUID

import streamlit as st

from goals_core.config import PROJECT
from goals_core.services.choices import Assignee
from ui import standings

MY_GOALS = PROJECT / "pages" / "my_goals.py"
AT_RISK = PROJECT / "pages" / "at_risk.py"
DEFINITIONS = PROJECT / "pages" / "definitions.py"
NEW_GOAL = PROJECT / "pages" / "new_goal.py"
GOAL = PROJECT / "pages" / "goal.py"
INBOX = PROJECT / "pages" / "inbox.py"
NOTIFICATIONS = PROJECT / "pages" / "notifications.py"
SETTINGS = PROJECT / "pages" / "settings.py"
IMPORTS = PROJECT / "pages" / "imports.py"
TEAMS = PROJECT / "pages" / "teams.py"


def goal_address(assignment_id: UUID) -> dict[str, str]:
    """The query parameters of a goal's own page."""
    return {"id": str(assignment_id)}


def asked_goal() -> UUID:
    """The assignment that the address names; one that never exists when it names none."""
    try:
        return UUID(st.query_params.get("id", ""))
    except ValueError:
        return UUID(int=0)


def by_name(owners: Iterable[Assignee]) -> dict[str, Assignee]:
    """Each under a name of its own, which the address of their goals has; numbered if need be."""
    found: dict[str, Assignee] = {}
    for who in owners:
        name = called = standings.titled(who.owner.type, who.name)
        number = 1
        while called in found:
            number += 1
            called = f"{name} ({number})"
        found[called] = who
    return found
