"""What began a sync, how it ended where it has no result, and how long it took."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE goals.sync_runs
            ADD COLUMN origin varchar(20) NOT NULL DEFAULT 'system',
            ADD COLUMN ending varchar(20),
            ADD COLUMN took_ms integer,
            ADD COLUMN begun integer NOT NULL DEFAULT 0,
            ADD COLUMN closed integer NOT NULL DEFAULT 0
        """
    )
    # runs of before: whoever has a name pressed the button
    op.execute("UPDATE goals.sync_runs SET origin = 'person' WHERE started_by IS NOT NULL")
