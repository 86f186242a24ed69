"""The list of definitions, and the drawer of one."""

from goals_core.db import tenant_session
from goals_core.kinds import GoalStatus
from goals_core.services import assignments, definitions
from tests.makers import by_hand, make_definition
from tests.pages.forms import open_page, table


def make(actor, draft=None, status=GoalStatus.ACTIVE):
    with tenant_session(actor) as db:
        return make_definition(db, draft or by_hand(), status=status)


def get(actor, goal):
    with tenant_session(actor) as db:
        return definitions.get(db, goal)


def assigned(actor, goal):
    with tenant_session(actor) as db:
        return assignments.by_definition(db, goal).items


def open_drawer(actor, goal):
    return open_page(actor, "definitions", definition=str(goal))


def listed(at):
    return table(at, "goal")["goal"].tolist()


def choose(at, deed):
    """Take an entry of the menu."""
    at.menu_button(key="more").click(deed).run()
    assert not at.exception
    return at
