"""Around the pages: tickets, the policy of what may run, cookies behind TLS."""

import base64
import hashlib
import re
from pathlib import Path

import pytest
import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

from goals_core.config import Settings
from ui import cookies, index, server


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


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites():
    response = Response()
    cookies.put(response, "token")
    cookie = response.headers["set-cookie"].casefold()
    assert cookie.startswith("goals_session=token")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_the_policy_lets_the_pages_own_inline_scripts_run_and_no_other():
    policy = server.content_security_policy()
    inline = re.findall(r"<script>(.*?)</script>", index.page(), re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in inline]
    assert len(digests) == policy.count("sha256-") == index.page().count("<script>") == 2
    assert all(f"'sha256-{digest}'" in policy for digest in digests)
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert "unsafe-eval" not in policy


def test_the_page_is_streamlits_own_with_our_name_and_address():
    source = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    assert "<title>Goals</title>" in index.page()
    assert "BACKEND_BASE_URL" in index.page()
    assert index.page().split("</head>")[1] == source.split("</head>")[1]


def test_every_page_of_the_folder_has_its_address():
    addresses = {route.path for route in index.ROUTES}
    assert {"/", "/goal", "/my_goals", "/definitions"} <= addresses


@pytest.mark.parametrize("secure", [True, False])
def test_every_cookie_is_secure_where_there_is_tls(monkeypatch, secure):
    monkeypatch.setattr(server, "settings", lambda: Settings(secure_cookies=secure))
    headers = MutableHeaders()
    headers.append("set-cookie", "_streamlit_xsrf=1; Path=/")
    headers.append("set-cookie", "goals_session=2; secure; HttpOnly")
    server._secure_cookies(headers)
    given = headers.getlist("set-cookie")
    assert len(given) == 2
    assert given[0].endswith("; Secure") is secure
    assert given[1] == "goals_session=2; secure; HttpOnly"


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("goals_session=abc.d-e_f; other=1", "abc.d-e_f"),
        ("other=1", ""),
        ("", ""),
        ('goals_session="a', ""),
        ("\x00;;=;", ""),
    ],
)
def test_the_token_is_found_among_the_cookies(header, token):
    assert server._cookie(Headers({"cookie": header})) == token
