"""Exchange rates: what there is, what goals lack, and changing them; each change is in the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import audit, exchange, unconverted
from goals_core.engine.audit import Deed
from goals_core.engine.exchange import Rate
from goals_core.engine.paging import FIRST_PAGE, Page, PageRequest
from goals_core.engine.unconverted import Lack
from goals_core.errors import N_, Conflict, Invalid, NotFound, Problem, invalid
from goals_core.models.core import ExchangeRate
from goals_core.permissions import Permission, needs

MOST_ROWS = 20_000  # at once
MOST_IN_A_CHART = 2_000


class RateExists(Conflict):
    message = N_("There is a rate of {name} already; change that one.")


@dataclass(frozen=True, slots=True)
class RateView:
    """A rate that there is."""

    id: UUID
    from_currency: str
    to_currency: str
    day: date
    rate: Decimal

    @property
    def is_of(self) -> tuple[str, str]:
        return self.from_currency, self.to_currency


@dataclass(frozen=True, slots=True)
class Pair:
    """A currency in another, as far as there are rates."""

    from_currency: str
    to_currency: str
    count: int
    last_day: date


@dataclass(frozen=True, slots=True)
class Put:
    """How many rates were new, were others before, or were there as they are."""

    new: int
    changed: int
    same: int


@needs(Permission.MANAGE)
def pairs(db: TenantSession) -> list[Pair]:
    """Every pair that has rates, by its codes."""
    r = ExchangeRate
    of_pair = (r.from_currency, r.to_currency)
    found = select(*of_pair, func.count(), func.max(r.day)).group_by(*of_pair).order_by(*of_pair)
    return [Pair(*row) for row in db.execute(found)]


@needs(Permission.MANAGE)
def list_(
    db: TenantSession,
    *,
    from_currency: str | None = None,
    to_currency: str | None = None,
    page: PageRequest = FIRST_PAGE,
) -> Page[RateView]:
    """The rates of a currency, in a currency, or all; the newest day first."""
    rules = _rules(from_currency, to_currency)
    total = db.scalar(select(func.count()).select_from(ExchangeRate).where(*rules)) or 0
    return page.of(_views(db, rules, most=page.limit, after=page.offset), total)


@needs(Permission.MANAGE)
def series(db: TenantSession, *, from_currency: str, to_currency: str) -> list[RateView]:
    """The newest rates of one pair, the oldest of them first, for a chart."""
    return _views(db, _rules(from_currency, to_currency), most=MOST_IN_A_CHART)[::-1]


@needs(Permission.MANAGE)
def get(db: TenantSession, rate_id: UUID) -> RateView:
    """One rate."""
    found = _views(db, [ExchangeRate.id == rate_id], most=1)
    if not found:
        raise NotFound(N_("exchange rate"))
    return found[0]


@needs(Permission.MANAGE)
def lacking(db: TenantSession) -> list[Lack]:
    """The records that running goals leave out for want of a rate, by pair and month."""
    return unconverted.of(db)


@needs(Permission.MANAGE)
def judged(db: TenantSession, rates: Sequence[Rate]) -> list[Decimal | None]:
    """For each of these what there is of its pair and day; nothing is written."""
    known = exchange.there(db, rates)
    return [known[rate.key].rate if rate.key in known else None for rate in rates]


@needs(Permission.MANAGE)
def put(db: TenantSession, rates: Sequence[Rate]) -> Put:
    """Write rates, all or none: new ones, and others in the place of those that there are.

    A problem is named by its row and field, `3.rate`. The next sync computes everything.
    """
    found = _checked(db, rates)
    written = exchange.put(db, found)
    audit.note_all(db, Deed.RATE_CREATED, written.new)
    audit.note_all(db, Deed.RATE_CHANGED, written.changed)
    new, changed = len(written.new), len(written.changed)
    return Put(new, changed, len(found) - new - changed)


@needs(Permission.MANAGE)
def add(db: TenantSession, rate: Rate) -> UUID:
    """Add one rate; one of the same pair and day is never written over."""
    rate = exchange.checked(rate, today=db.actor.tenant.today)
    exchange.alone(db)
    if exchange.there(db, [rate]):
        raise RateExists(name=rate.name)
    (line,) = exchange.put(db, [rate]).new
    audit.note_all(db, Deed.RATE_CREATED, [line])
    return line.subject_id


@needs(Permission.MANAGE)
def change(db: TenantSession, rate_id: UUID, *, rate: Decimal) -> None:
    """Correct what a currency was worth on a day."""
    exchange.alone(db)
    before = _rate(get(db, rate_id))
    after = exchange.checked(replace(before, rate=rate), today=max(before.day, _today(db)))
    audit.note_all(db, Deed.RATE_CHANGED, exchange.put(db, [after]).changed)


@needs(Permission.MANAGE)
def delete(db: TenantSession, rate_id: UUID) -> None:
    """Forget a rate: records of its days count by an earlier one, or are left out."""
    exchange.alone(db)
    line = exchange.delete(db, rate_id, _rate(get(db, rate_id)))
    audit.note_all(db, Deed.RATE_DELETED, [line])


def _today(db: TenantSession) -> date:
    return db.actor.tenant.today


def _rate(view: RateView) -> Rate:
    return Rate(view.from_currency, view.to_currency, view.day, view.rate)


def _rules(from_currency: str | None, to_currency: str | None) -> list[ColumnElement[bool]]:
    wanted = {ExchangeRate.from_currency: from_currency, ExchangeRate.to_currency: to_currency}
    return [column == code for column, code in wanted.items() if code]


def _views(
    db: TenantSession, rules: Sequence[ColumnElement[bool]], *, most: int, after: int = 0
) -> list[RateView]:
    r = ExchangeRate
    query = select(r.id, r.from_currency, r.to_currency, r.day, r.rate).where(*rules)
    order = (r.day.desc(), r.from_currency, r.to_currency)
    return [RateView(*row) for row in db.execute(query.order_by(*order).limit(most).offset(after))]


def _checked(db: TenantSession, rates: Sequence[Rate]) -> list[Rate]:
    """Each by itself and among the others: a pair has one rate a day."""
    if len(rates) > MOST_ROWS:
        raise invalid("rates", N_("At most {most} at once."), most=MOST_ROWS)
    checks, found = Checks(), list[Rate]()
    first: dict[tuple[str, str, date], int] = {}
    for number, rate in enumerate(rates, start=1):
        try:
            found.append(exchange.checked(rate, today=_today(db)))
        except Invalid as error:
            checks.problems += [replace(p, field=f"{number}.{p.field}") for p in error.problems]
            continue
        if first.setdefault(found[-1].key, number) != number:
            checks.problems.append(_doubled(number, first[found[-1].key]))
    checks.done()
    return found


def _doubled(number: int, first: int) -> Problem:
    facts: Mapping[str, object] = {"row": first}
    return Problem(f"{number}.day", N_("Row {row} has this pair and day already."), facts)
