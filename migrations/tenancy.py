"""The wall between tenants, put up in one way for every table that a revision makes."""

from collections.abc import Sequence

from alembic import op

APP_ROLE = "goals_rw"  # a group: the application's login role is a member
CURRENT_TENANT = "nullif(current_setting('app.tenant_id', true), '')::uuid"

_HAS_TRIGGERS = "NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
_CHANGED_ROWS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


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


def source_table(
    table: str,
    *,
    number: str,
    days: Sequence[str],
    texts: Sequence[str] = (),
    numbers: Sequence[str] = (),
) -> None:
    """Create a table of records that goals can be tracked from, with all that belongs to it.

    The columns that every record has, these besides, the wall, the indexes by owner and day, and
    the triggers that note in the journal what other programs write. `own_table` declares the same.
    """
    short = table.split(".")[1]
    columns = [
        "owner_id uuid",
        "external_id varchar(200) NOT NULL",
        "name varchar(200) NOT NULL DEFAULT ''",
        "currency varchar(3) NOT NULL",
        "attributes jsonb NOT NULL DEFAULT '{}'",
        "created_at timestamptz NOT NULL DEFAULT now()",
        "updated_at timestamptz NOT NULL DEFAULT now()",
        *(f"{text} varchar(200) NOT NULL" for text in texts),
        *(f"{amount} numeric(15, 2) NOT NULL" for amount in (number, *numbers)),
        *(f"{day} date" for day in days),
        f"CONSTRAINT {short}_external_key UNIQUE (tenant_id, external_id)",
        reference("owner_id", "core.users"),
    ]
    tenant_table(table, ", ".join(columns))
    op.execute(f"ALTER TABLE {table} ALTER COLUMN id SET DEFAULT gen_random_uuid()")
    for day in days:
        deed = day.removesuffix("_on")
        op.execute(f"CREATE INDEX {short}_{deed} ON {table} (tenant_id, {day}, owner_id)")
        key, include = f"tenant_id, owner_id, {day}", ", ".join([*texts[:1], number, "currency"])
        op.execute(f"CREATE INDEX {short}_owner_{deed} ON {table} ({key}) INCLUDE ({include})")
    _watch(table)


def reference(column: str, table: str) -> str:
    """The text of a foreign key that cannot leave the tenant."""
    return f"FOREIGN KEY (tenant_id, {column}) REFERENCES {table} (tenant_id, id)"


def _watch(table: str) -> None:
    """Distributed tables have no triggers; there the next full sync finds what others wrote."""
    for deed, rows in _CHANGED_ROWS.items():
        trigger = (
            f"CREATE TRIGGER journal_{deed.lower()} AFTER {deed} ON {table}"
            f" REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION core.watch_source()"
        )
        op.execute(f"DO $do$ BEGIN IF {_HAS_TRIGGERS} THEN {trigger}; END IF; END $do$")
