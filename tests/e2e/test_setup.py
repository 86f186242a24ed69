"""A fresh installation without the demo: its log has a link, and the link its first company."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PHONE, App, idle, picture, running, sign_in, visitors

PASSWORD = "kettle orbit fern mirror"
EMAIL = "ana@acme.example"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app on an empty database."""
    with tempfile.TemporaryDirectory(prefix="goals fresh ") as folder:
        Path(folder).chmod(0o755)  # as root the server runs under another account
        log = tmp_path_factory.mktemp("fresh") / "app.log"
        with running(Path(folder) / "home", log=log, demo="false") as started:
            yield started


def test_the_link_in_the_log_leads_to_a_company_its_administrator_and_the_app(
    fresh: App, browser: Browser
) -> None:
    (link,) = re.findall(r"http://localhost:\d+/\?setup=[\w-]{43}", fresh.read_log())
    with visitors(fresh, browser) as open_:
        page = open_()
        page.goto("/")
        expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        assert "demo" not in page.locator("body").inner_text().casefold()

        page.goto(link)
        expect(page.get_by_role("heading", name="Welcome to Goals")).to_be_visible()
        idle(page)
        assert "setup" not in page.url
        picture(page, "setup light")
        page.get_by_role("button", name="Begin").click()
        expect(page.get_by_text("Please enter something here.").first).to_be_visible()
        fill(page, password="password1234")
        page.get_by_role("button", name="Begin").click()
        expect(page.get_by_text("This is easy to guess.")).to_be_visible()
        picture(page, "setup with a problem")
        fill(page, password=PASSWORD)
        page.get_by_role("button", name="Begin").click()
        expect(page.get_by_role("heading", name="Acme Añejo is there")).to_be_visible()
        picture(page, "setup done")
        page.get_by_role("button", name="To the sign-in").click()
        sign_in(page, EMAIL, password=PASSWORD)
        expect(page.get_by_role("link", name="People")).to_be_visible()

        again = open_(theme="dark", viewport=PHONE)
        again.goto(link)
        expect(
            again.get_by_role("heading", name="This link begins nothing any more")
        ).to_be_visible()
        picture(again, "setup over, dark phone")
    assert "Traceback" not in fresh.read_log()


def fill(page: Page, *, password: str) -> None:
    page.get_by_role("textbox", name="Name", exact=True).fill("Acme Añejo")
    page.get_by_role("textbox", name="Your name").fill("Ana Ruiz")
    page.get_by_role("textbox", name="E-mail").fill(EMAIL)
    page.get_by_role("textbox", name="Password", exact=True).fill(password)
