"""An entity: a table of records, what of it can be counted, filtered and told, and its words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Table

from goals_core.errors import N_
from goals_core.kinds import Source
from goals_core.models.sources import record_table


class Kind(StrEnum):
    """What a column holds, which decides what it may be compared with."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"


_SHARED: Mapping[str, str] = {
    "name": N_("Name"),
    "external_id": N_("Record ID"),
    "currency": N_("Currency"),
}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event that tells of a record: what it says by its name alone, and what it has to say."""

    name: str  # opportunity.won
    says: Mapping[str, str]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    """A table of records: which day counts first, what can be added up and filtered."""

    module: Source
    name: str  # empty: any name, kept in the table's column `entity`
    table: Table
    days: tuple[str, ...]  # the first is the usual one
    number: str  # the money or value of a record
    columns: Mapping[str, Kind]  # what can be filtered, in the order in which it is offered
    title: str
    words: Mapping[str, str]
    events: tuple[Occurrence, ...]

    def word(self, column: str) -> str:
        """What people call a column, in English."""
        return self.words.get(column) or _SHARED.get(column) or in_words(column)

    @property
    def key(self) -> tuple[str, ...]:
        """What a record is known by where it came from."""
        return ("external_id",) if self.name else ("entity", "external_id")


def declare(
    module: Source,
    name: str,
    table: Table,
    *,
    number: str,
    days: Sequence[str],
    texts: Sequence[str] = (),
    numbers: Sequence[str] = (),
    title: str = "",
    words: Mapping[str, str] | None = None,
    events: Sequence[Occurrence] = (),
) -> Entity:
    """An entity whose other columns are these, called by their names where no words are given."""
    columns = dict.fromkeys((*_SHARED, *texts), Kind.TEXT)
    columns |= dict.fromkeys((number, *numbers), Kind.NUMBER) | dict.fromkeys(days, Kind.DAY)
    return Entity(
        module=module,
        name=name,
        table=table,
        days=tuple(days),
        number=number,
        columns=columns,
        title=title or in_words(name),
        words=words or {},
        events=tuple(events),
    )


def own_table(
    table: str,
    *,
    number: str,
    days: Sequence[str],
    texts: Sequence[str] = (),
    numbers: Sequence[str] = (),
    module: Source = Source.CUSTOM,
    title: str = "",
    words: Mapping[str, str] | None = None,
    events: Sequence[Occurrence] = (),
) -> Entity:
    """An entity in a table that `migrations.tenancy.source_table` has made from the same columns.

    Goals name it by its module and its table's own name: `custom.visits` is visits of custom.
    """
    made = record_table(table, number=number, days=days, texts=texts, numbers=numbers)
    return declare(
        module,
        made.name,
        made,
        number=number,
        days=days,
        texts=texts,
        numbers=numbers,
        title=title,
        words=words,
        events=events,
    )


def in_words(name: str) -> str:
    """A column's or table's name as people read it: visited_on is Visited on."""
    return name.replace("_", " ").capitalize()
