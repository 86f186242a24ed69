"""Which hosts are ours, and whose requests are taken."""

import pytest
from hypothesis import given as holds
from hypothesis import strategies as st

from tests.ui.asgi import HOST, ORIGIN, ask, behind_the_middleware, opens
from ui.origins import is_same_host

STREAM = "/_stcore/stream"


@pytest.fixture
def app(given):
    given(allowed_hosts="localhost, 127.0.0.1,[::1], goals.example.com, *.goals.example.org")
    return behind_the_middleware()


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8501",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:8501",
        "GOALS.example.com:443",
        "acme.goals.example.org",
    ],
)
def test_our_hosts_are_known_with_any_port(app, host):
    assert ask(app, "/", host=host).status == 200
    assert opens(app, STREAM, headers=[("origin", f"http://{host}")], host=host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8501",
        "127.0.0.2",
        "[::2]:8501",
        "::1",
        "localhost:x",
        "localhost/",
        "user@localhost",
        "localhost evil.example",
        "",
        "goals.example.org",
        "xgoals.example.org",
    ],
)
def test_any_other_host_is_refused_on_both_ways(app, host):
    assert ask(app, "/", host=host).status == 400
    assert not opens(app, STREAM, headers=[("origin", f"http://{host}")], host=host)


def test_no_host_and_two_hosts_are_refused(app):
    assert ask(app, "/", host=None).status == 400
    assert ask(app, "/", headers=[("host", "evil.example")]).status == 400
    assert not opens(app, STREAM, headers=[("host", "evil.example"), ("origin", ORIGIN)])


def test_only_this_machine_is_known_until_somebody_says_otherwise(given):
    given()
    app = behind_the_middleware()
    assert [ask(app, "/", host=h).status for h in ("localhost:1", "127.0.0.1", "[::1]:1")] == [
        200
    ] * 3
    assert ask(app, "/", host="goals.example.com").status == 400


@pytest.mark.parametrize("origin", [ORIGIN, "https://localhost:8501"])
def test_our_own_page_opens_its_websocket_also_behind_tls(app, origin):
    assert opens(app, STREAM, headers=[("origin", origin)])


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("origin", "")],
        [("origin", "null")],
        [("origin", "http://localhost")],
        [("origin", "http://localhost:8502")],
        [("origin", "http://127.0.0.1:8501")],
        [("origin", "http://evil.example")],
        [("origin", "http://localhost:8501.evil.example")],
        [("origin", "http://localhost:8501@evil.example")],
        [("origin", "http://evil@localhost:8501")],
        [("origin", "http://localhost:8501/path")],
        [("origin", "file://localhost:8501")],
        [("origin", ORIGIN), ("origin", "http://evil.example")],
    ],
)
def test_no_other_page_and_no_program_opens_one(app, headers):
    assert not opens(app, STREAM, headers=headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_change_comes_from_our_own_page(app, method):
    def status(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(app, "/x", method=method, headers=named).status

    assert status() == 200  # no browser: there is no cookie that it would send on its own
    assert status(origin=ORIGIN, sec_fetch_site="same-origin") == 200
    assert status(origin=ORIGIN, sec_fetch_site="cross-site") == 403
    assert status(sec_fetch_site="cross-site") == 403
    assert status(sec_fetch_site="same-site") == 403
    assert status(origin="http://evil.example") == 403
    assert status(origin="null") == 403


def test_a_link_from_another_site_leads_here(app):
    headers = {"sec-fetch-site": "cross-site", "origin": "http://evil.example"}
    assert ask(app, "/my_goals", headers=headers).status == 200


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("https://goals.example.com", "goals.example.com", True),
        ("https://goals.example.com", "goals.example.com:443", True),
        ("http://goals.example.com", "goals.example.com:80", True),
        ("https://goals.example.com:8443", "goals.example.com:8443", True),
        ("https://GOALS.example.com", "goals.EXAMPLE.com", True),
        ("http://[::1]:8501", "[::1]:8501", True),
        ("https://goals.example.com", "goals.example.com:80", False),
        ("https://goals.example.com:8443", "goals.example.com", False),
        ("https://a.example.com", "b.example.com", False),
        ("http://[::1]:8501", "[::2]:8501", False),
        ("http://[::1", "[::1", False),
        ("https://", "", False),
        ("", "", False),
    ],
)
def test_name_and_port_are_compared_and_not_the_scheme(origin, host, same):
    assert is_same_host(origin, host) is same


@holds(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_sent_is_answered(origin, host):
    assert is_same_host(origin, host) in {True, False}


@holds(st.text(alphabet="abcé./@:[]?#%\\ \t1", max_size=20))
def test_what_is_put_around_our_origin_makes_it_another(around):
    for origin in (ORIGIN + around, around + ORIGIN):
        assert is_same_host(origin, HOST) is (origin == ORIGIN)
