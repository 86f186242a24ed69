"""One attempt on an operation: with what is secret, and with what nobody has in its place.

What comes of both must be the same: result or refusal, statements, and what was written.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from goals_core import db
from goals_core.actor import Actor
from goals_core.db import TenantSession
from goals_core.permissions import Operation
from tests.walls import told
from tests.walls.arguments import Draw, asks_as
from tests.walls.companies import ATTEMPTED_AT
from tests.walls.pool import Pool
from tests.walls.words import Secrets, blank, tokens, twin

_OF_THE_CONNECTION = re.compile(r"pg_catalog|standard_conforming|hstore|^show ", re.IGNORECASE)
_TRIES = 6
_EMITTED = """
    SELECT CAST(to_jsonb(e) AS text) FROM {table} e
    WHERE e.tenant_id = :tenant AND e.{at} >= :since
"""
Arguments = tuple[list[Any], dict[str, Any]]


@dataclass
class Outcome:
    """What came of a call."""

    said: str = ""
    error: str = ""  # the kind of error, empty for a result
    statements: int = 0
    emitted: list[str] = field(default_factory=list)
    wrote: bool = False
    changed_secrets: bool = False

    def comparable(self, *, by_statements: bool) -> tuple[object, ...]:
        emitted = sorted(blank(line) for line in self.emitted)
        sent = self.statements if by_statements else None
        return blank(self.said), self.error, sent, emitted, self.changed_secrets


@dataclass(frozen=True)
class Attempt:
    """Who tries what with what, to be seen again by its seed."""

    operation: Operation
    actor: Actor | None
    arguments: Arguments
    secrets: Secrets
    probe: "Probe"
    by_statements: bool  # whether their number, too, must be the same

    def findings(self) -> list[str]:
        """What is wrong with the wall; nothing when it stands."""
        first = self.run(self.arguments)
        found = [f"{leak} came out" for leak in sorted(self._leaks(first))]
        if first.changed_secrets:
            found.append("rows that are not theirs changed")
        other = twin(self.arguments[0], self.secrets), twin(self.arguments[1], self.secrets)
        if self.secrets.in_(self.arguments):
            second = self.run(other)
            said = [each.comparable(by_statements=self.by_statements) for each in (first, second)]
            if said[0] != said[1]:
                found.append(f"tells: {said[0]} is not {said[1]}")
        return found

    def _leaks(self, outcome: Outcome) -> set[str]:
        """Secrets that nobody had given in."""
        return self.secrets.in_([outcome.said, *outcome.emitted]) - tokens(self.arguments)

    def run(self, arguments: Arguments) -> Outcome:
        """Call it and undo what it did, as far as it left that to the caller."""
        outcome = Outcome()
        try:
            if asks_as(self.operation) is TenantSession:
                self._in_session(arguments, outcome)
            else:
                who = [self.actor] if asks_as(self.operation) is Actor else []
                with counted(outcome):
                    outcome.said = told.result(self._call(who, arguments))
        except Exception as error:  # noqa: BLE001  (whatever it is, it is what came of it)
            outcome.error = type(error).__name__
            outcome.said = told.error(error)
        return outcome

    def _in_session(self, arguments: Arguments, outcome: Outcome) -> None:
        assert self.actor is not None
        with db.tenant_session(self.actor) as session:
            try:
                with counted(outcome):
                    result = self._call([session], arguments)
                    session.flush()
                    outcome.said = told.result(result)
                outcome.emitted = _emitted(session)
            except DBAPIError:
                raise  # the transaction is over, and what it did undone
            except Exception:
                self._look(session, outcome)
                raise
            self._look(session, outcome)
            session.rollback()

    def _look(self, session: TenantSession, outcome: Outcome) -> None:
        """At what the transaction has written so far, before it is undone."""
        outcome.wrote = _wrote(session)
        outcome.changed_secrets = outcome.wrote and self.probe.has_changed(session)

    def _call(self, who: list[Any], arguments: Arguments) -> Any:
        positional, named = arguments
        return self.operation.function(*who, *positional, **named)


def draw(operation: Operation, pool: Pool, secrets: Secrets, chance: Random) -> Arguments:
    """Arguments with something secret in them, if the operation takes any such thing."""
    for _ in range(_TRIES):
        made = Draw(chance, pool, operation).arguments()
        if secrets.in_(made):
            break
    return made


@dataclass(frozen=True)
class Probe:
    """What must stay as it is, as its owner sees it from inside an attempt's transaction."""

    query: str
    given: Any
    expected: str

    @classmethod
    def of_tenant(cls, session: TenantSession, tenant_id: UUID) -> "Probe":
        """All rows of a company."""
        return cls._now(session, "SELECT proof.of_tenant(CAST(:given AS uuid))", tenant_id)

    @classmethod
    def of_goals(cls, session: TenantSession, ids: list[UUID]) -> "Probe":
        """These definitions, assignments and lines of their logs."""
        return cls._now(session, "SELECT proof.of_goals(CAST(:given AS uuid[]))", ids)

    @classmethod
    def _now(cls, session: TenantSession, query: str, given: Any) -> "Probe":
        return cls(query, given, _checksum(session, query, given))

    def has_changed(self, session: TenantSession) -> bool:
        return _checksum(session, self.query, self.given) != self.expected


@contextmanager
def counted(outcome: Outcome) -> Iterator[None]:
    """Count what the block sends to the database."""

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        outcome.statements += not _OF_THE_CONNECTION.search(statement)

    event.listen(db.engine(), "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(db.engine(), "before_cursor_execute", count)


def _checksum(session: TenantSession, query: str, given: Any) -> str:
    return str(session.connection().scalar(text(query), {"given": given}))


def _wrote(session: TenantSession) -> bool:
    """Whether the transaction has written or locked anything at all."""
    query = text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
    return bool(session.connection().scalar(query))


def _emitted(session: TenantSession) -> list[str]:
    """The lines of the audit and the outbox that are as new as the attempt."""
    bound = {"tenant": session.tenant_id, "since": ATTEMPTED_AT}
    return [
        line
        for table, at in (("core.audit_log", "at"), ("goals.outbox", "created_at"))
        for line in session.connection().scalars(text(_EMITTED.format(table=table, at=at)), bound)
    ]
