"""The application's role can do what the services need, and cannot move the wall."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from goals_core import schema
from tests.conftest import Database, Server
from tests.db import rights

FORBIDDEN = psycopg.errors.InsufficientPrivilege
MOVING_THE_WALL = [
    "ALTER TABLE core.users DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE core.users NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE core.users OWNER TO goals_app",
    "DROP POLICY users_tenant_isolation ON core.users",
    "ALTER POLICY users_tenant_isolation ON core.users USING (true)",
    "CREATE POLICY everyone ON core.users USING (true)",
    "DROP TABLE core.users",
    "CREATE INDEX ON core.users (name)",
    "CREATE TRIGGER spy BEFORE UPDATE ON core.users"
    " FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE OR REPLACE FUNCTION core.find_login(login varchar)"
    " RETURNS TABLE (tenant_id uuid, user_id uuid)"
    " LANGUAGE sql AS 'SELECT NULL::uuid, NULL::uuid'",
    "ALTER FUNCTION core.find_login(varchar) SECURITY INVOKER",
    "SET session_replication_role = replica",
    "COMMENT ON TABLE core.users IS 'mine'",
]
BECOMING_ANOTHER = [
    "SET ROLE goals_owner",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "SET SESSION AUTHORIZATION goals_owner",
    "ALTER ROLE goals_app BYPASSRLS",
    "ALTER ROLE goals_app SUPERUSER",
    "ALTER ROLE goals_owner PASSWORD 'mine'",
    "GRANT goals_owner TO goals_app",
    "GRANT goals_rw TO goals_owner",
    "GRANT pg_read_all_data TO goals_app",
    "CREATE ROLE mine LOGIN",
    "DROP ROLE goals_owner",
]
MAKING_THINGS = [
    "CREATE SCHEMA mine",
    "CREATE TABLE public.mine (a int)",
    "CREATE TABLE core.mine (a int)",
    "CREATE TEMPORARY TABLE mine (a int)",
    "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE VIEW goals.mine AS SELECT 1",
    "SELECT 1 AS a INTO public.mine",
    "DROP EXTENSION plpgsql",
    "CREATE PUBLICATION mine FOR ALL TABLES",
    "CREATE DATABASE mine",
    "CREATE CAST (int AS uuid) WITH INOUT AS IMPLICIT",
    "CREATE SERVER mine FOREIGN DATA WRAPPER none",
]
REACHING_OUT = [
    "COPY core.teams TO PROGRAM 'cat'",
    "COPY core.teams FROM PROGRAM 'cat'",
    "COPY (SELECT 1) TO '/tmp/goals-mine'",
    "COPY core.teams FROM '/etc/passwd'",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/goals-mine')",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('PG_VERSION')",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_statistic",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT * FROM core.alembic_version",
    "LOAD 'auto_explain'",
    "ALTER SYSTEM SET log_statement = 'all'",
]


@pytest.fixture(scope="module")
def migrated(server: Server) -> Database:
    """As after a start: a copy of a database has none of the rights that its original took away."""
    made = server.new_database()
    schema.migrate(made.owner_url, app_url=made.app_url)
    return made


@pytest.fixture(scope="module")
def superuser(migrated: Database) -> Iterator[Engine]:
    engine = create_engine(make_url(migrated.owner_url).set(username="postgres"))
    yield engine
    engine.dispose()


@pytest.fixture
def app(migrated: Database) -> Iterator[psycopg.Connection]:
    url = make_url(migrated.app_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "statement", [*MOVING_THE_WALL, *BECOMING_ANOTHER, *MAKING_THINGS, *REACHING_OUT]
)
def test_it_cannot(app: psycopg.Connection, superuser: Engine, statement: str) -> None:
    with superuser.connect():  # so that there is a session of another role
        with pytest.raises(psycopg.Error) as refused:
            app.execute(statement)
        assert refused.value.sqlstate in {"42501", "42704", "0A000"}, refused.value


def test_switching_row_security_off_reads_nothing(
    app: psycopg.Connection, superuser: Engine
) -> None:
    app.execute("SET row_security = off")
    with superuser.connect() as connection:
        tables = rights.catalogue.tables(connection)
    for table in tables:
        with pytest.raises(FORBIDDEN, match="row-level security"):
            app.execute(f"SELECT * FROM {table}")


def test_outside_of_the_tenants_tables_it_reads_nothing(superuser: Engine) -> None:
    with superuser.connect() as connection:  # never committed
        connection.execute(text("CREATE SCHEMA another"))
        connection.execute(text("CREATE TABLE another.secrets (a int)"))
        assert rights.elsewhere(connection) == []
        connection.execute(text("GRANT SELECT (a) ON another.secrets TO PUBLIC"))
        connection.execute(text("GRANT SELECT ON core.alembic_version TO goals_rw"))
        assert rights.elsewhere(connection) == ["another.secrets", "core.alembic_version"]


def test_of_the_tenants_tables_it_empties_none(superuser: Engine) -> None:
    with superuser.connect() as connection:  # never committed
        assert rights.too_much(connection) == []
        connection.execute(text("GRANT TRIGGER ON core.teams TO goals_rw"))
        assert rights.too_much(connection) == ["core.teams"]


def test_it_makes_nothing_in_any_schema_nor_in_the_database(superuser: Engine) -> None:
    with superuser.connect() as connection:
        assert rights.creatable(connection) == []
        for right in ("CREATE", "TEMPORARY"):
            query = "SELECT has_database_privilege('goals_app', current_database(), :right)"
            assert connection.scalar(text(query), {"right": right}) is False, right


def test_it_calls_no_function_that_is_not_for_everyone(superuser: Engine) -> None:
    with superuser.connect() as connection:  # never committed
        assert rights.reserved(connection) == []
        connection.execute(text("GRANT EXECUTE ON FUNCTION pg_read_file(text) TO goals_rw"))
        assert rights.reserved(connection) == ["pg_read_file(text)"]


def test_functions_that_run_as_the_owner_are_narrow(superuser: Engine) -> None:
    with superuser.connect() as connection:
        assert rights.definers(connection) == []


@pytest.mark.parametrize(
    ("function", "finding"),
    [
        ("LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", "has no fixed search_path"),
        ("LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", "is for everyone"),
        ("LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", "is not of the owner of the tables"),
        (
            "LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE what; RETURN 1; END $$",
            "makes statements of texts",
        ),
    ],
)
def test_the_check_itself_finds_a_wide_function(
    superuser: Engine, function: str, finding: str
) -> None:
    with superuser.connect() as connection:  # never committed
        made = f"CREATE FUNCTION core.wide(what text) RETURNS int {function}"
        connection.exec_driver_sql(made)
        assert f"core.wide {finding}" in rights.definers(connection)


def test_it_is_a_member_of_the_group_alone(app: psycopg.Connection) -> None:
    memberships = "SELECT rolname FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')"
    assert {name for (name,) in app.execute(memberships)} == {"goals_app", "goals_rw"}


def test_it_reads_no_statement_of_another_roles_session(
    app: psycopg.Connection, superuser: Engine
) -> None:
    with superuser.connect() as connection:
        connection.execute(text("SELECT 'what only the superuser knows'"))
        process = connection.scalar(text("SELECT pg_backend_pid() /* what only */"))
        told = "SELECT usename, query FROM pg_stat_activity WHERE pid = %s"
        assert app.execute(told, (process,)).fetchone() == ("postgres", "<insufficient privilege>")


def test_a_tenant_is_a_uuid_and_nothing_else(app: psycopg.Connection, superuser: Engine) -> None:
    with superuser.connect() as connection:
        signatures = "SELECT pg_get_function_identity_arguments(oid) FROM pg_proc"
        ours = f"{signatures} WHERE proname = 'set_tenant'"
        assert connection.scalars(text(ours)).all() == ["tenant uuid"]
    for what in ("all", "' OR true --", "x'; RESET ROLE; --"):
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            app.execute("SELECT core.set_tenant(%s)", (what,))


@pytest.mark.parametrize("what", ["all", "00000000", "{}"])
def test_a_setting_that_is_no_tenant_fails_closed(app: psycopg.Connection, what: str) -> None:
    app.execute("SELECT set_config('app.tenant_id', %s, false)", (what,))
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        app.execute("SELECT * FROM core.users")
