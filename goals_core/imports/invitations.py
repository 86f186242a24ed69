"""Links for everyone whom a file has brought: one statement, whatever their number."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text

from goals_core import clock
from goals_core.arrays import array, ids_of, texts
from goals_core.db import TenantSession
from goals_core.engine import audit, tokens
from goals_core.engine.audit import Deed, Line
from goals_core.models.base import new_id
from goals_core.models.core import User
from goals_core.permissions import Permission
from goals_core.services.links import LIFE, Purpose

_OFFER = text(
    """
    INSERT INTO core.links (tenant_id, id, user_id, purpose, token_sha256, created_by, created_at,
        expires_at)
    SELECT :tenant_id, n.id, n.user_id, :purpose, n.digest, :created_by, :now, :until
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:people AS uuid[]), CAST(:digests AS bytea[])
    ) AS n (id, user_id, digest)
    """
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """Someone new and the token that lets them choose a password."""

    name: str
    email: str
    token: str


def offer(db: TenantSession, ids: Collection[UUID]) -> list[Invitation]:
    """Make a link for each of these people, who are new and so have none; by name."""
    db.actor.need(Permission.MANAGE)
    of_these = select(User.id, User.name, User.email).where(User.id == func.any(ids_of(ids)))
    people = db.execute(of_these.order_by(User.name, User.email)).all()
    made = [tokens.make(db.tenant_id) for _ in people]
    now, purpose = clock.now(), Purpose.INVITATION
    rows = {
        "ids": array(new_id() for _ in people),
        "people": array(person.id for person in people),
        "digests": texts(f"\\x{tokens.digest(token).hex()}" for token in made),
    }
    when = {"now": now, "until": now + LIFE[purpose]}
    who = {"tenant_id": db.tenant_id, "created_by": db.actor.user_id, "purpose": purpose.value}
    db.execute(_OFFER, rows | when | who)
    audit.note_all(db, Deed.USER_INVITED, [Line(person.id) for person in people])
    return [
        Invitation(person.name, person.email, token)
        for person, token in zip(people, made, strict=True)
    ]
