"""The providers that Streamlit is told of, by the settings or by a file of secrets."""

import pytest
import streamlit as st
from streamlit import config
from streamlit.runtime.secrets import Secrets

from goals_core.engine.provider_words import Provider
from tests.core.test_provider_settings import OIDC
from tests.ui.asgi import ask, behind_the_middleware
from ui import providers
from ui.provider_routes import CALLBACK, LOGIN, LOGOUT, local_path

WAYS = (LOGIN, LOGOUT, CALLBACK)
TOML = """
[auth]
redirect_uri = "http://localhost:8501/oauth2callback"
cookie_secret = "a secret of more than thirty-two letters"
[auth.google]
client_id = "g"
client_secret = "s"
server_metadata_url = "https://accounts.google.com/.well-known/openid-configuration"
[auth.acme]
name = "Acme ID"
issuer = "https://login.acme.example/"
client_id = "a"
client_secret = "s"
server_metadata_url = "https://login.acme.example/.well-known/openid-configuration"
"""


@pytest.fixture
def secrets(monkeypatch):
    """What Streamlit knows as its secrets: nothing yet."""
    fresh = Secrets()
    monkeypatch.setattr(st, "secrets", fresh)
    return fresh


@pytest.fixture
def configured(secrets, given):
    """The app with a provider of its settings, as it is started."""
    given(**OIDC, allowed_hosts="localhost")
    secrets.merge_programmatic_secrets(providers.secrets())


def test_without_settings_there_is_none(secrets, given):
    given()
    assert providers.secrets() is None
    assert providers.offers() == []
    assert providers.find(providers.DEFAULT) is None


def test_the_settings_become_streamlits_section(secrets, given):
    given(**OIDC)
    section = providers.secrets()["auth"]
    assert section["redirect_uri"] == "https://goals.acme.example/oauth2callback"
    assert section["client_kwargs"] == {"code_challenge_method": "S256"}
    assert "issuer" not in section
    secrets.merge_programmatic_secrets(providers.secrets())
    (offer,) = providers.offers()
    assert offer.provider == Provider("https://login.acme.example/o", "goals")
    assert offer.name == "single sign-on"


def test_the_issuer_and_the_buttons_word_may_be_said(secrets, given):
    given(**OIDC, oidc_issuer="https://acme.example/", oidc_name="Acme ID")
    secrets.merge_programmatic_secrets(providers.secrets())
    assert providers.find("default") == providers.Offer(
        "default", "Acme ID", Provider("https://acme.example/", "goals")
    )


def test_a_file_of_secrets_may_name_several(secrets, given, tmp_path):
    given()
    file, before = tmp_path / "secrets.toml", config.get_option("secrets.files")
    file.write_text(TOML)
    config.set_option("secrets.files", [str(file)])
    try:
        google, acme = providers.offers()
    finally:
        config.set_option("secrets.files", before)
    assert google.name == "Google"
    assert google.provider == Provider("https://accounts.google.com", "g")
    assert (acme.key, acme.name) == ("acme", "Acme ID")
    assert acme.provider == Provider("https://login.acme.example/", "a")


def test_without_a_provider_the_ways_to_one_are_shut(secrets):
    for path in WAYS:
        assert ask(behind_the_middleware(), path).status == 404


@pytest.mark.parametrize(
    "site", [{}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}]
)
def test_with_one_they_are_open_to_our_own_pages(configured, site):
    for path in (LOGIN, LOGOUT):
        assert ask(behind_the_middleware(), path, headers=site, host="localhost").status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_sends_nobody_there(configured, site):
    headers = {"sec-fetch-site": site, "cookie": "__Host-goals_session=x"}
    for path in (LOGIN, LOGOUT):
        answer = ask(behind_the_middleware(), path, headers=headers, host="localhost")
        assert (answer.status, answer.headers["location"]) == (303, "/")
        assert "set-cookie" not in answer.headers


def test_coming_back_from_signing_out_leads_to_the_start(configured):
    answer = ask(behind_the_middleware(), CALLBACK, host="localhost")
    assert (answer.status, answer.headers["location"]) == (303, "/")


def test_signing_out_takes_our_cookie_too(configured):
    answer = ask(behind_the_middleware(), LOGOUT, host="localhost")
    (ours,) = [c for c in answer.headers.getlist("set-cookie") if "goals_session" in c]
    assert "Max-Age=0" in ours
    assert "Secure" in ours


def test_every_answer_on_the_way_is_nobodys_to_keep_and_its_cookies_need_tls(configured):
    for path in (LOGIN, LOGOUT):
        answer = ask(
            behind_the_middleware(),
            path,
            headers={"referer": "https://localhost/goal?id=1"},
            host="localhost",
        )
        assert answer.headers["cache-control"] == "private, no-store"
        assert all("Secure" in cookie for cookie in answer.headers.getlist("set-cookie"))
    assert answer.headers.getlist("set-cookie")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "goal",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/goal\r\nLocation: https://evil.example",
        "/\t/evil.example",
        "/ /evil.example",
        "/caf\u00e9",
        "/" + "x" * 1000,
        LOGIN,
        LOGOUT + "?x=1",
        CALLBACK + "?code=1",
    ],
)
def test_only_a_path_of_this_app_is_a_way_back(text):
    assert local_path(text) is None


@pytest.mark.parametrize("text", ["/", "/goal?id=1&to=https://evil.example", "/at_risk"])
def test_a_path_of_this_app_is_kept_as_it_is(text):
    assert local_path(text) == text
