"""A goal's own page, and progress that is there when it is opened."""

from decimal import Decimal

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.services import progress
from tests.makers import TODAY
from tests.pages.forms import open_page

LOG = "Progress log"  # what the tables of these tabs are called
OTHER_WINDOWS = "Other windows"


def record(actor, assignment_id, value, on=TODAY, note=""):
    with tenant_session(actor) as db:
        progress.record(db, assignment_id=assignment_id, value=Decimal(value), on=on, note=note)


def open_goal(actor: Actor, goal, **query):
    return open_page(actor, "goal", id=str(goal), **query)
