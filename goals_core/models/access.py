"""How one comes in: e-mails, sessions, one-time links, identities of providers, API tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from goals_core.models.base import Base, TenantOwned, belongs_to, of_tenant
from goals_core.models.core import SCHEMA


class LoginRow(Base):
    """E-mails are unique in the installation: this directory says whose each one is."""

    __tablename__ = "login_directory"
    __table_args__ = {"schema": SCHEMA}

    email: Mapped[str] = mapped_column(String(254), primary_key=True)
    tenant_id: Mapped[UUID]
    user_id: Mapped[UUID]


class SignIn(TenantOwned, Base):
    """A browser that is signed in; the cookie's token is kept as its SHA-256 only."""

    __tablename__ = "sessions"
    __table_args__ = (
        of_tenant(),
        belongs_to("user_id", "core.users"),
        UniqueConstraint("tenant_id", "token_sha256", name="sessions_token_key"),
        UniqueConstraint("tenant_id", "assertion_sha256", name="sessions_assertion_key"),
        # whose sessions are these?
        Index("sessions_user", "tenant_id", "user_id"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID]
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    auth_epoch: Mapped[int]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    user_agent: Mapped[str] = mapped_column(String(400), server_default="")
    address: Mapped[str] = mapped_column(String(45), server_default="")
    # of a provider's word that opened it: no word opens two
    assertion_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)


class Link(TenantOwned, Base):
    """A one-time link that lets a person choose a password; kept as its SHA-256 only."""

    __tablename__ = "links"
    __table_args__ = (
        of_tenant(),
        belongs_to("user_id", "core.users"),
        belongs_to("created_by", "core.users"),
        UniqueConstraint("tenant_id", "token_sha256", name="links_token_key"),
        CheckConstraint("purpose IN ('invitation', 'reset')", name="links_purpose"),
        # those of a person: a new one ends the others
        Index("links_user", "tenant_id", "user_id"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID]
    purpose: Mapped[str] = mapped_column(String(20))
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    created_by: Mapped[UUID | None]  # none: whoever forgot their password
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class UserIdentity(TenantOwned, Base):
    """A person as a provider of sign-ins knows them: by its name and theirs, never by e-mail."""

    __tablename__ = "user_identities"
    __table_args__ = (
        of_tenant(),
        belongs_to("user_id", "core.users"),
        UniqueConstraint("tenant_id", "issuer", "subject", name="user_identities_subject_key"),
        # one each: an address that another person has by now does not open the account
        UniqueConstraint("tenant_id", "user_id", "issuer", name="user_identities_user_key"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID]
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    linked_at: Mapped[datetime]


class IdentityRow(Base):
    """Identities are unique in the installation: this directory says whose each one is."""

    __tablename__ = "identity_directory"
    __table_args__ = {"schema": SCHEMA}

    issuer: Mapped[str] = mapped_column(String(500), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    tenant_id: Mapped[UUID]
    user_id: Mapped[UUID]


class LoginAttempts(Base):
    """Failed tries by name and address; only two functions of the database reach it."""

    __tablename__ = "login_attempts"
    __table_args__ = (Index("login_attempts_last", "last_at"), {"schema": SCHEMA})

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(SmallInteger)
    locked_until: Mapped[datetime | None]
    last_at: Mapped[datetime]


class SetupLink(Base):
    """A fresh installation's way in; only functions of the database reach it."""

    __tablename__ = "setup_links"
    __table_args__ = {"schema": SCHEMA}

    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    expires_at: Mapped[datetime]


class ApiToken(TenantOwned, Base):
    """A program's way in, as the person who made it."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        of_tenant(),
        belongs_to("user_id", "core.users"),
        UniqueConstraint("tenant_id", "token_sha256", name="api_tokens_token_key"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(200))
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
