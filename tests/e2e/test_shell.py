"""Signing in and out in a real browser, and what a visitor without a session gets."""

import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import App, idle, sign_in

MANAGER = "stephen.jiang@adventure-works.example"


def test_a_deep_link_asks_for_the_sign_in_and_then_keeps_its_promise(
    visitor: Callable[..., Page],
) -> None:
    page = visitor()
    sign_in(page, MANAGER, at="/at_risk")
    expect(page.get_by_role("heading", name="At risk", level=1)).to_be_visible()
    assert page.url.endswith("/at_risk")


def test_a_reload_stays_signed_in_and_a_replayed_cookie_does_not_after_signing_out(
    visitor: Callable[..., Page],
) -> None:
    page = visitor()
    sign_in(page, MANAGER)
    page.reload()
    idle(page)
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
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
    sign_in(first, MANAGER)
    second = first.context.new_page()
    second.goto("/my_goals")
    idle(second)
    sign_out(first)
    expect(first.get_by_role("button", name="Sign in")).to_be_visible()
    second.get_by_role("link", name="At risk").click()
    expect(second.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_cookie_is_out_of_reach_of_scripts(visitor: Callable[..., Page]) -> None:
    page = visitor()
    sign_in(page, MANAGER)
    ours = [cookie for cookie in page.context.cookies() if cookie["name"].startswith("goals")]
    assert ours
    assert all(cookie["httpOnly"] for cookie in ours)
    assert "goals" not in page.evaluate("document.cookie")


@pytest.mark.parametrize("path", ["/media/abc.csv", "/_stcore/metrics", "/_stcore/upload_file/x"])
def test_a_visitor_without_a_session_gets_no_file_and_no_metrics(app: App, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(app.url + path, timeout=10)
    refused.value.close()
    assert refused.value.code == 401


def test_every_answer_carries_the_content_security_policy(app: App) -> None:
    with urllib.request.urlopen(app.url, timeout=10) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def sign_out(page: Page) -> None:
    page.locator(".st-key-account").get_by_role("button").first.click()
    page.get_by_text("Sign out", exact=True).click()
