"""Deliveries: what people want to be told, their channels, and what is sent there."""

from alembic import op

from migrations.tenancy import APP_ROLE, reference, tenant_table

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    _outbox()
    _preferences()
    _channels()
    _deliveries()
    op.execute(_NEWS)
    op.execute("REVOKE ALL ON FUNCTION core.tenants_with_news(timestamptz) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION core.tenants_with_news(timestamptz) TO {APP_ROLE}")


_NEWS = """
    CREATE FUNCTION core.tenants_with_news(at timestamptz) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN RETURN QUERY
        SELECT o.tenant_id FROM goals.outbox o WHERE o.planned_at IS NULL
        UNION
        SELECT i.tenant_id FROM goals.delivery_items i
        WHERE i.delivery_id IS NULL AND i.due_at <= at
        UNION
        SELECT d.tenant_id FROM goals.deliveries d WHERE d.state = 'waiting' AND d.next_at <= at;
    END $$
"""


def _outbox() -> None:
    op.execute("ALTER TABLE goals.outbox ALTER COLUMN user_id DROP NOT NULL")
    # what was told before there were deliveries is not sent afterwards
    op.execute("ALTER TABLE goals.outbox ADD COLUMN planned_at timestamptz DEFAULT now()")
    op.execute("ALTER TABLE goals.outbox ALTER COLUMN planned_at DROP DEFAULT")
    op.execute("CREATE INDEX outbox_unplanned ON goals.outbox (tenant_id) WHERE planned_at IS NULL")


def _preferences() -> None:
    tenant_table(
        "goals.preferences",
        f"""
        user_id uuid NOT NULL,
        choices jsonb NOT NULL,
        by_mail boolean NOT NULL,
        quiet_from time,
        quiet_until time,
        digest_hour smallint NOT NULL,
        language varchar(20),
        updated_at timestamptz NOT NULL,
        {reference("user_id", "core.users")},
        CONSTRAINT preferences_user_key UNIQUE (tenant_id, user_id),
        CONSTRAINT preferences_quiet CHECK (
            (quiet_from IS NULL) = (quiet_until IS NULL) AND quiet_from <> quiet_until),
        CONSTRAINT preferences_digest_hour CHECK (digest_hour BETWEEN 0 AND 23)
        """,
        may="SELECT, INSERT, UPDATE",
    )


def _channels() -> None:
    tenant_table(
        "goals.channels",
        f"""
        user_id uuid,
        service varchar(20) NOT NULL,
        name varchar(100) NOT NULL,
        address bytea NOT NULL,
        events jsonb NOT NULL,
        created_by uuid,
        created_at timestamptz NOT NULL,
        {reference("user_id", "core.users")},
        {reference("created_by", "core.users")}
        """,
    )
    op.execute("CREATE INDEX channels_user ON goals.channels (tenant_id, user_id)")


def _deliveries() -> None:
    tenant_table(
        "goals.deliveries",
        f"""
        user_id uuid,
        channel_id uuid,
        is_digest boolean NOT NULL,
        state varchar(20) NOT NULL,
        attempts integer NOT NULL,
        next_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        ended_at timestamptz,
        error varchar(300),
        {reference("user_id", "core.users")},
        {reference("channel_id", "goals.channels")}
        """,
    )
    op.execute(
        "CREATE INDEX deliveries_due ON goals.deliveries (tenant_id, next_at)"
        " WHERE state = 'waiting'"
    )
    op.execute(
        "CREATE INDEX deliveries_latest ON goals.deliveries"
        " (tenant_id, user_id, channel_id, created_at)"
    )
    tenant_table(
        "goals.delivery_items",
        f"""
        outbox_id uuid NOT NULL,
        user_id uuid,
        channel_id uuid,
        is_digest boolean NOT NULL,
        due_at timestamptz NOT NULL,
        delivery_id uuid,
        {reference("outbox_id", "goals.outbox")},
        {reference("user_id", "core.users")},
        {reference("channel_id", "goals.channels")},
        {reference("delivery_id", "goals.deliveries")},
        CONSTRAINT delivery_items_once_key
            UNIQUE NULLS NOT DISTINCT (tenant_id, outbox_id, channel_id)
        """,
    )
    op.execute(
        "CREATE INDEX delivery_items_due ON goals.delivery_items (tenant_id, due_at)"
        " WHERE delivery_id IS NULL"
    )
    op.execute(
        "CREATE INDEX delivery_items_delivery ON goals.delivery_items (tenant_id, delivery_id)"
    )
