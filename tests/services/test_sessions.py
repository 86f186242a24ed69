"""The browsers that one is signed in with: seen and ended by oneself, ended by who manages."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from goals_core import clock
from goals_core.config import settings
from goals_core.db import tenant_session
from goals_core.errors import NotAllowed, NotFound
from goals_core.models.core import AuditLine
from goals_core.services import sessions, signin
from tests.makers import statements

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture
def sign_in(cast):
    def of(actor, **more):
        login = signin.prove(actor.email, cast.PASSWORD)
        with tenant_session(login.actor) as db:
            token = signin.open_session(db, login, **more)
        return token, signin.check(token)

    return of


def listed(actor):
    with tenant_session(actor) as db:
        return sessions.list_(db)


def lines(actor):
    with tenant_session(actor) as db:
        tag = AuditLine.tag == "user:sessions_ended"
        return db.execute(select(AuditLine.subject_id, AuditLine.after).where(tag)).all()


def test_one_sees_ones_own_this_one_first(cast, sign_in):
    _, first = sign_in(cast.rep, user_agent=FIREFOX, address="203.0.113.7")
    _, second = sign_in(cast.rep)
    sign_in(cast.manager)
    found = listed(first)
    assert [one.is_this for one in found] == [True, False]
    assert {one.id for one in found} == {first.session_id, second.session_id}
    assert (found[0].user_agent, found[0].address) == (FIREFOX, "203.0.113.7")
    assert found[0].ends_at == found[0].begun_at + timedelta(days=30)


def test_what_is_over_is_not_listed(cast, sign_in, at):
    _, here = sign_in(cast.rep)
    _, signed_out = sign_in(cast.rep)
    with tenant_session(signed_out) as db:
        signin.revoke(db)
    assert [one.id for one in listed(here)] == [here.session_id]
    at(clock.now() + timedelta(days=7))
    assert listed(here) == []


def test_after_a_new_password_only_the_one_that_set_it_is_listed(cast, sign_in):
    _, here = sign_in(cast.rep)
    sign_in(cast.rep)
    with tenant_session(here) as db:
        signin.change_password(db, old=cast.PASSWORD, new="kettle orbit fern mirror")
    assert [one.id for one in listed(here)] == [here.session_id]
    with tenant_session(here) as db:
        assert sessions.end_others(db) == 0  # they have ended by it


def test_one_of_ones_own_is_ended_at_once(cast, sign_in):
    _, here = sign_in(cast.rep)
    token, there = sign_in(cast.rep)
    with tenant_session(here) as db:
        sessions.end(db, there.session_id)
    assert signin.check(token) is None
    assert [one.id for one in listed(here)] == [here.session_id]
    assert lines(cast.rep) == [(cast.rep.user_id, {"sessions": 1})]
    with tenant_session(here) as db, pytest.raises(NotFound):
        sessions.end(db, there.session_id)  # it has ended


@pytest.mark.parametrize("whose", ["manager", "other_manager"])
def test_another_persons_is_not_found(cast, sign_in, whose):
    token, theirs = sign_in(getattr(cast, whose))
    for actor in (cast.rep, cast.admin):
        with tenant_session(actor) as db, pytest.raises(NotFound):
            sessions.end(db, theirs.session_id)
    assert signin.check(token)


def test_all_others_of_ones_own_are_ended(cast, sign_in):
    token, here = sign_in(cast.rep)
    others = [sign_in(cast.rep)[0] for _ in range(3)]
    foreign, _ = sign_in(cast.manager)
    with tenant_session(here) as db:
        assert sessions.end_others(db) == 3
        assert sessions.end_others(db) == 0
    assert [signin.check(other) for other in others] == [None] * 3
    assert signin.check(token)
    assert signin.check(foreign)
    assert lines(cast.rep) == [(cast.rep.user_id, {"sessions": 3})]


def test_who_manages_people_ends_anothers_and_the_log_says_whose(cast, sign_in):
    token, _ = sign_in(cast.rep)
    with tenant_session(cast.manager) as db, pytest.raises(NotAllowed):
        sessions.end_all(db, user_id=cast.rep.user_id)
    assert signin.check(token)
    with tenant_session(cast.admin) as db:
        assert sessions.end_all(db, user_id=cast.rep.user_id) == 1
    with tenant_session(cast.admin) as db, pytest.raises(NotFound):
        sessions.end_all(db, user_id=cast.other_manager.user_id)
    assert signin.check(token) is None
    assert lines(cast.admin) == [(cast.rep.user_id, {"sessions": 1})]


def test_the_list_costs_the_same_for_many(cast, sign_in):
    _, here = sign_in(cast.rep)
    with statements() as few:
        listed(here)
    for _ in range(5):
        sign_in(cast.rep)
    with statements() as many:
        assert len(listed(here)) == 6
    assert len(many) == len(few)


def test_both_limits_are_settings(cast, sign_in, at, monkeypatch):
    shorter = settings().model_copy(update={"session_days": 2, "session_idle_hours": 1})
    monkeypatch.setattr(signin, "settings", lambda: shorter)
    start = clock.now()
    token, here = sign_in(cast.rep)
    assert listed(here)[0].ends_at == start + timedelta(days=2)
    at(start + timedelta(minutes=59))
    assert signin.check(token)
    at(start + timedelta(minutes=59, hours=1))
    assert signin.check(token) is None
