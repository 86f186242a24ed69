"""Whose requests are taken: those that name one of our hosts and come from our own pages.

Only names and ports are compared, never schemes: behind a proxy that ends TLS a browser's origin
says https while the server speaks plain HTTP. The proxy has to pass the Host header on as it is.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from goals_core.config import settings

_CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
_PORTS = {"http": 80, "https": 443}


class KnownHosts(TrustedHostMiddleware):
    """Refuses a name that is not ours, as a page would send that points its own name at us."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, allowed_hosts=settings().allowed_hosts, www_redirect=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = super().__call__
        if scope["type"] != "lifespan" and len(Headers(scope=scope).getlist("host")) != 1:
            app = PlainTextResponse("Invalid host header", 400)  # which one would be checked?
        await app(scope, receive, send)


class OwnOrigin:
    """Refuses what another site's page sends: WebSockets, and requests that change something."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if not _is_ours(scope):
            app = PlainTextResponse("Forbidden", 403)
        await app(scope, receive, send)


def _is_ours(scope: Scope) -> bool:
    if scope["type"] == "websocket":
        # Every browser names an origin here; what names none is a program without business here.
        return _has_own_origin(Headers(scope=scope))
    if scope["type"] == "http" and scope["method"] in _CHANGES:
        headers = Headers(scope=scope)
        is_near = headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
        return is_near and ("origin" not in headers or _has_own_origin(headers))
    return True


def _has_own_origin(headers: Headers) -> bool:
    given = headers.getlist("origin")
    return len(given) == 1 and is_same_host(given[0], headers.get("host", ""))


def is_same_host(origin: str, host: str) -> bool:
    """Whether an Origin header names the very host and port of a Host header."""
    try:
        ours, theirs = urlsplit(f"//{host}"), urlsplit(origin)
        usual = _PORTS[theirs.scheme]
        pairs = [(url.hostname, usual if url.port is None else url.port) for url in (ours, theirs)]
    except (KeyError, ValueError):
        return False
    is_bare = theirs.netloc != "" and origin == f"{theirs.scheme}://{theirs.netloc}"
    return is_bare and "@" not in origin + host and pairs[0] == pairs[1] and bool(ours.hostname)
