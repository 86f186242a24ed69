"""The settings of a provider of sign-ins: all of them or none, and none that weakens it."""

import pytest

from goals_core.config import BadSettings

OIDC = {
    "url": "https://goals.acme.example",
    "secure_cookies": "true",
    "oidc_metadata_url": "https://login.acme.example/o/.well-known/openid-configuration",
    "oidc_client_id": "goals",
    "oidc_client_secret": "cl1ent-s3cret",
    "oidc_cookie_secret": "c00kie-s3cret, long enough for HS256",
}
NEEDED = sorted(OIDC.keys() - {"secure_cookies"})


def test_a_provider_is_configured_by_four_variables_and_the_apps_address(given_settings):
    found = given_settings(**OIDC)
    assert found.oidc_metadata_url == OIDC["oidc_metadata_url"]
    assert found.oidc_client_id == "goals"
    assert found.oidc_client_secret.get_secret_value() == "cl1ent-s3cret"
    assert (found.oidc_issuer, found.oidc_name) == (None, None)


@pytest.mark.parametrize("missing", NEEDED)
def test_each_of_them_needs_the_others(given_settings, missing):
    with pytest.raises(BadSettings, match=rf"^GOALS_OIDC_.*needs GOALS_{missing.upper()} beside"):
        given_settings(**{name: value for name, value in OIDC.items() if name != missing})


@pytest.mark.parametrize("alone", ["oidc_name", "oidc_issuer", "oidc_client_secret"])
def test_none_of_them_stands_alone(given_settings, alone):
    value = {"oidc_issuer": "https://login.acme.example"}.get(alone, "x")
    with pytest.raises(BadSettings, match=rf"^GOALS_{alone.upper()}: needs"):
        given_settings(**{alone: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("oidc_metadata_url", "https://login.acme.example"),
        ("oidc_metadata_url", "http://login.acme.example/.well-known/openid-configuration"),
        ("oidc_metadata_url", "login.acme.example/.well-known/openid-configuration"),
        ("oidc_metadata_url", "https:///.well-known/openid-configuration"),
        ("oidc_metadata_url", "https://a@b.example/.well-known/openid-configuration"),
        ("oidc_metadata_url", "https://b.example/?x/.well-known/openid-configuration"),
        ("oidc_metadata_url", "https://b.example:port/.well-known/openid-configuration"),
        ("oidc_issuer", "http://login.acme.example"),
        ("oidc_issuer", "https://login.acme.example#x"),
        ("oidc_issuer", "https://login.acme.example/a b"),
        ("oidc_cookie_secret", "31 characters are not yet many."),
        ("oidc_name", "x" * 41),
    ],
)
def test_a_wrong_value_stops_the_start_and_names_its_variable(given_settings, name, value):
    with pytest.raises(BadSettings, match=rf"^GOALS_{name.upper()}: ") as refused:
        given_settings(**(OIDC | {name: value}))
    assert "s3cret" not in str(refused.value)


def test_on_the_own_machine_no_tls_is_needed(given_settings):
    local = {
        "url": "http://localhost:8501",
        "secure_cookies": "false",
        "oidc_metadata_url": "http://127.0.0.1:9000/.well-known/openid-configuration",
    }
    assert given_settings(**OIDC | local).url == "http://localhost:8501"


@pytest.mark.parametrize(
    ("name", "value"),
    [("url", "http://goals.acme.example"), ("secure_cookies", "false")],
)
def test_elsewhere_the_app_has_to_be_served_over_tls(given_settings, name, value):
    with pytest.raises(BadSettings, match=rf"^GOALS_{name.upper()}: must be"):
        given_settings(**(OIDC | {name: value}))


def test_no_secret_is_in_what_the_settings_look_like(given_settings):
    found = given_settings(**OIDC)
    assert "s3cret" not in repr(found) + str(found)
