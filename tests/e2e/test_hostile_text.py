"""What people type is shown as they typed it: it loads nothing and runs nothing, on any page."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import App, address, come_back, idle, picture
from tests.e2e.hostile import BRIEF, EVIL, HOST, PASSWORD, Hostile, hostile
from ui import audit_list, definition_list, menu, people_list, team_list

# What a text would have become: an image, a link, a script, a formula, a colour.
MADE_OF_IT = """host => [...document.querySelectorAll(
    `img[src*="${host}"], a[href*="${host}"], a[href^="javascript"], [onerror], [onload]`
    + ", script:not([src]):not([type]), main .katex, main svg a"
)].map(element => `${element.parentElement.innerText}: ${element.outerHTML}`)
.filter(html => !html.includes("__streamlit") && !html.includes("prerenderReady"))"""


@pytest.fixture(scope="module")
def company(app: App, home: Path) -> Iterator[Hostile]:
    with hostile(home) as made:
        yield made


@pytest.fixture
def watched(visitor: Callable[..., Page], app: App) -> Iterator[Page]:
    """A browser that asks no other host for anything, and is asked nothing by a script."""
    page, asked, alerts = visitor(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    yield page
    others = [url for url in asked if not url.startswith((app.url, "data:", "blob:"))]
    assert len(asked) > 20
    assert others == []
    assert alerts == []


@pytest.mark.parametrize(("kind", "least"), [("pages", 50), ("goals", 50), ("drawers", 30)])
def test_a_hostile_text_loads_nothing_and_runs_nothing_on_any_page(
    watched: Page, company: Hostile, app: App, kind: str, least: int
) -> None:
    seen, made = 0, {}
    for where, title in addresses(company)[kind].items():
        come_back(watched, company.email, at=where, password=PASSWORD)
        assert watched.url.endswith(where)
        expect(watched.get_by_role("heading", level=1)).to_have_count(1)
        assert watched.title() == f"{title} · Goals"
        if found := watched.evaluate(MADE_OF_IT, HOST):
            made[where] = found
        assert "went wrong" not in watched.locator("main").inner_text(), where
        seen += watched.locator("body").inner_text().count(HOST)
        picture(watched, f"hostile {where}")
    assert made == {}
    assert seen > least
    assert "Traceback" not in app.read_log()


def test_it_is_shown_as_it_was_typed(watched: Page, company: Hostile) -> None:
    come_back(watched, company.email, at=f"/goal?id={company.goals[0]}", password=PASSWORD)
    heading = watched.get_by_role("heading", level=1)
    expect(heading).to_be_visible()
    assert plain(heading.inner_text()) == EVIL
    assert BRIEF in plain(watched.locator("main").inner_text())


def test_the_check_itself_sees_what_a_text_becomes(visitor: Callable[..., Page]) -> None:
    page = visitor()
    page.goto("/")
    idle(page)
    assert page.evaluate(MADE_OF_IT, HOST) == []
    page.evaluate(
        f"""() => {{
            const place = document.createElement("div");
            place.innerHTML = '<a href="https://{HOST}/">x</a><a href="javascript:1">y</a>';
            document.body.append(place);
        }}"""
    )
    assert len(page.evaluate(MADE_OF_IT, HOST)) == 2


def addresses(company: Hostile) -> dict[str, dict[str, str]]:
    """Every page, every goal, every drawer, with the page's title."""
    titles = {name: entry.title for name, entry in menu.entries().items()}
    drawers = {
        f"/definitions?{definition_list.OPEN}={company.definition}": "definitions",
        f"/audit?{audit_list.OPEN}={company.line}": "audit",
        f"/people?{people_list.OPEN}={company.person}": "people",
        f"/teams?{team_list.OPEN}={company.team}": "teams",
        f"/new_goal?edit={company.definition}": "new_goal",
        "/imports?kind=Goals": "imports",
        "/imports?kind=Quotas": "imports",
    }
    return {
        "pages": {address(name): title for name, title in titles.items() if name != "goal"},
        "goals": {f"/goal?id={id_}": titles["goal"] for id_ in company.goals},
        "drawers": {where: titles[name] for where, name in drawers.items()},
    }


def plain(text: str) -> str:
    """Without what keeps a web address from becoming a link."""
    return re.sub("\N{WORD JOINER}", "", text)
