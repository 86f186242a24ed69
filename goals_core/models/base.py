"""What all tables share: types, the key of tenant and id, and ids that sort by time."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import uuid_utils
import uuid_utils.compat
from sqlalchemy import DateTime, Enum, ForeignKeyConstraint, Numeric, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

VALUE = Numeric(15, 2)
"""Money and every other measured value."""


def new_id() -> UUID:
    """A UUIDv7, made here and not by the database: a distributed one could not."""
    return uuid_utils.compat.uuid7()


def new_id_text() -> str:
    """The same as text, for many rows at once: the object alone costs four times as much."""
    return str(uuid_utils.uuid7())


def enum_column(kind: type[StrEnum], name: str, schema: str) -> Enum:
    """A native enum that the migrations made, stored by value."""
    return Enum(
        kind,
        name=name,
        schema=schema,
        create_type=False,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    type_annotation_map = {
        UUID: Uuid(),
        Decimal: VALUE,
        datetime: DateTime(timezone=True),
        str: Text(),
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB(),
    }


class TenantOwned:
    """A row that belongs to a tenant: every key and reference includes which."""

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-2)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-1)


def table_of(model: type[Base]) -> Table:
    """A mapped class's own table."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101  (mypy: a mapped class has a real table)
    return table


def belongs_to(column: str, table: str) -> ForeignKeyConstraint:
    """A reference that can never leave the tenant: (tenant_id, column) to (tenant_id, id)."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"])


def of_tenant() -> ForeignKeyConstraint:
    """The reference to the tenant itself."""
    return ForeignKeyConstraint(["tenant_id"], ["core.tenants.id"])
