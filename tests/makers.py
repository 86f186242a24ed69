"""What tests make: goals, assignments, records, rates; and the statements that they count."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, settings
from sqlalchemy import create_engine, insert, text
from sqlalchemy import event as hooks

from goals_core import clock
from goals_core import db as database
from goals_core.actor import Actor, Tenant
from goals_core.db import TenantSession, tenant_session
from goals_core.engine.drafts import Draft
from goals_core.kinds import AssigneeType, GoalStatus, GoalType, Metric, Period, Source
from goals_core.models.base import Base, new_id
from goals_core.models.core import ExchangeRate
from goals_core.models.sources import CommissionEntry, CustomRecord, Invoice, Opportunity
from goals_core.services import assignments, definitions
from goals_core.services.events import Event

TODAY = date(2026, 5, 20)  # what the cast's clock says
YEAR_START = date(2026, 1, 1)
WON: dict[str, Any] = {
    "module": "sales",
    "entity": "opportunities",
    "filter": {"stage": "closed_won"},
    "aggregation": "sum",
    "field": "amount",
}

# On the database an example takes its time: a failing one is shown as it is, not made smaller.
# The cast is made once for all examples, which is meant.
random_rows = settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def by_hand(**overrides: Any) -> Draft:
    """100 calls a month of this year, counted by hand."""
    settings = {
        "name": "Calls",
        "type": GoalType.TARGET,
        "metric": Metric.NUMBER,
        "target_value": Decimal(100),
        "unit": "calls",
        "period": Period.MONTHLY,
        "starts_at": YEAR_START,
    }
    return Draft(**settings | overrides)


def from_sales(*, config: Mapping[str, Any] | None = None, **overrides: Any) -> Draft:
    """1,000 dollars of won deals a month; `config` changes parts of the `source_config`."""
    settings = {
        "name": "Sales",
        "metric": Metric.CURRENCY,
        "target_value": Decimal(1000),
        "unit": "USD",
        "source": Source.SALES,
        "source_config": WON | dict(config or {}),
    }
    return by_hand(**settings | overrides)


def make_definition(
    db: TenantSession, draft: Draft, *, status: GoalStatus = GoalStatus.ACTIVE
) -> UUID:
    """A definition that has come as far as `status`."""
    made = definitions.create(db, draft).id
    way = {
        GoalStatus.DRAFT: [],
        GoalStatus.PAUSED: [GoalStatus.ACTIVE, GoalStatus.PAUSED],
        GoalStatus.COMPLETED: [GoalStatus.ACTIVE, GoalStatus.COMPLETED],
    }
    for step in way.get(status, [status]):
        definitions.set_status(db, made, step)
    return made


def assign(db: TenantSession, definition_id: UUID, who: Actor | UUID | None, **more: Any) -> UUID:
    """Assign to a person, to a team by its id, or to the company (None)."""
    if who is None:
        more["assignee_type"] = AssigneeType.TENANT
    elif isinstance(who, UUID):
        more |= {"assignee_type": AssigneeType.TEAM, "team_id": who}
    else:
        more |= {"assignee_type": AssigneeType.USER, "user_id": who.user_id}
    return assignments.create(db, definition_id=definition_id, **more)


def make_goal(cast: Any, who: Actor | UUID | None, draft: Draft | None = None, **more: Any) -> UUID:
    """An active goal of someone, made by the administrator; the assignment's id."""
    with tenant_session(cast.admin) as db:
        return assign(db, make_definition(db, draft or by_hand()), who, **more)


def definition_of(actor: Actor, assignment_id: UUID) -> UUID:
    with tenant_session(actor) as db:
        return assignments.get(db, assignment_id).definition_id


def standing(actor: Actor, assignment_id: UUID) -> Any:
    with tenant_session(actor) as db:
        return assignments.get(db, assignment_id)


def deal(owner: Actor | UUID | None, amount: object, on: date | None = TODAY, **more: Any) -> dict:
    """A row of sales.opportunities: won, in dollars, unless said otherwise."""
    row = _record(owner) | {
        "account": "",
        "stage": "closed_won",
        "amount": Decimal(str(amount)),
        "opened_on": None,
        "closed_on": on,
    }
    return row | more


def invoice(owner: Actor | None, amount: object, **more: Any) -> dict:
    """A row of billing.invoices, issued today and unpaid unless said otherwise."""
    days = {"issued_on": TODAY, "due_on": None, "paid_on": None}
    row = {"customer": "", "status": "open", "amount": Decimal(str(amount))}
    return _record(owner) | row | days | more


def commission(owner: Actor | None, amount: object, **more: Any) -> dict:
    row = {"status": "paid", "amount": Decimal(str(amount)), "earned_on": TODAY}
    return _record(owner) | row | more


def custom(owner: Actor | None, value: object, **more: Any) -> dict:
    row = {"entity": "calls", "status": "done", "value": Decimal(str(value)), "occurred_on": TODAY}
    return _record(owner) | row | more


def add(tenant: Tenant, model: type[Base], *rows: Mapping[str, Any]) -> None:
    """Put rows of one table into a tenant at once."""
    if rows:
        with tenant_session(Actor.system(tenant)) as db:
            owned = [{"tenant_id": tenant.id, "id": new_id()} | dict(row) for row in rows]
            db.execute(insert(model), owned)


def add_deals(tenant: Tenant, *rows: Mapping[str, Any]) -> None:
    add(tenant, Opportunity, *rows)


def add_rate(tenant: Tenant, currency: str, day: date, rate: str, *, to: str = "USD") -> None:
    row = {"from_currency": currency, "to_currency": to, "day": day, "rate": Decimal(rate)}
    add(tenant, ExchangeRate, row)


MAKERS = {
    Opportunity: deal,
    Invoice: invoice,
    CommissionEntry: commission,
    CustomRecord: custom,
}


def won_deal(owner: Actor | None, amount: object, on: date = TODAY, **more: Any) -> Event:
    """The event opportunity.won."""
    facts = {"external_id": f"D-{uuid4().hex}", "name": "A deal", "currency": "USD"}
    owner_id = None if owner is None else owner.user_id
    data = facts | {"owner_id": owner_id, "amount": amount, "closed_on": on} | more
    return Event(id=uuid4().hex, name="opportunity.won", data=data)


def next_of(event: Event, **data: Any) -> Event:
    """Another event of the same record, which says the same but for this."""
    return replace(event, id=uuid4().hex, data={**event.data, **data})


def as_owner(owner_url: str, statement: str, **parameters: Any) -> None:
    """What no service does: a statement past row-level security."""
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        connection.execute(text(statement), parameters)
    engine.dispose()


def with_settings(actor: Actor, **settings: Any) -> Actor:
    """The same person under other settings of the tenant."""
    return replace(actor, tenant=replace(actor.tenant, **settings))


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Collect what is sent to the database: statements and their parameters."""
    sent: list[tuple[str, Any]] = []
    listen = (
        database.engine(),
        "before_cursor_execute",
        lambda *call: sent.append((call[2], call[3])),
    )
    hooks.listen(*listen)
    try:
        yield sent
    finally:
        hooks.remove(*listen)


def fields(refused: Any) -> list[str]:
    """The fields that an `Invalid` names, from pytest's `raises`."""
    return [problem.field for problem in refused.value.problems]


def _record(owner: Actor | UUID | None) -> dict[str, Any]:
    return {
        "owner_id": owner.user_id if isinstance(owner, Actor) else owner,
        "external_id": uuid4().hex,
        "name": "A record",
        "currency": "USD",
        "attributes": {},
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }
