"""Adventure Works: 17 people and 3,796 reseller orders, eleven quarters up to the running one."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from goals_core.db import TenantSession
from goals_core.demo import adventure_works_activities, adventure_works_goals, files
from goals_core.demo.adventure_works_goals import Quota
from goals_core.demo.calendar import Calendar
from goals_core.demo.company import Company, Log
from goals_core.demo.goals import GoalWriter
from goals_core.demo.ledger import Ledger, Sale
from goals_core.demo.people import Account, Crew, add_people, add_teams, address
from goals_core.permissions import Role

DOMAIN = "adventure-works.example"
TEAMS = {"272": "North America", "290": "Europe", "294": "Pacific"}  # by the manager's key


def fill(db: TenantSession, calendar: Calendar, log: Log) -> None:
    """People, records and goals, in the order in which they refer to each other."""
    sales, rates = _sales(calendar), _commission_rates()
    people = add_people(db, accounts())
    teams = add_teams(db, _crews(), people, member_from=min(sale.ordered_on for sale in sales))
    log(f"{len(people)} people in {len(teams)} teams")
    _add_records(Ledger(db, people, calendar.today), sales, rates, log)
    writer = GoalWriter(db, calendar, people, teams)
    adventure_works_goals.add(writer, quotas=_quotas(calendar), rates=rates, crews=_crews())
    adventure_works_activities.add(writer)
    log(f"{writer.definitions} goals with {writer.assignments} assignments")


def accounts() -> list[Account]:
    """The people of the records, and two that only look after the demo."""
    return [
        Account("admin", "Adventure Works Administrator", f"admin@{DOMAIN}", Role.ADMIN),
        Account("analyst", "Adventure Works Analyst", f"analyst@{DOMAIN}", Role.ANALYST),
        *(_account(row) for row in files.rows("adventureworks_reps")),
    ]


def _account(row: Mapping[str, str]) -> Account:
    key, manager = row["employee_key"], row["parent_key"]
    name = f"{row['first_name']} {row['last_name']}"
    return Account(
        key=key,
        name=name,
        email=address(row["first_name"], row["last_name"], DOMAIN),
        role=Role.MANAGER if key in TEAMS else Role.REP,
        title=row["title"],
        manager=manager if manager in TEAMS else None,  # the managers' own is not in the records
    )


def _crews() -> list[Crew]:
    """Each manager with everyone who reports to them; the managers sell too."""
    return [
        Crew(name, manager, tuple(a.key for a in accounts() if manager in (a.key, a.manager)))
        for manager, name in TEAMS.items()
    ]


def _commission_rates() -> dict[str, Decimal]:
    return {
        row["employee_key"]: Decimal(row["commission_pct"])
        for row in files.rows("adventureworks_reps")
    }


def _quotas(calendar: Calendar) -> list[Quota]:
    """Each quota in the fiscal quarter whose first day lies nearest to its own."""
    return [
        Quota(
            person=row["employee_key"],
            quarter=calendar.nearest_quarter(calendar.moved(date.fromisoformat(row["quota_from"]))),
            amount=Decimal(row["quota"]),
        )
        for row in files.rows("adventureworks_quotas")
    ]


def _sales(calendar: Calendar) -> list[Sale]:
    return [_sale(row, calendar) for row in files.rows("adventureworks_reseller_orders")]


def _sale(row: Mapping[str, str], calendar: Calendar) -> Sale:
    return Sale(
        number=row["SalesOrderNumber"],
        seller=row["employee_key"],
        customer=f"Reseller {row['reseller_key']}",
        amount=Decimal(row["amount"]),
        ordered_on=calendar.moved(date.fromisoformat(row["order_date"])),
        shipped_on=calendar.moved(date.fromisoformat(row["ship_date"])),
        due_on=calendar.moved(date.fromisoformat(row["due_date"])),
        attributes={"territory": int(row["territory_key"]), "lines": int(row["lines"])},
    )


def _add_records(
    ledger: Ledger, sales: Sequence[Sale], rates: Mapping[str, Decimal], log: Log
) -> None:
    log(f"{ledger.add_opportunities(sales):,} opportunities")
    log(f"{ledger.add_invoices(sales):,} invoices")
    log(f"{ledger.add_commissions(sales, rates):,} commission entries")


COMPANY = Company(
    slug="adventure-works",
    name="Adventure Works",
    timezone="America/Los_Angeles",
    running_quarter=date(2013, 6, 30),
    fill=fill,
)
