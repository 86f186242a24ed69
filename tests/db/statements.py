"""Which tables a statement touches, and which of them it holds to the tenant."""

import re
from typing import Any
from uuid import UUID

_TABLE = re.compile(
    r"""
    (?:FROM|JOIN|UPDATE|USING|,)\s+
    ((?:core|goals|sales|billing|commissions|custom)\.[a-z_]+)\b(?![.(])  # no column, no function
    (?:\ AS\ ([a-z_0-9]+)|\ (?!(?:ON|SET|WHERE|JOIN|LEFT|ORDER|GROUP|USING|FOR|LIMIT)\b)(\w+))?
    """,
    re.VERBOSE,
)
_BOUND = re.compile(r"([a-z_0-9.]+)\.tenant_id = %\((\w+)\)s")
# the tenant's own row is found by its id
_ITSELF = re.compile(r"(core\.tenants)\.id = %\((\w+)\)s")
_JOINED = re.compile(r"([a-z_0-9.]+)\.tenant_id = ([a-z_0-9.]+)\.tenant_id")
_TENANTS = re.compile(r"core\.tenants\.id = ([a-z_0-9.]+)\.tenant_id")


def loose_tables(statement: str, bound: Any, tenant_id: UUID) -> set[str]:
    """The tables, by the name they have in it, that no condition holds to the bound tenant.

    A table is held by its own condition, or by a join on the tenant with one that is.
    """
    rows = bound if isinstance(bound, list) else [bound]
    tables = {match[2] or match[3] or match[1] for match in _TABLE.finditer(statement)}
    found = _BOUND.findall(statement) + _ITSELF.findall(statement)
    held = {name for name, key in found if _is(rows, key, tenant_id)}
    joins = [set(pair) for pair in _JOINED.findall(statement)]
    joins += [{"core.tenants", other} for other in _TENANTS.findall(statement)]
    for _ in joins:  # each round reaches at least one table further
        held |= {name for pair in joins if pair & held for name in pair}
    return tables - held


def _is(rows: list[Any], key: str, tenant_id: UUID) -> bool:
    return all(row.get(key) == tenant_id for row in rows)
