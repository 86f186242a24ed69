"""The parts about single sign-on: the company's rules, one's links, the button of the sign-in."""

import pytest
from streamlit.testing.v1 import AppTest

from goals_core.config import PROJECT
from goals_core.db import tenant_session
from goals_core.engine.provider_words import Provider
from goals_core.services import signin, sso
from tests.pages.forms import keys, press, problem_at, said, widget
from tests.services.test_sso import claims
from ui.auth import TOKEN

ISSUER = "https://login.acme.example"
METADATA = f"{ISSUER}/.well-known/openid-configuration"


def settings_page():
    from ui.feedback import show_flash
    from ui.session import admit, require_actor
    from ui.sso_rules import linked_sign_ins, sso_rules

    admit()
    actor = require_actor()
    show_flash()
    if actor.role == "admin":
        sso_rules(actor)
    linked_sign_ins(actor, user_id=actor.user_id)


def open_settings(cast, actor, *, has_provider=True):
    login = signin.prove(actor.email, cast.PASSWORD)
    with tenant_session(login.actor) as db:
        token = signin.open_session(db, login)
    at = AppTest.from_function(settings_page, default_timeout=30)
    at.session_state[TOKEN] = token
    return shown(at, has_provider=has_provider)


def shown(at, *, has_provider=True):
    if has_provider:
        at.secrets["auth"] = {
            "client_id": "goals",
            "server_metadata_url": METADATA,
            "name": "*Acme*",
        }
    at.run()
    assert not at.exception
    return at


def rules(cast):
    with tenant_session(cast.admin) as db:
        return sso.rules(db)


def test_the_rules_are_seen_and_saved(cast):
    at = open_settings(cast, cast.admin)
    assert widget(at, "sso_issuer").value == ""
    press(at, "sso_save", sso_issuer=ISSUER, sso_domains="b.example, @a.example")
    assert said(at) == ["The rules of single sign-on are saved."]
    assert rules(cast) == sso.Rules(ISSUER, ("a.example", "b.example"))
    again = open_settings(cast, cast.admin)
    assert widget(again, "sso_issuer").value == ISSUER
    assert widget(again, "sso_domains").value == "a.example b.example"


def test_a_bad_domain_is_told_below_its_field_and_stays_typed(cast):
    at = open_settings(cast, cast.admin)
    press(at, "sso_save", sso_issuer=ISSUER, sso_domains="nowhere")
    assert problem_at(at, "sso_domains") == "nowhere is no domain of e-mails."
    assert widget(at, "sso_domains").value == "nowhere"
    assert rules(cast) == sso.Rules("", ())


def test_an_issuer_that_is_configured_no_more_is_still_seen(cast):
    with tenant_session(cast.admin) as db:
        sso.change_rules(db, issuer="https://old.example", domains=[])
    assert widget(open_settings(cast, cast.admin), "sso_issuer").value == "https://old.example"


def test_without_a_provider_there_are_no_rules_to_set(cast):
    assert keys(open_settings(cast, cast.admin, has_provider=False)) == []


def test_a_linked_sign_in_is_seen_by_the_providers_name_and_unlinked(cast):
    with tenant_session(cast.admin) as db:
        sso.change_rules(db, issuer=ISSUER, domains=[cast.rep.email.rpartition("@")[2]])
    sso.enter(claims(cast.rep, sub="<b>rep</b>"), provider=Provider(ISSUER, "goals"))
    at = open_settings(cast, cast.rep)
    text = " ".join(each.value for each in at.markdown)
    assert "**&#42;Acme&#42;**" in text
    assert "<b>" not in text
    (key,) = [key for key in keys(at) if key.startswith("unlink_")]
    press(at, key)
    assert said(at) == ["The sign-in is unlinked."]
    assert not [key for key in keys(at) if key.startswith("unlink_")]


@pytest.mark.parametrize("has_provider", [True, False])
def test_the_sign_in_page_offers_what_is_configured(cast, has_provider):
    at = AppTest.from_file(str(PROJECT / "ui" / "main.py"), default_timeout=30)
    shown(at, has_provider=has_provider)
    buttons = [each.label for each in at.button if (each.key or "").startswith("goals_sso")]
    assert buttons == (["Sign in with &#42;Acme&#42;"] if has_provider else [])
