"""What forms offer: who can be assigned, and which values the records have."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from goals_core.db import TenantSession
from goals_core.engine import visibility
from goals_core.kinds import AssigneeType, Source
from goals_core.models.core import Team, User
from goals_core.models.sources import CustomRecord
from goals_core.permissions import Permission, needs
from goals_core.services.receipts import Owner
from goals_core.sources.catalogue import Entity, entities_of

MOST_VALUES = 200


@dataclass(frozen=True, slots=True)
class Assignee:
    """Someone to whom the actor may assign goals."""

    owner: Owner
    name: str


@needs(Permission.ASSIGN)
def assignees(db: TenantSession) -> list[Assignee]:
    """The company (for who manages goals), then teams, then people, by name."""
    manages = db.actor.may(Permission.MANAGE)
    teams = select(Team.id, Team.name).order_by(Team.name)
    people = select(User.id, User.name).where(User.is_active).order_by(User.name)
    if not manages:
        teams = teams.where(Team.id.in_(visibility.led_teams(db)))
        people = people.where(User.id.in_(visibility.led_people(db)), User.id != db.actor.user_id)
    company = [Assignee(Owner(AssigneeType.TENANT), db.actor.tenant.name)] if manages else []
    return [
        *company,
        *(Assignee(Owner(AssigneeType.TEAM, id_), name) for id_, name in db.execute(teams)),
        *(Assignee(Owner(AssigneeType.USER, id_), name) for id_, name in db.execute(people)),
    ]


@needs(Permission.READ)
def names(db: TenantSession) -> dict[UUID | None, str]:
    """The names of everyone and every team, by id."""
    people = db.execute(select(User.id, User.name))
    teams = db.execute(select(Team.id, Team.name))
    return {id_: name for rows in (people, teams) for id_, name in rows}


@needs(Permission.WRITE)
def entity_names(db: TenantSession, source: Source) -> list[str]:
    """The entities of a module; of custom records those that the tenant has."""
    entities = entities_of(source)
    names = [entity.name for entity in entities if entity.name]
    if all(entity.name for entity in entities):
        return names
    found = select(CustomRecord.entity).distinct().order_by(CustomRecord.entity)
    there = db.scalars(found.limit(MOST_VALUES))
    return list(dict.fromkeys([*names, *there]))


@needs(Permission.WRITE)
def values(db: TenantSession, entity: Entity, column: str, *, entity_name: str = "") -> list[str]:
    """The texts that a filterable column has, to choose from."""
    table = entity.table
    query = select(table.c[column]).where(table.c.tenant_id == db.tenant_id).distinct()
    if not entity.name:
        query = query.where(table.c.entity == entity_name)
    return list(db.scalars(query.order_by(table.c[column]).limit(MOST_VALUES)))
