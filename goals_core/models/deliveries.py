"""What people want to be told, where it is sent, and what became of it."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from goals_core.models.base import Base, TenantOwned, belongs_to, of_tenant

SCHEMA = "goals"


class PreferencesRow(TenantOwned, Base):
    """What one person wants to be told, how and when; without a row the defaults hold."""

    __tablename__ = "preferences"
    __table_args__ = (
        of_tenant(),
        belongs_to("user_id", "core.users"),
        UniqueConstraint("tenant_id", "user_id", name="preferences_user_key"),
        CheckConstraint(
            "(quiet_from IS NULL) = (quiet_until IS NULL) AND quiet_from <> quiet_until",
            name="preferences_quiet",
        ),
        CheckConstraint("digest_hour BETWEEN 0 AND 23", name="preferences_digest_hour"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID]
    choices: Mapped[dict[str, Any]]  # by event: in_inbox, mode
    by_mail: Mapped[bool]
    quiet_from: Mapped[time | None]  # on the tenant's clock
    quiet_until: Mapped[time | None]
    digest_hour: Mapped[int] = mapped_column(SmallInteger)
    language: Mapped[str | None] = mapped_column(String(20))  # none: the company's
    updated_at: Mapped[datetime]


class Channel(TenantOwned, Base):
    """A chat or another service that news are sent to; its address is a secret."""

    __tablename__ = "channels"
    __table_args__ = (
        of_tenant(),
        belongs_to("user_id", "core.users"),
        belongs_to("created_by", "core.users"),
        Index("channels_user", "tenant_id", "user_id"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID | None]  # none: the company's
    service: Mapped[str] = mapped_column(String(20))  # one of `kinds.Service`
    name: Mapped[str] = mapped_column(String(100))
    address: Mapped[bytes] = mapped_column(LargeBinary)  # sealed
    events: Mapped[list[Any]]  # what the company's is told; a person's follows their preferences
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]


class Delivery(TenantOwned, Base):
    """What is sent to one mailbox or channel in one go, and how that went."""

    __tablename__ = "deliveries"
    __table_args__ = (
        of_tenant(),
        belongs_to("user_id", "core.users"),
        belongs_to("channel_id", "goals.channels"),
        # what is to be sent now; how it went last
        Index("deliveries_due", "tenant_id", "next_at", postgresql_where=text("state = 'waiting'")),
        Index("deliveries_latest", "tenant_id", "user_id", "channel_id", "created_at"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID | None]  # none: the company's channel
    channel_id: Mapped[UUID | None]  # none: the mailbox
    is_digest: Mapped[bool]
    state: Mapped[str] = mapped_column(String(20))  # one of `kinds.DeliveryState`
    attempts: Mapped[int]
    next_at: Mapped[datetime]  # while it is being sent: when somebody else takes it over
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(300))


class DeliveryItem(TenantOwned, Base):
    """One row of the outbox on its way to one mailbox or channel; it is there once."""

    __tablename__ = "delivery_items"
    __table_args__ = (
        of_tenant(),
        belongs_to("outbox_id", "goals.outbox"),
        belongs_to("user_id", "core.users"),
        belongs_to("channel_id", "goals.channels"),
        belongs_to("delivery_id", "goals.deliveries"),
        UniqueConstraint(
            "tenant_id",
            "outbox_id",
            "channel_id",
            name="delivery_items_once_key",
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "delivery_items_due",
            "tenant_id",
            "due_at",
            postgresql_where=text("delivery_id IS NULL"),
        ),
        Index("delivery_items_delivery", "tenant_id", "delivery_id"),
        {"schema": SCHEMA},
    )

    outbox_id: Mapped[UUID]
    user_id: Mapped[UUID | None]
    channel_id: Mapped[UUID | None]
    is_digest: Mapped[bool]
    due_at: Mapped[datetime]
    delivery_id: Mapped[UUID | None]  # none: it waits for its time
