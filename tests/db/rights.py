"""What the catalogue says of the rights of the application's role; each finding is a sentence."""

from sqlalchemy import Connection, text

from tests.db import catalogue

ROLE, OWNER, GROUP = "goals_app", "goals_owner", "goals_rw"
PATH = ["search_path=pg_catalog, pg_temp"]  # temporary objects last: nobody can come before ours
JOBS_PATH = ["search_path=pg_catalog, jobs, pg_temp"]

_RELATIONS = """
    SELECT n.nspname || '.' || c.relname FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND NOT n.nspname || '.' || c.relname = ANY (CAST(:ours AS text[]) || CAST(:jobs AS text[]))
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
    WHERE n.nspname NOT IN ('core', :jobs) AND p.proacl IS NOT NULL
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
# A right on a column would be one on the relation's name too.
_IN_JOBS = """
    SELECT n.nspname || '.' || c.relname AS name,
        CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee) END AS grantee,
        string_agg(DISTINCT g.privilege_type, ', ' ORDER BY g.privilege_type) AS rights
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (
        SELECT * FROM aclexplode(c.relacl)
        UNION ALL SELECT e.* FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) e
        WHERE a.attrelid = c.oid
    ) g
    WHERE n.nspname = :schema AND g.grantee <> c.relowner GROUP BY 1, 2 ORDER BY 1, 2
"""
_JOBS_FUNCTIONS = """
    SELECT CAST(CAST(p.oid AS regprocedure) AS text) AS name, p.prosecdef,
        p.proconfig AS settings, array(
            SELECT CAST(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END
                AS text)
            FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
            WHERE a.grantee <> p.proowner) AS grantees
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = :schema
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
    given = {"role": ROLE, "jobs": catalogue.JOBS_SCHEMA}
    return list(connection.scalars(text(_RESERVED), given))


def in_jobs(connection: Connection) -> dict[str, str]:
    """What somebody else than the owner may do with each relation of the queue."""
    rows = connection.execute(text(_IN_JOBS), {"schema": catalogue.JOBS_SCHEMA})
    found: dict[str, str] = {}
    for row in rows:
        rights = row.rights if row.grantee == GROUP else f"{row.grantee}: {row.rights}"
        found[row.name] = f"{found[row.name]}; {rights}" if row.name in found else rights
    return found


def jobs_functions(connection: Connection) -> list[str]:
    """What is wrong with the queue's functions."""
    found = []
    for each in connection.execute(text(_JOBS_FUNCTIONS), {"schema": catalogue.JOBS_SCHEMA}):
        wrong = {
            "runs as its owner": each.prosecdef,
            "has no fixed search_path": each.settings != JOBS_PATH,
            "is for others": each.grantees != [GROUP],
        }
        found += [f"{each.name} {what}" for what, is_so in wrong.items() if is_so]
    return found


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
    ours, jobs = catalogue.tables(connection), list(catalogue.JOBS)
    return {"role": ROLE, "ours": ours, "jobs": jobs}
