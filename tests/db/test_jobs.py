"""The queue's own schema: the pinned package's, and for the application's role alone."""

from collections.abc import Iterator
from importlib.resources import files

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, make_url, text

from tests.conftest import Database
from tests.db import catalogue, rights

# Everything that a schema has, in words that do not name it.
_THINGS = """
    SELECT concat_ws(' ', c.relkind, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
        a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = CAST(:schema AS regnamespace) AND NOT a.attisdropped
    UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname,
        pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = CAST(:schema AS regnamespace)
    UNION ALL SELECT replace(pg_get_indexdef(i.indexrelid), :schema || '.', '')
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = CAST(:schema AS regnamespace)
    UNION ALL SELECT replace(pg_get_triggerdef(t.oid), :schema || '.', '') FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = CAST(:schema AS regnamespace) AND NOT t.tgisinternal
    UNION ALL SELECT concat_ws(' ', p.oid::regprocedure, pg_get_function_result(p.oid),
        p.provolatile, p.prosecdef, l.lanname, p.prosrc)
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = CAST(:schema AS regnamespace)
    UNION ALL SELECT concat_ws(' ', e.enumtypid::regtype, e.enumsortorder, e.enumlabel)
    FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
    WHERE t.typnamespace = CAST(:schema AS regnamespace)
"""


@pytest.fixture
def owner(database: Database) -> Iterator[Engine]:
    engine = create_engine(database.owner_url)
    yield engine
    engine.dispose()


def things(connection: Connection, schema: str) -> set[str]:
    connection.execute(text(f"SET LOCAL search_path = {schema}"))
    return set(connection.scalars(text(_THINGS), {"schema": schema}))


def test_the_migrated_queue_is_the_one_that_the_pinned_package_expects(owner: Engine) -> None:
    theirs = files("procrastinate").joinpath("sql/schema.sql").read_text()
    with owner.connect() as connection:  # never committed
        connection.execute(text("CREATE SCHEMA brought"))
        connection.execute(text("SET LOCAL search_path = brought"))
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        driver.execute(theirs.encode())
        expected, found = things(connection, "brought"), things(connection, "jobs")
        assert len(expected) > 80
        assert found == expected, "the package's migrations are to be a revision of their own"
        connection.execute(text("ALTER TABLE jobs.procrastinate_jobs ADD COLUMN more int"))
        assert things(connection, "jobs") != expected


def test_the_role_does_with_the_queue_what_the_worker_needs_and_no_more(owner: Engine) -> None:
    with owner.connect() as connection:  # never committed
        assert rights.in_jobs(connection) == catalogue.JOBS
        assert rights.jobs_functions(connection) == []
        connection.execute(text("GRANT TRUNCATE ON jobs.procrastinate_jobs TO goals_rw"))
        connection.execute(text("GRANT SELECT (id) ON jobs.procrastinate_workers TO PUBLIC"))
        broken = rights.in_jobs(connection)
        assert {name for name in broken if broken[name] != catalogue.JOBS[name]} == {
            "jobs.procrastinate_jobs",
            "jobs.procrastinate_workers",
        }
        function = "jobs.procrastinate_update_heartbeat_v1(bigint)"
        connection.execute(text(f"GRANT EXECUTE ON FUNCTION {function} TO PUBLIC"))
        assert rights.jobs_functions(connection) == [f"{function} is for others"]


def test_nobody_else_gets_into_its_schema(owner: Engine) -> None:
    query = (
        "SELECT grantee FROM aclexplode((SELECT nspacl FROM pg_namespace WHERE nspname = 'jobs'))"
    )
    names = f"SELECT DISTINCT CAST(pg_get_userbyid(g.grantee) AS text) FROM ({query}) g"
    with owner.connect() as connection:
        assert set(connection.scalars(text(names))) == {"goals_owner", "goals_rw"}


@pytest.mark.parametrize(
    "deed",
    [
        "ALTER TABLE jobs.procrastinate_jobs DISABLE TRIGGER USER",
        "DROP FUNCTION jobs.procrastinate_update_heartbeat_v1(bigint)",
        "TRUNCATE jobs.procrastinate_events",
        "CREATE TABLE jobs.mine (a int)",
    ],
)
def test_the_role_cannot_change_the_queue_itself(database: Database, deed: str) -> None:
    url = make_url(database.app_url).set(drivername="postgresql")
    with (
        psycopg.connect(url.render_as_string(hide_password=False)) as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        app.execute(deed.encode())
