"""Exchange rates as they are written: checked, one writer at a time, told to the next sync.

What is told has no lines: a rate can concern every goal, so the sync that takes it is a full one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.numbers import list_currencies
from sqlalchemy import text

from goals_core import clock
from goals_core.arrays import array, texts
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import ingest
from goals_core.engine.audit import Line
from goals_core.errors import N_
from goals_core.models.base import new_id
from goals_core.models.journal import JournalBatch

DECIMALS, LARGEST = 10, Decimal(9999999999)  # of NUMERIC(20, 10)
AHEAD = timedelta(366)  # days for which a rate may be fixed beforehand
TABLE = "core.exchange_rates"

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
_KEYS = """
    unnest(CAST(:from AS text[]), CAST(:to AS text[]), CAST(:days AS date[]),
        CAST(:ids AS uuid[]), CAST(:rates AS numeric[]))
        AS n (from_currency, to_currency, day, id, rate)
"""
_THERE = text(
    f"""
    SELECT r.id, r.from_currency, r.to_currency, r.day, r.rate
    FROM core.exchange_rates r JOIN {_KEYS}
        ON n.from_currency = r.from_currency AND n.to_currency = r.to_currency AND n.day = r.day
    WHERE r.tenant_id = :tenant_id
    """  # noqa: S608  (a part of the same text)
)
_INSERT = text(
    f"""
    INSERT INTO core.exchange_rates (tenant_id, id, from_currency, to_currency, day, rate)
    SELECT :tenant_id, n.id, n.from_currency, n.to_currency, n.day, n.rate FROM {_KEYS}
    ON CONFLICT (tenant_id, from_currency, to_currency, day) DO NOTHING
    """  # noqa: S608
)
_UPDATE = text(
    f"""
    UPDATE core.exchange_rates r SET rate = n.rate FROM {_KEYS}
    WHERE r.tenant_id = :tenant_id AND r.id = n.id
    """  # noqa: S608
)
_DELETE = text(
    """
    DELETE FROM core.exchange_rates r WHERE r.tenant_id = :tenant_id AND r.id = :id
    """
)


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency is worth in another, from a day on for seven days."""

    from_currency: str
    to_currency: str
    day: date
    rate: Decimal

    @property
    def key(self) -> tuple[str, str, date]:
        return self.from_currency, self.to_currency, self.day

    @property
    def name(self) -> str:
        """What the log calls it."""
        return f"{self.from_currency} → {self.to_currency}, {self.day}"


@dataclass(frozen=True, slots=True)
class Written:
    """The lines for the log: of rates that are new, and of those that were another."""

    new: tuple[Line, ...]
    changed: tuple[Line, ...]


def checked(rate: Rate, *, today: date) -> Rate:
    """The rate with its codes in capitals; `Invalid` names everything that is wrong with it."""
    checks = Checks()
    codes = [
        _code(checks, field, value)
        for field, value in (
            ("from_currency", rate.from_currency),
            ("to_currency", rate.to_currency),
        )
    ]
    if not checks.problems and codes[0] == codes[1]:
        checks.problem("to_currency", N_("A currency has no rate in itself; choose another one."))
    day = checks.day("day", rate.day)
    if not checks.problems and day > today + AHEAD:
        checks.problem("day", N_("This must be a day until {last}."), last=today + AHEAD)
    if message := _rate_problem(rate.rate):
        checks.problem("rate", message, decimals=DECIMALS, most=LARGEST)
    checks.done()
    return Rate(codes[0], codes[1], day, rate.rate)


def alone(db: TenantSession) -> None:
    """From here on nobody else of the tenant changes rates, until the transaction ends."""
    db.execute(_LOCK, {"key": f"rates:{db.tenant_id}"})


def there(db: TenantSession, rates: Iterable[Rate]) -> Mapping[tuple[str, str, date], Any]:
    """What there is already for these pairs and days."""
    rows = db.execute(_THERE, _bound(db, list(rates))).all()
    return {(row.from_currency, row.to_currency, row.day): row for row in rows}


def put(db: TenantSession, rates: Sequence[Rate]) -> Written:
    """Write rates that were checked, each pair and day once; those that are there as they are stay.

    The number of statements is the same for one and for many.
    """
    alone(db)
    known = there(db, rates)
    new = [(new_id(), rate) for rate in rates if rate.key not in known]
    other = [rate for rate in rates if rate.key in known and known[rate.key].rate != rate.rate]
    changed = [(known[rate.key].id, rate) for rate in other]
    if new or changed:
        with ingest.ours(db):
            for statement, part in ((_INSERT, new), (_UPDATE, changed)):
                if part:
                    found = [rate for _, rate in part]
                    db.execute(statement, _bound(db, found, [id_ for id_, _ in part]))
            _tell(db)
    return Written(
        tuple(Line(id_, None, _facts(rate)) for id_, rate in new),
        tuple(
            Line(id_, {"rate": known[rate.key].rate}, {"rate": rate.rate}) for id_, rate in changed
        ),
    )


def delete(db: TenantSession, rate_id: UUID, rate: Rate) -> Line:
    """Forget a rate; nobody else changes rates meanwhile."""
    with ingest.ours(db):
        db.execute(_DELETE, {"tenant_id": db.tenant_id, "id": rate_id})
        _tell(db)
    return Line(rate_id, _facts(rate), None)


def _tell(db: TenantSession) -> None:
    """Let the next sync know; the one place where we write what the trigger writes for others."""
    at, whose = clock.now(), db.actor.user_id
    db.add(JournalBatch(at=at, source_table=TABLE, lines=0, actor_id=whose, taken_at=None))
    db.flush()  # in its place: before whoever waits is woken


def _facts(rate: Rate) -> dict[str, Any]:
    return {"name": rate.name, "rate": rate.rate}


def _code(checks: Checks, field: str, value: str) -> str:
    code = checks.text(field, value, longest=3, required=True).upper()
    if code and len(code) <= 3 and code not in list_currencies():
        checks.problem(field, N_("{unit} is no ISO 4217 currency code."), unit=code)
    return code


def _rate_problem(rate: object) -> str | None:
    if not isinstance(rate, Decimal) or not rate.is_finite():
        return N_("This must be a number.")
    if rate <= 0:
        return N_("A rate is more than 0.")
    if rate > LARGEST:
        return N_("This must be at most {most}.")
    exponent = rate.normalize().as_tuple().exponent
    is_fine = isinstance(exponent, int) and -exponent <= DECIMALS
    return None if is_fine else N_("At most {decimals} decimals.")


def _bound(db: TenantSession, rates: Sequence[Rate], ids: Sequence[UUID] = ()) -> dict[str, Any]:
    return {
        "tenant_id": db.tenant_id,
        "from": texts(rate.from_currency for rate in rates),
        "to": texts(rate.to_currency for rate in rates),
        "days": array(rate.day for rate in rates),
        "ids": array(ids),
        "rates": array(f"{rate.rate:f}" for rate in rates),
    }
