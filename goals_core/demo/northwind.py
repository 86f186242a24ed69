"""Northwind: nine people and 830 orders with freight, seven quarters up to the running one."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from goals_core.db import TenantSession
from goals_core.demo import files, northwind_goals
from goals_core.demo.calendar import Calendar
from goals_core.demo.company import Company, Log
from goals_core.demo.goals import GoalWriter
from goals_core.demo.ledger import Ledger, Sale
from goals_core.demo.people import Account, Crew, add_people, add_teams, address
from goals_core.permissions import Role

DOMAIN = "northwind.example"
FULLER, BUCHANAN, CALLAHAN = "2", "5", "8"
ROLES = {FULLER: Role.ADMIN, BUCHANAN: Role.MANAGER, CALLAHAN: Role.ANALYST}
TEAMS = {FULLER: "Team Fuller", BUCHANAN: "Team Buchanan"}


def fill(db: TenantSession, calendar: Calendar, log: Log) -> None:
    """People, records and goals, in the order in which they refer to each other."""
    sales = [_sale(row, calendar) for row in files.rows("northwind_orders")]
    people = add_people(db, accounts())
    teams = add_teams(db, _crews(), people, member_from=min(sale.ordered_on for sale in sales))
    log(f"{len(people)} people in {len(teams)} teams")
    ledger = Ledger(db, people, calendar.today)
    log(f"{ledger.add_opportunities(sales):,} opportunities")
    log(f"{ledger.add_invoices(sales):,} invoices")
    log(f"{ledger.add_shipments(sales):,} shipments")
    writer = GoalWriter(db, calendar, people, teams)
    northwind_goals.add(writer, reps=[a.key for a in accounts() if a.role is Role.REP])
    log(f"{writer.definitions} goals with {writer.assignments} assignments")


def accounts() -> list[Account]:
    return [_account(row) for row in files.rows("northwind_employees")]


def _account(row: Mapping[str, str]) -> Account:
    key, manager = row["employee_id"], row["reports_to"]
    return Account(
        key=key,
        name=f"{row['first_name']} {row['last_name']}",
        email=address(row["first_name"], row["last_name"], DOMAIN),
        role=ROLES.get(key, Role.REP),
        title=row["title"],
        manager=None if manager == "NULL" else manager,
    )


def _crews() -> list[Crew]:
    """Each leader with those who report to them.

    Buchanan reports to Fuller but leads a team of his own: everyone is in one team only, so the
    teams add up to the company.
    """
    return [
        Crew(name, leader, tuple(a.key for a in accounts() if _leader(a) == leader))
        for leader, name in TEAMS.items()
    ]


def _leader(account: Account) -> str | None:
    return account.key if account.key in TEAMS else account.manager


def _sale(row: Mapping[str, str], calendar: Calendar) -> Sale:
    """An order; it is due on the day it is required, or when it ships if that is later."""
    shipped_on = files.day(row["shipped_date"])
    return Sale(
        number=row["order_id"],
        seller=row["employee_id"],
        customer=row["customer_id"],
        amount=Decimal(row["amount"]),
        ordered_on=calendar.moved(date.fromisoformat(row["order_date"])),
        shipped_on=shipped_on and calendar.moved(shipped_on),
        due_on=calendar.moved(date.fromisoformat(row["required_date"])),
        freight=Decimal(row["freight"]),
    )


COMPANY = Company(
    slug="northwind",
    name="Northwind Traders",
    timezone="America/New_York",
    running_quarter=date(1998, 1, 1),
    fill=fill,
)
