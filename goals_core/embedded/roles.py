"""The roles and the database that the application expects to find."""

from typing import LiteralString

import psycopg

OWNER: LiteralString = "goals_owner"
APP: LiteralString = "goals_app"
DATABASE: LiteralString = "goals"

ROLES: dict[LiteralString, LiteralString] = {
    OWNER: "LOGIN NOSUPERUSER BYPASSRLS NOCREATEDB CREATEROLE",
    APP: "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
}


def ensure(connection: psycopg.Connection) -> None:
    """Make what is missing, at each start: the first one may have been cut short."""
    for role, rights in ROLES.items():
        if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
            connection.execute(f"CREATE ROLE {role}")
        connection.execute(f"ALTER ROLE {role} {rights}")
    if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
        connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")


def _exists(connection: psycopg.Connection, query: LiteralString, name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is not None
