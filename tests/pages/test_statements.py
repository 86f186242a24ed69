"""How often a page asks the database does not depend on the number of goals."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from goals_core.db import tenant_session
from goals_core.kinds import GoalType
from goals_core.services import progress, tracking
from tests.conftest import Cast
from tests.makers import (
    add_deals,
    assign,
    by_hand,
    deal,
    from_sales,
    make_definition,
    statements,
)
from tests.pages.forms import open_page
from ui import menu, reads

FEW, MANY = 1, 10  # of each kind and each assignee
LATE = date(2026, 5, 29)


def make_goals(cast: Cast, count: int) -> UUID:
    """Goals of every kind, all of which have moved and are at risk; the last assignment."""
    config = {"aggregation": "avg"}
    drafts = [
        by_hand(),
        by_hand(type=GoalType.LIMIT),
        from_sales(),
        from_sales(config=config),
        from_sales(type=GoalType.MAINTAIN, range_min=Decimal(1)),
    ]
    with tenant_session(cast.admin) as db:
        for draft in drafts * count:
            definition = make_definition(db, draft)
            for who in (cast.admin, cast.north, None):
                goal = assign(db, definition, who)
                if draft.source == "manual":
                    progress.record(db, assignment_id=goal, value=Decimal(10), on=LATE)
    return goal


def counts(cast: Cast, goal: UUID) -> dict[str, int]:
    """Of each page's first run; one of a single goal shows it."""
    found = {}
    for name in menu.entries():
        reads.forget()
        query = {"id": str(goal)} if name == "goal" else {}
        with statements() as sent:
            open_page(cast.admin, name, **query)
        found[name] = len(sent)
    return found


def test_every_page_asks_as_often_for_many_goals_as_for_few(cast, at):
    at(LATE)
    add_deals(cast.tenant, deal(cast.admin, 100, LATE))
    few = counts(cast, goals_after(cast, FEW))
    assert counts(cast, goals_after(cast, MANY)) == few


def goals_after(cast: Cast, count: int) -> UUID:
    goal = make_goals(cast, count)
    tracking.sync(cast.admin)
    return goal
