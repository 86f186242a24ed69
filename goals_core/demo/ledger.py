"""From sales to records: opportunities, invoices, commission entries, shipments.

What was ordered after today is an open deal: the records know when it will be won, and the demo
keeps that day in the attribute `expected_on`. They do not know when a deal was opened, so that
stays empty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from goals_core.db import TenantSession
from goals_core.demo.payments import paid_on
from goals_core.engine import ingest
from goals_core.sources.catalogue import COMMISSIONS, INVOICES, OPPORTUNITIES, RECORDS

SHIPMENTS = "shipments"
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Sale:
    """An order of the records; its days are moved already."""

    number: str
    seller: str  # the person's key in the records
    customer: str
    amount: Decimal
    ordered_on: date
    shipped_on: date | None
    due_on: date
    freight: Decimal | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def was_ordered(self, today: date) -> bool:
        return self.ordered_on <= today

    def was_shipped(self, today: date) -> bool:
        return self.shipped_on is not None and self.shipped_on <= today


@dataclass(frozen=True, slots=True)
class Ledger:
    """Writes a tenant's sales, each kind of record in one go."""

    db: TenantSession
    people: Mapping[str, UUID]  # by their key in the records
    today: date

    def add_opportunities(self, sales: Iterable[Sale]) -> int:
        """Every order: won up to today, open after it."""
        rows = [self._base(sale) | _deal(sale, self.today) for sale in sales]
        return ingest.put(self.db, OPPORTUNITIES, rows).added

    def add_invoices(self, sales: Iterable[Sale]) -> int:
        """Every order shipped up to today, issued that day."""
        shipped = [sale for sale in sales if sale.was_shipped(self.today)]
        rows = [self._base(sale) | _bill(sale, self.today) for sale in shipped]
        return ingest.put(self.db, INVOICES, rows).added

    def add_commissions(self, sales: Iterable[Sale], rates: Mapping[str, Decimal]) -> int:
        """A share of every won order whose seller has a rate."""
        won = [s for s in sales if s.was_ordered(self.today) and rates.get(s.seller)]
        rows = [self._base(sale) | _earned(sale, rates[sale.seller]) for sale in won]
        return ingest.put(self.db, COMMISSIONS, rows).added

    def add_shipments(self, sales: Iterable[Sale]) -> int:
        """The freight of every order shipped up to today."""
        shipped = [sale for sale in sales if sale.was_shipped(self.today)]
        rows = [self._base(sale) | _freight(sale) for sale in shipped]
        return ingest.put(self.db, RECORDS, rows).added

    def _base(self, sale: Sale) -> dict[str, Any]:
        """What every record of a sale shares."""
        return {
            "owner_id": self.people[sale.seller],
            "external_id": sale.number,
            "name": sale.number,
            "currency": self.db.actor.tenant.currency,
            "attributes": dict(sale.attributes),
        }


def commission(amount: Decimal, rate: Decimal) -> Decimal:
    """The share of an amount, half a cent rounded up."""
    return (amount * rate).quantize(_CENT, ROUND_HALF_UP)


def _deal(sale: Sale, today: date) -> dict[str, Any]:
    deal: dict[str, Any] = {"account": sale.customer, "amount": sale.amount, "opened_on": None}
    if sale.was_ordered(today):
        return deal | {"stage": "closed_won", "closed_on": sale.ordered_on}
    expected = {"expected_on": sale.ordered_on.isoformat()}
    open_deal = {"stage": "proposal", "closed_on": None}
    return deal | open_deal | {"attributes": dict(sale.attributes) | expected}


def _bill(sale: Sale, today: date) -> dict[str, Any]:
    issued_on = sale.shipped_on or sale.ordered_on
    due_on = max(issued_on, sale.due_on)
    paid = paid_on(sale.customer, issued_on=issued_on, due_on=due_on)
    return {
        "customer": sale.customer,
        "amount": sale.amount,
        "issued_on": issued_on,
        "due_on": due_on,
        "status": "paid" if paid <= today else "open",
        "paid_on": paid if paid <= today else None,
    }


def _earned(sale: Sale, rate: Decimal) -> dict[str, Any]:
    amount = commission(sale.amount, rate)
    return {"status": "earned", "amount": amount, "earned_on": sale.ordered_on}


def _freight(sale: Sale) -> dict[str, Any]:
    return {
        "entity": SHIPMENTS,
        "status": "shipped",
        "value": sale.freight or Decimal(0),
        "occurred_on": sale.shipped_on,
    }
