"""The journal: what changed in the sources, its old and its new image, and which sync took it."""

from alembic import op

from migrations.tenancy import APP_ROLE, reference, tenant_table

revision = "0007"
down_revision = "0006"

TABLES = ("sales.opportunities", "billing.invoices", "commissions.entries", "custom.records")


def upgrade() -> None:
    _tables()
    _runs()
    _owners()
    # Distributed tables have no triggers; there the nightly full sync finds what others wrote.
    op.execute(_LINE_ID)
    op.execute(f"GRANT EXECUTE ON FUNCTION core.line_id(uuid, bigint) TO {APP_ROLE}")
    op.execute(_WATCH)
    op.execute("REVOKE ALL ON FUNCTION core.watch_source() FROM PUBLIC")
    op.execute(_WATCH_RATES)
    op.execute("REVOKE ALL ON FUNCTION core.watch_rates() FROM PUBLIC")
    for statement in _watching():
        op.execute(f"DO $do$ BEGIN IF {_HAS_TRIGGERS} THEN {statement}; END IF; END $do$")


def _tables() -> None:
    tenant_table(
        "goals.journal_batches",
        f"""
        at timestamptz NOT NULL,
        source_table varchar(100) NOT NULL,
        lines integer NOT NULL,
        actor_id uuid,
        run_id uuid,
        taken_at timestamptz,
        {reference("actor_id", "core.users")}
        """,
        may="SELECT, INSERT, UPDATE",
    )
    op.execute(
        "CREATE INDEX journal_batches_waiting ON goals.journal_batches (tenant_id)"
        " WHERE taken_at IS NULL"
    )
    tenant_table(
        "goals.journal",
        f"""
        batch_id uuid NOT NULL,
        record_id uuid NOT NULL,
        old jsonb,
        new jsonb,
        {reference("batch_id", "goals.journal_batches")}
        """,
        may="SELECT, INSERT",
    )
    op.execute("CREATE INDEX journal_record ON goals.journal (tenant_id, record_id)")


def _runs() -> None:
    op.execute(
        """
        ALTER TABLE goals.sync_runs
            ADD COLUMN mode varchar(20) NOT NULL DEFAULT 'full',
            ADD COLUMN changes integer NOT NULL DEFAULT 0
        """
    )


def _owners() -> None:
    """A sync of some reads what their owners have from these alone, a full one that of the days."""
    for table, day, first, also in (
        ("sales.opportunities", "closed", "", "stage, amount, currency"),
        ("billing.invoices", "issued", "", "status, amount, currency"),
        ("billing.invoices", "paid", "", "status, amount, currency"),
        ("billing.invoices", "due", "", "status, amount, currency"),
        ("commissions.entries", "earned", "", "status, amount, currency"),
        ("custom.records", "occurred", "entity, ", "status, value, currency"),
    ):
        name = f"{table.split('.')[1]}_owner_{day}"
        key = f"tenant_id, {first}owner_id, {day}_on"
        op.execute(f"CREATE INDEX {name} ON {table} ({key}) INCLUDE ({also})")


_HAS_TRIGGERS = "NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"

# A line's id is its batch's and its number: in order, so that many are added at the index's end.
_WATCH = """
    CREATE FUNCTION core.watch_source() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        of_table CONSTANT text := concat_ws('.', TG_TABLE_SCHEMA, TG_TABLE_NAME);
        hidden CONSTANT text[] := '{tenant_id,id,created_at,updated_at}';
        batch record;
    BEGIN
        IF current_setting('app.journaled', true) = 'on' THEN RETURN NULL; END IF;
        IF TG_OP = 'INSERT' THEN
            FOR batch IN
                WITH counted AS (SELECT n.tenant_id, count(*) AS lines FROM new_rows n GROUP BY 1)
                INSERT INTO goals.journal_batches (tenant_id, id, at, source_table, lines)
                SELECT c.tenant_id, gen_random_uuid(), clock_timestamp(), of_table, c.lines
                FROM counted c RETURNING tenant_id, id
            LOOP
                INSERT INTO goals.journal (tenant_id, id, batch_id, record_id, new)
                SELECT batch.tenant_id, core.line_id(batch.id, row_number() OVER ()), batch.id,
                    n.id, to_jsonb(n) - hidden
                FROM new_rows n WHERE n.tenant_id = batch.tenant_id;
                PERFORM pg_notify('goals_changes', batch.tenant_id::text);
            END LOOP;
        ELSIF TG_OP = 'DELETE' THEN
            FOR batch IN
                WITH counted AS (SELECT o.tenant_id, count(*) AS lines FROM old_rows o GROUP BY 1)
                INSERT INTO goals.journal_batches (tenant_id, id, at, source_table, lines)
                SELECT c.tenant_id, gen_random_uuid(), clock_timestamp(), of_table, c.lines
                FROM counted c RETURNING tenant_id, id
            LOOP
                INSERT INTO goals.journal (tenant_id, id, batch_id, record_id, old)
                SELECT batch.tenant_id, core.line_id(batch.id, row_number() OVER ()), batch.id,
                    o.id, to_jsonb(o) - hidden
                FROM old_rows o WHERE o.tenant_id = batch.tenant_id;
                PERFORM pg_notify('goals_changes', batch.tenant_id::text);
            END LOOP;
        ELSE
            FOR batch IN
                WITH counted AS (
                    SELECT tenant_id, count(*) AS lines
                    FROM old_rows o FULL JOIN new_rows n USING (tenant_id, id)
                    WHERE to_jsonb(o) - hidden IS DISTINCT FROM to_jsonb(n) - hidden GROUP BY 1
                )
                INSERT INTO goals.journal_batches (tenant_id, id, at, source_table, lines)
                SELECT c.tenant_id, gen_random_uuid(), clock_timestamp(), of_table, c.lines
                FROM counted c RETURNING tenant_id, id
            LOOP
                INSERT INTO goals.journal (tenant_id, id, batch_id, record_id, old, new)
                SELECT batch.tenant_id, core.line_id(batch.id, row_number() OVER ()), batch.id,
                    id, to_jsonb(o) - hidden, to_jsonb(n) - hidden
                FROM old_rows o FULL JOIN new_rows n USING (tenant_id, id)
                WHERE tenant_id = batch.tenant_id
                    AND to_jsonb(o) - hidden IS DISTINCT FROM to_jsonb(n) - hidden;
                PERFORM pg_notify('goals_changes', batch.tenant_id::text);
            END LOOP;
        END IF;
        RETURN NULL;
    END $$
"""
# A rate can concern any goal: its batch has no lines, and what takes it is a full sync.
_WATCH_RATES = """
    CREATE FUNCTION core.watch_rates() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        IF current_setting('app.journaled', true) = 'on' THEN RETURN NULL; END IF;
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO goals.journal_batches (tenant_id, id, at, source_table, lines)
            SELECT n.tenant_id, gen_random_uuid(), clock_timestamp(), 'core.exchange_rates', 0
            FROM (SELECT DISTINCT tenant_id FROM new_rows) n;
        ELSE
            INSERT INTO goals.journal_batches (tenant_id, id, at, source_table, lines)
            SELECT o.tenant_id, gen_random_uuid(), clock_timestamp(), 'core.exchange_rates', 0
            FROM (SELECT DISTINCT tenant_id FROM old_rows) o;
        END IF;
        RETURN NULL;
    END $$
"""
_LINE_ID = """
    CREATE FUNCTION core.line_id(batch uuid, number bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (left(batch::text, 24) || lpad(to_hex(number), 12, '0'))::uuid
"""
_ROWS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def _watching() -> list[str]:
    """A trigger for each table and kind of statement: one that is for several sees no rows."""
    watched = [(table, "watch_source") for table in TABLES] + [
        ("core.exchange_rates", "watch_rates")
    ]
    return [
        f"CREATE TRIGGER journal_{deed.lower()} AFTER {deed} ON {table}"
        f" REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION core.{function}()"
        for table, function in watched
        for deed, rows in _ROWS.items()
    ]
