"""What other systems have told: each event once, and what came of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from goals_core.models.base import Base, TenantOwned, belongs_to, of_tenant


class EventRow(TenantOwned, Base):
    """An event by the id that its sender gave it; of what it said only a digest is kept."""

    __tablename__ = "events"
    __table_args__ = (
        of_tenant(),
        belongs_to("received_by", "core.users"),
        UniqueConstraint("tenant_id", "event_id", name="events_event_key"),
        # what was said of a record before?
        Index("events_record", "tenant_id", "source_table", "entity", "external_id"),
        # which are old enough to go?
        Index("events_received", "tenant_id", "received_at"),
        {"schema": "goals"},
    )

    event_id: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(100))
    occurred_at: Mapped[datetime]  # when it was received, where it does not say
    received_at: Mapped[datetime]
    received_by: Mapped[UUID | None]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    source_table: Mapped[str] = mapped_column(String(100))
    entity: Mapped[str] = mapped_column(String(100))  # where the table keeps it, else empty
    external_id: Mapped[str] = mapped_column(String(200))
    fields: Mapped[list[Any]]  # the columns that it named, `*` of a deletion
    delivery_id: Mapped[UUID]  # the log of goals names it where several records came at once
    record_id: Mapped[UUID | None]  # none: a record that was never there
    result: Mapped[dict[str, Any] | None]  # none only inside the transaction that computes it
