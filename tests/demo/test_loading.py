"""What the loaded demo holds, on either of its days."""

from dataclasses import replace
from datetime import date

import bcrypt
import pytest
from sqlalchemy import func, select

from goals_core import db, demo
from goals_core.db import tenant_session
from goals_core.demo import loading
from goals_core.kinds import (
    AssignmentStatus,
    GoalStatus,
    GoalType,
    Metric,
    Period,
    ProgressSource,
    Source,
)
from goals_core.models.core import AuditLine, TeamMember, User
from goals_core.models.goals import Assignment, Definition, ProgressEntry
from goals_core.models.sources import CommissionEntry, CustomRecord, Invoice, Opportunity
from goals_core.permissions import Role
from goals_core.services import signin, tenants

SLUGS = ("adventure-works", "northwind")


def ask(loaded, query):
    """The rows of a query, of both companies."""
    rows = []
    for slug in SLUGS:
        with tenant_session(loaded.actor(slug)) as session:
            rows += session.execute(query).all()
    return rows


def test_loading_it_again_changes_nothing(loaded):
    before = ask(loaded, select(func.count()).select_from(AuditLine))
    lines = []
    assert not demo.load(lines.append)
    assert not lines
    assert ask(loaded, select(func.count()).select_from(AuditLine)) == before


def test_every_step_is_told(loaded):
    for company in loading.COMPANIES:
        steps = [line for line in loaded.progress if line.startswith(f"{company.name}: ")]
        assert len(steps) >= 5


def test_every_type_metric_period_and_source_appears(loaded):
    columns = (Definition.type, Definition.metric, Definition.period, Definition.source)
    found = ask(loaded, select(*columns))
    for kind, values in zip(
        (GoalType, Metric, Period, Source), zip(*found, strict=True), strict=True
    ):
        assert set(values) == set(kind)


def test_one_goal_rests_and_one_is_not_out_yet(loaded):
    statuses = [status for (status,) in ask(loaded, select(Definition.status))]
    assert statuses.count(GoalStatus.PAUSED) == 1
    assert statuses.count(GoalStatus.DRAFT) == 1


def test_every_goal_can_be_computed(loaded):
    assert {error for (error,) in ask(loaded, select(Definition.sync_error))} == {None}


def test_running_goals_are_met_missed_and_open(loaded):
    running = select(Assignment.status).where(
        Assignment.period_start <= loaded.today, Assignment.period_end >= loaded.today
    )
    wanted = {AssignmentStatus.ACTIVE, AssignmentStatus.ACHIEVED, AssignmentStatus.FAILED}
    assert {status for (status,) in ask(loaded, running)} == wanted


def test_nothing_that_has_happened_is_dated_after_today(loaded):
    days = (
        Opportunity.closed_on,
        Invoice.issued_on,
        Invoice.paid_on,
        CommissionEntry.earned_on,
        CustomRecord.occurred_on,
    )
    for day in days:
        latest = [found for (found,) in ask(loaded, select(func.max(day))) if found]
        assert latest
        assert max(latest) <= loaded.today


def test_open_deals_are_expected_after_today(loaded):
    query = select(Opportunity.attributes).where(Opportunity.stage == "proposal")
    expected = [attributes["expected_on"] for (attributes,) in ask(loaded, query)]
    assert len(expected) > 100
    assert min(expected) > loaded.today.isoformat()
    assert not ask(
        loaded, query.where(Opportunity.closed_on.is_not(None) | Opportunity.opened_on.is_not(None))
    )


def test_every_order_is_an_opportunity(loaded):
    assert ask(loaded, select(func.count()).select_from(Opportunity)) == [(3796,), (830,)]


def test_some_invoices_are_paid_some_open_and_some_past_due(loaded):
    query = select(Invoice.status, Invoice.paid_on.is_(None), Invoice.due_on < loaded.today)
    found = set(ask(loaded, query))
    assert {("paid", False, True), ("open", True, False), ("open", True, True)} <= found
    assert not {row for row in found if (row[0] == "open") != row[1]}


def test_each_quota_is_an_assignment(loaded):
    query = (
        select(Assignment.custom_target)
        .join(Definition, Definition.id == Assignment.definition_id)
        .where(Definition.name == "Quarterly bookings quota")
    )
    quotas = [quota for (quota,) in ask(loaded, query)]
    assert len(quotas) == 163
    assert sum(quotas) == 95_714_000


def test_readings_by_hand_are_not_in_the_future(loaded):
    query = select(ProgressEntry.occurred_at).where(ProgressEntry.source == ProgressSource.MANUAL)
    moments = [moment for (moment,) in ask(loaded, query)]
    assert len(moments) == 16
    assert max(moments) <= loaded.now


def test_sellers_of_adventure_works_belong_to_one_team_from_the_first_order_on(loaded):
    members = ask(loaded, select(TeamMember.user_id, TeamMember.member_from))
    assert len({user for user, _ in members}) == len(members) == 17 + 9
    first = ask(loaded, select(func.min(Opportunity.closed_on)))
    assert {day for _, day in members} == {day for (day,) in first}


def test_each_login_opens_the_door_it_names(loaded):
    for login in demo.LOGINS:
        found = signin.find_login(login.email)
        assert (found.actor.name, found.actor.role) == (login.name, login.role)
        assert found.actor.tenant.slug == login.tenant


def test_all_share_the_demos_password(loaded):
    hashes = {hash_ for (hash_,) in ask(loaded, select(User.password_hash))}
    assert len(hashes) == 1  # made once: a hash takes a quarter of a second
    assert bcrypt.checkpw(demo.PASSWORD.encode(), hashes.pop().encode())


def test_there_is_a_login_for_each_role_of_each_company():
    assert {(login.tenant, login.role) for login in demo.LOGINS} == {
        (slug, role) for slug in SLUGS for role in Role
    }


def test_names_stay_as_they_are(loaded):
    names = {name for (name,) in ask(loaded, select(User.name))}
    assert {"José Saraiva", "Ranjit Varkey Chudukatil", "Andrew Fuller"} <= names


@pytest.fixture
def empty(server, at):
    """A migrated database without tenants, connected."""
    at(date(2026, 5, 20))
    db.connect(server.new_database().app_url)
    yield
    db.disconnect()


def test_a_company_that_cannot_be_filled_is_not_there_at_all(empty, monkeypatch):
    def fail(session, calendar, log):
        log("about to fail")
        raise RuntimeError("no more disk")

    monkeypatch.setattr(loading, "COMPANIES", [replace(loading.COMPANIES[1], fill=fail)])
    with pytest.raises(RuntimeError, match="no more disk"):
        demo.load(lambda _line: None)
    assert tenants.list_tenants() == []


def test_a_company_that_is_missing_is_loaded_later(empty, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(loading, "COMPANIES", [replace(loading.COMPANIES[0], fill=_nothing)])
        assert demo.load(lambda _line: None)
    assert demo.load(lambda _line: None)
    assert [tenant.slug for tenant in tenants.list_tenants()] == list(SLUGS)


def test_a_company_that_another_process_has_just_loaded_is_left_alone(empty, monkeypatch):
    monkeypatch.setattr(loading, "COMPANIES", [replace(loading.COMPANIES[0], fill=_nothing)])
    assert demo.load(lambda _line: None)
    monkeypatch.setattr(tenants, "list_tenants", list)
    assert not demo.load(lambda _line: None)


def _nothing(session, calendar, log):
    pass
