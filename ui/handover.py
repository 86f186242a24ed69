"""The routes by which a browser takes its cookie at the sign-in and gives it up at the end."""

import hashlib
import secrets
import time

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from goals_core.db import tenant_session
from goals_core.services import signin
from ui import cookies

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
    if _has_traded(ticket, cookies.read(request)):
        return Response(status_code=204)
    return PlainTextResponse("Gone", 410)


async def leave(request: Request) -> Response:
    """End the session of the browser's cookie, and take the cookie away."""
    if not _is_ours(request):
        return PlainTextResponse("Forbidden", 403)
    await run_in_threadpool(end_session, cookies.read(request))
    response = Response(status_code=204)
    cookies.take_away(response)
    return response


def end_session(token: str) -> None:
    """Sign out whoever has this token, if anybody."""
    actor = signin.check(token)
    if actor is not None:
        with tenant_session(actor) as db:
            signin.revoke(db)


ROUTES = [
    Route("/auth/accept", accept, methods=["POST"]),
    Route("/auth/leave", leave, methods=["POST"]),
]


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
