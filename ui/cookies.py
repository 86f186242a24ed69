"""The cookie that keeps a browser signed in, and the ticket that a script trades for it.

A script cannot set a cookie: it leaves the token here and gives the browser a ticket, which
a route takes back within a minute and answers with the cookie. The token itself is never in
reach of the page's JavaScript.
"""

import secrets
import threading
import time

from starlette.requests import HTTPConnection
from starlette.responses import Response

from goals_core.config import settings
from goals_core.services import signin

_NAME = "goals_session"
TICKET_HEADER = "X-Goals-Ticket"

_TICKET_LIFE = 60.0  # seconds
_lock = threading.Lock()
_waiting: dict[str, tuple[str, float]] = {}  # ticket: token, when it runs out


def issue(token: str) -> str:
    """A ticket for that token, good once and for a minute, in this process."""
    ticket, now = secrets.token_urlsafe(32), time.monotonic()
    with _lock:
        for old in [key for key, (_, until) in _waiting.items() if until <= now]:
            del _waiting[old]
        _waiting[ticket] = (token, now + _TICKET_LIFE)
    return ticket


def redeem(ticket: str) -> str | None:
    """The token of a ticket that has not been used and has not run out."""
    with _lock:
        token, until = _waiting.pop(ticket, ("", 0.0))
    return token if until > time.monotonic() else None


def name() -> str:
    """Behind TLS the prefix binds it to this host: no neighbour and no plain HTTP can set it."""
    return f"__Host-{_NAME}" if settings().secure_cookies else _NAME


def read(connection: HTTPConnection) -> str:
    """The token that a browser sends, or nothing."""
    return connection.cookies.get(name(), "")


def put(response: Response, token: str) -> None:
    response.set_cookie(
        name(),
        token,
        max_age=int(signin.life().total_seconds()),
        path="/",  # and no domain, or a browser refuses the prefix
        httponly=True,  # out of reach of scripts
        samesite="lax",  # and of other sites' requests
        secure=settings().secure_cookies,
    )


def take_away(response: Response) -> None:
    response.delete_cookie(
        name(), path="/", httponly=True, samesite="lax", secure=settings().secure_cookies
    )
