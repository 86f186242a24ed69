"""Every page's address without a session: the sign-in and nothing else, and then the page."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import App, address, idle, running, sign_in, visitors
from ui import menu

ADMIN = "admin@adventure-works.example"
PAGES = menu.entries()
SIGNED_IN_AT = (menu.START, "audit", "goal")  # with a session each is opened in test_hostile_text


def shown(page: Page) -> str:
    """Everything that can be read, once the sign-in stands there."""
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible(timeout=20_000)
    idle(page)
    return page.locator("body").inner_text()


@pytest.fixture(scope="module")
def stranger(app: App, browser: Browser) -> Iterator[Page]:
    """A browser in which nobody ever signs in."""
    with visitors(app, browser) as open_:
        yield open_()


@pytest.fixture(scope="module")
def only_the_sign_in(stranger: Page) -> str:
    """What somebody reads who asked for no page in particular."""
    stranger.goto("/")
    return shown(stranger)


@pytest.mark.parametrize("name", PAGES)
def test_a_deep_link_shows_the_sign_in_and_nothing_else(
    stranger: Page, only_the_sign_in: str, name: str
) -> None:
    stranger.goto(address(name))
    assert shown(stranger) == only_the_sign_in
    assert stranger.get_by_role("navigation").get_by_role("link").count() == 0


@pytest.mark.parametrize("name", SIGNED_IN_AT)
def test_it_leads_there_afterwards(visitor: Callable[..., Page], name: str) -> None:
    page = visitor()
    sign_in(page, ADMIN, at=address(name))
    assert page.url.endswith(address(name))
    expect(page.get_by_role("heading", level=1)).to_have_count(1 if name != "goal" else 0)
    assert page.title() == f"{PAGES[name].title} · Goals"


def test_the_very_first_request_of_a_server_gets_no_further(
    app: App, home: Path, tmp_path: Path, visitor: Callable[..., Page], only_the_sign_in: str
) -> None:
    """Streamlit would run the page itself, past the app, until somebody has opened the start."""
    with running(home, log=tmp_path / "cold.log") as cold:
        page = visitor()
        page.goto(f"{cold.url}/audit")
        assert shown(page) == only_the_sign_in
        page.close()
