"""Opening up: a database that is ready to use, be it yours or the embedded one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from goals_core import db, schema, tracebacks
from goals_core.config import settings
from goals_core.embedded import Server, ServerDidNotStart, acquire
from goals_core.models import access, core, goals, sources  # noqa: F401  (they fill the metadata)
from goals_core.models.base import Base
from goals_core.services import signin, tenants

Log = Callable[[str], None]

_LOAD = 7_233_002  # the advisory lock of whoever loads the demo


class NotReady(RuntimeError):
    """The application cannot start; the message says why and what to do, to whoever starts it."""


@dataclass(frozen=True)
class Installation:
    """This process's way to its database."""

    server: Server | None  # the embedded one
    has_demo: bool
    app_url: str = field(repr=False)

    def close(self) -> None:
        """Close the pool and give the embedded server back; nothing happens the second time."""
        global _opened  # noqa: PLW0603  (one per process)
        with _one_at_a_time:
            if _opened is self:
                _opened = None
                _leave(self.server)


_opened: Installation | None = None
_one_at_a_time = threading.Lock()


def open_up(log: Log, *, load_demo: bool = True, connections: int = 0) -> Installation:
    """Find or start the database, bring it up to date, connect; the second time, that one.

    An embedded database without any tenant gets the demo, unless GOALS_DEMO or `load_demo` says no.
    Whoever needs so many connections at least has them, whatever GOALS_POOL_SIZE says.
    """
    global _opened  # noqa: PLW0603  (one per process)
    with _one_at_a_time:
        if _opened is None:
            pool = max(settings().pool_size, connections)
            given = settings().database_url
            _opened = _open_given(pool) if given else _open_embedded(log, load_demo, pool)
        return _opened


def has_demo() -> bool:
    """Whether this process has opened up an installation with the demo in it."""
    return _opened is not None and _opened.has_demo


def _open_given(pool_size: int) -> Installation:
    app_url, owner_url = settings().database_url, settings().migration_url
    assert app_url is not None  # noqa: S101  (the caller asked)
    _check_address("GOALS_DATABASE_URL", app_url)
    if owner_url:
        _check_address("GOALS_MIGRATION_URL", owner_url)
    with _readable("The database of GOALS_DATABASE_URL cannot be used"):
        if owner_url:
            schema.migrate(owner_url, app_url=app_url)
        _check(app_url)
        db.connect(app_url, pool_size=pool_size)
    return Installation(server=None, has_demo=False, app_url=app_url)


def _open_embedded(log: Log, load_demo: bool, pool_size: int) -> Installation:
    log(f"Starting the embedded database in {settings().home}")
    try:
        server = acquire(settings().home)
    except ServerDidNotStart as error:
        raise NotReady(str(error)) from error
    try:
        with _readable("The embedded database cannot be used"):
            schema.migrate(server.owner_url, app_url=server.app_url)
            db.connect(server.app_url, pool_size=pool_size)
            has_demo = _has_demo(log, load=load_demo and settings().demo)
            return Installation(server, has_demo, server.app_url)
    except BaseException:
        _leave(server)
        raise


def _leave(server: Server | None) -> None:
    db.disconnect()
    if server is not None:
        server.release()


def _has_demo(log: Log, *, load: bool) -> bool:
    """Fill an installation that has no tenant yet, if asked; say whether the demo is there."""
    from goals_core import demo

    with db.directory() as connection:  # its transaction holds the lock: two starts load it once
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOAD})
        if load and not tenants.list_tenants():
            demo.load(log=log)
    return signin.find_login(demo.LOGINS[0].email) is not None


def _check_address(variable: str, url: str) -> None:
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        raise NotReady(
            f"{variable} is no address of a database, such as postgresql://user:password@host/name"
        ) from None


def _check(app_url: str) -> None:
    """Refuse a role that the wall does not hold or that could move it, and an outdated schema."""
    engine = create_engine(app_url, hide_parameters=True)
    try:
        with engine.begin() as connection:
            schemas = sorted(_schemas())
            role = connection.execute(text(_ROLE), {"schemas": schemas, "mighty": _MIGHTY}).one()
            rows = connection.execute(text(_COLUMNS), {"schemas": schemas})
            is_current = _columns() <= {tuple(row) for row in rows}
            may_read = is_current and connection.scalar(text(_MAY_READ))
    finally:
        engine.dispose()
    if role.passes:
        raise NotReady(
            f"GOALS_DATABASE_URL connects as {role.rolname}, whom row-level security does not"
            " stop: use a role that is no superuser and has no BYPASSRLS, and give the schema's"
            " owner in GOALS_MIGRATION_URL."
        )
    if role.too_much:
        raise NotReady(
            f"GOALS_DATABASE_URL connects as {role.rolname}, who may do more than the application"
            f" needs: {', '.join(role.too_much)}. Use a role that has nothing but a login."
        )
    if not may_read:
        raise NotReady(
            "The database of GOALS_DATABASE_URL does not have the current schema, or does not"
            f" let {role.rolname} in: run `python -m goals_core migrate` with GOALS_MIGRATION_URL"
            " set to the schema's owner."
        )


# What the role has, and what it could take by SET ROLE.
_ROLE = """
    SELECT me.rolname, me.rolsuper OR me.rolbypassrls AS passes, array_remove(ARRAY[
        CASE WHEN me.rolcreaterole THEN 'it makes roles' END,
        CASE WHEN me.rolreplication THEN 'it replicates' END,
        (SELECT 'it may become ' || string_agg(r.rolname, ', ' ORDER BY r.rolname)
            FROM pg_roles r WHERE r.oid <> me.oid AND pg_has_role(me.oid, r.oid, 'MEMBER')
            AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolreplication
                OR r.rolname = ANY (:mighty))),
        (SELECT 'it owns ' || min(CAST(CAST(c.oid AS regclass) AS text))
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ANY (:schemas) AND pg_has_role(me.oid, c.relowner, 'MEMBER')
            HAVING count(*) > 0),
        (SELECT 'it makes tables in ' || min(n.nspname) FROM pg_namespace n
            WHERE n.nspname = ANY (:schemas) AND has_schema_privilege(me.oid, n.oid, 'CREATE')
            HAVING count(*) > 0)
    ], NULL) AS too_much
    FROM pg_roles me WHERE me.rolname = current_user
"""
# Of PostgreSQL's own roles those that read and write past grants, files or sessions of others.
_MIGHTY = [
    "pg_execute_server_program",
    "pg_read_all_data",
    "pg_read_server_files",
    "pg_signal_backend",
    "pg_write_all_data",
    "pg_write_server_files",
]
_MAY_READ = """
    SELECT has_schema_privilege('core', 'USAGE') AND has_table_privilege('core.users', 'SELECT')
        AND EXISTS (SELECT FROM pg_namespace WHERE nspname = 'jobs')
"""
# The catalogue, since the application's role reads no table of the migrations.
_COLUMNS = """
    SELECT n.nspname, c.relname, a.attname
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND a.attnum > 0 AND NOT a.attisdropped
"""


def _columns() -> set[tuple[str, ...]]:
    return {
        (table.schema or "", table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
    }


def _schemas() -> set[str]:
    return {table.schema or "" for table in Base.metadata.tables.values()}


@contextmanager
def _readable(beginning: str) -> Iterator[None]:
    """What the driver says, as one sentence; the whole of it stays the error's cause."""
    try:
        yield
    except DBAPIError as error:
        reason = " ".join(tracebacks.sentence(error.orig or error).split())
        raise NotReady(f"{beginning}: {reason}") from error
