"""Why a sync that was to compute what has changed computed everything."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("ALTER TABLE goals.sync_runs ADD COLUMN reason varchar(20)")
