"""Accounts under lock: who must remain to manage them, and who manages whom."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text, update

from goals_core import clock
from goals_core.arrays import ids_of
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.errors import N_, Conflict, NotAllowed, NotFound, invalid
from goals_core.models.access import Link, UserIdentity
from goals_core.models.core import User
from goals_core.permissions import Permission, Role

IN_A_CIRCLE = N_("Nobody can be their own manager, not by way of others either.")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ABOVE = text(
    """
    WITH RECURSIVE above AS (
        SELECT u.id, u.manager_id FROM core.users u
        WHERE u.tenant_id = :tenant_id AND u.id = :first
        UNION
        SELECT u.id, u.manager_id FROM core.users u
        JOIN above ON u.id = above.manager_id WHERE u.tenant_id = :tenant_id
    )
    SELECT id FROM above
    """
)


class OwnAccount(NotAllowed):
    message = N_("Nobody changes their own role or disables themselves; ask someone else who may.")


class LastAdministrator(Conflict):
    message = N_("{name} is the last administrator; make somebody else one first.")


@dataclass(frozen=True, slots=True)
class Locked:
    """The people that are to be changed, and the administrators who have an account in use."""

    people: Mapping[UUID, User]
    administrators: Collection[UUID]

    def one(self, user_id: UUID) -> User:
        if user_id not in self.people:
            raise NotFound(N_("person"))
        return self.people[user_id]

    def need_administrator(self, user: User) -> None:
        """Refuse to take the last administrator away, once `user` is changed and not yet stored."""
        left = {id_ for id_ in self.administrators if id_ != user.id}
        if user.id in self.administrators and not left and not is_administrator(user):
            raise LastAdministrator(name=user.name)


def check(checks: Checks, *, name: str, title: str) -> tuple[str, str]:
    """What people are called, with its problems."""
    return (
        checks.text("name", name, longest=200, required=True),
        checks.text("title", title, longest=200),
    )


def check_email(checks: Checks, email: str) -> str:
    """The address as it is stored."""
    address = checks.text("email", email, longest=254, required=True).casefold()
    if address and not _EMAIL.fullmatch(address):
        checks.problem("email", N_("This is no e-mail address."))
    return address


def lock(db: TenantSession, ids: Collection[UUID]) -> Locked:
    """Lock these people and every active administrator, by id: all who change accounts meet there.

    Who is no administrator any more, because another was faster, is told so.
    """
    mine = User.id == func.any(ids_of(ids))
    administers = and_(User.role == Role.ADMIN, User.is_active)
    query = (
        select(User, has_come().label("has_come"))
        .where(or_(mine, administers))
        .order_by(User.id)
        .with_for_update(key_share=True, of=User)
    )
    rows = db.execute(query, execution_options={"populate_existing": True}).all()
    active = {user.id: came for user, came in rows if is_administrator(user)}
    if db.actor.user_id is not None and db.actor.user_id not in active:
        raise NotAllowed(permission=Permission.MANAGE.value)
    wanted = set(ids)
    return Locked(
        {user.id: user for user, _ in rows if user.id in wanted},
        {id_ for id_, came in active.items() if came},
    )


def is_administrator(user: User) -> bool:
    return user.is_active and user.role is Role.ADMIN


def has_come() -> ColumnElement[bool]:
    """Whether a person has taken their invitation: by a password, or by a provider's word."""
    known = exists().where(
        UserIdentity.tenant_id == User.tenant_id, UserIdentity.user_id == User.id
    )
    return or_(User.password_hash.is_not(None), known)


def refuse_own(db: TenantSession, user_id: UUID) -> None:
    if user_id == db.actor.user_id:
        raise OwnAccount


def need_manager(db: TenantSession, user_id: UUID | None, manager_id: UUID | None) -> None:
    """Refuse a manager whom nobody knows, who has no account, or who has this person above them."""
    if manager_id is None:
        return
    manager = db.get(User, (db.tenant_id, manager_id))
    if manager is None:
        raise NotFound(N_("person"))
    if not manager.is_active:
        raise invalid("manager_id", N_("The account of {name} is disabled."), name=manager.name)
    if user_id is None:
        return
    above = db.scalars(_ABOVE, {"tenant_id": db.tenant_id, "first": manager_id})
    if user_id in set(above):
        raise invalid("manager_id", IN_A_CIRCLE)


def end_links(db: TenantSession, user_id: UUID) -> None:
    """What was sent to a person and not used yet opens nothing any more."""
    now = clock.now()
    unused = (Link.user_id == user_id, Link.used_at.is_(None), Link.expires_at > now)
    db.execute(
        update(Link).where(*unused).values(expires_at=now),
        execution_options={"synchronize_session": False},
    )
