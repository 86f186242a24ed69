"""The settings page: one's own sign-in for everyone, the company's rules for who manages it."""

import pytest
from sqlalchemy import update

from goals_core.db import tenant_session
from goals_core.models.core import User
from goals_core.services import company, signin
from tests.conftest import PASSWORD
from tests.pages.forms import keys, open_page, press, problems, said, widget
from tests.pages.shown import words
from ui.session_list import browser

NEW = "kettle orbit fern mirror"


@pytest.mark.parametrize("who", ["admin", "analyst", "manager", "rep"])
def test_everyone_has_their_own_and_administrators_the_companys(cast, who):
    at = open_page(getattr(cast, who), "settings")
    assert "This browser" in words(at)
    assert "pw_old" in keys(at)
    assert ("company_name" in keys(at)) is (who == "admin")


def test_a_new_password_is_set_and_told(cast):
    at = open_page(cast.rep, "settings")
    press(at, "change_password_sent", pw_old=PASSWORD, pw_new=NEW, pw_again=NEW)
    assert said(at) == ["Your password is changed; every other browser has been signed out."]
    assert [widget(at, f"pw_{field}").value for field in ("old", "new", "again")] == ["", "", ""]
    assert signin.prove(cast.rep.email, NEW)


def test_who_signs_in_by_a_provider_only_has_no_password_to_change(cast):
    with tenant_session(cast.admin) as db:
        db.execute(update(User).where(User.id == cast.rep.user_id).values(password_hash=None))
    at = open_page(cast.rep, "settings")
    assert "you sign in with your company's account" in words(at)
    assert "pw_old" not in keys(at)


@pytest.mark.parametrize(
    ("old", "new", "again", "told"),
    [
        ("wrong", NEW, NEW, {"old": "This is not your current password."}),
        (PASSWORD, "short", "short", {"new": "A password has 12 to 72 bytes."}),
        (PASSWORD, NEW, NEW + "!", {"again": "The two new passwords differ."}),
    ],
)
def test_a_problem_is_told_at_its_field_and_changes_nothing(cast, old, new, again, told):
    at = open_page(cast.rep, "settings")
    press(at, "change_password_sent", pw_old=old, pw_new=new, pw_again=again)
    assert problems(at) == list(told.values())
    assert signin.prove(cast.rep.email, PASSWORD)


def test_another_browser_is_ended_from_the_list(cast):
    login = signin.prove(cast.rep.email, PASSWORD)
    with tenant_session(login.actor) as db:
        token = signin.open_session(db, login, user_agent="curl/8.0", address="203.0.113.7")
    at = open_page(cast.rep, "settings")
    assert "203.0.113.7" in words(at)
    press(at, f"end_{signin.check(token).session_id}")
    assert said(at) == ["That browser is signed out."]
    assert signin.check(token) is None
    assert "end_others" not in keys(at)


def test_the_companys_rules_are_changed(cast):
    at = open_page(cast.admin, "settings")
    press(at, "company_save", company_name="Acme & Sons", company_grace_days=5)
    assert said(at) == ["The company's settings are saved."]
    with tenant_session(cast.admin) as db:
        found = company.settings(db)
    assert (found.name, found.grace_days) == ("Acme & Sons", 5)


def test_a_company_without_a_name_or_a_working_day_is_refused_at_its_field(cast):
    at = open_page(cast.admin, "settings")
    press(at, "company_save", company_name=" ", company_workweek=[])
    assert problems(at) == [
        "Please enter something here.",
        "Choose the days of the week that are worked.",
    ]
    with tenant_session(cast.admin) as db:
        assert company.settings(db).name == "Acme"


@pytest.mark.parametrize(
    ("user_agent", "called"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/130.0.0.0 Safari/537.36",
            "Chrome on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML,"
            " like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Mobile Safari on iOS",
        ),
        ("curl/8.0", "curl"),
        ("", "A browser that does not say what it is"),
        ("<script>", "A browser that does not say what it is"),
    ],
)
def test_a_browser_is_called_by_what_it_says_of_itself(user_agent, called):
    assert browser(user_agent) == called
