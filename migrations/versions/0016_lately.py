"""What was recorded by hand in the last days is found without reading each goal's log."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    # Not of the lines that a sync writes: there are many, and no index has to be kept for them.
    op.execute(
        "CREATE INDEX progress_log_lately ON goals.progress_log (tenant_id, occurred_at)"
        " WHERE source <> 'automatic'"
    )
