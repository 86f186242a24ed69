"""The statements of a deed as a pgbench script: what is left is what the database needs."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import event

from goals_core import db

_PARAMETER = re.compile(r"%\((\w+)\)s")
_MOMENT = re.compile(r"\{\d{4}-\d\d-\d\d \d\d:[^,]+\}")  # an array of one
_TPS = re.compile(r"tps = ([\d.]+) \(without")

Sent = list[tuple[str, Mapping[str, Any]]]


@contextmanager
def statements() -> Iterator[Sent]:
    """What the block sends to the database."""
    sent: Sent = []

    def keep(_connection: Any, _cursor: Any, statement: str, bound: Any, *_: Any) -> None:  # noqa: ANN401
        sent.extend(
            (statement, row or {}) for row in (bound if isinstance(bound, list) else [bound])
        )

    event.listen(db.engine(), "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        event.remove(db.engine(), "before_cursor_execute", keep)


def script(sent: Sent, *, varying: UUID, among: str, moment: datetime) -> str:
    """The same transaction for pgbench; `varying` is drawn anew from the table `among` (n, id).

    New ids and the moment of the deed are made by the database, all else is as it was sent.
    """
    head = [
        f"\\set n random(1, :{among}_rows)",
        f"SELECT id AS drawn FROM {among} WHERE n = :n \\gset",
        "BEGIN;",
    ]
    return "\n".join([*head, *(_line(*each, varying, moment) for each in sent), "END;", ""])


def run(program: Path, url: str, path: Path, *, rows: int, among: str, transactions: int) -> float:
    """Transactions per second of one client, each statement prepared once."""
    arguments = ["-n", "-M", "prepared", "-t", str(transactions), "-D", f"{among}_rows={rows}"]
    done = subprocess.run(  # noqa: S603  (our own binary and script)
        [program, *arguments, "-f", path, url], capture_output=True, text=True, check=False
    )
    found = _TPS.search(done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(done.stderr + done.stdout)
    return float(found[1])


def _line(statement: str, bound: Mapping[str, Any], varying: UUID, moment: datetime) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if "INSERT INTO goals.progress_log" in statement and name == "ids":
            return "ARRAY[gen_random_uuid()]"
        return _literal(bound[name], varying, moment)

    return " ".join(_PARAMETER.sub(value, statement).replace("%%", "%").split()) + ";"


def _literal(value: Any, varying: UUID, moment: datetime) -> str:  # noqa: ANN401
    if value == varying:
        return "CAST(:drawn AS uuid)"
    if value == f"{{{varying}}}":
        return "ARRAY[CAST(:drawn AS uuid)]"
    if isinstance(value, datetime):
        is_now = abs((value - moment).total_seconds()) < 60
        return "clock_timestamp()" if is_now else f"'{value.isoformat()}'::timestamptz"
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return f"ARRAY[{_literal(datetime.fromisoformat(value[1:-1]), varying, moment)}]"
    return _plain(value)


def _plain(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | Decimal):
        return str(value)
    text = str(value.value if isinstance(value, Enum) else value).replace("'", "''")
    cast = {UUID: "::uuid", date: "::date"}.get(type(value), "")
    return f"'{text}'{cast}"
