"""The records that goals are tracked from: opportunities, invoices, commissions, anything else."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Date, DateTime, Index, String, Table, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from goals_core.models.base import VALUE, Base, TenantOwned, belongs_to, new_id, of_tenant


class SourceRecord(TenantOwned):
    """What every record has: whose it is, where it came from, what else is known."""

    owner_id: Mapped[UUID | None]
    external_id: Mapped[str] = mapped_column(String(200))  # its key where it came from
    name: Mapped[str] = mapped_column(String(200))
    currency: Mapped[str] = mapped_column(String(3))
    attributes: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Opportunity(SourceRecord, Base):
    """A deal: open, won or lost."""

    __tablename__ = "opportunities"
    __table_args__ = (
        of_tenant(),
        belongs_to("owner_id", "core.users"),
        UniqueConstraint("tenant_id", "external_id", name="opportunities_external_key"),
        # a full sync reads a span of closing days, one of some people theirs
        Index("opportunities_closed", "tenant_id", "closed_on", "owner_id"),
        Index(
            "opportunities_owner_closed",
            "tenant_id",
            "owner_id",
            "closed_on",
            postgresql_include=["stage", "amount", "currency"],
        ),
        {"schema": "sales"},
    )

    account: Mapped[str] = mapped_column(String(200))
    stage: Mapped[str] = mapped_column(String(50))
    amount: Mapped[Decimal]
    opened_on: Mapped[date | None]
    closed_on: Mapped[date | None]


class Invoice(SourceRecord, Base):
    """What a customer owes or has paid."""

    __tablename__ = "invoices"
    __table_args__ = (
        of_tenant(),
        belongs_to("owner_id", "core.users"),
        UniqueConstraint("tenant_id", "external_id", name="invoices_external_key"),
        Index("invoices_issued", "tenant_id", "issued_on", "owner_id"),
        Index(
            "invoices_owner_issued",
            "tenant_id",
            "owner_id",
            "issued_on",
            postgresql_include=["status", "amount", "currency"],
        ),
        Index("invoices_paid", "tenant_id", "paid_on", "owner_id"),
        Index(
            "invoices_owner_paid",
            "tenant_id",
            "owner_id",
            "paid_on",
            postgresql_include=["status", "amount", "currency"],
        ),
        Index("invoices_due", "tenant_id", "due_on", "owner_id"),
        Index(
            "invoices_owner_due",
            "tenant_id",
            "owner_id",
            "due_on",
            postgresql_include=["status", "amount", "currency"],
        ),
        {"schema": "billing"},
    )

    customer: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(50))
    amount: Mapped[Decimal]
    issued_on: Mapped[date | None]
    due_on: Mapped[date | None]
    paid_on: Mapped[date | None]


class CommissionEntry(SourceRecord, Base):
    """What a person earned on a deal."""

    __tablename__ = "entries"
    __table_args__ = (
        of_tenant(),
        belongs_to("owner_id", "core.users"),
        UniqueConstraint("tenant_id", "external_id", name="entries_external_key"),
        Index("entries_earned", "tenant_id", "earned_on", "owner_id"),
        Index(
            "entries_owner_earned",
            "tenant_id",
            "owner_id",
            "earned_on",
            postgresql_include=["status", "amount", "currency"],
        ),
        {"schema": "commissions"},
    )

    status: Mapped[str] = mapped_column(String(50))
    amount: Mapped[Decimal]
    earned_on: Mapped[date | None]


class CustomRecord(SourceRecord, Base):
    """Anything else that can be counted or added up, by the name of its entity."""

    __tablename__ = "records"
    __table_args__ = (
        of_tenant(),
        belongs_to("owner_id", "core.users"),
        UniqueConstraint("tenant_id", "entity", "external_id", name="records_external_key"),
        Index("records_occurred", "tenant_id", "entity", "occurred_on", "owner_id"),
        Index(
            "records_owner_occurred",
            "tenant_id",
            "entity",
            "owner_id",
            "occurred_on",
            postgresql_include=["status", "value", "currency"],
        ),
        {"schema": "custom"},
    )

    entity: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(50))
    value: Mapped[Decimal]
    occurred_on: Mapped[date | None]


_RESERVED = {
    *("tenant_id", "id", "owner_id", "external_id", "name", "currency", "attributes", "entity"),
    *("created_at", "updated_at"),
}


def record_table(
    name: str,
    *,
    number: str,
    days: Sequence[str],
    texts: Sequence[str] = (),
    numbers: Sequence[str] = (),
) -> Table:
    """A table of records as `migrations.tenancy.source_table` makes it from the same columns."""
    schema, _, short = name.partition(".")
    own = (*texts, number, *numbers, *days)
    if taken := sorted(_RESERVED.intersection(own)):
        raise ValueError(f"{name}: every table of records has {', '.join(taken)} already")
    return Table(
        short,
        Base.metadata,
        *_shared_columns(),
        *(Column(text, String(200), nullable=False) for text in texts),
        *(Column(amount, VALUE, nullable=False) for amount in (number, *numbers)),
        *(Column(day, Date) for day in days),
        of_tenant(),
        belongs_to("owner_id", "core.users"),
        UniqueConstraint("tenant_id", "external_id", name=f"{short}_external_key"),
        *_day_indexes(short, days, [*texts[:1], number, "currency"]),
        schema=schema,
    )


def _shared_columns() -> Iterator[Column[Any]]:
    yield Column("tenant_id", Uuid, primary_key=True)
    yield Column("id", Uuid, primary_key=True, default=new_id)
    yield Column("owner_id", Uuid)
    yield Column("external_id", String(200), nullable=False)
    yield Column("name", String(200), nullable=False)
    yield Column("currency", String(3), nullable=False)
    yield Column("attributes", JSONB(none_as_null=True), nullable=False)
    yield Column("created_at", DateTime(timezone=True), nullable=False)
    yield Column("updated_at", DateTime(timezone=True), nullable=False)


def _day_indexes(short: str, days: Sequence[str], include: Sequence[str]) -> Iterator[Index]:
    """A full sync reads a span of days, one of some people theirs."""
    for day in days:
        deed = day.removesuffix("_on")
        yield Index(f"{short}_{deed}", "tenant_id", day, "owner_id")
        key = ("tenant_id", "owner_id", day)
        yield Index(f"{short}_owner_{deed}", *key, postgresql_include=list(include))
