"""The jobs of the worker: procrastinate's own schema, and what the worker asks of all tenants."""

from collections.abc import Iterator
from pathlib import Path

from alembic import op

from migrations.tenancy import APP_ROLE

revision = "0012"
down_revision = "0011"

_QUEUE = Path(__file__).parents[1] / "jobs" / "procrastinate_3_10_0.sql"
_TABLES = ("jobs", "events", "periodic_defers", "workers")
_SEQUENCES = ("jobs_id_seq", "events_id_seq", "periodic_defers_id_seq")


def upgrade() -> None:
    _queue()
    _rights()
    _questions()


def _queue() -> None:
    """Jobs belong to no tenant: they say for whom something is to be done, and nothing of theirs.

    Under a distributed database these are tables of the coordinator.
    """
    op.execute("CREATE SCHEMA jobs")
    op.execute("SET LOCAL search_path = jobs")
    for statement in _statements(_QUEUE.read_text()):
        op.execute(statement)
    op.execute("SET LOCAL search_path TO DEFAULT")


def _statements(script: str) -> Iterator[str]:
    """One after the other; what stands between $$ is a part of its statement."""
    begun = ""
    for place, part in enumerate(script.split("$$")):
        if place % 2:
            begun += f"$${part}$$"
            continue
        *ends, last = part.split(";\n")
        for end in ends:
            yield begun + end
            begun = ""
        begun += last


def _rights() -> None:
    """The application's role does what procrastinate's functions do, and nobody else anything."""
    op.execute(f"GRANT USAGE ON SCHEMA jobs TO {APP_ROLE}")
    for table in _TABLES:
        op.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON jobs.procrastinate_{table} TO {APP_ROLE}"
        )
    for sequence in _SEQUENCES:
        op.execute(f"GRANT USAGE ON SEQUENCE jobs.procrastinate_{sequence} TO {APP_ROLE}")
    op.execute("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA jobs FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA jobs TO {APP_ROLE}")
    op.execute(_FIX_PATHS)


# Whoever calls them, they find their own tables and types.
_FIX_PATHS = """
    DO $do$ DECLARE function regprocedure; BEGIN
        FOR function IN SELECT oid FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace LOOP
            EXECUTE format(
                'ALTER FUNCTION %s SET search_path = pg_catalog, jobs, pg_temp', function);
        END LOOP;
    END $do$
"""


def _questions() -> None:
    """Which tenants there is something to do for: these look past the wall, for ids alone."""
    op.execute(_CHANGED)
    op.execute(_NEW_DAY)
    for function in ("tenants_with_changes()", "tenants_with_a_new_day(timestamptz)"):
        op.execute(f"REVOKE ALL ON FUNCTION core.{function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION core.{function} TO {APP_ROLE}")


_CHANGED = """
    CREATE FUNCTION core.tenants_with_changes() RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN RETURN QUERY
        SELECT DISTINCT b.tenant_id FROM goals.journal_batches b WHERE b.taken_at IS NULL;
    END $$
"""
# A full sync that began on a day, where the tenant is, has done what the new day asks for.
_NEW_DAY = """
    CREATE FUNCTION core.tenants_with_a_new_day(at timestamptz) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN RETURN QUERY
        SELECT t.id FROM core.tenants t WHERE NOT EXISTS (
            SELECT FROM goals.sync_runs r
            WHERE r.tenant_id = t.id AND r.mode = 'full'
                AND r.finished_at IS NOT NULL AND r.ending IS NULL
                AND r.started_at >= date_trunc('day', at AT TIME ZONE t.timezone)
                    AT TIME ZONE t.timezone);
    END $$
"""
