"""A fresh installation: its one-time link makes the first company and administrator, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from goals_core import clock, db
from goals_core.engine import founding
from goals_core.errors import GoalsError, Invalid
from goals_core.permissions import Role
from goals_core.services import setup, signin, tenants
from goals_core.services.setup import Administrator, NewCompany, SetupOver
from tests.conftest import PASSWORD
from tests.makers import fields

COMPANY = {"name": "Acme Añejo, Inc.", "timezone": "Europe/Madrid", "locale": "es_ES"}
ADMINISTRATOR = {"name": "Ana Ruiz", "email": "ana@acme.example", "password": PASSWORD}


@pytest.fixture
def fresh(server):
    """An installation without any company."""
    database = server.new_database()
    db.connect(database.app_url)
    yield database
    db.disconnect()


def begin(token, *, company=(), administrator=()):
    return setup.begin(
        token,
        NewCompany(**COMPANY | {"currency": "EUR"} | dict(company)),
        Administrator(**ADMINISTRATOR | dict(administrator)),
    )


def test_the_link_makes_a_company_and_an_administrator_who_may_sign_in(fresh):
    token = setup.offer()
    assert setup.is_open(token)
    tenant = begin(token)
    assert (tenant.slug, tenant.timezone, tenant.currency) == (
        "acme-anejo-inc",
        "Europe/Madrid",
        "EUR",
    )
    assert tenants.list_tenants() == [tenant]
    login = signin.prove("ana@acme.example", PASSWORD)
    assert (login.actor.role, login.actor.tenant) == (Role.ADMIN, tenant)


def test_it_is_good_once_and_no_other_is_offered_afterwards(fresh):
    token, other = setup.offer(), setup.offer()
    begin(token)
    for used in (token, other):
        assert not setup.is_open(used)
        with pytest.raises(SetupOver, match="has been used or has run out"):
            begin(used, company={"name": "Second"}, administrator={"email": "b@b.example"})
    assert setup.offer() is None
    assert len(tenants.list_tenants()) == 1


def test_it_runs_out_after_a_day(fresh, at):
    at(start := clock.now())
    token = setup.offer()
    at(start + setup.LIFE - timedelta(seconds=1))
    assert setup.is_open(token)
    at(start + setup.LIFE)
    assert not setup.is_open(token)
    with pytest.raises(SetupOver):
        begin(token)


@pytest.mark.parametrize("token", ["", "x", "\0", "\ud800"])
def test_what_was_never_offered_begins_nothing(fresh, token):
    setup.offer()
    assert not setup.is_open(token)
    with pytest.raises(SetupOver):
        begin(token)


@pytest.mark.parametrize(
    ("company", "administrator", "wrong"),
    [
        ({"name": " "}, {}, ["company_name"]),
        (
            {"timezone": "Mars/Base", "locale": "xx", "currency": "?", "fiscal_year_start": 13},
            {},
            ["company_timezone", "company_locale", "company_currency", "company_fiscal_year_start"],
        ),
        ({}, {"name": "", "email": "ana", "password": "short"}, ["email", "name", "password"]),
        ({}, {"password": "Acme-Añejo-2026"}, ["password"]),
    ],
)
def test_what_is_wrong_is_named_nothing_is_made_and_the_link_still_works(
    fresh, company, administrator, wrong
):
    token = setup.offer()
    with pytest.raises(Invalid) as refused:
        begin(token, company=company, administrator=administrator)
    assert fields(refused) == wrong
    assert tenants.list_tenants() == []
    assert begin(token)


def test_of_many_at_once_one_begins(fresh):
    tokens = [setup.offer() for _ in range(4)]

    def try_it(number):
        try:
            return begin(
                tokens[number],
                company={"name": f"Acme {number}"},
                administrator={"email": f"a{number}@acme.example"},
            )
        except GoalsError as refused:
            return type(refused)

    with ThreadPoolExecutor(4) as pool:
        came = list(pool.map(try_it, range(4)))
    assert came.count(SetupOver) == 3
    assert len(tenants.list_tenants()) == 1


def test_the_application_reads_no_link_of_it(fresh):
    setup.offer()
    with db.directory() as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute(text("SELECT * FROM core.setup_links"))


def test_the_command_line_makes_both_or_nothing(fresh):
    company = NewCompany(**COMPANY | {"currency": "EUR", "slug": "acme"})
    with pytest.raises(Invalid):
        setup.found(company, Administrator(**ADMINISTRATOR | {"password": "short"}))
    assert tenants.list_tenants() == []
    assert setup.found(company, Administrator(**ADMINISTRATOR)).slug == "acme"
    assert signin.prove("ana@acme.example", PASSWORD)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Acme, Inc.", "acme-inc"),
        ("Ñandú & Söhne", "nandu-sohne"),
        ("木", "company"),
        ("-", "company"),
        ("a" * 62 + " b", "a" * 62),
    ],
)
def test_a_short_name_follows_from_the_name(name, slug):
    assert founding.slug_of(name) == slug
