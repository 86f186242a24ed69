"""The ticket of a sign-in: traded once for the cookie, harmless when it comes again."""

from http.cookies import SimpleCookie
from types import SimpleNamespace

import pytest
from starlette.requests import Request
from starlette.responses import Response
from streamlit.testing.v1 import AppTest

from tests.ui.asgi import in_a_loop_of_its_own
from ui import auth, cookies, handover
from ui.feedback import _FLASH

TOKEN = "the-token"


class Browser:
    """Knocks at the route, and keeps the cookie that it is given."""

    def __init__(self, cookie: str = "") -> None:
        self.cookie = cookie

    def knock(self, ticket: str, *, site: str = "same-origin") -> Response:
        headers = {
            cookies.TICKET_HEADER: ticket,
            "Sec-Fetch-Site": site,
            "Cookie": f"{cookies.name()}={self.cookie}" if self.cookie else "",
        }
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        answer = in_a_loop_of_its_own(handover.accept(Request({"type": "http", "headers": raw})))
        if given := answer.headers.get("set-cookie"):
            self.cookie = SimpleCookie(given)[cookies.name()].value
        return answer


@pytest.fixture
def browser(monkeypatch):
    monkeypatch.setattr(handover, "_traded", {})
    return Browser()


def test_a_ticket_brings_the_cookie(browser):
    answer = browser.knock(cookies.issue(TOKEN))
    assert answer.status_code == 204
    assert browser.cookie == TOKEN


def test_the_browser_that_has_the_cookie_may_knock_again_and_gets_no_other(browser):
    ticket = cookies.issue(TOKEN)
    browser.knock(ticket)
    for _ in range(2):
        again = browser.knock(ticket)
        assert again.status_code == 204
        assert "set-cookie" not in again.headers


def test_another_browser_gets_nothing_for_a_used_ticket(browser):
    ticket = cookies.issue(TOKEN)
    browser.knock(ticket)
    for cookie in ("", "another-token"):
        answer = Browser(cookie).knock(ticket)
        assert answer.status_code == 410
        assert "set-cookie" not in answer.headers


def test_the_cookie_alone_does_not_make_a_ticket_good(browser):
    browser.knock(cookies.issue(TOKEN))
    assert browser.knock("never-issued").status_code == 410


def test_another_site_is_refused_although_the_browser_has_the_cookie(browser):
    ticket = cookies.issue(TOKEN)
    browser.knock(ticket)
    assert browser.knock(ticket, site="cross-site").status_code == 403


def test_a_used_ticket_is_forgotten_after_a_minute(browser, monkeypatch):
    ticket = cookies.issue(TOKEN)
    browser.knock(ticket)
    later = handover.time.monotonic() + 61
    monkeypatch.setattr(handover.time, "monotonic", lambda: later)
    assert browser.knock(ticket).status_code == 410
    browser.knock(cookies.issue("next"))
    assert len(handover._traded) == 1


def test_neither_ticket_nor_token_is_kept_in_the_clear(browser):
    ticket = cookies.issue(TOKEN)
    browser.knock(ticket)
    kept = repr(handover._traded)
    assert ticket not in kept
    assert TOKEN not in kept


def _told(answer: str | None, *, ticket: str | None) -> AppTest:
    """A tab that hears the browser's answer; without one Streamlit knows the component no more."""

    def script() -> None:
        from ui import auth

        auth._handed_over()

    tab = AppTest.from_function(script)
    if ticket:
        tab.session_state[auth._TICKET] = ticket
    if answer:
        tab.session_state["goals_accept"] = SimpleNamespace(done=answer)
    return tab.run()


@pytest.mark.parametrize(("answer", "is_warned"), [("kept", False), ("lost", True)])
def test_the_first_answer_ends_the_hand_over(answer, is_warned):
    tab = _told(answer, ticket="t")
    assert not tab.exception
    assert auth._TICKET not in tab.session_state
    assert (_FLASH in tab.session_state) is is_warned


@pytest.mark.parametrize("answer", ["kept", "lost", None])
def test_a_second_answer_changes_nothing(answer):
    tab = _told(answer, ticket=None)
    assert not tab.exception
    assert _FLASH not in tab.session_state
