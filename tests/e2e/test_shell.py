"""Signing in and out in a real browser, and what a visitor without a session gets."""

import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from tests.e2e.conftest import App, idle, sign_in
from ui import auth

MANAGER = "stephen.jiang@adventure-works.example"


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("/", "Overview"),
        ("/my_goals", "My goals"),
        ("/at_risk", "At risk"),
        ("/definitions", "Definitions"),
    ],
)
def test_a_deep_link_asks_for_the_sign_in_which_hands_its_ticket_over_once_and_leads_there(
    visitor: Callable[..., Page], app: App, address: str, title: str
) -> None:
    page, answers = visitor(), []
    page.on(
        "response",
        lambda answer: (
            answers.append(answer.status) if answer.url.endswith("/auth/accept") else None
        ),
    )
    sign_in(page, MANAGER, at=address)
    main = page.locator("main").inner_text()
    assert "went wrong" not in main
    assert "did not keep" not in page.locator("body").inner_text()
    assert answers == [204]
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    assert page.url.endswith(address)
    assert "KeyError" not in app.read_log()


def test_a_reload_stays_signed_in_and_a_replayed_cookie_does_not_after_signing_out(
    visitor: Callable[..., Page],
) -> None:
    page = visitor()
    sign_in(page, MANAGER, at="/my_goals")
    page.reload()
    idle(page)
    expect(page.get_by_role("heading", name="My goals", level=1)).to_be_visible()
    stolen = page.context.cookies()
    sign_out(page)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

    thief = visitor()
    thief.context.add_cookies(stolen)
    thief.goto("/")
    expect(thief.get_by_role("button", name="Sign in")).to_be_visible()


def test_signing_out_in_one_tab_ends_the_other_at_its_next_click(
    visitor: Callable[..., Page],
) -> None:
    first = visitor()
    sign_in(first, MANAGER, at="/my_goals")
    second = first.context.new_page()
    second.goto("/my_goals")
    idle(second)
    sign_out(first)
    expect(first.get_by_role("button", name="Sign in")).to_be_visible()
    second.get_by_role("link", name="At risk").click()
    expect(second.get_by_role("button", name="Sign in")).to_be_visible()


# As Streamlit loads a component: one module for the tab, called again by every place it is put in.
KNOCKING = """async ({ script, tickets }) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const [asked, told, fetched] = [[], [], window.fetch];
  window.fetch = async (path, { headers }) => {
    asked.push(headers["X-Goals-Ticket"]);
    return new Response(null, { status: asked.length > tickets.length ? 410 : 204 });
  };
  for (const ticket of tickets) {
    for (let mounted = 0; mounted < 3; mounted += 1) {
      (await import(url)).default({
        data: { path: "/auth/accept", ticket },
        parentElement: document.createElement("div"),
        setTriggerValue: (name, value) => told.push(`${name} ${value}`),
      });
      await new Promise((done) => setTimeout(done));
    }
  }
  window.fetch = fetched;
  return { asked, told };
}"""


def test_a_component_that_is_mounted_anew_does_not_knock_again(
    visitor: Callable[..., Page],
) -> None:
    page = visitor()
    page.goto("/")
    idle(page)
    said = page.evaluate(KNOCKING, {"script": auth._KNOCK, "tickets": ["first", "second"]})
    assert said == {"asked": ["first", "second"], "told": ["done kept", "done kept"]}


@pytest.mark.parametrize(
    ("path", "code"),
    [("/media/abc.csv", 401), ("/_stcore/upload_file/x", 401), ("/_stcore/metrics", 404)],
)
def test_a_visitor_without_a_session_gets_no_file_and_no_metrics(
    app: App, path: str, code: int
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(app.url + path, timeout=10)
    refused.value.close()
    assert refused.value.code == code


def test_every_answer_carries_the_content_security_policy(app: App) -> None:
    with urllib.request.urlopen(app.url, timeout=10) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_websocket_is_for_our_own_pages_and_takes_no_large_message(app: App) -> None:
    stream = app.url.replace("http", "ws") + "/_stcore/stream"
    for origin in (None, "http://evil.example"):
        with pytest.raises(InvalidStatus) as refused:
            connect(stream, origin=origin, subprotocols=["streamlit"])
        assert refused.value.response.status_code == 403
    with connect(stream, origin=app.url, subprotocols=["streamlit"]) as socket:
        socket.send(b"x" * 2_200_000)
        with pytest.raises(ConnectionClosedError) as closed:
            list(socket)
        assert closed.value.rcvd.code == 1009


def test_neither_scripts_nor_the_log_learn_of_a_sign_in(
    visitor: Callable[..., Page], app: App
) -> None:
    page = visitor()
    sign_in(page, MANAGER, at="/my_goals?marker=abc")
    ours = [cookie for cookie in page.context.cookies() if cookie["name"].startswith("goals")]
    assert ours
    assert all(cookie["httpOnly"] for cookie in ours)
    assert "goals" not in page.evaluate("document.cookie")
    page.close()
    _start, _ready, since = app.read_log().partition("Application startup complete")
    assert MANAGER not in since
    assert "marker" not in since
    assert "127.0.0.1" not in since
    assert "Traceback" not in since


def sign_out(page: Page) -> None:
    page.locator(".st-key-account").get_by_role("button").first.click()
    page.get_by_text("Sign out", exact=True).click()
