"""The pages' own addresses, and every route that the server has: who gets through to it."""

from pathlib import Path

import pytest
import streamlit
from starlette.routing import Mount, Route, WebSocketRoute
from streamlit.runtime import Runtime

from goals_core.config import PROJECT
from tests.ui.asgi import HOST, ORIGIN, ask, opens
from ui import index
from ui.doors import Door, door_of
from ui.server import MIDDLEWARE, ROUTES

# Each route of the server, by its path as Streamlit and we declare it. One that is not here fails
# the test: somebody has to decide who gets through to it.
EXPECTED = {
    **{route.path: Door.OPEN for route in index.ROUTES},
    "/auth/accept": Door.OPEN,
    "/auth/leave": Door.OPEN,
    "/_stcore/health": Door.OPEN,
    "/_stcore/host-config": Door.OPEN,
    "/_stcore/stream": Door.OPEN,
    "/_stcore/metrics": Door.SHUT,
    "/_stcore/script-health-check": Door.SHUT,
    "/_stcore/agent/interact": Door.SHUT,
    "/_stcore/agent/openapi.json": Door.SHUT,
    "/_stcore/agent/mcp": Door.SHUT,
    "/_stcore/upload_file/{session_id}/{file_id}": Door.SIGNED_IN,
    "/_stcore/bidi-components/{path:path}": Door.SIGNED_IN,
    "/media/{file_id:path}": Door.SIGNED_IN,
    "/component/{path:path}": Door.SHUT,
    "/app/static/{path:path}": Door.SHUT,
    "/auth/login": Door.OF_PROVIDERS,
    "/auth/logout": Door.OF_PROVIDERS,
    "/oauth2callback": Door.OF_PROVIDERS,
    "": Door.OPEN,  # the scripts and styles that draw every page, the sign-in too
}
_REFUSED = {Door.SHUT: 404, Door.OF_PROVIDERS: 404, Door.SIGNED_IN: 401}


@pytest.fixture(scope="module")
def app():
    """The server's own app, with everything switched on that a setting can switch on."""
    everything = ("server.enableStaticServing", "server.scriptHealthCheckEnabled")
    before = {name: streamlit.get_option(name) for name in everything}
    for name in everything:
        streamlit.config.set_option(name, True)
    Runtime._instance = None
    built = streamlit.App(PROJECT / "ui" / "main.py", routes=ROUTES, middleware=MIDDLEWARE)
    yield built._build_starlette_app()
    Runtime._instance = None
    for name, value in before.items():
        streamlit.config.set_option(name, value)


def routes(app):
    for route in app.routes:
        assert isinstance(route, Route | WebSocketRoute | Mount)
        yield route


def address(path: str) -> str:
    return path.replace("{session_id}", "s").replace("{file_id}", "f").replace("{path:path}", "x")


def test_every_route_is_known(app):
    assert {route.path for route in routes(app)} == set(EXPECTED)


@pytest.mark.parametrize("path", sorted(EXPECTED))
def test_every_route_has_its_door(path):
    assert door_of(address(path) or "/static/js/x.js") is EXPECTED[path]


def test_a_visitor_without_a_session_gets_through_the_open_doors_only(app):
    refused = {}
    for route in (each for each in routes(app) if isinstance(each, Route)):
        if (door := EXPECTED[route.path]) is not Door.OPEN:
            for method in route.methods:
                found = ask(app, address(route.path), method=method)
                refused[method, route.path] = (found.status, _REFUSED[door])
    assert len(refused) > 30
    assert {key: pair for key, pair in refused.items() if pair[0] != pair[1]} == {}


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/agent/",
        "/_stcore/another-release",
        "/_stcore",
        "/media",
        "/auth/other",
        "/_stcore/health/x",
        "/_stcore/streams",
    ],
)
def test_what_nobody_thought_of_is_shut_or_a_page(app, path):
    answer = ask(app, path)
    assert answer.status == 404 or answer.body == ask(app, "/no-such-page").body


def test_no_other_websocket_is_let_in(app):
    given = [("origin", ORIGIN)]
    assert not opens(app, "/_stcore/agent/mcp", headers=given)
    assert not opens(app, "/_stcore/other", headers=given, host=HOST)


def test_the_page_is_streamlits_own_with_our_name_and_address():
    source = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    assert "<title>Goals</title>" in index.page()
    assert "BACKEND_BASE_URL" in index.page()
    assert index.page().split("</head>")[1] == source.split("</head>")[1]


def test_every_page_of_the_folder_has_its_address():
    addresses = {route.path for route in index.ROUTES}
    assert {"/", "/goal", "/my_goals", "/definitions"} <= addresses
