"""The source records: opportunities, invoices, commission entries, custom records."""

from alembic import op

from migrations.tenancy import reference, tenant_table

revision = "0003"
down_revision = "0002"

SHARED = f"""
    owner_id uuid,
    external_id varchar(200) NOT NULL,
    name varchar(200) NOT NULL,
    currency varchar(3) NOT NULL,
    attributes jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    {reference("owner_id", "core.users")}
"""


def upgrade() -> None:
    _record_table(
        "sales.opportunities",
        """
        account varchar(200) NOT NULL,
        stage varchar(50) NOT NULL,
        amount numeric(15, 2) NOT NULL,
        opened_on date,
        closed_on date
        """,
    )
    _record_table(
        "billing.invoices",
        """
        customer varchar(200) NOT NULL,
        status varchar(50) NOT NULL,
        amount numeric(15, 2) NOT NULL,
        issued_on date,
        due_on date,
        paid_on date
        """,
    )
    _record_table(
        "commissions.entries",
        """
        status varchar(50) NOT NULL,
        amount numeric(15, 2) NOT NULL,
        earned_on date
        """,
    )
    _record_table(
        "custom.records",
        """
        entity varchar(100) NOT NULL,
        status varchar(50) NOT NULL,
        value numeric(15, 2) NOT NULL,
        occurred_on date
        """,
        key="entity, external_id",
    )
    _day_index("sales.opportunities", "closed")
    _day_index("billing.invoices", "issued")
    _day_index("billing.invoices", "paid")
    _day_index("billing.invoices", "due")
    _day_index("commissions.entries", "earned")
    _day_index("custom.records", "occurred", first="entity, ")


def _record_table(table: str, columns: str, *, key: str = "external_id") -> None:
    name = table.split(".")[1]
    unique = f"CONSTRAINT {name}_external_key UNIQUE (tenant_id, {key})"
    tenant_table(table, f"{columns}, {unique}, {SHARED}")


def _day_index(table: str, deed: str, *, first: str = "") -> None:
    """Tracking reads a span of days."""
    name = table.split(".")[1]
    op.execute(f"CREATE INDEX {name}_{deed} ON {table} (tenant_id, {first}{deed}_on, owner_id)")
