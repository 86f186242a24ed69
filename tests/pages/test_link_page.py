"""The page of a one-time link, and the sign-in page around it."""

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from goals_core import demo, installation, mail
from goals_core.config import PROJECT
from goals_core.db import tenant_session
from goals_core.engine import errands
from goals_core.models.access import SignIn
from goals_core.services import links, signin
from tests.pages.forms import errors, keys, open_page, press, problem_at, said, widget
from tests.pages.shown import words
from ui.auth import TOKEN

NEW = "kettle orbit fern mirror"


@pytest.fixture
def link(cast):
    with tenant_session(cast.admin) as db:
        return links.reset(db, user_id=cast.rep.user_id)


@pytest.fixture
def mailed(monkeypatch):
    """Mails can be sent, and are kept here."""
    sent = []
    monkeypatch.setattr(mail, "is_configured", lambda: True)
    monkeypatch.setattr(mail, "send", lambda to, subject, text: sent.append((to, subject, text)))
    return sent


def visit(**query):
    """The app as somebody gets it who is not signed in."""
    at = AppTest.from_file(str(PROJECT / "ui" / "main.py"), default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def choose(at, password, again=None):
    return press(at, "link_send", link_password=password, link_again=again or password)


def test_a_link_greets_whom_it_is_for_and_leaves_the_address(cast, link):
    at = visit(link=link)
    assert "A new password for Rep" in words(at)
    assert "Acme" in words(at)
    assert cast.rep.email in [field.value for field in at.text_input]
    assert "link" not in at.query_params
    assert "link_password" in keys(at.run())


def test_an_invitation_welcomes(cast):
    with tenant_session(cast.admin) as db:
        token = links.invite(db, user_id=cast.rep.user_id)
    assert "Welcome, Rep" in words(visit(link=token))


def test_a_password_leads_to_the_sign_in_form_with_the_address_filled_in(cast, link):
    at = choose(visit(link=link), NEW)
    assert said(at) == ["Your password is set. Sign in with it."]
    assert widget(at, "goals_email").value == cast.rep.email
    assert signin.prove(cast.rep.email, NEW)


def test_problems_are_told_at_their_fields_and_the_link_still_works(cast, link):
    at = choose(visit(link=link), NEW, "something else")
    assert problem_at(at, "link_again") == "The two new passwords differ."
    at = choose(at, "short")
    assert problem_at(at, "link_password")
    assert links.find(link)


@pytest.mark.parametrize("token", ["x", "0" * 32 + "." + "A" * 43])
def test_any_other_link_says_that_it_is_over(cast, token):
    at = visit(link=token)
    assert "ask for a new one" in words(at)
    assert "link_password" not in keys(at)
    assert "goals_email" in keys(press(at, "link_leave"))


def test_a_link_that_is_used_meanwhile_says_so(cast, link):
    at = visit(link=link)
    links.accept(link, NEW)
    assert "ask for a new one" in words(choose(at, "and yet another one"))


def test_whoever_is_signed_in_reads_for_whom_the_link_is_and_may_go_on(cast, link):
    at = open_page(cast.manager, "overview", link=link)
    assert "You are signed in as Manager. This link is for Rep" in words(at)
    assert "account_menu" not in keys(at)
    at = press(at, "link_leave")
    assert "Overview" in words(at)
    assert links.find(link)


def test_using_it_signs_out_who_was_signed_in(cast, link):
    at = open_page(cast.manager, "overview", link=link)
    token = at.session_state[TOKEN]
    at = choose(at, NEW)
    assert signin.check(token) is None
    assert widget(at, "goals_email").value == cast.rep.email
    assert TOKEN not in at.session_state


def test_without_a_mail_server_a_forgotten_password_is_the_administrators_matter(cast):
    at = press(visit(), "forgot")
    assert [each.value for each in at.info] == ["Ask your administrator for a link."]
    assert "goals_email" in keys(press(at, "forgot_back"))


def test_a_forgotten_password_is_answered_alike_and_mailed_to_whose_it_is(cast, mailed):
    for email in (cast.rep.email, "nobody@example.com"):
        at = press(press(visit(), "forgot"), "forgot_send", forgot_email=email)
        assert said(at) == ["If this address has an account, a link is on its way."]
    errands.finish()
    ((to, subject, text),) = mailed
    assert (to, subject) == (cast.rep.email, "A new password for Acme")
    token = text.partition("?link=")[2].split()[0]
    assert links.find(token).email == cast.rep.email
    assert text.startswith("Hello Rep,\n\n")
    assert text.endswith("do nothing: your password stays as it is.\n")


def test_an_empty_address_is_asked_for_again(cast, mailed):
    at = press(press(visit(), "forgot"), "forgot_send")
    assert problem_at(at, "forgot_email") == "Please enter something here."


@pytest.mark.parametrize("email", ["", "nobody@example.com"])
def test_who_does_not_get_in_reads_the_same_words(cast, email):
    told = {
        tuple(errors(press(visit(), "goals_sign_in_send", goals_email=who, goals_password="wrong")))
        for who in (email, cast.rep.email)
    }
    assert len(told) == 1


def test_a_sign_in_keeps_what_the_browser_says_it_is(cast):
    at = visit()
    press(at, "goals_sign_in_send", goals_email=cast.rep.email, goals_password=cast.PASSWORD)
    with tenant_session(cast.admin) as db:
        session = db.scalars(select(SignIn).where(SignIn.user_id == cast.rep.user_id)).one()
    assert (session.user_agent, session.address) == ("", "")
    assert signin.check(at.session_state[TOKEN]).user_id == cast.rep.user_id


def test_the_demos_sign_ins_are_named_where_the_demo_is_and_fill_the_form(cast, monkeypatch):
    assert not [key for key in keys(visit()) if key.startswith("demo")]
    monkeypatch.setattr(installation, "has_demo", lambda: True)
    at = visit()
    assert len([key for key in keys(at) if key.startswith("demo")]) == len(demo.LOGINS)
    at = press(at, "demo_northwind_rep")
    assert widget(at, "goals_email").value.startswith("robert.king@")
    assert widget(at, "goals_password").value == demo.PASSWORD
