"""What can be tracked: the entities of each module, their days, numbers and filterable columns."""

from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Table

from goals_core.kinds import Source
from goals_core.models.base import Base
from goals_core.models.sources import CommissionEntry, CustomRecord, Invoice, Opportunity


class Kind(StrEnum):
    """What a column holds, which decides what it may be compared with."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"


class Aggregation(StrEnum):
    SUM = "sum"
    COUNT = "count"
    AVG = "avg"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class Entity:
    """A table of records: which day counts first, what can be added up and filtered."""

    module: Source
    name: str  # empty: any name, kept in the table's column `entity`
    model: type[Base]
    days: tuple[str, ...]  # the first is the usual one
    number: str  # the money or value of a record
    columns: dict[str, Kind] = field(hash=False)

    @property
    def table(self) -> Table:
        table = self.model.__table__
        assert isinstance(table, Table)  # noqa: S101  (mypy: a mapped class has a real table)
        return table


def _entity(
    module: Source, name: str, model: type[Base], days: tuple[str, ...], number: str, *texts: str
) -> Entity:
    columns = dict.fromkeys(("name", "external_id", "currency", *texts), Kind.TEXT)
    columns[number] = Kind.NUMBER
    columns |= dict.fromkeys(days, Kind.DAY)
    return Entity(module, name, model, days, number, columns)


ENTITIES: tuple[Entity, ...] = (
    _entity(
        Source.SALES,
        "opportunities",
        Opportunity,
        ("closed_on", "opened_on"),
        "amount",
        "stage",
        "account",
    ),
    _entity(
        Source.BILLING,
        "invoices",
        Invoice,
        ("issued_on", "paid_on", "due_on"),
        "amount",
        "status",
        "customer",
    ),
    _entity(Source.COMMISSIONS, "entries", CommissionEntry, ("earned_on",), "amount", "status"),
    _entity(Source.CUSTOM, "", CustomRecord, ("occurred_on",), "value", "status"),
)


def entities_of(module: Source) -> list[Entity]:
    """The entities that a module has; none for manual."""
    return [entity for entity in ENTITIES if entity.module is module]
