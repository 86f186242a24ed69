"""How the database runs what a deed reads: EXPLAIN (ANALYZE, BUFFERS) of its larger statements."""

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, event

from goals_core import db

_WORTH_SHOWING = 2.0  # milliseconds
_LISTS = re.compile(r"'\{[^}]{60,}\}'")


def show(deed: Callable[[], object]) -> None:
    """Print the plan of each SELECT of the deed that takes longer than hardly anything."""
    engine = db.engine()
    event.listen(engine, "before_cursor_execute", _explain)
    try:
        deed()
    finally:
        event.remove(engine, "before_cursor_execute", _explain)


def _explain(
    connection: Connection,
    _cursor: object,
    statement: str,
    parameters: Any,  # noqa: ANN401  (as the driver has it)
    *_: object,
) -> None:
    if not statement.lstrip().startswith(("SELECT", "WITH")) or "FOR UPDATE" in statement:
        return
    with connection.connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)
        lines = [row[0] for row in cursor.fetchall()]
    took = float(lines[-1].removeprefix("Execution Time: ").removesuffix(" ms"))
    if took >= _WORTH_SHOWING:
        print("\n".join(_LISTS.sub("'{…}'", line) for line in lines), end="\n\n")
