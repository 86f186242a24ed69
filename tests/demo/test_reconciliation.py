"""Every tracked figure of the demo, worked out a second time with pandas from the CSV files.

Shared with the loader are only today and the number of weeks; each goal's rule is told anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zlib import crc32

import pandas as pd
import pytest
from sqlalchemy import select

from goals_core import demo
from goals_core.db import tenant_session
from goals_core.kinds import Source
from goals_core.models.core import Team, User
from goals_core.models.goals import Assignment, Definition

DATA = Path(demo.__file__).parent / "data"
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Asked:
    """An assignment as the database has it: whose, from when to when, and what it shows."""

    goal: str
    sellers: frozenset[str]
    first: date
    last: date
    shown: Decimal

    def rows(self, table: pd.DataFrame, day: str) -> pd.DataFrame:
        """The table's rows of these sellers whose `day` lies in the window and not after today."""
        inside = table[day].map(lambda d: d is not None and self.first <= d <= self.last)
        return table[inside & table.seller.isin(self.sellers)]


def total(column: pd.Series) -> Decimal:
    return sum(column, Decimal(0))


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def average(column: pd.Series) -> Decimal:
    return cents(total(column) / len(column)) if len(column) else Decimal(0)


def bookings(books, asked):
    return total(asked.rows(books.orders, "ordered").amount)


def deals(books, asked):
    return Decimal(len(asked.rows(books.orders, "ordered")))


def average_deal(books, asked):
    return average(asked.rows(books.orders, "ordered").amount)


def invoiced(books, asked):
    return total(asked.rows(books.orders, "shipped").amount)


def past_due(books, asked):
    due = asked.rows(books.orders, "due")
    unpaid = due.shipped.map(lambda d: d is not None and d <= books.today) & (
        due.paid.map(lambda d: d is None or d > books.today)
    )
    return Decimal(int(unpaid.sum()))


def commission(books, asked):
    won = asked.rows(books.orders, "ordered")
    rates = won.seller.map(books.rates)
    return total(pd.Series([cents(a * r) for a, r in zip(won.amount, rates, strict=True)]))


def freight(books, asked):
    return total(asked.rows(books.orders, "shipped").freight)


def shipments(books, asked):
    return Decimal(len(asked.rows(books.orders, "shipped")))


RULES: dict[str, dict[str, Callable]] = {
    "adventure-works": {
        "Quarterly bookings quota": bookings,
        "Team bookings": bookings,
        "Company bookings": bookings,
        "Average deal size": average_deal,
        "Deals won": deals,
        "Invoiced revenue": invoiced,
        "Open invoices past due": past_due,
        "Commission earned": commission,
    },
    "northwind": {
        "Team sales": bookings,
        "Monthly sales": bookings,
        "Freight": freight,
        "Orders shipped": shipments,
        "Orders today": deals,
    },
}
ASSIGNMENTS = {"adventure-works": 230, "northwind": 40}  # at least as many are compared


@dataclass(frozen=True)
class Books:
    """The records of a company with their days moved, and who is who."""

    orders: pd.DataFrame
    names: dict[str, str]  # to the key in the records
    teams: dict[str, frozenset[str]]
    today: date
    rates: dict[str, Decimal]


def adventure_works(weeks: int, today: date) -> Books:
    people = read("adventureworks_reps").set_index("employee_key")
    orders = read("adventureworks_reseller_orders")
    table = pd.DataFrame(
        {
            "seller": orders.employee_key,
            "amount": orders.amount.map(Decimal),
            "ordered": moved(orders.order_date, weeks),
            "shipped": moved(orders.ship_date, weeks),
            "due": moved(orders.due_date, weeks),
        }
    )
    customers = "Reseller " + orders.reseller_key
    table["paid"] = [
        max(shipped, due + timedelta(days=lateness(customer)))
        for customer, shipped, due in zip(customers, table.shipped, table.due, strict=True)
    ]
    leads = {"272": "North America", "290": "Europe", "294": "Pacific"}
    team_of = {
        key: leads[key] if key in leads else leads[manager]
        for key, manager in people.parent_key.items()
    }
    return Books(
        orders=table,
        names={f"{p.first_name} {p.last_name}": p.Index for p in people.itertuples()},
        teams={t: frozenset(k for k, v in team_of.items() if v == t) for t in leads.values()},
        today=today,
        rates={key: Decimal(rate) for key, rate in people.commission_pct.items()},
    )


def northwind(weeks: int, today: date) -> Books:
    people = read("northwind_employees").set_index("employee_id")
    orders = read("northwind_orders")
    table = pd.DataFrame(
        {
            "seller": orders.employee_id,
            "amount": orders.amount.map(Decimal),
            "freight": orders.freight.map(Decimal),
            "ordered": moved(orders.order_date, weeks),
            "shipped": moved(orders.shipped_date, weeks),
        }
    )
    london = frozenset({"5", *people.index[people.reports_to == "5"]})
    return Books(
        orders=table,
        names={f"{p.first_name} {p.last_name}": p.Index for p in people.itertuples()},
        teams={"Team Buchanan": london, "Team Fuller": frozenset(people.index) - london},
        today=today,
        rates={},
    )


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / f"{name}.csv", dtype=str, keep_default_na=False)


def moved(column: pd.Series, weeks: int) -> pd.Series:
    days = [date.fromisoformat(d) + timedelta(weeks=weeks) if d else None for d in column]
    return pd.Series(days, dtype=object)


def lateness(customer: str) -> int:
    """The rule of payments in its own words: one in four is slow, up to eight weeks."""
    slow, rest = crc32(customer.encode()) % 4 == 0, crc32(customer.encode()) >> 2
    return (rest % 62 if slow else rest % 16) - 5


def tracked(loaded, slug: str, books: Books) -> list[Asked]:
    """Every assignment that is computed from records, with the people that count for it."""
    query = (
        select(Definition.name, User.name, Team.name, Assignment)
        .select_from(Assignment)
        .join(Definition, Definition.id == Assignment.definition_id)
        .outerjoin(User, User.id == Assignment.user_id)
        .outerjoin(Team, Team.id == Assignment.team_id)
        .where(Definition.source != Source.MANUAL)
    )
    with tenant_session(loaded.actor(slug)) as session:
        found = session.execute(query).all()
    return [
        Asked(
            goal=goal,
            sellers=sellers(books, person, team),
            first=row.period_start,
            last=min(row.period_end, loaded.today),
            shown=row.current_value,
        )
        for goal, person, team, row in found
    ]


def sellers(books: Books, person: str | None, team: str | None) -> frozenset[str]:
    if person is not None:
        return frozenset({books.names[person]})
    return books.teams[team] if team is not None else frozenset(books.names.values())


@pytest.mark.parametrize("company", [adventure_works, northwind])
def test_every_tracked_figure_is_what_the_records_say(loaded, company):
    slug = company.__name__.replace("_", "-")
    books = company(loaded.calendar(slug).weeks, loaded.today)
    asked = tracked(loaded, slug, books)
    assert {one.goal for one in asked} == set(RULES[slug])
    assert len(asked) > ASSIGNMENTS[slug]
    wrong = [
        (one, expected)
        for one in asked
        if one.shown != (expected := RULES[slug][one.goal](books, one))
    ]
    assert wrong == []
