"""An exchange rate that another program changes wakes whoever waits, as a record does."""

from alembic import op

revision = "0014"
down_revision = "0013"

_WATCH_RATES = """
    CREATE OR REPLACE FUNCTION core.watch_rates() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        batch record;
    BEGIN
        IF current_setting('app.journaled', true) = 'on' THEN RETURN NULL; END IF;
        IF TG_OP <> 'DELETE' THEN
            FOR batch IN
                INSERT INTO goals.journal_batches (tenant_id, id, at, source_table, lines)
                SELECT n.tenant_id, gen_random_uuid(), clock_timestamp(), 'core.exchange_rates', 0
                FROM (SELECT DISTINCT tenant_id FROM new_rows) n RETURNING tenant_id
            LOOP
                PERFORM pg_notify('goals_changes', batch.tenant_id::text);
            END LOOP;
        ELSE
            FOR batch IN
                INSERT INTO goals.journal_batches (tenant_id, id, at, source_table, lines)
                SELECT o.tenant_id, gen_random_uuid(), clock_timestamp(), 'core.exchange_rates', 0
                FROM (SELECT DISTINCT tenant_id FROM old_rows) o RETURNING tenant_id
            LOOP
                PERFORM pg_notify('goals_changes', batch.tenant_id::text);
            END LOOP;
        END IF;
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    op.execute(_WATCH_RATES)
