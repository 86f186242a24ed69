"""What a number leaves out, news that wait, since when the journal is kept, ways into it."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE goals.assignments
            ADD COLUMN left_out integer NOT NULL DEFAULT 0,
            ADD COLUMN untold boolean NOT NULL DEFAULT false
        """
    )
    # what is there already has a past that nobody knows; of who comes later all is known
    op.execute("ALTER TABLE core.tenants ADD COLUMN journal_since timestamptz DEFAULT now()")
    op.execute("ALTER TABLE core.tenants ALTER COLUMN journal_since DROP DEFAULT")
    op.execute("CREATE INDEX journal_batches_at ON goals.journal_batches (tenant_id, at)")
    op.execute(
        """
        ALTER TABLE goals.journal_batches
            ADD COLUMN first_line uuid NOT NULL GENERATED ALWAYS AS (core.line_id(id, 1)) STORED,
            ADD COLUMN last_line uuid NOT NULL GENERATED ALWAYS AS (core.line_id(id, lines)) STORED
        """
    )
    # A bulk load has no old images, so it pays nothing for this. Columns, as under row-level
    # security no index is used by way of a function that might tell what it was given.
    op.execute(
        "ALTER TABLE goals.journal ADD COLUMN old_owner_id uuid"
        " GENERATED ALWAYS AS (CAST(old ->> 'owner_id' AS uuid)) STORED"
    )
    op.execute(
        "CREATE INDEX journal_old_owner ON goals.journal (tenant_id, old_owner_id)"
        " WHERE old_owner_id IS NOT NULL"
    )
