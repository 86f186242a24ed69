"""Who gets through to which of the server's routes; what nobody thought of stays shut.

Streamlit serves its routes to whoever knows the address: files, uploads, numbers about the server,
an interface for programs. Pages and scripts are open: what a page shows, its own guard decides.
"""

from enum import Enum

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from goals_core.services import signin
from ui import cookies, providers


class Door(Enum):
    OPEN = "to everybody"
    SIGNED_IN = "to whoever is signed in"
    OF_PROVIDERS = "to everybody, where providers sign people in; otherwise to nobody"
    SHUT = "to nobody"


# By the longest beginning that fits a path; one without a slash at its end is the whole path.
DOORS = {
    "/": Door.OPEN,  # pages, and the scripts and styles that draw them
    "/_stcore/": Door.SHUT,  # metrics, the interface for programs, what another release may add
    "/_stcore/health": Door.OPEN,  # for whoever balances the load
    "/_stcore/host-config": Door.OPEN,  # the page asks for it before anybody can sign in
    "/_stcore/stream": Door.OPEN,  # the sign-in form itself comes through it
    "/_stcore/bidi-components/": Door.SIGNED_IN,
    "/_stcore/upload_file/": Door.SIGNED_IN,
    "/media/": Door.SIGNED_IN,  # what people take away
    "/component/": Door.SHUT,  # frames with scripts of other packages; no page has one
    "/app/": Door.SHUT,  # a folder of files, were `server.enableStaticServing` ever set
    "/auth/": Door.SHUT,
    "/auth/accept": Door.OPEN,
    "/auth/leave": Door.OPEN,
    "/auth/login": Door.OF_PROVIDERS,
    "/auth/logout": Door.OF_PROVIDERS,
    "/oauth2callback": Door.OF_PROVIDERS,
}
_PERSONAL = ("/auth/", "/oauth2callback", "/media/", "/_stcore/upload_file/")


class Doors:
    """Answers 404 at a door that is shut, and 401 to whoever is not signed in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] in {"http", "websocket"}:
            door = door_of(scope["path"])
            if door is Door.SHUT or (door is Door.OF_PROVIDERS and not providers.offers()):
                app = PlainTextResponse("Not found", 404)
            elif door is Door.SIGNED_IN and not await _is_signed_in(scope):
                app = PlainTextResponse("Please sign in.", 401)
        await app(scope, receive, send)


def door_of(path: str) -> Door:
    """The door before a path."""
    fits = [at for at in DOORS if path == at or (at.endswith("/") and path.startswith(at))]
    return DOORS[max(fits, key=len)] if fits else Door.SHUT


def is_personal(path: str) -> bool:
    """Whether an answer may concern a person, so that no cache keeps it."""
    return path.startswith(_PERSONAL)


async def _is_signed_in(scope: Scope) -> bool:
    token = cookies.read(HTTPConnection(scope))
    return await run_in_threadpool(signin.check, token) is not None
