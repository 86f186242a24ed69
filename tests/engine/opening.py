"""How a story begins: the people of a company as the model knows them, and the neighbours."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.kinds import Source
from goals_core.permissions import Role
from goals_core.services import progress, tracking
from tests import makers
from tests.conftest import Cast
from tests.engine.model import World
from tests.engine.things import Member, Person

SINCE = date(2020, 1, 1)
SETTINGS = ("grace_days", "name", "risk_progress_below", "risk_time_left", "workweek")


def world_of(cast: Cast, floater: UUID, day: date) -> World:
    """The cast; the floater's account has a manager, the others' managers lead their teams."""
    world = World(day, {name: getattr(cast.tenant, name) for name in SETTINGS})
    reps = (cast.rep, cast.second_rep, cast.south_rep)
    for actor in (cast.admin, cast.analyst, cast.manager, cast.south_manager, *reps):
        world.people[actor.user_id] = Person(actor.name, None, actor.role is Role.ADMIN)
    world.people[floater] = Person("Floater", cast.south_manager.user_id, False)
    world.teams = {cast.north: cast.manager.user_id, cast.south: cast.south_manager.user_id}
    for team, actor in zip((cast.north, cast.north, cast.south), reps, strict=True):
        world.members.append(Member(team, actor.user_id, SINCE, None))
    return world


def make_neighbour(neighbour: Actor, day: date) -> None:
    """Goals, progress and records of another company, at the same time."""
    makers.add_deals(neighbour.tenant, makers.deal(None, 70, day))
    with tenant_session(neighbour) as db:
        for draft in (makers.by_hand(), makers.from_sales()):
            share = makers.assign(db, makers.make_definition(db, draft), None)
            if draft.source is Source.MANUAL:
                progress.record(db, assignment_id=share, value=Decimal(60), on=day)
    tracking.sync(neighbour)
