"""What the catalogue says of the rights of the application's role; each finding is a sentence."""

from sqlalchemy import Connection, text

from tests.db import catalogue

ROLE, OWNER = "goals_app", "goals_owner"
PATH = ["search_path=pg_catalog, pg_temp"]  # temporary objects last: nobody can come before ours

_RELATIONS = """
    SELECT n.nspname || '.' || c.relname FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND NOT n.nspname || '.' || c.relname = ANY (:ours)
        AND CASE c.relkind
            WHEN 'S' THEN has_sequence_privilege(:role, c.oid, 'USAGE, SELECT, UPDATE')
            ELSE has_table_privilege(:role, c.oid, :rights)
                OR has_any_column_privilege(:role, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES') END
    ORDER BY 1
"""
_SCHEMAS = """
    SELECT nspname FROM pg_namespace
    WHERE has_schema_privilege(:role, oid, 'CREATE') ORDER BY 1
"""
_TOO_MUCH = """
    SELECT CAST(CAST(c.oid AS regclass) AS text) FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname || '.' || c.relname = ANY (:ours)
        AND has_table_privilege(:role, c.oid, 'TRUNCATE, REFERENCES, TRIGGER')
"""
# What not everybody may execute, the role may not either, but for our own.
_RESERVED = """
    SELECT CAST(CAST(p.oid AS regprocedure) AS text) FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname <> 'core' AND p.proacl IS NOT NULL
        AND NOT EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0)
        AND has_function_privilege(:role, p.oid, 'EXECUTE')
"""
_DEFINERS = """
    SELECT n.nspname || '.' || p.proname AS name, pg_get_userbyid(p.proowner) AS owner,
        p.proconfig AS settings, p.prosrc AS body, n.nspname AS schema,
        p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0)
            AS for_everyone
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prosecdef ORDER BY 1
"""
_DYNAMIC = ("execute", "format(", "||", "query_to_xml", "quote_ident", "quote_literal")


def elsewhere(connection: Connection) -> list[str]:
    """Relations that are no tables of tenants and that the role could read or write."""
    rights = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER"
    return list(connection.scalars(text(_RELATIONS), _scope(connection) | {"rights": rights}))


def too_much(connection: Connection) -> list[str]:
    """Tables of tenants that the role could empty, refer to or put triggers on."""
    return list(connection.scalars(text(_TOO_MUCH), _scope(connection)))


def creatable(connection: Connection) -> list[str]:
    """The schemas in which the role could make something."""
    return list(connection.scalars(text(_SCHEMAS), {"role": ROLE}))


def reserved(connection: Connection) -> list[str]:
    """Functions that are not for everyone, such as those on files, and that the role could call."""
    return list(connection.scalars(text(_RESERVED), {"role": ROLE}))


def definers(connection: Connection) -> list[str]:
    """What is wrong with the functions that run as their owner."""
    found = []
    for each in connection.execute(text(_DEFINERS)):
        wrong = {
            "is not of the owner of the tables": each.owner != OWNER,
            "has no fixed search_path": each.settings != PATH,
            "is for everyone": each.for_everyone,
            "is not in core": each.schema != "core",
            "makes statements of texts": any(word in each.body.lower() for word in _DYNAMIC),
        }
        found += [f"{each.name} {what}" for what, is_so in wrong.items() if is_so]
    return found


def _scope(connection: Connection) -> dict[str, object]:
    return {"role": ROLE, "ours": catalogue.tables(connection)}
