"""What other systems tell of: each event stores its record and wakes the goals concerned."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import ingest, journal, moved, runs
from goals_core.engine.recompute import Outcome, recompute
from goals_core.errors import N_, NotFound
from goals_core.kinds import Source
from goals_core.models.core import User
from goals_core.models.sources import Opportunity
from goals_core.permissions import Permission, needs
from goals_core.sources.catalogue import entities_of

WON = "closed_won"


@dataclass(frozen=True, slots=True, kw_only=True)
class WonDeal:
    """The event `opportunity.won`."""

    external_id: str
    name: str
    owner_id: UUID | None
    amount: Decimal
    currency: str
    closed_on: date
    account: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


@needs(Permission.MANAGE)
def opportunity_won(db: TenantSession, deal: WonDeal) -> Outcome:
    """Take in a won deal and bring the goals that it concerns up to date, in one transaction.

    The same event again, or with another amount, changes the record and never counts twice.
    """
    _check(db, deal)
    record = {
        "external_id": deal.external_id,
        "name": deal.name,
        "owner_id": deal.owner_id,
        "account": deal.account,
        "stage": WON,
        "amount": deal.amount,
        "currency": deal.currency,
        "closed_on": deal.closed_on,
        "attributes": deal.attributes,
    }
    (entity,) = entities_of(Source.SALES)
    done = ingest.put(db, entity, [record])
    taken = journal.take(db, run_id=None, only=done.batches)
    reference = db.scalar(select(Opportunity.id).where(Opportunity.external_id == deal.external_id))
    found = moved.by_lines(db, taken, settled=runs.had_a_full_one_today(db))
    only = found.by.keys() | found.to_read
    return recompute(db, only=only, moved=found.by, reference=str(reference))


def _check(db: TenantSession, deal: WonDeal) -> None:
    known = select(User.id).where(User.id == deal.owner_id)
    if deal.owner_id is not None and db.scalar(known) is None:
        raise NotFound(N_("person"))
    checks = Checks()
    checks.text("external_id", deal.external_id, longest=200, required=True)
    checks.text("name", deal.name, longest=200)
    checks.text("account", deal.account, longest=200)
    checks.text("currency", deal.currency, longest=3, required=True)
    checks.value("amount", deal.amount)
    checks.day("closed_on", deal.closed_on)
    checks.attributes("attributes", deal.attributes)
    checks.done()
