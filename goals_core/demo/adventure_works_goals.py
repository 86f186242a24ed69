"""Adventure Works' goals that are tracked from records; the quotas are the records' own."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from goals_core.demo.calendar import Calendar
from goals_core.demo.goals import GoalWriter
from goals_core.demo.ledger import commission
from goals_core.demo.people import Crew
from goals_core.kinds import GoalType, Metric, Period, Source
from goals_core.models.windows import Window
from goals_core.services.definitions import Draft

WON: dict[str, Any] = {
    "module": "sales",
    "entity": "opportunities",
    "filter": {"stage": "closed_won"},
}
INVOICES: dict[str, Any] = {"module": "billing", "entity": "invoices"}


@dataclass(frozen=True, slots=True)
class Quota:
    """What a person is to book in a fiscal quarter."""

    person: str
    quarter: Window
    amount: Decimal


def add(
    writer: GoalWriter,
    *,
    quotas: Sequence[Quota],
    rates: Mapping[str, Decimal],
    crews: Sequence[Crew],
) -> None:
    """Every tracked goal, from the quotas down to single deals."""
    _quarterly_quota(writer, quotas)
    _team_bookings(writer, quotas, crews)
    _company_bookings(writer, quotas)
    _average_deal_size(writer, crews)
    _deals_won(writer, rates)
    _invoiced_revenue(writer)
    _open_invoices_past_due(writer)
    _commission_earned(writer, quotas, rates)


def _quarterly_quota(writer: GoalWriter, quotas: Sequence[Quota]) -> None:
    draft = Draft(
        name="Quarterly bookings quota",
        description="What each person is to book in a quarter. The own target is the quota.",
        category="Sales",
        type=GoalType.TARGET,
        metric=Metric.CURRENCY,
        target_value=Decimal(500_000),
        unit="USD",
        period=Period.QUARTERLY,
        starts_at=min(quota.quarter.start for quota in quotas),
        source=Source.SALES,
        source_config=WON | {"aggregation": "sum", "field": "amount"},
        tags=("quota", "bookings"),
    )
    with writer.goal(draft) as goal:
        for quota in quotas:
            goal.for_person(quota.person, quota.quarter, quota.amount)


def _team_bookings(writer: GoalWriter, quotas: Sequence[Quota], crews: Sequence[Crew]) -> None:
    quarters = writer.calendar.windows(Period.QUARTERLY, before=4)
    draft = Draft(
        name="Team bookings",
        description="A team's bookings in a quarter against its members' quotas together.",
        category="Sales",
        type=GoalType.TARGET,
        metric=Metric.CURRENCY,
        target_value=Decimal(2_000_000),
        unit="USD",
        period=Period.QUARTERLY,
        starts_at=quarters[0].start,
        source=Source.SALES,
        source_config=WON | {"aggregation": "sum", "field": "amount"},
        tags=("team", "bookings"),
    )
    with writer.goal(draft) as goal:
        for crew in crews:
            members = [quota for quota in quotas if quota.person in crew.members]
            for quarter in quarters:
                total = sum(q.amount for q in members if q.quarter == quarter)
                if total:  # a team that did not exist yet has no quota
                    goal.for_team(crew.name, quarter, Decimal(total))


def _company_bookings(writer: GoalWriter, quotas: Sequence[Quota]) -> None:
    years = writer.calendar.windows(Period.YEARLY, before=1)
    draft = Draft(
        name="Company bookings",
        description="All bookings of a fiscal year against the quotas of its four quarters; where"
        " a quarter has no quotas yet, those of the year before stand in.",
        category="Sales",
        type=GoalType.TARGET,
        metric=Metric.CURRENCY,
        target_value=Decimal(40_000_000),
        unit="USD",
        period=Period.YEARLY,
        starts_at=years[0].start,
        source=Source.SALES,
        source_config=WON | {"aggregation": "sum", "field": "amount"},
        tags=("company", "bookings"),
    )
    with writer.goal(draft) as goal:
        for year in years:
            goal.for_company(year, yearly_target(year, quotas, writer.calendar))


def yearly_target(year: Window, quotas: Sequence[Quota], calendar: Calendar) -> Decimal:
    """The quotas of a fiscal year, a missing quarter's taken from the same one a year before."""
    totals: defaultdict[date, Decimal] = defaultdict(Decimal)
    for quota in quotas:
        totals[quota.quarter.start] += quota.amount
    starts = [quarter.start for quarter in calendar.quarters_of(year)]
    found = (totals[day] or totals[day.replace(year=day.year - 1)] for day in starts)
    return sum(found, Decimal(0))


def _average_deal_size(writer: GoalWriter, crews: Sequence[Crew]) -> None:
    quarters = writer.calendar.windows(Period.QUARTERLY, before=1)
    draft = Draft(
        name="Average deal size",
        description="Deals stay large enough to be worth the visit.",
        category="Sales",
        type=GoalType.MAINTAIN,
        metric=Metric.CURRENCY,
        target_value=Decimal(18_000),
        unit="USD",
        period=Period.QUARTERLY,
        starts_at=quarters[0].start,
        source=Source.SALES,
        source_config=WON | {"aggregation": "avg", "field": "amount"},
        range_min=Decimal(15_000),
        tags=("team",),
    )
    with writer.goal(draft) as goal:
        for quarter in quarters:
            for crew in crews:
                goal.for_team(crew.name, quarter)


def _deals_won(writer: GoalWriter, rates: Mapping[str, Decimal]) -> None:
    months = writer.calendar.windows(Period.MONTHLY, before=2)
    draft = Draft(
        name="Deals won",
        description="How many deals a rep wins in a month, whatever their size.",
        category="Sales",
        type=GoalType.TARGET,
        metric=Metric.COUNT,
        target_value=Decimal(10),
        unit="deals",
        period=Period.MONTHLY,
        starts_at=months[0].start,
        source=Source.SALES,
        source_config=WON | {"aggregation": "count"},
    )
    with writer.goal(draft) as goal:
        for month in months:
            for rep in paid_by_commission(rates):
                goal.for_person(rep, month)


def _invoiced_revenue(writer: GoalWriter) -> None:
    months = writer.calendar.windows(Period.MONTHLY, before=11)
    draft = Draft(
        name="Invoiced revenue",
        description="What the company invoices in a month, paid or not.",
        category="Billing",
        type=GoalType.TARGET,
        metric=Metric.CURRENCY,
        target_value=Decimal(2_500_000),
        unit="USD",
        period=Period.MONTHLY,
        starts_at=months[0].start,
        source=Source.BILLING,
        source_config=INVOICES | {"aggregation": "sum", "field": "amount"},
        tags=("company",),
    )
    with writer.goal(draft) as goal:
        for month in months:
            goal.for_company(month)


def _open_invoices_past_due(writer: GoalWriter) -> None:
    quarters = writer.calendar.windows(Period.QUARTERLY, before=1)
    draft = Draft(
        name="Open invoices past due",
        description="Invoices that fell due in the quarter and are still not paid.",
        category="Billing",
        type=GoalType.LIMIT,
        metric=Metric.COUNT,
        target_value=Decimal(80),
        unit="invoices",
        period=Period.QUARTERLY,
        starts_at=quarters[0].start,
        source=Source.BILLING,
        source_config=INVOICES
        | {"filter": {"status": "open"}, "aggregation": "count", "date_field": "due_on"},
        tags=("company", "cash"),
    )
    with writer.goal(draft) as goal:
        for quarter in quarters:
            goal.for_company(quarter)


def _commission_earned(
    writer: GoalWriter, quotas: Sequence[Quota], rates: Mapping[str, Decimal]
) -> None:
    quarters = writer.calendar.windows(Period.QUARTERLY, before=1)
    draft = Draft(
        name="Commission earned",
        description="A rep's commission in a quarter. The own target is what the quota would pay.",
        category="Commissions",
        type=GoalType.TARGET,
        metric=Metric.CURRENCY,
        target_value=Decimal(8_000),
        unit="USD",
        period=Period.QUARTERLY,
        starts_at=quarters[0].start,
        source=Source.COMMISSIONS,
        source_config={
            "module": "commissions",
            "entity": "entries",
            "aggregation": "sum",
            "field": "amount",
        },
        tags=("commission",),
    )
    with writer.goal(draft) as goal:
        for quota in quotas:
            if quota.quarter in quarters and rates[quota.person]:
                target = commission(quota.amount, rates[quota.person])
                goal.for_person(quota.person, quota.quarter, target)


def paid_by_commission(rates: Mapping[str, Decimal]) -> list[str]:
    """The reps; managers earn no commission."""
    return [person for person, rate in rates.items() if rate]
