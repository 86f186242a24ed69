"""Every operation that is refused: its sentence, its family, and that nothing was written."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text, update

from goals_core import engine, errors, services
from goals_core.db import tenant_session
from goals_core.engine import founding, runs
from goals_core.engine.exchange import Rate
from goals_core.errors import Conflict, GoalsError, Invalid, NotAllowed, NotFound
from goals_core.kinds import AssigneeType, GoalStatus, Metric, ProgressSource
from goals_core.models.access import LoginRow
from goals_core.models.base import Base, TenantOwned
from goals_core.models.core import User
from goals_core.permissions import Role
from goals_core.services import (
    assignments,
    corrections,
    definitions,
    events,
    identity,
    links,
    people,
    planning,
    progress,
    rates,
    setup,
    teams,
    tenants,
    tracking,
)
from goals_core.services.progress import Reading
from goals_core.services.setup import Administrator, NewCompany
from tests.conftest import PASSWORD
from tests.makers import (
    TODAY,
    assign,
    by_hand,
    definition_of,
    from_sales,
    make_definition,
    make_goal,
    next_of,
    won_deal,
)
from tests.services.provider_refusals import PROVIDER_CASES

FAMILIES = (NotFound, NotAllowed, Conflict, Invalid)
Deed = Callable[[Any], object]
Case = tuple[type[GoalsError], str, Callable[[Any, Any], tuple[Any, Deed]]]


def record(db: Any, goal: Any, amount: object = 5, **more: Any) -> Any:
    return progress.record(db, assignment_id=goal, change=Decimal(str(amount)), on=TODAY, **more)


def recorded(cast: Any, *amounts: int, **settings: Any) -> Any:
    """A goal of the rep with these changes recorded, and its log."""
    goal = make_goal(cast, cast.rep, by_hand(**settings))
    with tenant_session(cast.rep) as db:
        for amount in amounts:
            record(db, goal, amount)
        entries = progress.history(db, goal).items
    return goal, entries[::-1]


def out_of_sight(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = make_goal(cast, cast.south_rep)
    return cast.rep, lambda db: assignments.get(db, goal)


def of_another_tenant(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = make_goal(cast, cast.rep)
    return cast.other_manager, lambda db: assignments.get(db, goal)


def without_permission(cast: Any, at: Any) -> tuple[Any, Deed]:
    return cast.rep, lambda db: definitions.create(db, by_hand())


def own_target(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = make_goal(cast, cast.manager)
    with tenant_session(cast.admin) as db:
        teams.add_member(
            db, team_id=cast.north, user_id=cast.manager.user_id, member_from=date(2026, 1, 1)
        )
    return cast.manager, lambda db: assignments.cancel(db, goal)


def not_yours(cast: Any, at: Any) -> tuple[Any, Deed]:
    with tenant_session(cast.manager) as db:
        goal = make_definition(db, by_hand())
    return cast.manager, lambda db: assign(db, goal, cast.south_rep)


def stale(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = definition_of(cast.admin, make_goal(cast, cast.rep))
    return cast.admin, lambda db: definitions.update(db, goal, by_hand(), version=1)


def busy(cast: Any, at: Any) -> tuple[Any, Deed]:
    def twice(db: Any) -> None:
        runs.take_turn(db)
        tracking.sync(cast.manager)

    return cast.admin, twice


def closed(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = make_goal(cast, cast.rep)
    at(date(2026, 6, 4))
    tracking.sync(cast.admin)
    return cast.rep, lambda db: record(db, goal)


def assigned_already(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = definition_of(cast.admin, make_goal(cast, cast.rep))
    return cast.admin, lambda db: assign(db, goal, cast.rep)


def with_progress(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal, _ = recorded(cast, 5)
    return cast.admin, lambda db: assignments.delete(db, goal)


def cancelled(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = make_goal(cast, cast.rep)
    with tenant_session(cast.admin) as db:
        assignments.cancel(db, goal)
    return cast.admin, lambda db: assignments.cancel(db, goal)


def over(cast: Any, at: Any) -> tuple[Any, Deed]:
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, by_hand(), status=GoalStatus.COMPLETED)
    return cast.admin, lambda db: assign(db, goal, cast.rep)


def nobody_works(cast: Any, at: Any) -> tuple[Any, Deed]:
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, by_hand(prorate=True))
        who = cast.rep.user_id
        people.set_employment(db, who, hired_on=None, left_on=date(2026, 4, 30))
    return cast.admin, lambda db: assign(db, goal, cast.rep)


def tracked(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = make_goal(cast, cast.rep, from_sales())
    return cast.rep, lambda db: record(db, goal)


def paused(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = make_goal(cast, cast.rep)
    with tenant_session(cast.admin) as db:
        definitions.set_status(db, assignments.get(db, goal).definition_id, GoalStatus.PAUSED)
    return cast.rep, lambda db: record(db, goal)


def other_content(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = make_goal(cast, cast.rep)

    def imported(amount: int) -> Deed:
        row = Reading(
            assignment_id=goal,
            on=TODAY,
            change=Decimal(amount),
            source=ProgressSource.IMPORT,
            reference="row 1",
        )
        return lambda db: progress.bulk(db, [row])

    with tenant_session(cast.rep) as db:
        imported(1)(db)
    return cast.rep, imported(2)


def slug_taken(cast: Any, at: Any) -> tuple[Any, Deed]:
    facts = {"name": "Again", "timezone": "UTC", "locale": "en_US", "currency": "USD"}
    return cast.admin, lambda _db: tenants.create_tenant(slug=cast.tenant.slug, **facts)


def email_taken(cast: Any, at: Any) -> tuple[Any, Deed]:
    return cast.admin, lambda db: identity.create_user(
        db, email=cast.rep.email, name="Twin", role=Role.REP, password=PASSWORD
    )


def team_name_taken(cast: Any, at: Any) -> tuple[Any, Deed]:
    return cast.admin, lambda db: teams.create_team(db, name="North", manager_id=None)


def member_already(cast: Any, at: Any) -> tuple[Any, Deed]:
    return cast.admin, lambda db: teams.add_member(
        db, team_id=cast.north, user_id=cast.rep.user_id, member_from=TODAY
    )


def counted_membership(cast: Any, at: Any) -> tuple[Any, Deed]:
    make_goal(cast, cast.north, from_sales())
    with tenant_session(cast.admin) as db:
        mistaken = teams.get(db, cast.north).members[0].id
    at(date(2026, 6, 4))
    tracking.sync(cast.admin)
    return cast.admin, lambda db: teams.take_back_membership(db, mistaken)


def own_account(cast: Any, at: Any) -> tuple[Any, Deed]:
    return cast.admin, lambda db: people.disable(db, cast.admin.user_id)


def last_administrator(cast: Any, at: Any) -> tuple[Any, Deed]:
    return cast.system, lambda db: people.disable(db, cast.admin.user_id)


def disabled(cast: Any, at: Any) -> tuple[Any, Deed]:
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, by_hand())
        people.disable(db, cast.rep.user_id)
    return cast.admin, lambda db: assign(db, goal, cast.rep)


def not_a_member(cast: Any, at: Any) -> tuple[Any, Deed]:
    return cast.admin, lambda db: people.leave_team(
        db, team_id=cast.south, user_id=cast.rep.user_id, last_day=TODAY
    )


def voided_twice(cast: Any, at: Any) -> tuple[Any, Deed]:
    _, (entry,) = recorded(cast, 5)
    with tenant_session(cast.rep) as db:
        corrections.void(db, entry.id)
    return cast.rep, lambda db: corrections.void(db, entry.id)


def a_correction(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal, (entry,) = recorded(cast, 5)
    with tenant_session(cast.rep) as db:
        corrections.void(db, entry.id)
        newest = progress.history(db, goal).items[0]
    return cast.rep, lambda db: corrections.void(db, newest.id)


def needed(cast: Any, at: Any) -> tuple[Any, Deed]:
    _, (first, _) = recorded(cast, 5, -3, metric=Metric.COUNT)
    return cast.rep, lambda db: corrections.void(db, first.id)


def setup_over(cast: Any, at: Any) -> tuple[Any, Deed]:
    company = NewCompany(name="Acme", timezone="UTC", locale="en_US", currency="USD")
    who = Administrator(name="Ana", email="ana@setup.example", password="kettle orbit fern")
    return cast.admin, lambda _db: setup.begin("never offered", company, who)


def goal_with_progress(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = definition_of(cast.admin, recorded(cast, 5)[0])
    return cast.admin, lambda db: definitions.delete(db, goal)


def fixed(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = definition_of(cast.admin, recorded(cast, 5)[0])
    draft = by_hand(starts_at=date(2026, 2, 1))
    return cast.admin, lambda db: definitions.update(db, goal, draft, version=2)


def no_step(cast: Any, at: Any) -> tuple[Any, Deed]:
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, by_hand(), status=GoalStatus.DRAFT)
    return cast.admin, lambda db: definitions.set_status(db, goal, GoalStatus.PAUSED)


def not_editable(cast: Any, at: Any) -> tuple[Any, Deed]:
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, by_hand(), status=GoalStatus.COMPLETED)
    return cast.admin, lambda db: definitions.update(db, goal, by_hand(), version=3)


def inactive(cast: Any, at: Any) -> tuple[Any, Deed]:
    with tenant_session(cast.admin) as db:
        people.disable(db, cast.rep.user_id)
    return cast.admin, lambda db: links.reset(db, user_id=cast.rep.user_id)


def link_over(cast: Any, at: Any) -> tuple[Any, Deed]:
    with tenant_session(cast.admin) as db:
        token = links.reset(db, user_id=cast.rep.user_id)
    links.accept(token, "quite another password")
    return cast.admin, lambda _db: links.accept(token, "and yet another password")


def address_taken(cast: Any, at: Any) -> tuple[Any, Deed]:
    with tenant_session(cast.admin) as db:
        db.execute(
            update(User)
            .where(User.id == cast.rep.user_id)
            .values(email=cast.other_manager.email, password_hash=None)
        )
        db.delete(db.get_one(LoginRow, cast.rep.email))
        token = links.invite(db, user_id=cast.rep.user_id)
    return cast.admin, lambda _db: links.accept(token, "quite another password")


def one_bad_of_three(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = make_goal(cast, cast.rep)
    rows = [Reading(assignment_id=goal, on=TODAY, change=Decimal(n)) for n in ("1", "1.001", "2")]
    return cast.rep, lambda db: progress.bulk(db, rows)


def one_bad_quota(cast: Any, at: Any) -> tuple[Any, Deed]:
    goal = definition_of(cast.admin, make_goal(cast, cast.rep))
    quotas = [
        planning.Quota(
            assignee_type=AssigneeType.USER,
            assignee_id=cast.second_rep.user_id,
            on=TODAY,
            target=Decimal(target),
        )
        for target in (10, -1)
    ]
    return cast.admin, lambda db: planning.set_targets(db, goal, quotas)


def rate_given(cast: Any, at: Any) -> tuple[Any, Deed]:
    rate = Rate("EUR", "USD", TODAY, Decimal("1.1"))
    with tenant_session(cast.admin) as db:
        rates.add(db, rate)
    return cast.admin, lambda db: rates.add(db, rate)


def event_of_before(cast: Any, at: Any) -> tuple[Any, Deed]:
    event = won_deal(cast.rep, Decimal(10))
    with tenant_session(cast.system) as db:
        events.receive(db, event)
    other = replace(next_of(event, amount=Decimal(20)), id=event.id)
    return cast.system, lambda db: events.receive(db, other)


CASES: list[Case] = [
    (rates.RateExists, "There is a rate of EUR → USD, 2026-05-20 already", rate_given),
    (events.EventConflict, "was received before with other content.", event_of_before),
    (NotFound, "There is no such assignment, or it is not yours to see.", out_of_sight),
    (NotFound, "There is no such assignment, or it is not yours to see.", of_another_tenant),
    (NotAllowed, "You need the permission goals:write for this.", without_permission),
    (
        errors.OwnTarget,
        "Nobody changes their own target; ask someone who manages goals.",
        own_target,
    ),
    (
        assignments.assigning.NotYours,
        "South Rep is in no team that you lead; you cannot assign goals to them.",
        not_yours,
    ),
    (errors.Stale, "Someone else changed Calls meanwhile.", stale),
    (errors.Busy, "has been syncing since", busy),
    (errors.WindowClosed, "Calls closed on 2026-06-04; its window can no longer be", closed),
    (
        assignments.AssignedAlready,
        "Rep has this goal already from 2026-05-01 to 2026-05-31.",
        assigned_already,
    ),
    (assignments.AssignmentHasProgress, "There is progress on this assignment", with_progress),
    (assignments.IsCancelled, "Rep's assignment is cancelled already.", cancelled),
    (assignments.assigning.GoalIsOver, "Calls is completed and can no longer be assigned.", over),
    (assignments.NobodyWorks, "Rep works on no day from 2026-05-01 to 2026-05-31", nobody_works),
    (
        progress.logbook.TrackedAutomatically,
        "Sales is tracked from records; it takes no progress by hand.",
        tracked,
    ),
    (progress.logbook.NotRunning, "Calls is paused; it takes no progress now.", paused),
    (Invalid, "1: The reference row 1 was used before with other content.", other_content),
    (founding.TenantExists, "There is a tenant with the slug acme-", slug_taken),
    (identity.EmailTaken, "has an account already.", email_taken),
    (teams.TeamExists, "There is a team named North already.", team_name_taken),
    (
        teams.memberships.MemberAlready,
        "This person is in the team on some of these days",
        member_already,
    ),
    (
        teams.memberships.MembershipCounted,
        "A window of North that is closed has counted it; change its days instead.",
        counted_membership,
    ),
    (people.accounts.OwnAccount, "Nobody changes their own role or disables", own_account),
    (
        people.accounts.LastAdministrator,
        "Admin is the last administrator; make somebody else one first.",
        last_administrator,
    ),
    (assignments.assigning.NotActive, "The account of Rep is disabled; nothing new", disabled),
    (people.NotAMember, "This person is not in the team on 2026-05-20.", not_a_member),
    (corrections.VoidedAlready, "This entry of 2026-05-20 was taken back already.", voided_twice),
    (corrections.IsCorrection, "This line takes another one back", a_correction),
    (corrections.NeedsIt, "Without this entry Calls would be at -3", needed),
    (setup.SetupOver, "This link has been used or has run out; a new start", setup_over),
    (definitions.HasProgress, "Calls has progress already; cancel it", goal_with_progress),
    (definitions.FixedByProgress, "so its starts_at cannot change; duplicate it instead.", fixed),
    (definitions.NoSuchStep, "Calls is draft; it cannot become paused.", no_step),
    (definitions.NotEditable, "Calls is completed and can no longer be changed.", not_editable),
    (links.Inactive, "Rep is inactive and cannot sign in.", inactive),
    (links.LinkOver, "This link has been used or has run out; ask for a new one.", link_over),
    (links.AddressTaken, "cannot be used here; ask your administrator", address_taken),
    (Invalid, "2.change: At most two decimals.", one_bad_of_three),
    (Invalid, "2.target: This must be", one_bad_quota),
    *PROVIDER_CASES,
]
# A row of `bulk` says it as its problem; the fact itself never leaves the log.
WITHIN_ROWS = {"OtherContent"}
PLACES = ("goals_core.errors", "goals_core.engine", "goals_core.services")


@pytest.mark.parametrize(
    ("refusal", "sentence", "prepare"), CASES, ids=[prepare.__name__ for _, _, prepare in CASES]
)
def test_it_says_why_and_writes_nothing(cast, at, refusal, sentence, prepare):
    actor, deed = prepare(cast, at)
    before = everything(cast)
    with pytest.raises(refusal) as refused, tenant_session(actor) as db:
        deed(db)
    assert type(refused.value) is refusal
    assert isinstance(refused.value, FAMILIES)
    assert sentence in str(refused.value)
    assert everything(cast) == before


def test_every_refusal_that_there_is_has_its_case():
    tried = {refusal.__name__ for refusal, _, _ in CASES}
    families = {"GoalsError", "Conflict"}
    assert {each.__name__ for each in _refusals()} - families - WITHIN_ROWS == tried


def everything(cast: Any) -> dict[str, Any]:
    """What is in each table of the tenant, to the letter; the runs of a sync aside."""
    tables = [
        mapper.class_.__table__
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, TenantOwned)
    ]
    parts = " UNION ALL ".join(
        f"SELECT '{table.fullname}' AS name, md5(string_agg(t::text, '|' ORDER BY t::text)) AS sum"
        f" FROM {table.fullname} t WHERE t.tenant_id = :tenant_id"
        for table in tables
    )
    with tenant_session(cast.system) as db:
        return {row.name: row.sum for row in db.execute(text(parts), {"tenant_id": db.tenant_id})}


def _refusals() -> Iterator[type[GoalsError]]:
    """Every error of the services, wherever it is."""
    for package in (engine, services):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    waiting = [GoalsError]
    while waiting:
        each = waiting.pop()
        waiting += each.__subclasses__()
        if each.__module__.startswith(PLACES):
            yield each
