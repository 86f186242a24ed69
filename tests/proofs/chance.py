"""Random companies, goals, records and what becomes of them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from tests.proofs.things import DAY, TABLES, Record

ZONES = ("America/New_York", "Pacific/Auckland", "Asia/Kathmandu", "UTC", "America/St_Johns")
CURRENCIES = ("USD", "USD", "USD", "EUR", "EUR", "EUR", "JPY")
STAGES = ("closed_won", "closed_won", "open", "lost")
TEXTS = ("", "a", "b", "true", "5", "O'Hara", "été", '"', "\\")
ENTITIES = ("calls", "calls", "visits au café")
AMOUNTS = tuple(
    map(Decimal, ("-75", "-0.01", "0", "0.01", "33.33", "50", "99.99", "250.5", "1000"))
)
TARGETS = tuple(map(Decimal, ("0.01", "50", "100", "150", "1000", "25000")))
ATTRIBUTES = (None, True, False, "a", "true", "5", 5, -5, 0.01, 12.345, 2.5, [5], {"k": "a"})
HUGE = Decimal("9999999999999.99")
SPAN = (-22, 8)  # days around today


def some_day(rnd: Random, today: date) -> date:
    return today + rnd.randint(*SPAN) * DAY


def some_record(rnd: Random, people: list[UUID], today: date, key: str) -> Record:
    """A row of any source; some lack an owner, a day, a number."""
    module = rnd.choice(list(TABLES))
    table = TABLES[module]
    attributes = {name: rnd.choice(ATTRIBUTES) for name in ("x", "n") if rnd.random() < 0.8}
    days = {day: rnd.choice([some_day(rnd, today)] * 4 + [None]) for day in table.days}
    first, *others = table.texts
    return (
        {
            "module": module,
            "entity": table.entity or rnd.choice(ENTITIES),
            "external_id": key,
            "owner_id": rnd.choice([*people, *people, None]),
            "name": rnd.choice(TEXTS),
            "currency": rnd.choice(CURRENCIES),
            "attributes": attributes,
            first: rnd.choice(STAGES),
            table.number: some_amount(rnd),
        }
        | {name: rnd.choice(TEXTS) for name in others}
        | days
    )


def some_amount(rnd: Random) -> Decimal:
    if rnd.random() < 0.02:
        return HUGE
    return rnd.choice([*AMOUNTS, *(Decimal(rnd.randint(-30_000, 90_000)) / 100 for _ in range(9))])


def changed(rnd: Random, was: Record, people: list[UUID], today: date) -> Record:
    """The record with one of its parts, or all of them, another."""
    table = TABLES[was["module"]]
    other = some_record(rnd, people, today, was["external_id"])
    while other["module"] != was["module"]:
        other = some_record(rnd, people, today, was["external_id"])
    other["entity"] = was["entity"]
    parts: list[list[str]] = [
        ["owner_id"],
        [rnd.choice(table.days)],
        ["currency"],
        [table.number],
        [table.texts[0]],
        ["attributes"],
        [],
        list(other),
    ]
    return was | {name: other[name] for name in rnd.choice(parts)}


@dataclass(frozen=True)
class Company:
    """By which rules its goals are judged."""

    zone: str
    fiscal_month: int
    grace_days: int
    risk_below: int
    risk_time: int


def some_company(rnd: Random) -> Company:
    return Company(
        zone=rnd.choice(ZONES),
        fiscal_month=rnd.choice((1, 2, 4, 12)),
        grace_days=rnd.choice((0, 1, 3, 3)),
        risk_below=rnd.choice((50, 90)),
        risk_time=rnd.choice((25, 60)),
    )


def some_goal(rnd: Random, today: date) -> dict[str, Any]:
    """The facts of a `things.Goal`, without its id and name."""
    type_ = rnd.choice(("target", "target", "limit", "maintain"))
    metric, unit = rnd.choice(
        [("currency", "USD")] * 3 + [("currency", "EUR"), ("number", "pieces"), ("percentage", "%")]
    )
    module = rnd.choice(list(TABLES))
    table = TABLES[module]
    aggregation = rnd.choice(("sum", "sum", "count", "avg", "min", "max"))
    is_whole = aggregation == "count" and rnd.random() < 0.7
    if is_whole:
        metric, unit = "count", "pieces"
    low, high = sorted(rnd.sample(AMOUNTS, 2))
    bounds = rnd.choice([(None, None), (low, None), (None, high), (low, high)])
    starts, ends, period = _some_days(rnd, today)
    own = rnd.random() < 0.8
    return {
        "type": type_,
        "metric": metric,
        "unit": unit,
        "target": some_target(rnd, type_, is_whole=is_whole),
        "low": bounds[0] if type_ == "maintain" else None,
        "high": bounds[1] if type_ == "maintain" else None,
        "period": period,
        "starts": starts,
        "ends": ends,
        "module": module,
        "entity": table.entity or rnd.choice(ENTITIES),
        "aggregation": aggregation,
        "field": None if aggregation == "count" else table.number if own else "attributes.n",
        "date_field": rnd.choice([None, *table.days]),
        "filter": some_filter(rnd, module, today),
        "milestones": {p: rnd.random() < 0.8 for p in rnd.sample((1, 25, 50, 75, 99, 100), 3)},
    }


def some_target(rnd: Random, type_: str, *, is_whole: bool) -> Decimal:
    possible = [Decimal(0), *TARGETS] if type_ != "target" else list(TARGETS)
    if is_whole:
        possible = [Decimal(1), Decimal(2), Decimal(5)]
    return rnd.choice(possible)


def _some_days(rnd: Random, today: date) -> tuple[date, date | None, str]:
    """Windows that run, that begin or end today, that are over, or are still to come."""
    period = rnd.choice(("custom", "custom", "daily", "weekly", "monthly", "quarterly", "yearly"))
    starts = today + rnd.choice((-40, -20, -9, -3, -1, 0, 0, 1, 4)) * DAY
    ends = rnd.choice((-4, -3, -1, 0, 0, 1, 2, 5, 12, 40)) * DAY + today
    if ends < starts:
        starts, ends = ends, starts
    if period == "daily":  # a window for each day: few of them
        starts = max(starts, today - 2 * DAY)
        ends = max(starts, ends)
    return starts, (ends if period == "custom" or rnd.random() < 0.5 else None), period


def some_filter(rnd: Random, module: str, today: date) -> dict[str, Any]:
    return dict(_some_condition(rnd, module, today) for _ in range(rnd.choice((0, 0, 0, 1, 1, 2))))


def _some_condition(rnd: Random, module: str, today: date) -> tuple[str, Any]:
    table = TABLES[module]
    kinds: dict[str, Any] = {
        table.texts[0]: lambda: rnd.choice(STAGES),
        rnd.choice(("name", *table.texts[1:])): lambda: rnd.choice(TEXTS),
        "currency": lambda: rnd.choice(CURRENCIES),
        table.number: lambda: float(rnd.choice(AMOUNTS)),
        rnd.choice(table.days): lambda: some_day(rnd, today).isoformat(),
    }
    name = rnd.choice([table.texts[0], table.texts[0], "attributes.x", *kinds])
    value = kinds[name] if name in kinds else _some_attribute(rnd)
    return name, _compared(rnd, value)


def _some_attribute(rnd: Random) -> Any:
    kind = rnd.choice((("a", "true", "5"), (5, -5, 0.01), (True, False)))
    return lambda: rnd.choice(kind)


def _compared(rnd: Random, value: Any) -> Any:
    """Every operator, and the short forms."""
    sample = value()
    ways = [
        sample,
        [sample],
        [value() for _ in range(3)],
        None,
        {"is_null": rnd.random() < 0.5},
        {"ne": sample},
        {"in": [value(), value()]},
        {"eq": sample},
    ]
    if not isinstance(sample, bool):
        ways += [{name: sample} for name in ("gt", "gte", "lt", "lte")]
        ways.append({"gte": min(sample, value()), "lt": sample})
    return rnd.choice(ways)


def some_rate(rnd: Random) -> Decimal:
    return Decimal(rnd.randint(1, 3 * 10**10)) / 10**10
