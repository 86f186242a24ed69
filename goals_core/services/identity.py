"""People and their accounts."""

import re
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import bcrypt
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from goals_core import clock
from goals_core.actor import Permission, Role
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.errors import N_, Conflict, NotFound
from goals_core.models.base import new_id
from goals_core.models.core import LoginRow, User
from goals_core.services import audit
from goals_core.services.audit import Deed

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 72  # bytes; bcrypt reads no more than 72
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class EmailTaken(Conflict):
    message = N_("{email} has an account already.")


@dataclass(frozen=True, slots=True)
class Person:
    """A user as others see them."""

    id: UUID
    name: str
    title: str
    role: Role


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
    db.actor.need(Permission.MANAGE)
    email, name = email.strip().casefold(), name.strip()
    _check_user(email, name, title, password)
    need_person(db, manager_id)
    user = User(
        id=new_id(),
        email=email,
        name=name,
        title=title.strip(),
        role=role,
        manager_id=manager_id,
        password_hash=hash_password(password),
        is_active=True,
        auth_epoch=0,
        failed_logins=0,
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


def list_people(db: TenantSession) -> list[Person]:
    """Everyone of the tenant, by name."""
    rows = db.execute(select(User.id, User.name, User.title, User.role).order_by(User.name))
    return [Person(*row) for row in rows]


def get_user_id(db: TenantSession, *, email: str) -> UUID:
    """The id of the person who signs in with this address."""
    user_id = db.scalar(select(User.id).where(User.email == email.strip().casefold()))
    if user_id is None:
        raise NotFound(N_("person"))
    return user_id


def hash_password(password: str) -> str:
    """The bcrypt hash that streamlit-authenticator compares with."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()


def check_password(checks: Checks, password: str) -> None:
    """Collect what is wrong with a new password."""
    try:
        length = len(password.encode())
    except UnicodeEncodeError:  # a lone surrogate
        checks.problem("password", N_("This contains characters that cannot be stored."))
        return
    if not SHORTEST_PASSWORD <= length <= LONGEST_PASSWORD:
        checks.problem(
            "password",
            N_("A password has {least} to {most} bytes."),
            least=SHORTEST_PASSWORD,
            most=LONGEST_PASSWORD,
        )


def need_person(db: TenantSession, user_id: UUID | None) -> None:
    """Refuse with `NotFound` when this is nobody of the tenant."""
    if user_id is not None and db.scalar(select(User.id).where(User.id == user_id)) is None:
        raise NotFound(N_("person"))


def _check_user(email: str, name: str, title: str, password: str) -> None:
    checks = Checks()
    checks.text("email", email, longest=254, required=True)
    checks.text("name", name, longest=200, required=True)
    checks.text("title", title, longest=200)
    if email and not _EMAIL.fullmatch(email):
        checks.problem("email", N_("This is no e-mail address."))
    check_password(checks, password)
    checks.done()
