"""Adventure Works' goals that people track by hand.

No record holds such readings: besides the payments they are the demo's only invented figures.
"""

from decimal import Decimal

from goals_core.demo.goals import GoalWriter
from goals_core.kinds import GoalStatus, GoalType, Metric, Period
from goals_core.services.definitions import Draft

MANAGERS = ("272", "290", "294")


def add(writer: GoalWriter) -> None:
    """Every goal that takes readings by hand, one that rests and one that is not out yet."""
    _territory_plan(writer)
    _customer_visits(writer)
    _prospecting_calls(writer)
    _forecast_accuracy(writer)
    _training_hours(writer)
    _key_account_reviews(writer)


def _territory_plan(writer: GoalWriter) -> None:
    quarter = writer.calendar.window(Period.QUARTERLY)
    draft = Draft(
        name="Territory plan handed in",
        description="The plan for the next quarter is with the head of sales.",
        category="Planning",
        type=GoalType.TARGET,
        metric=Metric.BOOLEAN,
        target_value=Decimal(1),
        unit="plan",
        period=Period.CUSTOM,
        starts_at=quarter.start,
        ends_at=quarter.end,
    )
    with writer.goal(draft) as goal:
        for manager in MANAGERS:
            goal.for_person(manager, quarter)
        goal.reading(MANAGERS[0], 1, window=quarter, days_ago=9, note="Sent to the head of sales")


def _customer_visits(writer: GoalWriter) -> None:
    week = writer.calendar.window(Period.WEEKLY)
    draft = Draft(
        name="Customer visits",
        description="Resellers visited in person this week.",
        category="Activity",
        type=GoalType.TARGET,
        metric=Metric.NUMBER,
        target_value=Decimal(6),
        unit="visits",
        period=Period.WEEKLY,
        starts_at=week.start,
        tags=("activity",),
    )
    readings = {"281": (2, 4), "282": (3, 6), "288": (1, 2), "291": (2, 5)}
    with writer.goal(draft) as goal:
        for rep, (earlier, now) in readings.items():
            goal.for_person(rep, week)
            goal.reading(rep, earlier, window=week, days_ago=2)
            goal.reading(rep, now, window=week, note="Up to today")


def _prospecting_calls(writer: GoalWriter) -> None:
    today = writer.calendar.window(Period.DAILY)
    draft = Draft(
        name="Prospecting calls",
        description="Calls to shops that do not buy yet.",
        category="Activity",
        type=GoalType.TARGET,
        metric=Metric.COUNT,
        target_value=Decimal(12),
        unit="calls",
        period=Period.DAILY,
        starts_at=today.start,
        tags=("activity",),
    )
    readings = {"283": 12, "287": 7, "296": 4}
    with writer.goal(draft) as goal:
        for rep, calls in readings.items():
            goal.for_person(rep, today)
            goal.reading(rep, calls, window=today)


def _forecast_accuracy(writer: GoalWriter) -> None:
    month = writer.calendar.window(Period.MONTHLY)
    draft = Draft(
        name="Forecast accuracy",
        description="How near last week's forecast came to what was booked.",
        category="Planning",
        type=GoalType.MAINTAIN,
        metric=Metric.PERCENTAGE,
        target_value=Decimal(85),
        unit="%",
        period=Period.MONTHLY,
        starts_at=month.start,
        range_min=Decimal(80),
        range_max=Decimal(100),
    )
    readings = {"272": (88, 91), "290": (84, 77)}
    with writer.goal(draft) as goal:
        for manager, (earlier, now) in readings.items():
            goal.for_person(manager, month)
            goal.reading(manager, earlier, window=month, days_ago=8)
            goal.reading(manager, now, window=month, days_ago=1)


def _training_hours(writer: GoalWriter) -> None:
    quarter = writer.calendar.window(Period.QUARTERLY)
    draft = Draft(
        name="Training hours",
        description="Rests until the new product line is out.",
        category="Activity",
        type=GoalType.TARGET,
        metric=Metric.NUMBER,
        target_value=Decimal(8),
        unit="hours",
        period=Period.QUARTERLY,
        starts_at=quarter.start,
    )
    with writer.goal(draft, status=GoalStatus.PAUSED) as goal:
        for rep in ("284", "286", "293"):
            goal.for_person(rep, quarter)


def _key_account_reviews(writer: GoalWriter) -> None:
    quarter = writer.calendar.window(Period.QUARTERLY)
    draft = Draft(
        name="Key account reviews",
        description="To be agreed with the three managers before it starts.",
        category="Planning",
        type=GoalType.TARGET,
        metric=Metric.COUNT,
        target_value=Decimal(5),
        unit="reviews",
        period=Period.QUARTERLY,
        starts_at=quarter.start,
    )
    with writer.goal(draft, status=GoalStatus.DRAFT):
        pass  # nobody has it yet
