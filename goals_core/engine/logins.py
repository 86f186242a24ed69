"""Accounts as they are before anybody is known to be asking: found by id, if they are active."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, select, text

from goals_core.actor import Actor, Tenant
from goals_core.db import directory
from goals_core.models.core import TenantRow, User


@dataclass(frozen=True, slots=True)
class Login:
    """Someone who may sign in, and what their password is compared with."""

    actor: Actor
    password_hash: str | None  # none: invited, or known to a provider only
    auth_epoch: int


def find(connection: Connection, tenant_id: UUID, user_id: UUID) -> Login | None:
    """The account, inside its tenant; the connection's transaction stays in there."""
    enter(connection, tenant_id)
    row = connection.execute(_user(tenant_id, user_id)).one_or_none()
    return None if row is None else Login(_actor(row), row.password_hash, row.auth_epoch)


def find_password_hash(connection: Connection, tenant_id: UUID, user_id: UUID) -> str | None:
    """What an active person's password is compared with, and nothing else of them."""
    enter(connection, tenant_id)
    mine = (User.is_active, User.tenant_id == tenant_id, User.id == user_id)
    return connection.scalar(select(User.password_hash).where(*mine))


def find_by_identity(issuer: str, subject: str) -> tuple[bool, Login | None]:
    """Whether a provider's name of a person is somebody's here, and who that is if active."""
    query = text("SELECT tenant_id, user_id FROM core.find_identity(:issuer, :subject)")
    with directory() as connection:
        whose = connection.execute(query, {"issuer": issuer, "subject": subject}).one_or_none()
        if whose is None:
            return False, None
        return True, find(connection, whose.tenant_id, whose.user_id)


def enter(connection: Connection, tenant_id: UUID) -> None:
    """Step into a tenant before anybody is known to be asking."""
    connection.execute(text("SELECT core.set_tenant(:tenant_id)"), {"tenant_id": tenant_id})


def _user(tenant_id: UUID, user_id: UUID) -> Select[Any]:
    """An active person with what makes an actor of them."""
    return (
        select(
            User.id.label("user_id"),
            User.role,
            User.name,
            User.email,
            User.password_hash,
            User.auth_epoch,
            *(getattr(TenantRow, field).label(f"of_{field}") for field in Tenant.__slots__),
        )
        .join(TenantRow, TenantRow.id == User.tenant_id)
        .where(User.is_active, User.tenant_id == tenant_id, User.id == user_id)
    )


def _actor(row: Row[Any]) -> Actor:
    tenant = Tenant(**{field: getattr(row, f"of_{field}") for field in Tenant.__slots__})
    return Actor(tenant, row.user_id, row.role, row.name, row.email)
