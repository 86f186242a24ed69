"""The main job, end to end: a manager sets a goal, it tracks itself, its assignee finds it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, THEMES, App, come_back, idle, picture, running

PEOPLE = {
    "admin": "admin@adventure-works.example",
    "manager": "stephen.jiang@adventure-works.example",
    "rep": "linda.mitchell@adventure-works.example",
    "analyst": "analyst@adventure-works.example",
    "other company": "steven.buchanan@northwind.example",
}
PAGES = {"Overview": "/", "My goals": "/my_goals", "At risk": "/at_risk"}
SETTING_PAGES = {"Definitions": "/definitions", "New goal": "/new_goal"}
MANAGING_PAGES = {
    "People": "/people",
    "Teams": "/teams",
    "Exchange rates": "/rates",
    "Syncs": "/syncs",
    "Audit log": "/audit",
}
GOAL = "Deals of the quarter"


def test_a_manager_makes_a_goal_by_the_form_and_its_assignee_finds_it(
    visitor: Callable[..., Page], app: App
) -> None:
    page = visitor()
    come_back(page, PEOPLE["manager"])
    _make_goal(page)
    page.get_by_role("button", name="Sync now").click()
    # its records were counted as it was activated, and no source has changed since
    expect(page.get_by_text("Nothing has changed since the last sync")).to_be_visible(
        timeout=20_000
    )
    picture(page, "manager after sync")

    assignee = visitor()
    come_back(assignee, PEOPLE["rep"], at="/my_goals")
    expect(assignee.get_by_text(GOAL)).to_be_visible()
    picture(assignee, "rep My goals with the new one")
    assignee.get_by_text(GOAL).click()
    expect(assignee.get_by_role("heading", name=GOAL)).to_be_visible()
    idle(assignee)
    expect(assignee.locator(".js-plotly-plot").first).to_be_visible()
    picture(assignee, "rep Goal")
    assert "Traceback" not in app.read_log()


@pytest.mark.parametrize("role", PEOPLE)
def test_every_page_shows_figures_to_each_role(
    visitor: Callable[..., Page], app: App, role: str
) -> None:
    page = visitor()
    come_back(page, PEOPLE[role], at="/at_risk")
    writes = role in {"admin", "manager", "other company"}
    manages = MANAGING_PAGES if role == "admin" else {}
    for title, address in (PAGES | (SETTING_PAGES if writes else {}) | manages).items():
        page.get_by_role("link", name=title, exact=True).first.click()
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        idle(page)
        assert page.url.endswith(address)
        main = page.locator("main").inner_text()
        assert re.search(r"\d", main) or "no" in main.lower(), (title, main)
        assert "wrong" not in main.lower(), (title, main)
        picture(page, f"{role} {title}")
    assert "Traceback" not in app.read_log()


def test_no_page_is_wider_than_a_phone(visitor: Callable[..., Page]) -> None:
    page = visitor(viewport=PHONE)
    come_back(page, PEOPLE["manager"])
    for title, address in (PAGES | SETTING_PAGES).items():
        page.goto(address)
        idle(page)
        _fits(page, title)


def test_an_administrator_looks_after_people_on_a_phone(
    visitor: Callable[..., Page], app: App
) -> None:
    page = visitor(viewport=PHONE)
    come_back(page, PEOPLE["admin"], at="/people")
    page.get_by_role("button", name="Invite").click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_label("E-mail").fill("nora@adventure-works.example")
    drawer.get_by_label("Name", exact=True).fill("Nora")
    drawer.get_by_role("button", name="Invite").click()
    expect(drawer.get_by_text("Send this link to Nora yourself")).to_be_visible()
    _fits(page, "invited")
    for title, address in MANAGING_PAGES.items():
        page.goto(address)
        idle(page)
        _fits(page, title)
    page.goto("/teams")
    idle(page)
    _click_first_row(page)
    expect(page).to_have_url(re.compile("team="))
    _add(page, "Nora")
    _fits(page, "team")
    assert "Traceback" not in app.read_log()


def test_a_second_start_finds_everything_as_it_was_left(
    app: App, home: Path, tmp_path: Path, visitor: Callable[..., Page]
) -> None:
    """Two at the same time on two ports, on the same data."""
    with running(home, log=tmp_path / "second.log") as second:
        page = visitor()
        come_back(page, PEOPLE["admin"], at=f"{second.url}/definitions")
        expect(page.get_by_role("heading", name="Definitions")).to_be_visible()
        assert "opportunities" not in second.read_log()  # the demo is not loaded again
        page.close()
    page = visitor()
    come_back(page, PEOPLE["admin"])  # the first one goes on, and so does its database
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()


def _make_goal(page: Page) -> None:
    """Through the form: all deals, for a rep of the team."""
    page.get_by_role("link", name="New goal", exact=True).first.click()
    idle(page)
    page.get_by_label("Name", exact=True).fill(GOAL)
    page.get_by_label("Target", exact=True).fill("250,000")
    page.get_by_label("People and teams").click()
    page.get_by_role("option", name="Linda Mitchell").click()
    page.keyboard.press("Escape")
    idle(page)
    picture(page, "manager New goal filled")
    page.get_by_role("button", name="Save and activate").click()
    expect(page.get_by_role("heading", name="Definitions")).to_be_visible(timeout=15_000)
    expect(page.get_by_text(GOAL).first).to_be_visible()


def _fits(page: Page, title: str) -> None:
    """Nothing of the page is wider than the screen, by day and by night."""
    main = page.locator("main")
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", theme)
        picture(page, f"phone {theme} {title}")
        wanted = main.evaluate("element => element.scrollWidth")
        assert wanted <= main.evaluate("element => element.clientWidth"), (title, theme)


def _click_first_row(page: Page) -> None:
    """A table is drawn on a canvas: its rows are found by their place alone."""
    page.locator('[data-testid="stDataFrame"]').first.click(position={"x": 60, "y": 55})
    idle(page)


def _add(page: Page, name: str) -> None:
    """Put somebody into the team that is open, from today on."""
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("button", name="Add a member").click()
    idle(page)
    drawer.get_by_role("combobox", name="Person").click()
    page.get_by_role("option", name=name).click()
    idle(page)
    drawer.get_by_role("button", name="Add", exact=True).click()
    expect(drawer.get_by_text(f"{name} is added.")).to_be_visible()
