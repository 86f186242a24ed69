"""The inbox: what was told can be read and set aside."""

from alembic import op

from migrations.tenancy import APP_ROLE

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE goals.outbox
            ADD COLUMN in_inbox boolean NOT NULL DEFAULT true,
            ADD COLUMN read_at timestamptz
        """
    )
    op.execute(
        "CREATE INDEX outbox_unread ON goals.outbox (tenant_id, user_id)"
        " WHERE in_inbox AND read_at IS NULL"
    )
    op.execute(f"GRANT UPDATE ON goals.outbox TO {APP_ROLE}")
