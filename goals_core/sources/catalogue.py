"""What can be tracked: every entity, declared once; forms, filters, tracking and events follow."""

from collections.abc import Iterator
from enum import StrEnum

from goals_core.errors import N_
from goals_core.kinds import Source
from goals_core.models.base import table_of
from goals_core.models.sources import CommissionEntry, CustomRecord, Invoice, Opportunity
from goals_core.sources.entity import Entity, Kind, Occurrence, declare
from goals_core.sources.own import OWN

__all__ = ["ENTITIES", "Aggregation", "Entity", "Kind", "entities_of", "find", "register"]


class Aggregation(StrEnum):
    SUM = "sum"
    COUNT = "count"
    AVG = "avg"
    MIN = "min"
    MAX = "max"


OPPORTUNITIES = declare(
    Source.SALES,
    "opportunities",
    table_of(Opportunity),
    number="amount",
    days=("closed_on", "opened_on"),
    texts=("stage", "account"),
    title=N_("Opportunities"),
    words={
        "stage": N_("Stage"),
        "account": N_("Account"),
        "amount": N_("Amount"),
        "closed_on": N_("Closed on"),
        "opened_on": N_("Opened on"),
    },
    events=(Occurrence("opportunity.won", {"stage": "closed_won"}, ("closed_on",)),),
)
INVOICES = declare(
    Source.BILLING,
    "invoices",
    table_of(Invoice),
    number="amount",
    days=("issued_on", "paid_on", "due_on"),
    texts=("status", "customer"),
    title=N_("Invoices"),
    words={
        "status": N_("Status"),
        "customer": N_("Customer"),
        "amount": N_("Amount"),
        "issued_on": N_("Issued on"),
        "paid_on": N_("Paid on"),
        "due_on": N_("Due on"),
    },
    events=(Occurrence("invoice.paid", {"status": "paid"}, ("paid_on",)),),
)
COMMISSIONS = declare(
    Source.COMMISSIONS,
    "entries",
    table_of(CommissionEntry),
    number="amount",
    days=("earned_on",),
    texts=("status",),
    title=N_("Commission entries"),
    words={"status": N_("Status"), "amount": N_("Amount"), "earned_on": N_("Earned on")},
    events=(Occurrence("commission.earned", {"status": "earned"}, ("earned_on",)),),
)
RECORDS = declare(
    Source.CUSTOM,
    "",
    table_of(CustomRecord),
    number="value",
    days=("occurred_on",),
    texts=("status",),
    words={"status": N_("Status"), "value": N_("Value"), "occurred_on": N_("Happened on")},
)

ENTITIES: list[Entity] = []


def register(entity: Entity) -> None:
    """Make an entity known; its name is no other's in its module, its table and events neither."""
    taken = [other for other in ENTITIES if _claims(other) & _claims(entity)]
    if taken:
        raise ValueError(f"{entity.module}.{entity.name} is declared twice")
    ENTITIES.append(entity)


def entities_of(module: Source) -> list[Entity]:
    """The entities that a module has, the one whose records bear any name last."""
    return sorted((each for each in ENTITIES if each.module is module), key=lambda e: not e.name)


def find(module: Source, name: object) -> Entity | None:
    """The entity that a name means: one that bears it, else the one whose records bear any."""
    return next((each for each in entities_of(module) if each.name in (name, "")), None)


def _claims(entity: Entity) -> set[object]:
    """What no other entity may have."""
    named: Iterator[object] = (event.name for event in entity.events)
    return {(entity.module, entity.name), entity.table.fullname, *named}


for _each in (OPPORTUNITIES, INVOICES, COMMISSIONS, RECORDS, *OWN):
    register(_each)
