"""Tenants, people and teams: what is refused, what is taken, and who may make them."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine import founding
from goals_core.errors import Invalid, NotAllowed, NotFound
from goals_core.permissions import Role
from goals_core.services import identity, signin, teams, tenants
from tests.conftest import PASSWORD, new_cast
from tests.makers import TODAY, fields

COMPANY: dict[str, Any] = {
    "name": "Acme",
    "timezone": "Europe/Madrid",
    "locale": "es_ES",
    "currency": "EUR",
}
NOT_PRINTABLE = ["a\0b", "a\ud800b", "a\x1bb"]
BAD_TENANTS: dict[str, list[Any]] = {
    "slug": ["", "A", "a b", "-a", "a-", "a--b", "ñ", "a_b", "a\n", "a" * 64],
    "name": ["", "  ", "x" * 201, *NOT_PRINTABLE],
    "timezone": ["", "Madrid", "UTC+1", "europe/madrid", "../UTC"],
    "locale": ["", "english", "xx_YY", "en-US", "en_US.\0", "en_US." + "x" * 40],
    "currency": ["", "EURO", "eur", "XQX"],
    "fiscal_year_start": [0, 13, -1],
}
BAD_PEOPLE: dict[str, list[Any]] = {
    "email": ["rep", "rep@acme", "@acme.com", "a b@acme.com", "a@b@acme.com", "a\0@acme.com"],
    "name": ["", " ", "x" * 201, *NOT_PRINTABLE],
    "title": ["x" * 201, *NOT_PRINTABLE],
    "password": ["", "x" * 11, "x" * 73, "ñ" * 37, "\ud800" * 12],
}


def new_tenant(**changes: Any) -> Any:
    return tenants.create_tenant(**{"slug": f"t-{uuid4().hex}"} | COMPANY | changes)


def new_user(actor: Actor, **changes: Any) -> Any:
    email = f"{uuid4().hex}@acme.example"
    person = {"email": email, "name": "Ann", "role": Role.REP, "password": PASSWORD}
    with tenant_session(actor) as db:
        return identity.create_user(db, **person | changes)


def join(cast: Any, first: date, last: date | None = None) -> None:
    with tenant_session(cast.admin) as db:
        teams.add_member(
            db,
            team_id=cast.south,
            user_id=cast.rep.user_id,
            member_from=first,
            member_to=last,
        )


@pytest.mark.usefixtures("connected")
def test_a_tenant_starts_with_the_usual_rules():
    tenant = new_tenant(name=" Acme ", fiscal_year_start=4)
    assert (tenant.name, tenant.fiscal_year_start, tenant.grace_days) == ("Acme", 4, 3)
    assert (tenant.risk_progress_below, tenant.risk_time_left) == (50, 25)
    assert tenants.get_tenant(tenant.slug) == tenant
    assert tenant in tenants.list_tenants()
    with pytest.raises(NotFound, match="nobodys"):
        tenants.get_tenant("nobodys")


@pytest.mark.usefixtures("connected")
def test_bad_settings_of_a_tenant_are_refused_by_name():
    before = len(tenants.list_tenants())
    for field, values in BAD_TENANTS.items():
        for value in values:
            with pytest.raises(Invalid) as refused:
                new_tenant(**{field: value})
            assert fields(refused) == [field], value
    with pytest.raises(Invalid) as refused:
        new_tenant(**{field: values[0] for field, values in BAD_TENANTS.items()})
    assert sorted(fields(refused)) == sorted(BAD_TENANTS)
    assert len(tenants.list_tenants()) == before


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("locale", ["en_US", "es", "zh_TW", "zh_Hant_TW", "pt_BR"])
def test_a_locale_is_a_language_with_or_without_a_country(locale):
    assert new_tenant(locale=locale).locale == locale


@pytest.mark.usefixtures("connected")
def test_a_slug_is_taken_once():
    slug = new_tenant().slug
    with pytest.raises(founding.TenantExists, match=slug):
        new_tenant(slug=slug)
    assert [tenant.slug for tenant in tenants.list_tenants()].count(slug) == 1


def test_an_address_is_the_same_however_it_is_written(cast):
    user_id = new_user(cast.admin, email=" Ann.STRASSE@Acme.Example ", name=" Ann ", title=" Rep ")
    with tenant_session(cast.admin) as db:
        assert identity.get_user_id(db, email="ann.strasse@acme.example") == user_id
        assert identity.get_user_id(db, email=" ANN.straße@ACME.example") == user_id
        people = {person.id: person for person in identity.list_people(db)}
    assert people[user_id] == identity.Person(user_id, "Ann", "Rep", Role.REP)


def test_an_address_has_one_account_in_the_whole_installation(cast):
    other = Actor.system(cast.other_manager.tenant)
    for actor, email in (
        (cast.admin, cast.rep.email),
        (cast.admin, cast.rep.email.upper()),
        (cast.admin, cast.other_manager.email),
        (other, cast.rep.email),
    ):
        with pytest.raises(identity.EmailTaken, match="has an account already"):
            new_user(actor, email=email)
    with tenant_session(other) as db:
        assert len(identity.list_people(db)) == 1


def test_bad_facts_of_a_person_are_refused_by_name(cast):
    for field, values in BAD_PEOPLE.items():
        for value in values:
            with pytest.raises(Invalid) as refused:
                new_user(cast.admin, **{field: value})
            assert {*fields(refused)} == {field}, value
    with pytest.raises(Invalid) as refused:
        new_user(cast.admin, email="", name="", password="")
    assert fields(refused) == ["email", "name", "password"]
    with tenant_session(cast.admin) as db:
        assert len(identity.list_people(db)) == 7


LONGEST = "señor ñandú cruza 7 ríos y orbit fern kettle mirrors walk slowly zzz"  # 72 bytes


@pytest.mark.parametrize(
    "password",
    [
        "kettle fern1",
        "kettle orbit fern 7mirror" * 2 + "walks slowly and home.",
        "kx7 ñq9 pv!",
        LONGEST,
    ],
)
def test_a_password_is_measured_in_bytes(cast, password):
    email = f"{uuid4().hex}@acme.example"
    user_id = new_user(cast.admin, email=email, password=password)
    login = signin.prove(email, password)
    assert login is not None
    assert login.actor.user_id == user_id
    assert signin.prove(email, password[:-1]) is None


def test_people_of_other_companies_are_not_found(cast):
    foreign = cast.other_manager.user_id
    day = {"member_from": TODAY}
    with pytest.raises(NotFound, match="person"):
        new_user(cast.admin, manager_id=foreign)
    with tenant_session(cast.admin) as db:
        with pytest.raises(NotFound, match="person"):
            teams.create_team(db, name="East", manager_id=foreign)
        with pytest.raises(NotFound, match="person"):
            teams.add_member(db, team_id=cast.north, user_id=foreign, **day)
        with pytest.raises(NotFound, match="team"):
            teams.add_member(db, team_id=uuid4(), user_id=cast.rep.user_id, **day)
        with pytest.raises(NotFound, match="person"):
            identity.get_user_id(db, email=cast.other_manager.email)
    with tenant_session(Actor.system(cast.other_manager.tenant)) as db:
        assert teams.list_teams(db) == []
        with pytest.raises(NotFound, match="team"):
            teams.add_member(db, team_id=cast.north, user_id=foreign, **day)


def test_a_teams_name_is_taken_once_in_a_company(cast):
    with tenant_session(cast.admin) as db:
        east = teams.create_team(db, name=" East ", manager_id=None)
        managers = {team.name: team.manager_id for team in teams.list_teams(db)}
    assert list(managers.items()) == [
        ("East", None),
        ("North", cast.manager.user_id),
        ("South", cast.south_manager.user_id),
    ]
    with tenant_session(cast.admin) as db, pytest.raises(teams.TeamExists, match="East"):
        teams.create_team(db, name="East", manager_id=None)
    another = new_cast()
    with tenant_session(another.admin) as db:
        assert teams.create_team(db, name="East", manager_id=None) != east


def test_bad_names_of_teams_are_refused(cast):
    for name in ("", " ", "x" * 201, *NOT_PRINTABLE):
        with tenant_session(cast.admin) as db, pytest.raises(Invalid) as refused:
            teams.create_team(db, name=name, manager_id=None)
        assert fields(refused) == ["name"]


def test_nobody_is_in_a_team_twice_on_a_day(cast):
    day = timedelta(days=1)
    first, last = TODAY, TODAY + 9 * day
    join(cast, first, last)
    for again in (
        (first, last),
        (last, None),
        (first - day, first),
        (first - day, None),
        (first + day, last - day),
    ):
        with pytest.raises(teams.memberships.MemberAlready):
            join(cast, *again)
    join(cast, first - 9 * day, first - day)
    join(cast, last + day)
    with pytest.raises(teams.memberships.MemberAlready):
        join(cast, date(2100, 1, 1))


def test_a_membership_does_not_end_before_it_begins(cast):
    with pytest.raises(Invalid) as refused:
        join(cast, TODAY, TODAY - timedelta(days=1))
    assert fields(refused) == ["member_to"]
    join(cast, TODAY, TODAY)


@pytest.mark.parametrize("name", ["analyst", "manager", "rep"])
def test_only_administrators_make_people_and_teams(cast, name):
    actor = getattr(cast, name)
    with pytest.raises(NotAllowed, match="goals:manage"):
        new_user(actor)
    with tenant_session(actor) as db:
        with pytest.raises(NotAllowed, match="goals:manage"):
            teams.create_team(db, name="East", manager_id=None)
        with pytest.raises(NotAllowed, match="goals:manage"):
            teams.add_member(db, team_id=cast.south, user_id=cast.rep.user_id, member_from=TODAY)
        assert len(identity.list_people(db)) == 7
        assert len(teams.list_teams(db)) == 2
