"""The wall between tenants, put up in one way for every table that a revision makes."""

from alembic import op

APP_ROLE = "goals_rw"  # a group: the application's login role is a member
CURRENT_TENANT = "nullif(current_setting('app.tenant_id', true), '')::uuid"


def protect(
    table: str, *, may: str = "SELECT, INSERT, UPDATE, DELETE", by: str = "tenant_id"
) -> None:
    """Enable and force row-level security, one policy for reading and writing, and the grants."""
    name = table.split(".")[1]
    mine = f"{by} = {CURRENT_TENANT}"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {name}_tenant_isolation ON {table} USING ({mine}) WITH CHECK ({mine})"
    )
    op.execute(f"GRANT {may} ON {table} TO {APP_ROLE}")


def tenant_table(table: str, columns: str, *, may: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Create a table with the composite key and the reference to its tenant, and protect it."""
    name = table.split(".")[1]
    op.execute(
        f"""
        CREATE TABLE {table} (
            tenant_id uuid NOT NULL REFERENCES core.tenants (id),
            id uuid NOT NULL,
            {columns},
            CONSTRAINT {name}_pkey PRIMARY KEY (tenant_id, id)
        )
        """
    )
    protect(table, may=may)


def reference(column: str, table: str) -> str:
    """The text of a foreign key that cannot leave the tenant."""
    return f"FOREIGN KEY (tenant_id, {column}) REFERENCES {table} (tenant_id, id)"
