"""The cookie of a session and the ticket that brings it."""

import pytest
from starlette.requests import HTTPConnection
from starlette.responses import Response

from ui import cookies


def connection(header: str) -> HTTPConnection:
    return HTTPConnection({"type": "http", "headers": [(b"cookie", header.encode())]})


def put() -> str:
    response = Response()
    cookies.put(response, "token")
    return response.headers["set-cookie"]


def test_a_ticket_is_good_once():
    ticket = cookies.issue("token")
    assert cookies.redeem(ticket) == "token"
    assert cookies.redeem(ticket) is None


def test_a_ticket_runs_out_after_a_minute(monkeypatch):
    ticket = cookies.issue("token")
    now = cookies.time.monotonic()
    monkeypatch.setattr(cookies.time, "monotonic", lambda: now + 61)
    assert cookies.redeem(ticket) is None


def test_a_ticket_that_was_never_issued_is_worth_nothing():
    assert cookies.redeem("x") is None


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(given):
    given(secure_cookies="false")
    cookie = put().casefold()
    assert cookie.startswith("goals_session=token")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie


def test_behind_tls_the_cookie_is_bound_to_the_host(given):
    given(secure_cookies="true")
    name, *attributes = (part.strip() for part in put().split(";"))
    assert name == "__Host-goals_session=token"
    # a browser takes the prefix only with these, and with no domain
    assert {"Secure", "Path=/"} <= set(attributes)
    assert not any(attribute.casefold().startswith("domain") for attribute in attributes)


def test_it_is_taken_away_under_the_name_that_it_was_given(given):
    given(secure_cookies="true")
    response = Response()
    cookies.take_away(response)
    assert response.headers["set-cookie"].startswith('__Host-goals_session="";')
    assert "Max-Age=0" in response.headers["set-cookie"]


def test_behind_tls_a_cookie_without_the_prefix_is_not_ours(given):
    given(secure_cookies="true")
    assert cookies.read(connection("goals_session=planted")) == ""
    assert cookies.read(connection("__Host-goals_session=abc; goals_session=planted")) == "abc"


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("goals_session=abc.d-e_f; other=1", "abc.d-e_f"),
        ("other=1", ""),
        ("", ""),
        ("\x00;;=;", ""),
    ],
)
def test_the_token_is_found_among_the_cookies(given, header, token):
    given(secure_cookies="false")
    assert cookies.read(connection(header)) == token
