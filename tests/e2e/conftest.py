"""The app as people get it: its own process, the embedded server, the demo, a real Chromium."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from goals_core.demo import PASSWORD
from tests.browser import ensure
from ui import menu

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PICTURES = ROOT / "build" / "screenshots"
DESKTOP: ViewportSize = {"width": 1400, "height": 950}
PHONE: ViewportSize = {"width": 390, "height": 844}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
STARTS_WITHIN = 90  # seconds, with the demo to load on a busy machine
PATIENCE = 240  # seconds for a test, with the app to start before the first

# Scripts run once or twice here: compiling them well costs more than it saves.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--js-flags=--no-opt --no-maglev",
)

_signed_in: dict[str, Any] = {}  # the cookies of those who come back
_idle: dict[tuple[Browser, str], list[BrowserContext]] = defaultdict(list)  # on which app


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(PATIENCE))


@dataclass(frozen=True)
class App:
    """A running app."""

    url: str
    log: Path

    def read_log(self) -> str:
        return self.log.read_text()


@contextmanager
def running(home: Path, *, log: Path, **settings: str) -> Iterator[App]:
    """Start the app on a free port, stop it as Ctrl-C does, and see that it ended well.

    It has the settings given, in which `{port}` stands for the port; no worker unless they say so.
    """
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GOALS_")}
    given = {f"GOALS_{k.upper()}": v.format(port=port) for k, v in settings.items()}
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment | {"GOALS_HOME": str(home), "GOALS_WORKER": "false", **given},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, port, log)
        yield App(f"http://localhost:{port}", log)
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=30)
    assert code == 0, f"the app ended with {code}:\n{log.read_text()}"


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="goals e2e ") as folder:
        Path(folder).chmod(0o755)  # as root the server runs under another account
        yield Path(folder) / "home"


@pytest.fixture(scope="session")
def app(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with running(home, log=tmp_path_factory.mktemp("app") / "app.log") as started:
        yield started


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=ensure(), args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visitor(app: App, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens browsers of their own; in the end none may have complained on its console."""
    with visitors(app, browser) as open_:
        yield open_


@contextmanager
def visitors(app: App, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens browsers on an app; in the end none may have complained on its console.

    They forget who was signed in, and keep the app's own files for the next test: fetching and
    compiling these takes longer than most tests.
    """
    idle_contexts = _idle[browser, app.url]
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def open_(*, theme: Any = "light", viewport: ViewportSize = DESKTOP) -> Page:
        known = {"base_url": app.url, "reduced_motion": "reduce"}
        context = idle_contexts.pop() if idle_contexts else browser.new_context(**known)
        opened.append(context)
        page = context.new_page()
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(viewport)
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_
    for context in opened:
        _forget_everything(context, app.url)
        idle_contexts.append(context)
    assert complaints == []


def _forget_everything(context: BrowserContext, url: str) -> None:
    """All that a page can have kept, but for the files of the app."""
    kept = {"origin": url, "storageTypes": "local_storage,indexeddb,cache_storage"}
    page = context.new_page()
    context.new_cdp_session(page).send("Storage.clearDataForOrigin", kept)
    for each in context.pages:
        each.close()
    context.clear_cookies()
    context.set_extra_http_headers({})


def sign_in(page: Page, email: str, *, at: str | None = "/", password: str = PASSWORD) -> None:
    """Sign in on the form at an address, None: where the page is, and wait for what follows."""
    if at is not None:
        page.goto(at)
    page.get_by_role("textbox", name="E-mail").fill(email)
    page.get_by_role("textbox", name="Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    # the form is gone only when the browser has taken its cookie
    page.locator(".st-key-goals_sign_in").wait_for(state="detached", timeout=20_000)
    idle(page)


def come_back(page: Page, email: str, *, at: str = "/", password: str = PASSWORD) -> None:
    """Open an address as somebody whose browser is signed in, since an earlier test or from now on.

    For tests that are about what is there afterwards, and end no session.
    """
    if (kept := _signed_in.get(email)) is None:
        sign_in(page, email, at=at, password=password)
        _signed_in[email] = page.context.cookies()
        return
    page.context.add_cookies(kept)
    page.goto(at)
    idle(page)


def address(name: str) -> str:
    """Where a page of the menu is."""
    return "/" if name == menu.START else f"/{name}"


def idle(page: Page) -> None:
    """Wait until the script has run and everything it sent is drawn."""
    page.locator(
        '[data-testid="stApp"][data-test-connection-state="CONNECTED"]'
        '[data-test-script-state="notRunning"]'
    ).wait_for(timeout=30_000)
    page.locator('[data-testid="stSkeleton"]').first.wait_for(state="detached", timeout=20_000)


def picture(page: Page, name: str) -> None:
    """Keep what the page looks like, all of it."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}.png")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the app did not start:\n{log.read_text()}"
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"the app was not ready in {STARTS_WITHIN} s:\n{log.read_text()}")
