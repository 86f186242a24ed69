"""Every statement names its tenant: the policy is the wall, the bound value finds the shard."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from goals_core import clock, db
from goals_core.config import settings
from goals_core.engine import errands
from goals_core.engine.entries import Reading
from goals_core.engine.people_views import PersonState
from goals_core.kinds import AssigneeType, Event, GoalStatus
from goals_core.permissions import Role
from goals_core.services import (
    assignments,
    audit_reading,
    choices,
    company,
    corrections,
    dashboard,
    definitions,
    deliveries,
    dry_run,
    events,
    history,
    identity,
    inbox,
    links,
    movements,
    notifications,
    past,
    people,
    planning,
    preview,
    progress,
    receipts,
    rollover,
    sessions,
    setup,
    signin,
    sso,
    teams,
    tracking,
    trust,
)
from goals_core.services.planning import Quota
from goals_core.services.receipts import Owner
from tests import makers
from tests.conftest import PASSWORD, Cast
from tests.db.statements import loose_tables
from tests.services.test_sso import PROVIDER, claims

# What comes before a tenant is known, or holds for the connection alone.
_FREE = re.compile(
    r"core\.(set_tenant|find_login|find_identity|list_tenants|check_session)|_attempts?\(|_setup\("
    r"|core\.is_setup_open|advisory|SAVEPOINT|SET LOCAL|standard_conforming|pg_catalog\.version"
    r"|current_schema|show |hstore|plan_cache_mode",
    re.IGNORECASE,
)


def test_every_statement_binds_the_tenant(cast: Cast) -> None:
    with makers.statements() as sent:
        _everything(cast)
    statements = [(text, bound) for text, bound in sent if not _FREE.search(text)]
    assert len(statements) > 100
    assert [text for text, bound in statements if not _is_bound(text, bound, cast.tenant.id)] == []


def test_a_new_company_is_bound_before_it_is_there(connected: Any) -> None:
    company = setup.NewCompany(name="Bound", timezone="UTC", locale="en_US", currency="USD")
    who = setup.Administrator(name="Ada", email="ada@bound.example", password="mirror fern orbit 7")
    with makers.statements() as sent:
        tenant = setup.found(company, who)
    statements = [(text, bound) for text, bound in sent if not _FREE.search(text)]
    assert len(statements) > 3
    assert [text for text, bound in statements if not _is_bound(text, bound, tenant.id)] == []


def test_every_table_of_a_statement_is_held_to_the_tenant(cast: Cast) -> None:
    """A join that forgets the tenant would be sent to every shard."""
    with makers.statements() as sent:
        _everything(cast)
    loose = {
        text: tables
        for text, bound in sent
        if not _FREE.search(text)
        and not text.startswith("INSERT")  # names its tenant in its values, as above
        and (tables := loose_tables(text, bound, cast.tenant.id))
    }
    assert loose == {}


def test_the_check_itself_finds_a_table_that_is_not_held(cast: Cast) -> None:
    mine, bound = cast.tenant.id, {"t": cast.tenant.id}
    held = "SELECT 1 FROM core.users AS u JOIN core.teams ON core.teams.tenant_id = u.tenant_id"
    assert loose_tables(f"{held} WHERE u.tenant_id = %(t)s", bound, mine) == set()
    assert loose_tables(held, bound, mine) == {"u", "core.teams"}
    loose = "SELECT 1 FROM core.users u JOIN core.teams ON true WHERE u.tenant_id = %(t)s"
    assert loose_tables(loose, bound, mine) == {"core.teams"}
    assert loose_tables(loose, {"t": cast.rep.user_id}, mine) == {"u", "core.teams"}


def _is_bound(text: str, bound: Any, tenant_id: UUID) -> bool:
    rows = bound if isinstance(bound, list) else [bound]
    return "tenant" in text and all(tenant_id in row.values() for row in rows)


def _everything(cast: Cast) -> None:
    """A walk through every service."""
    sales = makers.make_goal(cast, cast.rep, makers.from_sales())
    calls = makers.make_goal(cast, cast.rep)
    team = makers.make_goal(cast, cast.north, makers.from_sales())
    of_all = makers.make_goal(cast, None, makers.from_sales())
    goal = makers.definition_of(cast.admin, sales)
    with db.tenant_session(cast.system) as session:
        won = makers.won_deal(cast.rep, Decimal(500))
        first = events.receive(session, won)
        call = {"module": "custom", "entity": "calls", "external_id": "1"}
        deeds = {"record.upserted": call | {"value": 3}, "record.deleted": call}
        also = [events.Event(id=name, name=name, data=data) for name, data in deeds.items()]
        assert events.receive_many(session, [won, *also])[0] == first
        events.receive(session, makers.next_of(won, amount=Decimal(400), attributes={"x": 1}))
    tracking.sync(cast.manager)
    with db.tenant_session(cast.manager) as session:
        dashboard.overview(session)
        dashboard.team(session, cast.north)
        dashboard.at_risk(session, search="a")
        dashboard.achieved(session)
        definitions.list_(session, search="a")
        definitions.duplicate(session, goal)
        assignments.by_definition(session, goal)
        choices.assignees(session)
        preview.preview(session, makers.from_sales(), assignees=[])
        dry_run.dry_run(
            session,
            makers.from_sales(config={"aggregation": "count", "date_field": "opened_on"}),
            assignees=[Owner(AssigneeType.TEAM, cast.north)],
            definition_id=goal,
        )
        progress.record(session, assignment_id=calls, value=Decimal(5), on=date(2026, 5, 20))
        identity.list_people(session)
        teams.list_teams(session)
    with db.tenant_session(cast.rep) as session:
        inbox.mark(session, [news.id for news in inbox.list_(session).items], read=True)
        inbox.mark_all_read(session, until=clock.now())
        inbox.unread(session)
        dashboard.my(session)
        history.series(session, [sales, calls])
        receipts.of_assignment(session, sales)
        receipts.of_assignment(session, sales, at=clock.now())
        for each in (sales, of_all, calls):
            movements.of_assignment(session, each)
            past.as_of(session, each, at=clock.now())
            trust.of_assignment(session, each)
        progress.history(session, calls)
    with db.tenant_session(cast.admin) as session:
        assignments.update(session, sales, custom_target=Decimal(9), notes="")
        definition = definitions.get(session, goal)
        definitions.update(session, goal, definition.settings, version=definition.version)
        assignments.delete(session, makers.assign(session, goal, cast.second_rep))
        assignments.cancel(session, team)
    _deliver(cast)
    _engine(cast, calls)
    _sign_in(cast)


def _engine(cast: Cast, calls: UUID) -> None:
    """Correct, plan, read the audit, let people come and go, and roll over to the next month."""
    goal = makers.definition_of(cast.admin, calls)
    june = date(2026, 6, 1)
    with db.tenant_session(cast.admin) as session:
        entry = progress.history(session, calls).items[0]
        corrections.void(session, entry.id, note="a slip")
        again = [Reading(assignment_id=calls, on=makers.TODAY, value=Decimal(n)) for n in (7, 8)]
        assert progress.bulk(session, again) == 2
        quota = Quota(assignee_type=AssigneeType.USER, assignee_id=cast.second_rep.user_id, on=june)
        planning.set_targets(session, goal, [quota])
        planning.assign_members(session, goal, cast.north)
        planning.copy_to_next(session, goal)
        definitions.set_statuses(session, [goal], GoalStatus.PAUSED)
        definitions.set_statuses(session, [goal], GoalStatus.ACTIVE)
        someone = cast.south_rep.user_id
        people.set_employment(session, someone, hired_on=None, left_on=makers.TODAY)
        people.leave_team(session, team_id=cast.south, user_id=someone, last_day=makers.TODAY)
        company.change_settings(session, company.settings(session))
        _people_and_teams(session, cast)
        assert audit_reading.list_(session).items
        assert audit_reading.export(session)
        assert audit_reading.people(session)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: datetime(2026, 6, 10, 12, tzinfo=UTC))
        done = rollover.roll_over(cast.system)
    assert done.begun > 0
    assert done.closed > 0


def _deliver(cast: Cast) -> None:
    """Choose, add channels, send what is due (nowhere: there is no such host), and tidy up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOALS_CHANNEL_KEY", "a key of more than thirty-two characters")
        patch.setenv("GOALS_URL", "https://goals.example.com")
        settings.cache_clear()
        target: dict[str, Any] = {"name": "Chat", "address": "jsons://nowhere.invalid/"}
        with db.tenant_session(cast.admin) as session:
            notifications.change(session, notifications.own(session))
            mine = notifications.add_channel(session, **target)
            sales = notifications.add_company_channel(session, **target, events=list(Event))
        calls = makers.make_goal(cast, cast.admin)
        with db.tenant_session(cast.admin) as session:
            progress.record(session, assignment_id=calls, value=Decimal(500), on=makers.TODAY)
        assert deliveries.deliver(cast.system).waiting == 2
        with db.tenant_session(cast.admin) as session:
            assert notifications.channels(session)[0].last
            notifications.mailbox(session)
            notifications.company_channels(session)
            notifications.remove_channel(session, mine)
            notifications.remove_company_channel(session, sales)
        deliveries.tidy(cast.system)
    settings.cache_clear()


def _people_and_teams(session: db.TenantSession, cast: Cast) -> None:
    """Invite, change, disable and enable; make a team, lead it, join it, and undo that."""
    nora = people.invite(session, email="nora@acme.example", name="Nora", role=Role.REP)
    facts: dict[str, Any] = {"name": "Nora", "title": "", "role": Role.MANAGER}
    people.change(session, nora, **facts, manager_id=cast.manager.user_id)
    people.disable(session, nora)
    people.enable(session, nora)
    assert people.list_(session, search="a", states=list(PersonState)).items
    team = teams.create_team(session, name="West", manager_id=None)
    teams.rename(session, team, name="Far West")
    teams.set_manager(session, team, manager_id=nora)
    teams.add_member(session, team_id=team, user_id=nora, member_from=makers.TODAY)
    (membership,) = people.get(session, nora).memberships
    days: dict[str, Any] = {"member_from": makers.YEAR_START, "member_to": None}
    teams.change_membership(session, membership.id, **days)
    teams.take_back_membership(session, membership.id)
    assert teams.list_(session, search="west").items
    assert teams.get(session, cast.north).members


def _sign_in(cast: Cast) -> None:
    """In by a password, by links, by a provider; the browsers seen, and out again."""
    login = signin.prove(cast.rep.email, PASSWORD)
    assert login is not None
    with db.tenant_session(login.actor) as session:
        tokens = [signin.open_session(session, login) for _ in range(3)]
    actor = signin.check(tokens[0])
    assert actor is not None
    with db.tenant_session(actor) as session:
        assert signin.has_password(session)
        signin.change_password(session, old=PASSWORD, new="kettle orbit fern mirror")
        assert sessions.list_(session)
        sessions.end(session, actor.session_id)
        sessions.end_others(session)
        sessions.end_all(session, user_id=actor.user_id)
        signin.revoke(session)
    _follow_links(cast)
    _come_by_provider(cast)


def _follow_links(cast: Cast) -> None:
    with db.tenant_session(cast.admin) as session:
        email = f"nina@{cast.tenant.slug}.example"
        nina = people.invite(session, email=email, name="Nina", role=Role.REP)
        token = links.invite(session, user_id=nina)
    assert links.find(token)
    links.accept(token, "kettle orbit fern mirror")
    mailed: list[str] = []
    links.forgot(email, address="", send=lambda _, token: mailed.append(token))
    errands.finish()
    assert links.accept(mailed[0], "mirror fern orbit kettle")


def _come_by_provider(cast: Cast) -> None:
    with db.tenant_session(cast.admin) as session:
        domains = [cast.manager.email.rpartition("@")[2]]
        sso.change_rules(session, issuer=PROVIDER.issuer, domains=domains)
        assert sso.rules(session).domains
    entry = sso.enter(claims(cast.manager), provider=PROVIDER)
    sso.enter(claims(cast.manager), provider=PROVIDER)  # by the link, now
    with db.tenant_session(entry.actor) as session:
        (identity,) = sso.identities(session, user_id=entry.actor.user_id)
        sso.unlink(session, identity_id=identity.id)
