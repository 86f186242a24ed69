"""What a definition may be: every field checked, every problem told at once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from babel.numbers import list_currencies
from sqlalchemy import func, select

from goals_core.actor import Tenant
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.errors import N_
from goals_core.kinds import GoalType, Metric, Period, Source
from goals_core.models.windows import Schedule, span_after
from goals_core.sources import measures
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.filters import ATTRIBUTE
from goals_core.sources.measures import Measure

HIGHEST_MILESTONE = 100
MOST_MILESTONES, MOST_TAGS = 20, 20
_ADDED_UP = {Metric.NUMBER, Metric.CURRENCY, Metric.COUNT}


@dataclass(frozen=True, slots=True)
class Milestone:
    """A percentage worth telling; without `notify` it is recorded only."""

    percentage: int
    notify: bool = True

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> "Milestone":
        return cls(json["percentage"], json.get("notify", True))

    def as_json(self) -> dict[str, Any]:
        return {"percentage": self.percentage, "notify": self.notify}


QUARTERS = tuple(Milestone(percentage) for percentage in (25, 50, 75, 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The settings of a definition, as a form or a program gives them."""

    name: str
    description: str = ""
    category: str = ""
    type: GoalType
    metric: Metric
    target_value: Decimal
    unit: str
    period: Period
    starts_at: date
    ends_at: date | None = None
    source: Source = Source.MANUAL
    source_config: dict[str, Any] | None = None
    milestones: tuple[Milestone, ...] = QUARTERS
    tags: tuple[str, ...] = ()
    range_min: Decimal | None = None
    range_max: Decimal | None = None
    prorate: bool = False  # by the working days that someone is there


def check(db: TenantSession, draft: Draft) -> Draft:
    """The draft, tidied; `Invalid` with every problem when it cannot be a definition."""
    checks = Checks()
    tidy = replace(
        draft,
        name=checks.text("name", draft.name, longest=200, required=True),
        description=checks.text("description", draft.description, longest=4000),
        category=checks.text("category", draft.category, longest=100),
        type=checks.choice("type", draft.type, GoalType),
        metric=checks.choice("metric", draft.metric, Metric),
        period=checks.choice("period", draft.period, Period),
        source=checks.choice("source", draft.source, Source),
        unit=checks.text("unit", draft.unit, longest=50),
        tags=tuple(checks.texts("tags", draft.tags, longest=50, most=MOST_TAGS)),
        milestones=_milestones(checks, draft.milestones),
    )
    _check_unit(checks, tidy)
    _check_target(checks, tidy)
    _check_range(checks, tidy)
    _check_days(checks, tidy)
    measure = _measure(checks, tidy)
    _check_prorate(checks, tidy, measure)
    if measure is not None:
        _check_attributes(checks, db, measure)
    checks.done()
    return tidy


def measure_of(draft: Draft) -> Measure | None:
    """What an automatic draft is tracked from; None when it is tracked by hand."""
    if draft.source is Source.MANUAL:
        return None
    return measures.parse(draft.source, draft.source_config, metric=draft.metric, unit=draft.unit)


def moved_on(draft: Draft, tenant: Tenant) -> Draft:
    """The same settings over as many days or periods, right after the old ones."""
    first_month = tenant.fiscal_year_start
    if draft.ends_at is None:
        schedule = Schedule(draft.period, draft.starts_at, None, first_month)
        window = schedule.current_or_first(tenant.today)
        return replace(draft, starts_at=window.end + timedelta(days=1)) if window else draft
    following = span_after(
        draft.period, draft.starts_at, draft.ends_at, fiscal_year_start=first_month
    )
    return replace(draft, starts_at=following.start, ends_at=following.end)


def _milestones(checks: Checks, milestones: tuple[Milestone, ...]) -> tuple[Milestone, ...]:
    if len(milestones) > MOST_MILESTONES:
        checks.problem("milestones", N_("At most {most} of them."), most=MOST_MILESTONES)
    if any(
        type(m.percentage) is not int or not 0 < m.percentage <= HIGHEST_MILESTONE
        for m in milestones
    ):
        checks.problem("milestones", N_("Whole percents from 1 to {most}."), most=HIGHEST_MILESTONE)
        return ()
    by_percentage = {m.percentage: m for m in milestones}
    return tuple(by_percentage[percentage] for percentage in sorted(by_percentage))


def _check_unit(checks: Checks, draft: Draft) -> None:
    if draft.metric is Metric.CURRENCY and draft.unit not in list_currencies():
        checks.problem("unit", N_("{unit} is no ISO 4217 currency code."), unit=draft.unit)
    if draft.metric is Metric.PERCENTAGE and draft.unit != "%":
        checks.problem("unit", N_("The unit of a percentage is %."))


def _check_target(checks: Checks, draft: Draft) -> None:
    whole = draft.metric in {Metric.COUNT, Metric.BOOLEAN}
    if draft.metric is Metric.BOOLEAN:
        is_one = type(draft.target_value) in {Decimal, int} and draft.target_value == 1
        if draft.type is not GoalType.TARGET or not is_one:
            checks.problem("target_value", N_("A yes/no goal has the type target and target 1."))
    elif draft.type is GoalType.TARGET:
        checks.value("target_value", draft.target_value, above=Decimal(0), whole=whole)
    else:
        checks.value("target_value", draft.target_value, least=Decimal(0), whole=whole)


def _check_range(checks: Checks, draft: Draft) -> None:
    bounds = {"range_min": draft.range_min, "range_max": draft.range_max}
    given = {field: bound for field, bound in bounds.items() if bound is not None}
    if given and draft.type is not GoalType.MAINTAIN:
        for field in given:
            checks.problem(field, N_("Only a goal of the type maintain has a range."))
        return
    checked = [checks.value(field, bound) for field, bound in given.items()]
    if len(checked) == len(bounds) and checked[0] > checked[1]:
        checks.problem("range_max", N_("This must not be less than the lowest value."))


def _check_days(checks: Checks, draft: Draft) -> None:
    first = checks.day("starts_at", draft.starts_at)
    if draft.ends_at is None:
        if draft.period is Period.CUSTOM:
            checks.problem("ends_at", N_("A custom period needs its last day."))
    elif checks.day("ends_at", draft.ends_at) < first:
        checks.problem("ends_at", N_("This must not be before the first day."))


def _check_prorate(checks: Checks, draft: Draft, measure: Measure | None) -> None:
    """Only what adds up over the days can be asked for in part."""
    adds_up = draft.type is not GoalType.MAINTAIN and draft.metric in _ADDED_UP
    if measure is not None:
        adds_up = adds_up and measure.aggregation in {Aggregation.SUM, Aggregation.COUNT}
    if draft.prorate and not adds_up:
        checks.problem("prorate", N_("Only what adds up over the days can be prorated."))


def _measure(checks: Checks, draft: Draft) -> Measure | None:
    if draft.source is Source.MANUAL:
        if draft.source_config is not None:
            checks.problem("source_config", N_("A goal tracked by hand has no source."))
        return None
    if draft.metric is Metric.BOOLEAN:
        checks.problem(
            "source", N_("A yes/no goal is tracked by hand; count records with the target 1.")
        )
        return None
    found: Measure | None = None
    with checks.within("source_config"):
        found = measure_of(draft)
    if found and draft.metric is Metric.COUNT and found.aggregation is Aggregation.AVG:
        checks.problem("aggregation", N_("An average is no count; use the metric number."))
    if found and not _is_json(draft.source_config):
        checks.problem("source_config", N_("Only texts, numbers and yes/no of JSON can be stored."))
    return found


def _is_json(config: object) -> bool:
    """Whether PostgreSQL can keep it: a program may give a Decimal, a date or a NUL."""
    try:
        text = json.dumps(config, allow_nan=False, ensure_ascii=False)
        text.encode()  # a lone surrogate is not UTF-8: UnicodeEncodeError is a ValueError
    except (TypeError, ValueError):
        return False
    return "\\u0000" not in text


def _check_attributes(checks: Checks, db: TenantSession, measure: Measure) -> None:
    """Attributes are free, so what exists is what the tenant's records have."""
    names = {c.column for c in measure.conditions} | ({measure.field} if measure.field else set())
    wanted = {n.removeprefix(ATTRIBUTE) for n in names if n.startswith(ATTRIBUTE)}
    if wanted and (unknown := sorted(wanted - (known := attribute_names(db, measure)))):
        checks.problem(
            "filter",
            N_("No record has the attribute {names}; there is {known}."),
            names=", ".join(unknown),
            known=", ".join(sorted(known)) or "—",
        )


def attribute_names(db: TenantSession, measure: Measure) -> set[str]:
    """The keys of the attributes that the entity's records have."""
    table = measure.entity.table
    keys = select(func.jsonb_object_keys(table.c.attributes)).where(
        table.c.tenant_id == db.tenant_id
    )
    if not measure.entity.name:
        keys = keys.where(table.c.entity == measure.entity_name)
    return set(db.scalars(keys.distinct()))
