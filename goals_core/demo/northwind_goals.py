"""Northwind's goals, all tracked from its orders and shipments."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from goals_core.demo.goals import GoalWriter
from goals_core.demo.ledger import SHIPMENTS
from goals_core.kinds import GoalType, Metric, Period, Source
from goals_core.services.definitions import Draft

_ORDERS: dict[str, Any] = {
    "module": "sales",
    "entity": "opportunities",
    "filter": {"stage": "closed_won"},
}
_SHIPMENTS: dict[str, Any] = {"module": "custom", "entity": SHIPMENTS}


def add(writer: GoalWriter, *, reps: Sequence[str]) -> None:
    """One goal for each way in which the company looks at its days."""
    _team_sales(writer)
    _monthly_sales(writer, reps)
    _freight(writer)
    _orders_shipped(writer)
    _orders_today(writer)


def _team_sales(writer: GoalWriter) -> None:
    quarters = writer.calendar.windows(Period.QUARTERLY, before=3)
    draft = Draft(
        name="Team sales",
        description="What a team sells in a quarter.",
        category="Sales",
        type=GoalType.TARGET,
        metric=Metric.CURRENCY,
        target_value=Decimal(120_000),
        unit="USD",
        period=Period.QUARTERLY,
        starts_at=quarters[0].start,
        source=Source.SALES,
        source_config=_ORDERS | {"aggregation": "sum", "field": "amount"},
        tags=("team",),
    )
    own_targets = {"Team Buchanan": Decimal(45_000)}  # four people; the other team has five
    with writer.goal(draft) as goal:
        for quarter in quarters:
            for team in writer.teams:
                goal.for_team(team, quarter, own_targets.get(team))


def _monthly_sales(writer: GoalWriter, reps: Sequence[str]) -> None:
    months = writer.calendar.windows(Period.MONTHLY, before=2)
    draft = Draft(
        name="Monthly sales",
        description="What a rep sells in a month.",
        category="Sales",
        type=GoalType.TARGET,
        metric=Metric.CURRENCY,
        target_value=Decimal(12_000),
        unit="USD",
        period=Period.MONTHLY,
        starts_at=months[0].start,
        source=Source.SALES,
        source_config=_ORDERS | {"aggregation": "sum", "field": "amount"},
    )
    with writer.goal(draft) as goal:
        for month in months:
            for rep in reps:
                goal.for_person(rep, month)


def _freight(writer: GoalWriter) -> None:
    months = writer.calendar.windows(Period.MONTHLY, before=5)
    draft = Draft(
        name="Freight",
        description="What shipping costs in a month stays below the limit.",
        category="Shipping",
        type=GoalType.LIMIT,
        metric=Metric.CURRENCY,
        target_value=Decimal(5_000),
        unit="USD",
        period=Period.MONTHLY,
        starts_at=months[0].start,
        source=Source.CUSTOM,
        source_config=_SHIPMENTS | {"aggregation": "sum", "field": "value"},
        tags=("cost",),
    )
    with writer.goal(draft) as goal:
        for month in months:
            goal.for_company(month)


def _orders_shipped(writer: GoalWriter) -> None:
    weeks = writer.calendar.windows(Period.WEEKLY, before=5)
    draft = Draft(
        name="Orders shipped",
        description="How many orders leave the house in a week.",
        category="Shipping",
        type=GoalType.TARGET,
        metric=Metric.COUNT,
        target_value=Decimal(12),
        unit="orders",
        period=Period.WEEKLY,
        starts_at=weeks[0].start,
        source=Source.CUSTOM,
        source_config=_SHIPMENTS | {"aggregation": "count"},
    )
    with writer.goal(draft) as goal:
        for week in weeks:
            goal.for_company(week)


def _orders_today(writer: GoalWriter) -> None:
    days = writer.calendar.windows(Period.DAILY, before=6)
    draft = Draft(
        name="Orders today",
        description="How many orders come in on a day; none do at the weekend.",
        category="Sales",
        type=GoalType.TARGET,
        metric=Metric.COUNT,
        target_value=Decimal(3),
        unit="orders",
        period=Period.DAILY,
        starts_at=days[0].start,
        source=Source.SALES,
        source_config=_ORDERS | {"aggregation": "count"},
    )
    with writer.goal(draft) as goal:
        for day in days:
            goal.for_company(day)
