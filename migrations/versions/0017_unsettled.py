"""Values that a deed left unsettled are looked for, as changed records are."""

from alembic import op

from migrations.tenancy import APP_ROLE

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(_UNSETTLED)
    function = "core.tenants_with_unsettled(timestamptz)"
    op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {APP_ROLE}")


# What a sync would settle: of what cannot be computed, or has not begun, none does.
_UNSETTLED = """
    CREATE FUNCTION core.tenants_with_unsettled(at timestamptz) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN RETURN QUERY
        SELECT DISTINCT a.tenant_id FROM goals.assignments a
        JOIN goals.definitions d ON d.tenant_id = a.tenant_id AND d.id = a.definition_id
        JOIN core.tenants t ON t.id = a.tenant_id
        WHERE a.unsettled AND a.closed_at IS NULL AND a.status <> 'cancelled'
            AND a.period_start <= CAST(at AT TIME ZONE t.timezone AS date)
            AND d.status = 'active' AND d.source <> 'manual' AND d.sync_error IS NULL;
    END $$
"""
