"""Signing in by a provider: who is linked to whom, whose word counts, and what ends it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, select, update

from goals_core import clock
from goals_core.db import tenant_session
from goals_core.engine.provider_words import NotWelcome, Provider, Why, WordOver
from goals_core.errors import Invalid, NotAllowed, NotFound
from goals_core.models.access import IdentityRow, SignIn, UserIdentity
from goals_core.models.core import AuditLine, User
from goals_core.services import sessions, signin, sso
from goals_core.services.signin import UsedAlready
from tests.conftest import NOW, new_cast

ISSUER = "https://login.acme.example"
PROVIDER = Provider(ISSUER, "goals")
nonces = count()


def domain(actor):
    return actor.email.rpartition("@")[2]


def claims(actor, **changes):
    """What a provider says of a person who has just signed in there."""
    said = {
        "iss": ISSUER,
        "aud": "goals",
        "sub": f"sub of {actor.email}",
        "nonce": f"nonce {next(nonces)}",
        "iat": int(clock.now().timestamp()),
        "email": actor.email,
        "email_verified": True,
    }
    return said | changes


def trust(admin, issuer=ISSUER, domains=None):
    with tenant_session(admin) as db:
        sso.change_rules(db, issuer=issuer, domains=[domain(admin)] if domains is None else domains)


def enter(said, provider=PROVIDER):
    """Who is signed in then, asked as each run of a page does."""
    entry = sso.enter(said, provider=provider, user_agent="Browser", address="192.0.2.1")
    actor = signin.check(entry.token)
    assert replace(actor, session_id=None) == entry.actor
    return actor, entry.token


def refused(said):
    with pytest.raises(NotWelcome) as error:
        sso.enter(said, provider=PROVIDER)
    return error.value.why


def rows(cast, model):
    with tenant_session(cast.system) as db:
        return db.scalars(select(model)).all()


@pytest.fixture
def trusting(cast):
    """The cast's company takes the provider's word on its own domain."""
    trust(cast.admin)
    return cast


def test_a_verified_address_of_a_trusted_domain_links_and_lets_in(trusting):
    actor, _token = enter(claims(trusting.rep))
    assert actor.user_id == trusting.rep.user_id
    (identity,) = rows(trusting, UserIdentity)
    assert (identity.user_id, identity.issuer) == (trusting.rep.user_id, ISSUER)
    assert identity.subject == f"sub of {trusting.rep.email}"
    with tenant_session(trusting.system) as db:
        whose = db.scalars(select(IdentityRow)).one()
        line = db.scalars(select(AuditLine).where(AuditLine.tag == "user:identity_linked")).one()
    assert (whose.tenant_id, whose.user_id) == (trusting.tenant.id, trusting.rep.user_id)
    assert (line.actor_id, line.subject_id) == (trusting.rep.user_id, trusting.rep.user_id)
    assert line.after == {"issuer": ISSUER, "subject": identity.subject}


def test_the_session_says_by_which_browser_and_word_it_was_opened(trusting):
    enter(claims(trusting.rep))
    (session,) = rows(trusting, SignIn)
    assert (session.user_agent, session.address) == ("Browser", "192.0.2.1")
    assert len(session.assertion_sha256) == 32


def test_afterwards_it_is_the_subject_that_counts_and_no_address(trusting):
    first = claims(trusting.rep)
    enter(first)
    for said in (
        {"email": ..., "email_verified": False},
        {"email": trusting.manager.email},
        {"email": "rep@elsewhere.example"},
    ):
        again = {k: v for k, v in claims(trusting.rep, **said).items() if v is not ...}
        assert enter(again)[0].user_id == trusting.rep.user_id
    assert len(rows(trusting, UserIdentity)) == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"email_verified": False}, Why.UNVERIFIED),
        ({"email_verified": "true"}, Why.UNVERIFIED),
        ({"email": "nobody@{domain}"}, Why.UNKNOWN),
        ({"email": "rep@sub.{domain}"}, Why.UNKNOWN),
        ({"aud": "another"}, Why.AUDIENCE),
        ({"iss": ISSUER + "/"}, Why.ISSUER),
        ({"sub": ""}, Why.INCOMPLETE),
    ],
)
def test_otherwise_nothing_is_linked_and_nobody_comes_in(trusting, changes, why):
    filled = {
        key: value.format(domain=domain(trusting.rep)) if key == "email" else value
        for key, value in changes.items()
    }
    assert refused(claims(trusting.rep, **filled)) is why
    assert rows(trusting, UserIdentity) == rows(trusting, SignIn) == []


@pytest.mark.parametrize(
    ("issuer", "domains", "why"),
    [
        ("", [], Why.UNTRUSTED),
        ("https://login.other.example", None, Why.UNTRUSTED),
        (ISSUER + "/", None, Why.UNTRUSTED),
        (ISSUER, [], Why.DOMAIN),
        (ISSUER, ["elsewhere.example"], Why.DOMAIN),
        (ISSUER, ["example.com"], Why.DOMAIN),
    ],
)
def test_the_company_decides_whose_word_it_takes_on_which_domains(cast, issuer, domains, why):
    trust(cast.admin, issuer, domains)
    assert refused(claims(cast.rep)) is why
    assert rows(cast, UserIdentity) == []


def test_a_provider_that_one_company_trusts_vouches_for_nobody_of_another(trusting):
    other = trusting.other_manager
    with tenant_session(trusting.admin) as db:
        sso.change_rules(db, issuer=ISSUER, domains=[domain(trusting.rep), domain(other)])
    assert refused(claims(other)) is Why.UNTRUSTED
    assert rows(trusting, UserIdentity) == []


def test_two_companies_may_trust_one_provider_each_with_its_own_domain(trusting):
    second = new_cast()
    trust(second.admin)
    assert enter(claims(trusting.rep))[0].tenant_id == trusting.tenant.id
    assert enter(claims(second.rep))[0].tenant_id == second.tenant.id


def test_a_subject_is_one_persons_in_the_whole_installation(trusting):
    second = new_cast()
    trust(second.admin)
    enter(claims(trusting.rep, sub="one"))
    assert enter(claims(second.rep, sub="one"))[0].user_id == trusting.rep.user_id
    assert rows(second, UserIdentity) == []


def test_an_address_that_another_person_has_by_now_does_not_open_the_account(trusting):
    enter(claims(trusting.rep, sub="the old one"))
    assert refused(claims(trusting.rep, sub="the new one")) is Why.ANOTHER


def test_a_reset_password_and_none_at_all_make_no_difference(trusting):
    with tenant_session(trusting.admin) as db:
        mine = User.id == trusting.rep.user_id
        db.execute(update(User).where(mine).values(password_hash=None))
    assert enter(claims(trusting.rep))[0].user_id == trusting.rep.user_id


@pytest.mark.parametrize("is_linked", [True, False])
def test_inactive_people_do_not_come_in(trusting, is_linked):
    if is_linked:
        enter(claims(trusting.rep))
    with tenant_session(trusting.admin) as db:
        db.execute(update(User).where(User.id == trusting.rep.user_id).values(is_active=False))
    assert refused(claims(trusting.rep)) is (Why.INACTIVE if is_linked else Why.UNKNOWN)


def test_a_word_opens_one_session(trusting):
    said = claims(trusting.rep)
    _actor, token = enter(said)
    for _again in range(2):
        with pytest.raises(UsedAlready):
            sso.enter(said, provider=PROVIDER)
    with tenant_session(signin.check(token)) as db:
        signin.revoke(db)
    with pytest.raises(UsedAlready):
        sso.enter(said, provider=PROVIDER)
    assert len(rows(trusting, SignIn)) == 1


def test_a_word_opens_one_session_however_many_bring_it_at_once(trusting):
    said = claims(trusting.rep)

    def bring(_):
        try:
            return sso.enter(said, provider=PROVIDER).token
        except UsedAlready:
            return None

    with ThreadPoolExecutor(6) as pool:
        tokens = [token for token in pool.map(bring, range(6)) if token]
    assert len(tokens) == len(rows(trusting, SignIn)) == len(rows(trusting, UserIdentity)) == 1


def test_browsers_that_link_at_once_all_come_in_by_one_link(trusting):
    with ThreadPoolExecutor(6) as pool:
        entries = list(pool.map(enter, [claims(trusting.rep) for _ in range(6)]))
    assert {actor.user_id for actor, _token in entries} == {trusting.rep.user_id}
    assert len(rows(trusting, UserIdentity)) == 1
    assert len(rows(trusting, SignIn)) == 6


def test_of_two_people_with_one_address_at_once_one_comes_in(trusting):
    def bring(subject):
        try:
            return enter(claims(trusting.rep, sub=subject))[0].user_id
        except NotWelcome as error:
            return error.why

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(bring, "abcdef"))
    assert sorted(map(str, found)) == sorted([str(trusting.rep.user_id), *[Why.ANOTHER] * 5])
    assert len(rows(trusting, UserIdentity)) == 1


def test_an_old_word_opens_nothing(trusting, at):
    said = claims(trusting.rep)
    at(NOW + timedelta(minutes=10, seconds=1))
    with pytest.raises(WordOver):
        sso.enter(said, provider=PROVIDER)
    assert rows(trusting, SignIn) == []


def test_a_refusal_is_logged_by_ids_alone(trusting, capture):
    refused(claims(trusting.rep, sub="first", email_verified=False))
    trust(trusting.admin, domains=[])
    refused(claims(trusting.rep, sub="second"))
    first, second = capture
    assert first["why"] == Why.UNVERIFIED
    assert (second["why"], second["user_id"]) == (Why.DOMAIN, trusting.rep.user_id)
    assert trusting.rep.email not in str(capture)
    assert "second" not in str(second.values())


@pytest.fixture
def capture(monkeypatch):
    events = []
    monkeypatch.setattr(sso.log, "warning", lambda _event, **facts: events.append(facts))
    return events


def test_signing_out_everywhere_ends_it(trusting):
    _actor, token = enter(claims(trusting.rep))
    with tenant_session(trusting.rep) as db:
        sessions.end_all(db, user_id=trusting.rep.user_id)
    assert signin.check(token) is None


@pytest.mark.parametrize("change", [{"is_active": False}, {"auth_epoch": User.auth_epoch + 1}])
def test_being_disabled_and_another_role_end_it(trusting, change):
    _actor, token = enter(claims(trusting.rep))
    with tenant_session(trusting.admin) as db:
        db.execute(update(User).where(User.id == trusting.rep.user_id).values(**change))
    assert signin.check(token) is None


def test_trust_that_is_withdrawn_ends_what_it_has_opened_and_lets_nobody_in(trusting):
    _actor, token = enter(claims(trusting.rep))
    login = signin.prove(trusting.manager.email, trusting.PASSWORD)
    with tenant_session(login.actor) as db:
        by_password = signin.open_session(db, login)
    trust(trusting.admin, "", [])
    assert signin.check(token) is None
    assert signin.check(by_password)
    assert refused(claims(trusting.rep)) is Why.UNTRUSTED
    trust(trusting.admin)
    assert enter(claims(trusting.rep))[0].user_id == trusting.rep.user_id


def test_another_list_of_domains_ends_nothing_and_unlinks_nobody(trusting):
    _actor, token = enter(claims(trusting.rep))
    trust(trusting.admin, domains=["elsewhere.example"])
    assert signin.check(token)
    assert enter(claims(trusting.rep))[0].user_id == trusting.rep.user_id
    assert refused(claims(trusting.manager)) is Why.DOMAIN


def test_whoever_withdraws_the_trust_that_let_them_in_goes_on(trusting):
    actor, token = enter(claims(trusting.admin))
    _other, elsewhere = enter(claims(trusting.admin))
    trust(actor, "", [])
    assert signin.check(token)
    assert signin.check(elsewhere) is None


def test_rules_are_read_as_they_were_written(cast):
    with tenant_session(cast.admin) as db:
        assert sso.rules(db) == sso.Rules("", ())
        written = sso.change_rules(
            db, issuer=f" {ISSUER} ", domains=["@B.example ", "a.example", "", "b.example"]
        )
        assert written == sso.rules(db) == sso.Rules(ISSUER, ("a.example", "b.example"))


def test_a_change_of_the_rules_leaves_a_line_and_no_change_none(trusting):
    trust(trusting.admin)
    with tenant_session(trusting.admin) as db:
        line = db.scalars(select(AuditLine).where(AuditLine.tag == "tenant:changed")).one()
    assert line.before == {"sso_issuer": None, "sso_domains": ""}
    assert line.after == {"sso_issuer": ISSUER, "sso_domains": domain(trusting.admin)}


@pytest.mark.parametrize(
    ("issuer", "domains", "field"),
    [
        ("", ["a.example"], "issuer"),
        ("http://login.acme.example", [], "issuer"),
        ("login.acme.example", [], "issuer"),
        ("https://", [], "issuer"),
        ("https://login.acme.example?x=1", [], "issuer"),
        ("https://login.acme.example#x", [], "issuer"),
        ("https://user@login.acme.example", [], "issuer"),
        ("https://login.acme.example/a b", [], "issuer"),
        ("https://login.äcme.example", [], "issuer"),
        ("https://login.acme.example:x", [], "issuer"),
        ("https://login.acme.example/" + "x" * 500, [], "issuer"),
        (ISSUER, ["*.example"], "domains"),
        (ISSUER, ["example"], "domains"),
        (ISSUER, ["a..example"], "domains"),
        (ISSUER, ["-a.example"], "domains"),
        (ISSUER, ["a.example/x"], "domains"),
        (ISSUER, ["rep@a.example"], "domains"),
        (ISSUER, ["straße.example"], "domains"),
        (ISSUER, ["a b.example"], "domains"),
        (ISSUER, [f"d{n}.example" for n in range(31)], "domains"),
    ],
)
def test_bad_rules_name_their_field_and_change_nothing(trusting, issuer, domains, field):
    with tenant_session(trusting.admin) as db:
        before = sso.rules(db)
        with pytest.raises(Invalid) as error:
            sso.change_rules(db, issuer=issuer, domains=domains)
        assert {problem.field for problem in error.value.problems} == {field}
        assert sso.rules(db) == before


@pytest.mark.parametrize("issuer", ["http://localhost:9000", "http://127.0.0.1:9000/x"])
def test_a_provider_on_the_own_machine_needs_no_tls(cast, issuer):
    with tenant_session(cast.admin) as db:
        assert sso.change_rules(db, issuer=issuer, domains=[]).issuer == issuer


def linked(actor, of):
    with tenant_session(actor) as db:
        return sso.identities(db, user_id=of.user_id)


def test_people_see_their_own_links_and_administrators_everybodys(trusting):
    enter(claims(trusting.rep))
    (mine,) = linked(trusting.rep, trusting.rep)
    assert (mine.issuer, mine.subject) == (ISSUER, f"sub of {trusting.rep.email}")
    assert mine.linked_at == NOW
    assert linked(trusting.admin, trusting.rep) == [mine]
    assert linked(trusting.rep, replace(trusting.rep)) == [mine]
    with pytest.raises(NotAllowed):
        linked(trusting.manager, trusting.rep)
    assert linked(new_cast().admin, trusting.rep) == []


@pytest.mark.parametrize("who", ["rep", "admin"])
def test_unlinking_ends_what_the_link_has_opened(trusting, who):
    _actor, token = enter(claims(trusting.rep))
    actor = getattr(trusting, who)
    (identity,) = linked(actor, trusting.rep)
    with tenant_session(actor) as db:
        sso.unlink(db, identity_id=identity.id)
    assert signin.check(token) is None
    assert rows(trusting, UserIdentity) == []
    with tenant_session(trusting.system) as db:
        assert db.scalar(select(func.count()).select_from(IdentityRow)) == 0
        line = db.scalars(select(AuditLine).where(AuditLine.tag == "user:identity_unlinked")).one()
    assert (line.actor_id, line.subject_id) == (actor.user_id, trusting.rep.user_id)


def test_after_unlinking_another_subject_may_be_linked(trusting):
    enter(claims(trusting.rep, sub="wrong"))
    (identity,) = linked(trusting.admin, trusting.rep)
    with tenant_session(trusting.admin) as db:
        sso.unlink(db, identity_id=identity.id)
    assert enter(claims(trusting.rep, sub="right"))[0].user_id == trusting.rep.user_id


def test_the_session_that_unlinks_goes_on(trusting):
    actor, token = enter(claims(trusting.rep))
    _same, elsewhere = enter(claims(trusting.rep))
    (identity,) = linked(actor, actor)
    with tenant_session(actor) as db:
        sso.unlink(db, identity_id=identity.id)
    assert signin.check(token)
    assert signin.check(elsewhere) is None


def test_nobody_unlinks_their_last_way_in_but_an_administrator_may(trusting):
    enter(claims(trusting.rep))
    with tenant_session(trusting.admin) as db:
        mine = User.id == trusting.rep.user_id
        db.execute(update(User).where(mine).values(password_hash=None))
    (identity,) = linked(trusting.rep, trusting.rep)
    with tenant_session(trusting.rep) as db, pytest.raises(sso.LastWayIn):
        sso.unlink(db, identity_id=identity.id)
    with tenant_session(trusting.admin) as db:
        sso.unlink(db, identity_id=identity.id)
    assert rows(trusting, UserIdentity) == []


def test_others_links_are_not_found(trusting):
    enter(claims(trusting.rep))
    (identity,) = rows(trusting, UserIdentity)
    for actor in (trusting.manager, trusting.second_rep, new_cast().admin):
        with tenant_session(actor) as db, pytest.raises(NotFound):
            sso.unlink(db, identity_id=identity.id)
    assert len(rows(trusting, UserIdentity)) == 1


@pytest.mark.parametrize("who", ["manager", "rep", "analyst"])
def test_only_administrators_read_and_change_the_rules(cast, who):
    with tenant_session(getattr(cast, who)) as db:
        with pytest.raises(NotAllowed):
            sso.rules(db)
        with pytest.raises(NotAllowed):
            sso.change_rules(db, issuer="", domains=[])
