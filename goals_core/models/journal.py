"""The journal of the sources: which records changed, and what they were before and after."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Computed, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from goals_core.models.base import Base, TenantOwned, belongs_to, of_tenant

SCHEMA = "goals"


class JournalBatch(TenantOwned, Base):
    """What one statement changed in one table; a sync takes it as a whole, once.

    Batches and not numbers are what is waited for: one that is committed late is still there.
    """

    __tablename__ = "journal_batches"
    __table_args__ = (
        of_tenant(),
        belongs_to("actor_id", "core.users"),
        Index("journal_batches_waiting", "tenant_id", postgresql_where=text("taken_at IS NULL")),
        # what changed since a moment: a batch's lines are next to each other in the key
        Index("journal_batches_at", "tenant_id", "at"),
        {"schema": SCHEMA},
    )

    at: Mapped[datetime]
    source_table: Mapped[str] = mapped_column(String(100))
    lines: Mapped[int]  # none: it can concern every goal, as an exchange rate does
    # the ids of its lines lie between these two, and no other's
    first_line: Mapped[UUID] = mapped_column(Computed("core.line_id(id, 1)", persisted=True))
    last_line: Mapped[UUID] = mapped_column(Computed("core.line_id(id, lines)", persisted=True))
    actor_id: Mapped[UUID | None]  # none: another program
    run_id: Mapped[UUID | None]  # the sync that took it; none: the event that brought it
    taken_at: Mapped[datetime | None]
    # some values were read when it was there and not yet taken: who takes it reads what it concerns
    counted: Mapped[bool] = mapped_column(server_default=false())


class JournalLine(TenantOwned, Base):
    """One record's image before and after: none before it was there, none after it is gone."""

    __tablename__ = "journal"
    __table_args__ = (
        belongs_to("batch_id", "goals.journal_batches"),  # and so to its tenant
        Index("journal_record", "tenant_id", "record_id"),
        # the records that were somebody's; one who only comes has no old image and no entry here
        Index(
            "journal_old_owner",
            "tenant_id",
            "old_owner_id",
            postgresql_where=text("old_owner_id IS NOT NULL"),
        ),
        {"schema": SCHEMA},
    )

    batch_id: Mapped[UUID]
    record_id: Mapped[UUID]
    old: Mapped[dict[str, Any] | None]
    new: Mapped[dict[str, Any] | None]
    old_owner_id: Mapped[UUID | None] = mapped_column(
        Computed("CAST(old ->> 'owner_id' AS uuid)", persisted=True)
    )
