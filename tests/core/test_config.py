"""The settings: what they are until somebody says otherwise, and what stops the start."""

import re
from ipaddress import ip_network

import pytest

from goals_core.config import BadSettings, Settings

MAIL = {
    "smtp_url": "smtp://app:pa%40ss%2Fword@mail.example.com",
    "mail_from": "goals@example.com",
    "url": "https://goals.example.com/",
}


def test_lists_are_written_with_commas(given_settings):
    found = given_settings(
        allowed_hosts=" Goals.Example.com ,*.example.org, ::1,",
        allowed_networks="10.0.0.0/8, fd00::/8",
    )
    assert found.allowed_hosts == ("goals.example.com", "*.example.org", "[::1]")
    assert found.allowed_networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def test_the_public_address_has_no_slash_at_its_end(given_settings):
    assert given_settings(url="https://goals.example.com/").url == "https://goals.example.com"
    assert given_settings(url="http://localhost:8501").url == "http://localhost:8501"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allowed_hosts", "https://goals.example.com"),
        ("allowed_hosts", "goals.example.com:443"),
        ("allowed_hosts", "goals.example.com/x"),
        ("allowed_hosts", "*"),
        ("allowed_hosts", "a.*.example.com"),
        ("allowed_hosts", "*example.com"),
        ("allowed_hosts", "a b"),
        ("allowed_hosts", "-a.example"),
        ("allowed_hosts", ","),
        ("allowed_networks", "10.0.0.1/8"),
        ("allowed_networks", "localhost"),
        ("allowed_networks", "10.0.0.0/8;10.1.0.0/16"),
        ("log", "xml"),
        ("url", "goals.example.com"),
        ("url", "ftp://goals.example.com"),
        ("url", "https://goals.example.com/app"),
        ("url", "https://goals.example.com?x=1"),
        ("url", "https://user:pass@goals.example.com"),
        ("url", "https://goals.example.com:port"),
        ("smtp_url", "mail.example.com"),
        ("smtp_url", "http://mail.example.com"),
        ("smtp_url", "smtp://"),
        ("smtp_url", "smtp://user@mail.example.com"),
        ("smtp_url", "smtp://mail.example.com/x"),
        ("smtp_url", "smtp://mail.example.com:port"),
        ("smtp_url", "smtp://a:b@[bad"),
        ("mail_from", "nobody"),
        ("mail_from", "a@example.com, b@example.com"),
        ("mail_from", "a@example.com\nBcc: b@example.com"),
        ("mail_from", "Goals <goals@example.com>"),
    ],
)
def test_a_wrong_value_stops_the_start_and_names_its_variable(given_settings, name, value):
    with pytest.raises(BadSettings, match=rf"^GOALS_{name.upper()}: ") as refused:
        given_settings(**(MAIL | {name: value}))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://app:s3cret/x@mail.example.com",
        "smtp://app:s3cret@mail.example.com:s3cret",
        "smpt://app:s3cret@mail.example.com",
        "smtp://app:s3cret@[mail.example.com",
        "smtp://app:s3cret@mail.example.com/?x",
        "smtp://app:s3cret#@mail.example.com",
        "smtp://app:s3cret?@mail.example.com",
        "smtp://app:s3cret\u2100@mail.example.com",
    ],
)
def test_a_wrong_address_of_a_mail_server_does_not_tell_its_password(given_settings, url):
    with pytest.raises(BadSettings, match="GOALS_SMTP_URL") as refused:
        given_settings(**(MAIL | {"smtp_url": url}))
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("missing", ["mail_from", "url"])
def test_a_mail_server_alone_is_not_enough(given_settings, missing):
    with pytest.raises(BadSettings, match=rf"needs .*GOALS_{missing.upper()}"):
        given_settings(**{name: value for name, value in MAIL.items() if name != missing})


def test_no_secret_is_in_what_the_settings_look_like(given_settings):
    found = given_settings(**MAIL, database_url="postgresql://app:dbpass@host/x")
    for shown in (repr(found), str(found), repr(found.smtp_url), f"{found.smtp_url}"):
        assert not re.search(r"pa%40ss|pa@ss|dbpass", shown)


def test_the_defaults_let_nobody_in_from_outside(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"GOALS_{name.upper()}", raising=False)
    found = Settings()
    assert found.allowed_hosts == ("localhost", "127.0.0.1", "[::1]")
    assert found.allowed_networks == ()
    assert (found.log, found.smtp_url, found.mail_from, found.url) == ("text", None, None, None)
