"""Tenants, people, teams, the audit log, exchange rates."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from goals_core.models.base import Base, TenantOwned, belongs_to, enum_column, new_id, of_tenant
from goals_core.permissions import Role

SCHEMA = "core"


class TenantRow(Base):
    """The tenant list itself: the one table whose own id is the tenant."""

    __tablename__ = "tenants"
    __table_args__ = (
        UniqueConstraint("slug", name="tenants_slug_key"),
        CheckConstraint("fiscal_year_start BETWEEN 1 AND 12", name="tenants_fiscal_month"),
        CheckConstraint("grace_days BETWEEN 0 AND 60", name="tenants_grace_days"),
        CheckConstraint(
            "workweek ~ '^1?2?3?4?5?6?7?$' AND workweek <> ''", name="tenants_workweek"
        ),
        {"schema": SCHEMA},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(200))
    timezone: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(20))
    currency: Mapped[str] = mapped_column(String(3))
    fiscal_year_start: Mapped[int] = mapped_column(SmallInteger)
    grace_days: Mapped[int] = mapped_column(SmallInteger)
    risk_progress_below: Mapped[int] = mapped_column(SmallInteger)
    risk_time_left: Mapped[int] = mapped_column(SmallInteger)
    workweek: Mapped[str] = mapped_column(String(7), server_default="12345")
    sso_issuer: Mapped[str | None] = mapped_column(String(500))  # whose word on e-mails is taken
    sso_domains: Mapped[str] = mapped_column(String(1000), server_default="")  # for which ones
    # none: since it is there; before that nobody knows what the sources said
    journal_since: Mapped[datetime | None]
    created_at: Mapped[datetime]


class User(TenantOwned, Base):
    """A person who may sign in and own goals and records."""

    __tablename__ = "users"
    __table_args__ = (
        of_tenant(),
        belongs_to("manager_id", "core.users"),
        UniqueConstraint("tenant_id", "email", name="users_email_key"),
        {"schema": SCHEMA},
    )

    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(enum_column(Role, "user_role", SCHEMA))
    manager_id: Mapped[UUID | None]
    password_hash: Mapped[str | None]  # none: invited, or signs in by a provider only
    is_active: Mapped[bool]
    # a new password, another role or being disabled raises it, which ends all sessions made before
    auth_epoch: Mapped[int]
    hired_on: Mapped[date | None]
    left_on: Mapped[date | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Team(TenantOwned, Base):
    """People whose records count together, and who leads them."""

    __tablename__ = "teams"
    __table_args__ = (
        of_tenant(),
        belongs_to("manager_id", "core.users"),
        UniqueConstraint("tenant_id", "name", name="teams_name_key"),
        {"schema": SCHEMA},
    )

    name: Mapped[str] = mapped_column(String(200))
    manager_id: Mapped[UUID | None]
    created_at: Mapped[datetime]


class TeamMember(TenantOwned, Base):
    """Who was in a team from which day to which (both included; no end: still is)."""

    __tablename__ = "team_members"
    __table_args__ = (
        of_tenant(),
        belongs_to("team_id", "core.teams"),
        belongs_to("user_id", "core.users"),
        UniqueConstraint(
            "tenant_id", "team_id", "user_id", "member_from", name="team_members_from_key"
        ),
        CheckConstraint("member_to >= member_from", name="team_members_days"),
        # whose member is this person?
        Index("team_members_user", "tenant_id", "user_id"),
        {"schema": SCHEMA},
    )

    team_id: Mapped[UUID]
    user_id: Mapped[UUID]
    member_from: Mapped[date]
    member_to: Mapped[date | None]


class AuditLine(TenantOwned, Base):
    """Who changed what, when, from what to what; the application can add lines, nothing else."""

    __tablename__ = "audit_log"
    __table_args__ = (
        of_tenant(),
        belongs_to("actor_id", "core.users"),
        # the history of one thing, and the newest lines of all
        Index("audit_log_subject", "tenant_id", "subject_id", "at"),
        Index("audit_log_at", "tenant_id", "at"),
        {"schema": SCHEMA},
    )

    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]  # none: the system itself
    tag: Mapped[str] = mapped_column(String(60))
    subject_id: Mapped[UUID]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


class ExchangeRate(TenantOwned, Base):
    """What one unit of a currency was worth in another on a day."""

    __tablename__ = "exchange_rates"
    __table_args__ = (
        of_tenant(),
        UniqueConstraint(
            "tenant_id", "from_currency", "to_currency", "day", name="exchange_rates_day_key"
        ),
        CheckConstraint("rate > 0", name="exchange_rates_positive"),
        {"schema": SCHEMA},
    )

    from_currency: Mapped[str] = mapped_column(String(3))
    to_currency: Mapped[str] = mapped_column(String(3))
    day: Mapped[date]
    rate: Mapped[Decimal] = mapped_column(Numeric(20, 10))
