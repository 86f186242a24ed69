"""Bringing a database to the current schema, and letting the application's role in."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, make_url, text

from goals_core.config import PROJECT

_LOCK = 7_233_001  # two starts at the same time migrate one after the other


def migrate(owner_url: str, *, app_url: str) -> None:
    """Apply every missing revision as the owner, then admit the role that `app_url` names."""
    engine = create_engine(owner_url, hide_parameters=True)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            connection.execute(text("CREATE SCHEMA IF NOT EXISTS core"))
            _upgrade(connection)
            _close(connection)
            _admit(connection, role=make_url(app_url).username)
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(PROJECT / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _close(connection: Connection) -> None:
    """Take from everyone what PostgreSQL gives by itself: to make tables, lasting or temporary.

    Each time, since a copy of a database has none of it. Who does not own them only gets a warning.
    """
    quote = connection.dialect.identifier_preparer.quote
    database = quote(connection.scalar(text("SELECT current_database()")) or "")
    connection.execute(text(f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC"))
    if connection.scalar(text("SELECT to_regnamespace('public') IS NOT NULL")):
        connection.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))


def _admit(connection: Connection, *, role: str | None) -> None:
    owner = connection.scalar(text("SELECT current_user"))
    if role is not None and role != owner:
        quoted = connection.dialect.identifier_preparer.quote(role)
        connection.execute(text(f"GRANT goals_rw TO {quoted}"))
