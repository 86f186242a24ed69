"""One attempt in SQL: a statement with what is theirs, and with what nobody has in its place."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import make_url

from tests.walls import told
from tests.walls.companies import World
from tests.walls.exceptions import (
    FUNCTIONS_THAT_ENTER,
    FUNCTIONS_THAT_TELL,
    TABLES_THAT_TELL,
)
from tests.walls.statements import Statement
from tests.walls.words import Secrets, blank, tokens, twin

_OF_BATCH = 20  # hexadecimals that a batch's id shares with those of its lines
WRITES = {"write", "refer", "guess", "call", "empty"}
_PROBE = "SELECT nullif(current_setting('app.tenant_id', true), '')::uuid, proof.of_tenant(%s)"


@dataclass(frozen=True)
class Outcome:
    """What came of a statement: rows or an error, and whether the tenant is still the same."""

    rows: Any
    count: int
    error: str = ""
    stayed: bool = True
    changed: bool = False  # anything that is theirs

    def comparable(self) -> tuple[object, ...]:
        return blank(_text(self.rows)), self.count, blank(self.error)


@dataclass
class Session:
    """A connection as the application's role, with a tenant set or with none."""

    connection: psycopg.Connection
    secrets: Secrets
    tenant_id: UUID | None
    their_tenant: UUID
    expected: str  # the checksum of all that is theirs
    met: set[str]  # the accepted exceptions that were met

    def findings(self, statement: Statement) -> list[str]:
        """What is wrong with the wall; nothing when it stands."""
        first = self._run(statement)
        given = tokens(statement.bound) | tokens(statement.sql)
        leaks = self.secrets.in_([first.rows, first.error]) - given
        leaks = {leak for leak in leaks if not _is_line_of(leak, given)}
        found = [f"{leak} came out" for leak in sorted(leaks)]
        if first.changed:
            found.append("rows that are not theirs changed")
        other = replace(
            statement,
            sql=twin(statement.sql, self.secrets),
            bound=twin(statement.bound, self.secrets),
        )
        second = first if other == statement else self._run(other)
        if first.comparable() != second.comparable():
            found.append(f"tells: {first.comparable()} is not {second.comparable()}")
        if not first.stayed:
            found.append("stepped into another tenant")
        return [each for each in found if not self._is_accepted(statement, each)]

    def _is_accepted(self, statement: Statement, finding: str) -> bool:
        accepted = {
            "call": FUNCTIONS_THAT_ENTER if "stepped" in finding else FUNCTIONS_THAT_TELL,
            "guess": {} if "came out" in finding else TABLES_THAT_TELL,
        }
        is_one = statement.target in accepted.get(statement.kind, {})
        self.met |= {statement.target} if is_one else set()
        return is_one

    def _run(self, statement: Statement) -> Outcome:
        try:
            with self.connection.transaction(force_rollback=True):
                return self._sent(statement)
        except psycopg.Error as error:
            return Outcome([], 0, told.database_error(error))

    def _sent(self, statement: Statement) -> Outcome:
        with self.connection.cursor() as cursor:
            if statement.kind == "copy":
                with cursor.copy(statement.sql) as copy:
                    rows = [] if "FROM STDIN" in statement.sql else [bytes(part) for part in copy]
                return Outcome(rows, cursor.rowcount)
            cursor.execute(statement.sql, {k: _bindable(v) for k, v in statement.bound.items()})
            rows, count = cursor.fetchall() if cursor.description else [], cursor.rowcount
            stayed, changed = True, False
            if statement.kind in WRITES and (count or statement.kind == "call"):
                cursor.execute(_PROBE, (self.their_tenant,))
                tenant, checksum = cursor.fetchone() or (None, "")
                stayed, changed = tenant == self.tenant_id, checksum != self.expected
            return Outcome(rows, count, stayed=stayed, changed=changed)


@contextmanager
def session(world: World, *, tenant_id: UUID | None, met: set[str]) -> Iterator[Session]:
    """A transaction in which everything is tried and nothing stays."""
    url = make_url(world.app_url).set(drivername="postgresql")
    theirs = world.theirs.cast.tenant.id
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        if tenant_id is not None:
            connection.execute("SELECT core.set_tenant(%s)", (tenant_id,))
        expected = connection.execute(_PROBE, (theirs,)).fetchone()
        assert expected is not None
        yield Session(connection, world.secrets, tenant_id, theirs, expected[1], met)
        connection.rollback()


def _bindable(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict | list) else value


def _text(rows: Any) -> str:
    """Rows in words; bytes as hexadecimals."""
    if isinstance(rows, bytes):
        return rows.hex()
    if isinstance(rows, list | tuple):
        return "[" + ", ".join(_text(each) for each in rows) + "]"
    return str(rows)


def _is_line_of(id_: str, given: set[str]) -> bool:
    """Whether it is the id of a line of a batch that was given: the one is made of the other."""
    number = id_[_OF_BATCH:]
    return number.startswith("0000") and any(each[:_OF_BATCH] == id_[:_OF_BATCH] for each in given)
