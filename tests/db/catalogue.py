"""What the catalogue says of the wall between tenants; each finding is a sentence."""

from sqlalchemy import Connection, text

SCHEMAS = ["core", "goals", "sales", "billing", "commissions", "custom"]
POLICY = "({column} = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid)"
# Unique in the installation and asked before a tenant is known: their keys are without one.
DIRECTORIES = {"core.login_directory", "core.identity_directory"}
TENANTS = "core.tenants"
# Of no tenant at all: the application's role reaches them by functions of the owner only.
SEALED = {"core.login_attempts", "core.setup_links"}
# Of no tenant either: a queue is one for all, and says for whom something is to be done. What the
# role may do with it is held to the letter by test_jobs.py.
JOBS_SCHEMA = "jobs"
JOBS = {
    **{
        f"jobs.procrastinate_{name}": "DELETE, INSERT, SELECT, UPDATE"
        for name in ("jobs", "events", "periodic_defers", "workers")
    },
    **{
        f"jobs.procrastinate_{name}_id_seq": "USAGE"
        for name in ("jobs", "events", "periodic_defers")
    },
}

_TABLES = """
    SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relrowsecurity, c.relforcerowsecurity,
        pg_get_userbyid(c.relowner) AS owner
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p')
        AND (n.nspname || '.' || c.relname = :tenants OR EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'))
    ORDER BY 2
"""
_SEALS = """
    SELECT c.relrowsecurity AND c.relforcerowsecurity AS has_policies_only,
        (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS policies,
        (SELECT count(*) FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner) AS grants
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname || '.' || c.relname = :name
"""
_POLICIES = """
    SELECT polcmd, polpermissive, polroles = '{0}' AS for_all,
        pg_get_expr(polqual, polrelid) AS reading, pg_get_expr(polwithcheck, polrelid) AS writing
    FROM pg_policy WHERE polrelid = :oid
"""
_UNIQUE = """
    SELECT c.relname AS name, i.indisprimary,
        array(SELECT a.attname::text FROM unnest(i.indkey) k JOIN pg_attribute a
              ON a.attrelid = i.indrelid AND a.attnum = k) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = :oid AND i.indisunique
"""
_REFERENCES = """
    SELECT k.conname AS name, n.nspname || '.' || t.relname AS target, confdeltype, confupdtype,
        array(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (num, pos)
              JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY pos)
            AS from_columns,
        array(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u (num, pos)
              JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num ORDER BY pos)
            AS to_columns,
        (SELECT bool_and(a.attnotnull) FROM pg_attribute a
         WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)) AS always
    FROM pg_constraint k JOIN pg_class t ON t.oid = k.confrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE k.contype = 'f' AND k.conrelid = :oid
"""
_ODDITIES = """
    SELECT 'has the trigger ' || tgname FROM pg_trigger WHERE tgrelid = :oid AND NOT tgisinternal
        AND tgfoid NOT IN ('core.watch_source'::regproc, 'core.watch_rates'::regproc)
    UNION ALL SELECT 'has the rule ' || rulename FROM pg_rewrite WHERE ev_class = :oid
    UNION ALL SELECT 'numbers its column ' || a.attname FROM pg_attribute a
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = :oid
            AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%')
    UNION ALL SELECT 'has a name too long for a shard: ' || conname FROM pg_constraint
        WHERE conrelid = :oid AND length(conname) > 54
    UNION ALL SELECT 'may be without tenant_id' FROM pg_attribute
        WHERE attrelid = :oid AND attname = 'tenant_id' AND NOT attnotnull
"""


def tables(connection: Connection) -> list[str]:
    """Every table that belongs to tenants, and the list of tenants."""
    return [row.name for row in connection.execute(text(_TABLES), _scope())]


def findings(connection: Connection) -> list[str]:
    """What is wrong with the wall; nothing, when it stands."""
    rows = connection.execute(text(_TABLES), _scope()).all()
    return [
        f"{row.name} {finding}"
        for row in rows
        for check in (_security, _keys, _foreign_keys, _oddities)
        for finding in check(connection, row)
    ]


def open_seals(connection: Connection) -> list[str]:
    """The tables of no tenant that anyone but their owner could read or write."""
    return [
        name
        for name in sorted(SEALED)
        if tuple(connection.execute(text(_SEALS), {"name": name}).one()) != (True, 0, 0)
    ]


def _scope() -> dict[str, object]:
    return {"schemas": SCHEMAS, "tenants": TENANTS}


def _security(connection: Connection, table) -> list[str]:
    found = []
    if not table.relrowsecurity:
        found.append("has row-level security disabled")
    if not table.relforcerowsecurity:
        found.append("does not force row-level security on its owner")
    policies = connection.execute(text(_POLICIES), {"oid": table.oid}).all()
    expected = POLICY.format(column="id" if table.name == TENANTS else "tenant_id")
    if [(p.polcmd, p.reading, p.writing) for p in policies] != [("*", expected, expected)]:
        found.append(f"has other policies than one for all on its tenant: {policies}")
    return found


def _keys(connection: Connection, table) -> list[str]:
    if table.name in DIRECTORIES | {TENANTS}:
        return []
    unique = connection.execute(text(_UNIQUE), {"oid": table.oid}).all()
    found = [
        f"is unique without its tenant: {u.name}" for u in unique if "tenant_id" not in u.columns
    ]
    if [u.columns for u in unique if u.indisprimary] != [["tenant_id", "id"]]:
        found.append("has another primary key than (tenant_id, id)")
    return found


def _foreign_keys(connection: Connection, table) -> list[str]:
    found = []
    references = connection.execute(text(_REFERENCES), {"oid": table.oid}).all()
    for key in references:
        pairs = dict(zip(key.from_columns, key.to_columns, strict=True))
        expected = "id" if key.target == TENANTS else "tenant_id"
        if pairs.get("tenant_id") != expected:
            found.append(f"refers out of its tenant: {key.name}")
        if key.confdeltype in "nd" or key.confupdtype in "ndc":
            found.append(f"changes keys by itself: {key.name}")
    # to the tenant itself, or in each row to another one of it, whose table is looked at likewise
    is_its = any(key.target == TENANTS or key.always for key in references)
    if table.name not in DIRECTORIES | {TENANTS} and not is_its:
        found.append("does not refer to its tenant")
    return found


def _oddities(connection: Connection, table) -> list[str]:
    return list(connection.scalars(text(_ODDITIES), {"oid": table.oid}))
