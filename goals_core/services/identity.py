"""People and their accounts."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from goals_core import clock
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import accounts, audit, passwords, visibility
from goals_core.engine.audit import Deed
from goals_core.errors import N_, Conflict, NotFound
from goals_core.models.access import LoginRow
from goals_core.models.base import new_id
from goals_core.models.core import User
from goals_core.permissions import Permission, Role, needs


class EmailTaken(Conflict):
    message = N_("{email} has an account already.")


@dataclass(frozen=True, slots=True)
class Person:
    """A user as others see them."""

    id: UUID
    name: str
    title: str
    role: Role


@needs(Permission.MANAGE)
def create_user(
    db: TenantSession,
    *,
    email: str,
    name: str,
    role: Role,
    password: str,
    title: str = "",
    manager_id: UUID | None = None,
    hired_on: date | None = None,
) -> UUID:
    """Make an account that may sign in with `email` and `password`."""
    checks = Checks()
    email = accounts.check_email(checks, email)
    name, title = accounts.check(checks, name=name, title=title)
    passwords.check(checks, password, about=(name, email, db.actor.tenant.name))
    checks.done()
    visibility.need_person(db, manager_id)
    user = User(
        id=new_id(),
        email=email,
        name=name,
        title=title,
        role=role,
        manager_id=manager_id,
        password_hash=passwords.digest(password),
        is_active=True,
        auth_epoch=0,
        hired_on=hired_on,
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    db.add(user)
    db.add(LoginRow(email=email, tenant_id=db.tenant_id, user_id=user.id))
    try:
        db.flush()  # so that a taken e-mail is told here
    except IntegrityError as error:
        if "login_directory_pkey" in str(error.orig) or "users_email_key" in str(error.orig):
            raise EmailTaken(email=email) from None
        raise
    audit.note(db, Deed.USER_CREATED, user.id, after={"email": email, "name": name, "role": role})
    return user.id


@needs(Permission.READ)
def list_people(db: TenantSession) -> list[Person]:
    """Everyone of the tenant, by name."""
    rows = db.execute(select(User.id, User.name, User.title, User.role).order_by(User.name))
    return [Person(*row) for row in rows]


@needs(Permission.READ)
def get_user_id(db: TenantSession, *, email: str) -> UUID:
    """The id of the person who signs in with this address."""
    user_id = db.scalar(select(User.id).where(User.email == email.strip().casefold()))
    if user_id is None:
        raise NotFound(N_("person"))
    return user_id
