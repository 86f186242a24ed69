"""What a `source_config` means: which records, which day, which number, added up how."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from goals_core.errors import N_, invalid
from goals_core.kinds import Metric, Source
from goals_core.sources import filters
from goals_core.sources.catalogue import Aggregation, Entity, entities_of, find
from goals_core.sources.filters import ATTRIBUTE, Condition

_KEYS = {"module", "entity", "filter", "aggregation", "field", "date_field"}
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Measure:
    """A checked `source_config`."""

    module: Source
    entity_name: str
    conditions: tuple[Condition, ...]
    aggregation: Aggregation
    field: str | None  # a column, or `attributes.` and a key; None for count
    date_field: str
    currency: str | None  # amounts are converted to it; None: they are plain numbers

    @property
    def entity(self) -> Entity:
        found = find(self.module, self.entity_name)
        assert found is not None  # noqa: S101  (`parse` has found it)
        return found

    @property
    def columns(self) -> set[str]:
        """What it looks at in a record, besides whose it is."""
        names = {self.date_field, self.field or "", *(each.column for each in self.conditions)}
        fixed = {name for name in names if name and not name.startswith(ATTRIBUTE)}
        asked = {"attributes": any(name.startswith(ATTRIBUTE) for name in names)}
        asked |= {"currency": self.currency is not None, "entity": not self.entity.name}
        return fixed | {name for name, is_asked in asked.items() if is_asked}


def parse(source: Source, config: object, *, metric: Metric, unit: str) -> Measure:
    """Check a `source_config`; `Invalid` names the key, the rule and what there is instead."""
    if not isinstance(config, Mapping):
        raise invalid("source_config", N_("Say what this goal is tracked from."))
    if unknown := sorted(str(key) for key in config.keys() - _KEYS):
        raise invalid("source_config", N_("Unknown: {names}."), names=", ".join(unknown))
    if config.get("module") != source.value:
        raise invalid("source_config", N_("The module must be {source}."), source=source.value)
    entity = _entity(source, config.get("entity"))
    aggregation = _aggregation(config.get("aggregation"))
    field = _field(entity, aggregation, config.get("field"))
    is_money = metric is Metric.CURRENCY and field is not None
    return Measure(
        module=source,
        entity_name=str(config["entity"]),
        conditions=filters.parse(entity, config.get("filter") or {}),
        aggregation=aggregation,
        field=field,
        date_field=_date_field(entity, config.get("date_field")),
        currency=unit if is_money else None,
    )


def config_of(
    source: Source,
    *,
    entity: str,
    aggregation: Aggregation,
    field: str | None,
    date_field: str,
    filter_: Mapping[str, Any],
) -> dict[str, Any]:
    """The `source_config` that says this, in the specification's form."""
    config: dict[str, Any] = {
        "module": source.value,
        "entity": entity,
        "filter": dict(filter_),
        "aggregation": aggregation.value,
        "date_field": date_field,
    }
    return config if field is None else config | {"field": field}


def _entity(source: Source, name: object) -> Entity:
    if _is_name(name) and (entity := find(source, name)):
        return entity
    names = ", ".join(entity.name or N_("any name") for entity in entities_of(source))
    raise invalid("entity", N_("There is no {name}; there is {names}."), name=name, names=names)


def _is_name(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and name.isprintable()


def _aggregation(name: object) -> Aggregation:
    try:
        return Aggregation(str(name))
    except ValueError:
        names = ", ".join(Aggregation)
        raise invalid("aggregation", N_("One of {names}."), names=names) from None


def _field(entity: Entity, aggregation: Aggregation, field: object) -> str | None:
    if aggregation is Aggregation.COUNT:
        return None
    if field == entity.number:
        return entity.number
    if isinstance(field, str) and field.startswith(ATTRIBUTE) and "\0" not in field:
        return field
    names = f"{entity.number}, {ATTRIBUTE}…"
    raise invalid("field", N_("There is no {name}; there is {names}."), name=field, names=names)


def _date_field(entity: Entity, field: object) -> str:
    if field is None:
        return entity.days[0]
    if field in entity.days:
        return str(field)
    names = ", ".join(entity.days)
    raise invalid(
        "date_field", N_("There is no {name}; there is {names}."), name=field, names=names
    )
