"""Signing in by a provider, from the button to the end, in a real browser with a real provider."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from goals_core import db, embedded
from goals_core.db import TenantSession, tenant_session
from goals_core.models.core import User
from goals_core.permissions import Role
from goals_core.services import signin, sso
from tests.e2e.conftest import App, idle, running, visitors
from tests.e2e.test_shell import sign_out
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider, serving

DOMAIN = "adventure-works.example"
MANAGER, REP, ANALYST = (
    f"{name}@{DOMAIN}" for name in ("stephen.jiang", "linda.mitchell", "analyst")
)
NEIGHBOUR = "steven.buchanan@northwind.example"
SECRET = "what signs the cookies of this test, and no other"
REFUSED = "Your company's sign-in does not open an account here; ask your administrator."


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with serving() as started:
        yield started


@pytest.fixture(scope="module")
def app(
    home: Path, provider: OidcProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[App]:
    """The app with a provider; its first company trusts it with its own domain."""
    settings = {
        "url": "http://localhost:{port}",
        "oidc_metadata_url": f"{provider.url}/.well-known/openid-configuration",
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_cookie_secret": SECRET,
        "oidc_name": "Acme ID",
    }
    log = tmp_path_factory.mktemp("app with provider") / "app.log"
    with running(home, log=log, **settings) as started:
        with session_of(home, f"admin@{DOMAIN}") as session:
            sso.change_rules(session, issuer=provider.url, domains=[DOMAIN])
        yield started


@pytest.fixture
def visitor(app: App, browser: Browser) -> Iterator[Callable[..., Page]]:
    with visitors(app, browser) as open_:
        yield open_


@contextmanager
def session_of(home: Path, email: str) -> Iterator[TenantSession]:
    """Into the app's database, as one of its people."""
    server = embedded.acquire(home)
    try:
        db.connect(server.app_url)
        login = signin.find_login(email)
        assert login is not None
        with tenant_session(login.actor) as session:
            yield session
    finally:
        db.disconnect()
        server.release()


def by_provider(page: Page, *, at: str = "/my_goals") -> None:
    page.goto(at)
    page.get_by_role("button", name="Sign in with Acme ID").click()


def came_in(page: Page) -> None:
    expect(page.locator(".st-key-account")).to_be_visible(timeout=20_000)
    idle(page)


def form(page: Page) -> None:
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible(timeout=20_000)
    idle(page)


def test_a_first_sign_in_links_by_the_verified_address_and_ends_where_it_began(
    visitor: Callable[..., Page], provider: OidcProvider, home: Path
) -> None:
    provider.says(sub="linda", email=REP)
    page = visitor()
    by_provider(page, at="/my_goals?x=1")
    came_in(page)
    expect(page.get_by_role("heading", name="My goals", level=1)).to_be_visible()
    assert re.search(r"/my_goals\?", page.url)
    expect(page.locator(".st-key-account")).to_contain_text("Linda Mitchell")
    asked = provider.asked[-1]
    assert asked["code_challenge_method"] == "S256"
    assert asked["nonce"]
    assert asked["state"]
    with session_of(home, REP) as session:
        (identity,) = sso.identities(session, user_id=session.actor.user_id)
    assert (identity.issuer, identity.subject) == (provider.url, "linda")


def test_whoever_is_linked_comes_in_whatever_their_address_is_now(
    visitor: Callable[..., Page], provider: OidcProvider
) -> None:
    provider.says(sub="stephen", email=MANAGER)
    first = visitor()
    by_provider(first)
    came_in(first)
    provider.says(sub="stephen", email="stephen@married.example", verified=False)
    second = visitor()
    by_provider(second)
    came_in(second)
    expect(second.locator(".st-key-account")).to_contain_text("Stephen Jiang")
    second.reload()
    came_in(second)


@pytest.mark.parametrize(
    ("email", "verified"),
    [(ANALYST, False), (NEIGHBOUR, True)],
    ids=["not verified", "of another company"],
)
def test_others_are_refused_in_one_sentence_that_tells_nothing(
    visitor: Callable[..., Page],
    provider: OidcProvider,
    app: App,
    email: str,
    verified: object,
) -> None:
    provider.says(sub=f"sub of {email}", email=email, verified=verified)
    page, logged = visitor(), len(app.read_log())
    by_provider(page)
    expect(page.get_by_text(REFUSED)).to_be_visible(timeout=20_000)
    form(page)
    assert "goals_session" not in cookies(page)
    said = app.read_log()[logged:]
    assert "A provider's sign-in opens no account" in said
    assert email not in said


def test_an_old_token_opens_nothing(visitor: Callable[..., Page], provider: OidcProvider) -> None:
    provider.says(sub="linda", email=REP, iat=int(time.time()) - 660)
    page = visitor()
    with page.expect_response(lambda answer: "/oauth2callback" in answer.url):
        by_provider(page)
    form(page)
    assert "_streamlit_user" in cookies(page)  # good enough for Streamlit
    assert "goals_session" not in cookies(page)


@pytest.mark.parametrize(
    ("twist", "is_taken"),
    [
        ({}, True),
        ({"iss": "https://login.other.example"}, False),
        ({"aud": "another app"}, False),
        ({"nonce": "another"}, False),
        ({"nonce": None}, False),
        ({"exp": 1}, False),
        ({"iat": 4_000_000_000}, False),
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in_is_not_even_kept(
    provider: OidcProvider, app: App, twist: dict[str, object], is_taken: bool
) -> None:
    provider.says(sub="linda", email=REP, **twist)
    with httpx2.Client(base_url=app.url) as client:
        assert back_from(client).headers["location"] == "/"
        assert ("_streamlit_user" in client.cookies) is is_taken


def test_a_callback_is_for_the_browser_that_asked_and_works_once(
    provider: OidcProvider, app: App
) -> None:
    provider.says(sub="linda", email=REP)
    with httpx2.Client(base_url=app.url) as client, httpx2.Client(base_url=app.url) as thief:
        callback = sent_back(client)
        assert thief.get(callback).headers["location"] == "/"
        assert "_streamlit_user" not in thief.cookies
        state = dict(client.cookies)
        assert client.get(callback).headers["location"] == "/"
        assert "_streamlit_user" in client.cookies
        thief.cookies.update(state)  # also with what the browser had, the code is used up
        thief.get(callback)
        assert "_streamlit_user" not in thief.cookies


@pytest.mark.parametrize(
    ("came_from", "ends_at"),
    [
        ("{app}/goal?id=1&x=a%2Fb", "/goal?id=1&x=a%2Fb"),
        ("{app}//evil.example/x", "/"),
        ("{app}/\\evil.example", "/"),
        ("{app}.evil.example/goal", "/"),
        ("https://evil.example/goal", "/"),
        ("javascript:alert(1)", "/"),
        ("{app}/auth/logout", "/"),
        ("", "/"),
    ],
)
def test_the_way_back_is_a_page_of_the_app_whatever_it_is_said_to_be(
    provider: OidcProvider, app: App, came_from: str, ends_at: str
) -> None:
    provider.says(sub="linda", email=REP)
    with httpx2.Client(base_url=app.url) as client:
        answer = back_from(client, referer=came_from.format(app=app.url))
        assert answer.headers["location"] == ends_at
        assert "goals_back" not in client.cookies
    if came_from:
        with httpx2.Client(base_url=app.url) as client:  # and whatever a cookie makes of it
            callback = sent_back(client)
            client.cookies.set("goals_back", came_from.format(app=app.url), path="/oauth2callback")
            assert client.get(callback).headers["location"] == "/"


def sent_back(client: httpx2.Client, referer: str = "") -> str:
    """The address that the provider sends a browser to which was sent there by the app."""
    claims = {"provider": "default", "exp": int(time.time()) + 60}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
    going = client.get("/auth/login", params={"provider": token}, headers={"referer": referer})
    return str(client.get(going.headers["location"]).headers["location"])


def back_from(client: httpx2.Client, referer: str = "") -> httpx2.Response:
    return client.get(sent_back(client, referer))


def cookies(page: Page) -> set[str]:
    return {cookie["name"] for cookie in page.context.cookies()}


def test_after_signing_out_neither_cookie_opens_anything(
    visitor: Callable[..., Page], provider: OidcProvider
) -> None:
    provider.says(sub="linda", email=REP)
    page = visitor()
    by_provider(page)
    came_in(page)
    stolen = page.context.cookies()
    assert {"goals_session", "_streamlit_user"} <= cookies(page)
    assert all(c["httpOnly"] for c in stolen if c["name"] != "_streamlit_xsrf")
    ended = len(provider.ended)
    sign_out(page)
    form(page)
    keys = {"goals_session", "_streamlit_user", "_streamlit_user_tokens"}
    assert cookies(page).isdisjoint(keys)
    assert len(provider.ended) == ended + 1
    assert provider.ended[-1]["id_token_hint"]

    thief = visitor()
    thief.context.add_cookies(stolen)
    thief.goto("/")
    form(thief)
    expect(thief.locator(".st-key-account")).to_have_count(0)
    expect(thief.get_by_text(REFUSED)).to_have_count(0)


def test_another_role_ends_the_session_and_the_old_word_does_not_bring_it_back(
    visitor: Callable[..., Page], provider: OidcProvider, home: Path
) -> None:
    provider.says(sub="linda", email=REP)
    page = visitor()
    by_provider(page)
    came_in(page)
    with session_of(home, f"admin@{DOMAIN}") as session:
        set_role(session, Role.MANAGER)
    page.reload()
    form(page)
    by_provider(page)
    came_in(page)
    expect(page.locator(".st-key-account")).to_contain_text("Manager")
    with session_of(home, f"admin@{DOMAIN}") as session:
        set_role(session, Role.REP)


def set_role(session: TenantSession, role: Role) -> None:
    """As changing a role does: what was open before is over."""
    change = {"role": role, "auth_epoch": User.auth_epoch + 1}
    session.execute(update(User).where(User.email == REP).values(**change))


def test_another_site_cannot_send_people_to_the_provider_or_away(
    visitor: Callable[..., Page], provider: OidcProvider, app: App
) -> None:
    provider.says(sub="linda", email=REP)
    page = visitor()
    by_provider(page)
    came_in(page)
    asked = len(provider.asked)
    for path in ("/auth/logout", "/auth/login?provider=default"):
        page.goto(f"{provider.url}/keys")  # 127.0.0.1 is another site than localhost
        page.evaluate("to => { location.href = to }", f"{app.url}{path}")
        page.wait_for_url(f"{app.url}/")
        expect(page.locator(".st-key-account")).to_be_visible(timeout=20_000)
    assert len(provider.asked) == asked
