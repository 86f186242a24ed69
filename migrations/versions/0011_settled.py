"""What values have counted: which of them a sync may move by what has changed alone."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    # Room on each page: a changed value is written beside the old one, and no index is touched.
    op.execute(
        """
        ALTER TABLE goals.assignments
            ADD COLUMN unsettled boolean NOT NULL DEFAULT false,
            SET (fillfactor = 70)
        """
    )
    op.execute(
        "CREATE INDEX assignments_unsettled ON goals.assignments (tenant_id)"
        " WHERE unsettled AND closed_at IS NULL"
    )
    op.execute(
        "ALTER TABLE goals.journal_batches ADD COLUMN counted boolean NOT NULL DEFAULT false"
    )
