"""One person in two browsers: what is done in one of them ends the other at its next click."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from goals_core.demo import PASSWORD
from tests.e2e.conftest import PHONE, idle, picture, sign_in

# nobody else's tests sign in as them: one of the two gets another password
REP, ANALYST = "robert.king@northwind.example", "laura.callahan@northwind.example"
NEW = "kettle orbit fern mirror"


def test_a_browser_that_is_signed_out_from_another_one_is_asked_to_sign_in(
    visitor: Callable[..., Page],
) -> None:
    here, there = visitor(), visitor(theme="dark", viewport=PHONE)
    sign_in(there, ANALYST, at="/at_risk")
    sign_in(here, ANALYST, at="/settings")
    expect(here.get_by_text("This browser", exact=True)).to_be_visible()
    picture(here, "settings browsers")
    here.get_by_role("main").get_by_role("button", name="Sign out", exact=True).click()
    expect(here.get_by_text("That browser is signed out.")).to_be_visible()
    expect(here.get_by_role("button", name="Sign out everywhere else")).to_have_count(0)
    _asks_at_its_next_click(there)
    _goes_on(here)


def test_signing_out_everywhere_else_leaves_this_browser(visitor: Callable[..., Page]) -> None:
    others = [visitor(), visitor()]
    for other in others:
        sign_in(other, ANALYST, at="/at_risk")
    here = visitor()
    sign_in(here, ANALYST, at="/settings")
    here.get_by_role("button", name="Sign out everywhere else").click()
    expect(here.get_by_text("browsers are signed out.")).to_be_visible()
    for other in others:
        _asks_at_its_next_click(other)
    _goes_on(here)


def test_a_new_password_ends_the_other_browser_and_opens_the_next_one(
    visitor: Callable[..., Page],
) -> None:
    here, there = visitor(), visitor()
    sign_in(there, REP, at="/at_risk")
    sign_in(here, REP, at="/at_risk")
    here.locator(".st-key-account").get_by_role("button").first.click()
    here.get_by_role("menuitem", name="Settings").click()
    expect(here.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    for label, typed in (
        ("Current password", PASSWORD),
        ("New password", NEW),
        ("New password again", NEW),
    ):
        here.get_by_role("textbox", name=label, exact=True).fill(typed)
    here.get_by_role("button", name="Change password").click()
    expect(here.get_by_text("Your password is changed")).to_be_visible(timeout=15_000)
    expect(here.get_by_role("textbox", name="Current password")).to_have_value("")
    _asks_at_its_next_click(there)
    _goes_on(here)
    sign_in(visitor(), REP, at="/at_risk", password=NEW)


def _asks_at_its_next_click(page: Page) -> None:
    """Wherever it goes: the address stays, the way in stands there."""
    if page.viewport_size == PHONE:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="My goals", exact=True).click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("heading", name="My goals", level=1)).to_have_count(0)


def _goes_on(page: Page) -> None:
    page.get_by_role("link", name="My goals", exact=True).click()
    idle(page)
    expect(page.get_by_role("heading", name="My goals", level=1)).to_be_visible()
