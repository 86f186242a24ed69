"""The events: what other systems have told, each once, and what came of it."""

from alembic import op

from migrations.tenancy import reference, tenant_table

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    tenant_table(
        "goals.events",
        f"""
        event_id varchar(200) NOT NULL,
        name varchar(100) NOT NULL,
        occurred_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL,
        received_by uuid,
        digest bytea NOT NULL,
        source_table varchar(100) NOT NULL,
        entity varchar(100) NOT NULL,
        external_id varchar(200) NOT NULL,
        fields jsonb NOT NULL,
        delivery_id uuid NOT NULL,
        record_id uuid,
        result jsonb,
        CONSTRAINT events_event_key UNIQUE (tenant_id, event_id),
        {reference("received_by", "core.users")}
        """,
    )
    op.execute(
        "CREATE INDEX events_record ON goals.events (tenant_id, source_table, entity, external_id)"
    )
    op.execute("CREATE INDEX events_received ON goals.events (tenant_id, received_at)")
