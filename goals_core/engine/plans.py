"""Which definitions are computed how, and which assignments that concerns."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Row,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from goals_core import moments
from goals_core.actor import Tenant
from goals_core.arrays import Ids, ids_of
from goals_core.errors import Invalid
from goals_core.kinds import AssignmentStatus, GoalStatus, Period, Source
from goals_core.models.attainment import Rule
from goals_core.models.goals import Assignment, Definition
from goals_core.sources import facts, measures
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.measures import Measure


@dataclass(slots=True)
class Plan:
    """Which definitions are computed by which measure, and which cannot be."""

    definitions: dict[UUID, Row[Any]]
    numbers: dict[UUID, int] = field(default_factory=dict)  # definition to measure
    measures: dict[int, Measure] = field(default_factory=dict)
    errors: dict[UUID, str] = field(default_factory=dict)

    def parted(self, by: Callable[[Row[Any]], bool]) -> tuple["Plan", "Plan"]:
        """The part of the definitions that fit, and the rest."""
        fit = {id_ for id_, row in self.definitions.items() if by(row)}
        return self.part(fit), self.part(self.definitions.keys() - fit)

    def parted_by_hand(self) -> tuple["Plan", "Plan"]:
        """What is tracked by hand, and what from records."""
        by_hand = {id_ for id_, number in self.numbers.items() if number == facts.MANUAL}
        return self.part(by_hand), self.part(self.numbers.keys() - by_hand)

    def part(self, ids: Collection[UUID]) -> "Plan":
        """How these definitions are computed."""
        numbers = {id_: number for id_, number in self.numbers.items() if id_ in ids}
        wanted = set(numbers.values())
        measures = {n: measure for n, measure in self.measures.items() if n in wanted}
        return Plan({}, numbers, measures)


def plan_of(definitions: Iterable[Row[Any]]) -> Plan:
    """The plan for rows of `what_a_plan_needs`."""
    plan = Plan({row.id: row for row in definitions})
    numbers: dict[Measure, int] = {}
    for row in plan.definitions.values():
        if row.source is Source.MANUAL:
            plan.numbers[row.id] = facts.MANUAL
            continue
        try:
            measure = measures.parse(
                row.source, row.source_config, metric=row.metric, unit=row.unit
            )
        except Invalid as error:
            plan.errors[row.id] = str(error)
        else:
            number = numbers.setdefault(measure, len(numbers) + 1)
            plan.numbers[row.id], plan.measures[number] = number, measure
    return plan


def what_a_plan_needs() -> Select[Any]:
    """The columns of definitions that computing and rolling over need."""
    d = Definition.__table__.c
    return select(
        d.id,
        d.name,
        d.type,
        d.metric,
        d.unit,
        d.range_min,
        d.range_max,
        d.source,
        d.source_config,
        d.milestones,
        d.period,
        d.starts_at,
        d.ends_at,
        d.prorate,
        d.sync_error,
        d.status,
    )


def active_ones(tenant_id: UUID, period: Period | None = None) -> Select[Any]:
    """What a plan needs of the active definitions (of one period, if given)."""
    d = Definition.__table__.c
    wanted = what_a_plan_needs().where(d.tenant_id == tenant_id, d.status == GoalStatus.ACTIVE)
    return wanted if period is None else wanted.where(d.period == period)


def is_open(tenant: Tenant) -> ColumnElement[bool]:
    """Which assignments are computed at all: begun, and neither closed nor cancelled."""
    a = Assignment.__table__.c
    return and_(
        a.tenant_id == tenant.id,
        a.closed_at.is_(None),
        a.status != AssignmentStatus.CANCELLED,
        a.period_start <= moments.today(tenant),
    )


def subjects(
    tenant: Tenant, plan: Plan, *, only: Collection[UUID] | None, closed: bool = False
) -> CTE:
    """The assignments of a plan as `facts` wants them; with the closed ones if asked."""
    a, d = Assignment.__table__.c, Definition.__table__.c
    pairs = _numbered(plan)
    no_range = d.range_min.is_(None) & d.range_max.is_(None)
    query = (
        select(
            a.id,
            pairs.c.measure,
            func.coalesce(d.source_config["aggregation"].astext, Aggregation.SUM.value).label(
                "aggregation"
            ),
            cast(a.assignee_type, String).label("assignee_type"),
            a.user_id,
            a.team_id,
            a.period_start.label("starts"),
            a.period_end.label("ends"),
            a.target_value.label("target"),
            case((no_range, a.target_value), else_=d.range_min).label("lowest"),
            d.range_max.label("highest"),
        )
        .select_from(Assignment.__table__)
        .join(Definition.__table__, (d.tenant_id == a.tenant_id) & (d.id == a.definition_id))
        .join(pairs, pairs.c.definition_id == d.id)
        .where(a.tenant_id == tenant.id, d.tenant_id == tenant.id)
        .where(a.period_start <= tenant.today)
    )
    if not closed:
        query = query.where(a.closed_at.is_(None), a.status != AssignmentStatus.CANCELLED)
    if only is not None:
        query = query.where(a.id == func.any(ids_of(only, "only_ids")))
    return query.cte("subjects")


def _numbered(plan: Plan) -> Subquery:
    """(definition_id, measure) of the plan, as a relation."""
    ids = bindparam("definition_ids", plan.numbers, Ids())
    numbers = bindparam("measure_numbers", list(plan.numbers.values()), ARRAY(Integer))
    pairs = func.unnest(ids, numbers).table_valued("definition_id", "measure").render_derived()
    return select(pairs.c.definition_id, pairs.c.measure).subquery("numbered")


def rule_of(definition: Row[Any], target: Decimal) -> Rule:
    """The rule that an assignment of the definition is judged by; `target` is what counts."""
    return Rule(definition.type, target, definition.range_min, definition.range_max)
