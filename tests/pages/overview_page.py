"""What the overview is about: a company's goals, and the service's figures."""

from datetime import timedelta

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.kinds import Period
from goals_core.services import dashboard
from tests.makers import TODAY, add_deals, by_hand, deal, from_sales, make_goal
from tests.pages.shown import sync


def overview(actor: Actor) -> dashboard.Overview:
    with tenant_session(actor) as db:
        return dashboard.overview(db)


def make_goals(cast):
    """Sales of both reps of North, of its team and of South's rep; calls of the first rep."""
    made = {
        "first": make_goal(cast, cast.rep, from_sales(name="Sales of one")),
        "second": make_goal(cast, cast.second_rep, from_sales(name="Sales of another")),
        "north": make_goal(cast, cast.north, from_sales(name="Sales of the team")),
        "south": make_goal(cast, cast.south_rep, from_sales(name="Sales of South")),
        "calls": make_goal(cast, cast.rep, by_hand(period=Period.WEEKLY)),
    }
    add_deals(
        cast.tenant,
        deal(cast.rep, "3000"),
        deal(cast.second_rep, "450", TODAY - timedelta(days=10)),
        deal(cast.south_rep, "100"),
    )
    sync(cast.admin)
    return made
