"""What the records come to, computed with pandas from the specification's words; exact throughout.

Values are whole cents as Python's integers in columns of objects: no float is ever made of one.
"""

import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any
from uuid import UUID

import pandas as pd

from tests.proofs.things import DAY, TABLES, Goal, Window, World

RATE_HOLDS_FOR = 7  # days
_EXACT = Context(prec=100, rounding=ROUND_HALF_UP)  # half a cent goes away from zero
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
}


@dataclass(frozen=True)
class Found:
    """The value in cents at the end of each day that has any, and how many lack a rate."""

    day_ends: list[tuple[date, int]]
    left_out: int


class Computed:
    """What the records of a moment come to; each goal's are filtered and converted once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._counted: dict[UUID, pd.DataFrame] = {}

    def found(self, goal: Goal, kind: str, who: UUID | None, window: Window) -> Found:
        frame = self._credited(goal, kind, who)
        last = min(window.last, self.world.today)
        days = frame["day"]
        inside = frame[(days >= window.first) & (days <= last)]
        by_day = {day: list(cents) for day, cents in inside.groupby("day")["cents"]}
        left_out = sum(inside["lacks_rate"])
        if goal.aggregation in {"sum", "count"} and window.first <= last:
            by_day.setdefault(window.first, [])
        return Found(_day_ends(goal.aggregation, by_day), left_out)

    def _credited(self, goal: Goal, kind: str, who: UUID | None) -> pd.DataFrame:
        """The records that are this assignee's: by owner, by who was in the team that day."""
        frame = self.counted(goal)
        if kind == "tenant":
            return frame
        if kind == "user":
            return frame[frame["owner"] == who]
        spans = [(m.person, m.first, m.last or date.max) for m in self._members(who)]
        members = pd.DataFrame(spans, columns=["owner", "since", "until"], dtype=object)
        both = frame.merge(members, on="owner")
        return both[(both["day"] >= both["since"]) & (both["day"] <= both["until"])]

    def _members(self, team: UUID | None) -> list[Any]:
        return [m for m in self.world.members.values() if m.team == team]

    def counted(self, goal: Goal) -> pd.DataFrame:
        """(owner, day, cents, lacks_rate) of the records that the goal asks for."""
        if goal.id not in self._counted:
            self._counted[goal.id] = _counted(self.world, goal)
        return self._counted[goal.id]


def _counted(world: World, goal: Goal) -> pd.DataFrame:
    frame = pd.DataFrame(
        [r for r in world.records.values() if (r["module"], r["entity"]) == _where(goal)],
        columns=["owner_id", "currency", "attributes", *_columns(goal)],
        dtype=object,
    )
    keep = [True] * len(frame)
    for column, wanted in goal.filter.items():
        for name, value in _conditions(wanted, is_day=column in TABLES[goal.module].days):
            values = _values(frame, column)
            keep = [ok and _holds(v, name, value) for ok, v in zip(keep, values, strict=True)]
    keep = [ok and day is not None for ok, day in zip(keep, frame[goal.day], strict=True)]
    frame = frame.loc[pd.Series(keep, index=frame.index, dtype=bool)]
    made = pd.DataFrame(
        {
            "owner": frame["owner_id"],
            "day": frame[goal.day],
            "currency": frame["currency"],
            "number": pd.Series(_numbers(goal, frame), index=frame.index, dtype=object),
        },
        dtype=object,
    )
    return _in_cents(world, goal, made)


def _where(goal: Goal) -> tuple[str, str]:
    return goal.module, goal.entity


def _columns(goal: Goal) -> list[str]:
    table = TABLES[goal.module]
    return ["name", "external_id", *table.texts, table.number, *table.days]


def _values(frame: pd.DataFrame, column: str) -> list[Any]:
    if not column.startswith("attributes."):
        return list(frame[column])
    return [_Attribute(_at(each, column)) for each in frame["attributes"]]


@dataclass(frozen=True)
class _Attribute:
    """Anything of JSON; None where there is nothing."""

    json: Any


def _at(attributes: dict[str, Any], column: str) -> Any:
    return attributes.get(column.removeprefix("attributes."))


def _conditions(wanted: Any, *, is_day: bool) -> list[tuple[str, Any]]:
    """{"gte": 1} says so, a list is any of, None is empty, anything else is equal."""
    if wanted is None:
        return [("is_null", True)]
    if not isinstance(wanted, dict):
        wanted = {"in" if isinstance(wanted, list) else "eq": wanted}
    return [(name, _as_days(value) if is_day else value) for name, value in wanted.items()]


def _as_days(value: Any) -> Any:
    if isinstance(value, list):
        return [date.fromisoformat(each) for each in value]
    return date.fromisoformat(value) if isinstance(value, str) else value


def _holds(value: Any, name: str, wanted: Any) -> bool:
    """One condition on one record; what is unknown fits nothing but `ne`."""
    if name == "is_null":
        return (_plain(value) is None) is wanted
    sample = wanted[0] if isinstance(wanted, list) else wanted
    known = _comparable(value, sample)
    others = [_comparable(each, sample) for each in (wanted if name == "in" else [wanted])]
    if name == "ne":
        return known is None or known != others[0]
    if known is None:
        return False
    return known in others if name == "in" else _ORDER[name](known, others[0])


def _plain(value: Any) -> Any:
    return value.json if isinstance(value, _Attribute) else value


def _comparable(value: Any, sample: Any) -> Any:
    """As what it is compared: a number with numbers only, texts by their bytes, days as days."""
    plain = _plain(value)
    if plain is None:
        return None
    if isinstance(plain, date):
        return plain
    if isinstance(sample, bool) or (isinstance(value, _Attribute) and isinstance(sample, str)):
        return (plain if isinstance(plain, str) else json.dumps(plain)).encode()
    if isinstance(sample, str):
        return plain.encode()
    is_number = isinstance(plain, int | float | Decimal) and not isinstance(plain, bool)
    return Decimal(str(plain)) if is_number else None


def _numbers(goal: Goal, frame: pd.DataFrame) -> list[Decimal | None]:
    """What each record has of the field; None where an attribute holds no number."""
    if goal.aggregation == "count":
        return [Decimal("0.01")] * len(frame)
    assert goal.field is not None
    if not goal.field.startswith("attributes."):
        return list(frame[goal.field])
    return [_comparable(value, 0) for value in _values(frame, goal.field)]


def _in_cents(world: World, goal: Goal, frame: pd.DataFrame) -> pd.DataFrame:
    """Rounded to cents record by record; converted where the goal is of another currency."""
    if goal.metric != "currency" or goal.aggregation == "count":
        cents = [_cents(number) for number in frame["number"]]
    else:
        frame = frame.merge(_rates(world, goal.unit), on=["currency", "day"], how="left")
        known = frame["rate"].astype(object).where(frame["rate"].notna(), None)
        cents = [_cents(_times(*pair)) for pair in zip(frame["number"], known, strict=True)]
        same = [_cents(number) for number in frame["number"]]
        home = list(frame["currency"] == goal.unit)
        cents = [s if at_home else c for s, c, at_home in zip(same, cents, home, strict=True)]
    lacks = [n is not None and c is None for n, c in zip(frame["number"], cents, strict=True)]
    frame["cents"] = pd.Series(cents, index=frame.index, dtype=object)
    frame["lacks_rate"] = pd.Series(lacks, index=frame.index, dtype=object)
    return frame[["owner", "day", "cents", "lacks_rate"]]


def _rates(world: World, unit: str) -> pd.DataFrame:
    """(currency, day, rate): each holds for seven days, or until there is a newer one."""
    rows = [
        (currency, day + age * DAY, age, rate)
        for (currency, to, day), rate in world.rates.items()
        if to == unit
        for age in range(RATE_HOLDS_FOR)
    ]
    frame = pd.DataFrame(rows, columns=["currency", "day", "age", "rate"], dtype=object)
    newest = frame.sort_values("age", kind="stable").drop_duplicates(["currency", "day"])
    return newest[["currency", "day", "rate"]]


def _times(number: Decimal | None, rate: Decimal | None) -> Decimal | None:
    return None if number is None or rate is None else _EXACT.multiply(number, rate)


def _cents(number: Decimal | None) -> int | None:
    if number is None:
        return None
    return int(_EXACT.quantize(_EXACT.multiply(number, Decimal(100)), Decimal(1)))


def _day_ends(aggregation: str, by_day: dict[date, list[int | None]]) -> list[tuple[date, int]]:
    """The aggregate of all up to each day; of nothing, sum and count are 0, others are none."""
    so_far: list[int] = []
    found = []
    for day in sorted(by_day):
        so_far += [cents for cents in by_day[day] if cents is not None]
        value = aggregate(aggregation, so_far)
        if value is not None:
            found.append((day, value))
    return found


def aggregate(aggregation: str, cents: list[int]) -> int | None:
    if aggregation == "count":
        return 100 * len(cents)
    if aggregation == "sum":
        return sum(cents)
    if not cents:
        return None
    if aggregation == "avg":  # half a cent goes away from zero
        total, n = sum(cents), len(cents)
        rounded = (2 * abs(total) + n) // (2 * n)
        return rounded if total >= 0 else -rounded
    return min(cents) if aggregation == "min" else max(cents)
