"""One-time links followed in a browser, and the other ways around a sign-in form."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from goals_core import db, demo, embedded
from goals_core.db import tenant_session
from goals_core.models.access import SignIn
from goals_core.services import links, signin
from tests.e2e.conftest import PHONE, THEMES, App, idle, picture, sign_in

ADMIN, MANAGER = demo.LOGINS[0].email, demo.LOGINS[1].email
FORGETFUL = "pamela.ansman-wolfe@adventure-works.example"
PASSWORD = "kettle orbit fern mirror"


@pytest.fixture
def connected(app: App, home: Path) -> Iterator[None]:
    """This process reaches the database of the app."""
    server = embedded.acquire(home)
    db.connect(server.app_url)
    try:
        yield
    finally:
        db.disconnect()
        server.release()


@pytest.fixture
def link(connected: None) -> str:
    """What the demo's administrator would pass on to somebody who forgot their password."""
    admin, person = signin.find_login(ADMIN), signin.find_login(FORGETFUL)
    assert admin is not None
    assert person is not None
    assert person.actor.user_id is not None
    with tenant_session(admin.actor) as session:
        return links.reset(session, user_id=person.actor.user_id)


def choose(page: Page, password: str) -> None:
    page.get_by_role("textbox", name="New password", exact=True).fill(password)
    page.get_by_role("textbox", name="New password again").fill(password)
    page.get_by_role("button", name="Choose this password").click()


def test_a_link_is_followed_to_a_password_and_opens_nothing_afterwards(
    visitor: Callable[..., Page], link: str, app: App
) -> None:
    page = visitor()
    page.goto(f"/?link={link}")
    idle(page)
    expect(page.get_by_role("heading", name="A new password for")).to_be_visible()
    assert "link" not in page.url
    assert autocomplete(page) == ["username", "new-password", "new-password"]
    picture(page, "link light")
    choose(page, "password1234")
    expect(page.get_by_text("This is easy to guess.")).to_be_visible()
    picture(page, "link with a problem")
    choose(page, PASSWORD)
    expect(page.get_by_text("Your password is set.")).to_be_visible()
    expect(page.get_by_role("textbox", name="E-mail")).to_have_value(FORGETFUL)
    picture(page, "link done")
    page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    enter(page)
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()

    again = visitor(theme="dark", viewport=PHONE)
    again.goto(f"/at_risk?link={link}")
    idle(again)
    expect(again.get_by_role("heading", name="This link opens nothing any more")).to_be_visible()
    picture(again, "link over, dark phone")
    again.get_by_role("button", name="To the sign-in").click()
    expect(again.get_by_role("button", name="Sign in")).to_be_visible()
    assert link not in app.read_log()
    assert "Traceback" not in app.read_log()


def test_a_link_in_a_tab_where_somebody_else_is_signed_in(
    visitor: Callable[..., Page], link: str
) -> None:
    page = visitor(theme="dark", viewport=PHONE)
    sign_in(page, MANAGER, at="/my_goals")
    page.goto(f"/?link={link}")
    idle(page)
    expect(page.get_by_text("You are signed in as Stephen Jiang.")).to_be_visible()
    picture(page, "link of another, dark phone")
    choose(page, PASSWORD)
    expect(page.get_by_text("Your password is set.")).to_be_visible()
    expect(page.get_by_role("textbox", name="E-mail")).to_have_value(FORGETFUL)
    idle(page)
    page.reload()
    idle(page)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_forgotten_password_without_a_mail_server(visitor: Callable[..., Page]) -> None:
    page = visitor()
    page.goto("/my_goals")
    idle(page)
    page.get_by_role("button", name="Forgot your password?").click()
    expect(page.get_by_text("Ask your administrator for a link.")).to_be_visible()
    picture(page, "forgotten without mail")
    page.get_by_role("button", name="Back to the sign-in").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.url.endswith("/my_goals")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_demos_sign_in_is_a_click_away(visitor: Callable[..., Page], size: str) -> None:
    page = visitor(**({"viewport": PHONE} if size == "phone" else {}))
    page.goto("/at_risk")
    idle(page)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        assert autocomplete(page) == ["username", "current-password"]
        picture(page, f"sign-in {theme} {size}")
    page.locator(".st-key-demo_northwind_manager").get_by_role("button").click()
    expect(page.get_by_role("textbox", name="E-mail")).to_have_value(
        "steven.buchanan@northwind.example"
    )
    enter(page)
    expect(page.get_by_role("heading", name="At risk", level=1)).to_be_visible()


def test_a_sign_in_is_kept_with_where_it_came_from_as_a_proxy_on_this_machine_says(
    visitor: Callable[..., Page], connected: None
) -> None:
    page = visitor()
    page.context.set_extra_http_headers({"X-Forwarded-For": "203.0.113.9"})
    sign_in(page, MANAGER, at="/definitions")
    manager = signin.find_login(MANAGER)
    assert manager is not None
    with tenant_session(manager.actor) as session:
        kept = session.scalars(select(SignIn).order_by(SignIn.created_at.desc())).first()
    assert kept is not None
    assert kept.address == "203.0.113.9"
    assert "Chrome" in kept.user_agent


def enter(page: Page) -> None:
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".st-key-goals_sign_in")).to_have_count(0, timeout=20_000)
    idle(page)


def autocomplete(page: Page) -> list[str | None]:
    fields = page.locator("main input").all()
    return [field.get_attribute("autocomplete") for field in fields]
