"""What the server does around the pages: cookies, headers, compression, closed doors."""

import hashlib
import secrets
import time
from http.cookies import CookieError, SimpleCookie

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from goals_core.config import settings
from goals_core.db import tenant_session
from goals_core.services import signin
from ui import cookies, index

# Streamlit serves these to whoever knows the address: files, uploads, numbers about the server.
CLOSED = ("/media/", "/_stcore/upload_file/", "/_stcore/metrics")

_REMEMBERED = 60.0  # seconds
_traded: dict[str, tuple[str, float]] = {}  # digest of ticket: of its token, when to forget


async def accept(request: Request) -> Response:
    """Trade a ticket for the cookie; a browser that asks again is told that it has it."""
    if not _is_ours(request):
        return PlainTextResponse("Forbidden", 403)
    ticket = request.headers[cookies.TICKET_HEADER]
    token = cookies.redeem(ticket)
    if token is not None:
        _remember(ticket, token)
        response = Response(status_code=204)
        cookies.put(response, token)
        return response
    if _has_traded(ticket, _cookie(request.headers)):
        return Response(status_code=204)
    return PlainTextResponse("Gone", 410)


async def leave(request: Request) -> Response:
    """End the session of the browser's cookie, and take the cookie away."""
    if not _is_ours(request):
        return PlainTextResponse("Forbidden", 403)
    await run_in_threadpool(_revoke, request.cookies.get(cookies.COOKIE, ""))
    response = Response(status_code=204)
    cookies.take_away(response)
    return response


ROUTES = [
    *index.ROUTES,
    Route("/auth/accept", accept, methods=["POST"]),
    Route("/auth/leave", leave, methods=["POST"]),
]


class SecurityHeaders:
    """Says what a page may load and do, and marks every cookie Secure where there is TLS."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": content_security_policy(),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                if scope["path"].startswith("/media/"):
                    headers["Cache-Control"] = "private, no-store"
                _secure_cookies(headers)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class SignedInOnly:
    """Answers 401 behind the closed doors to whoever is not signed in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http" and scope["path"].startswith(CLOSED):
            token = _cookie(Headers(scope=scope))
            if await run_in_threadpool(signin.check, token) is None:
                app = PlainTextResponse("Please sign in.", 401)
        await app(scope, receive, send)


MIDDLEWARE = [
    Middleware(SecurityHeaders),
    # Streamlit sends its scripts as they are: compressed, a first visit takes half the time.
    Middleware(GZipMiddleware, minimum_size=1024, compresslevel=6),
    Middleware(SignedInOnly),
]


def content_security_policy() -> str:
    """Only what this server sends may run; scripts inside the page are named by their hash."""
    hashes = " ".join(index.script_hashes())
    return (
        "default-src 'self'; "
        f"script-src 'self' {hashes} blob:; "  # blob: is how inline components are loaded
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


def _is_ours(request: Request) -> bool:
    """Whether our own page asks: another site's cannot send this header, nor this origin."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    return site == "same-origin" and cookies.TICKET_HEADER in request.headers


def _remember(ticket: str, token: str) -> None:
    now = time.monotonic()
    for old in [key for key, (_, until) in _traded.items() if until <= now]:
        del _traded[old]
    _traded[_digest(ticket)] = (_digest(token), now + _REMEMBERED)


def _has_traded(ticket: str, token: str) -> bool:
    """Whether this ticket has just brought this very token; nobody else learns it."""
    traded, until = _traded.get(_digest(ticket), ("", 0.0))
    return until > time.monotonic() and secrets.compare_digest(traded, _digest(token))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _revoke(token: str) -> None:
    actor = signin.check(token)
    if actor is not None:
        with tenant_session(actor) as db:
            signin.revoke(db)


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(cookies.COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _secure_cookies(headers: MutableHeaders) -> None:
    if not settings().secure_cookies:
        return
    given = headers.getlist("set-cookie")
    del headers["set-cookie"]
    for cookie in given:
        secure = "secure" in (part.strip().casefold() for part in cookie.split(";"))
        headers.append("set-cookie", cookie if secure else f"{cookie}; Secure")
