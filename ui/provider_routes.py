"""What stands before Streamlit's own routes to and from a provider: whose way it is, and where to.

Streamlit always ends at the start page; here the browser ends where it began, which it keeps
in a cookie meanwhile. Whatever that holds, only a path of this app comes out.
"""

from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from goals_core.config import settings
from ui import cookies, handover
from ui.origins import is_same_host

LOGIN, LOGOUT, CALLBACK = "/auth/login", "/auth/logout", "/oauth2callback"
BACK = "goals_back"

_BACK_WITHIN = 10 * 60  # seconds
_LONGEST = 1000


class ProviderRoutes:
    """Lets only our own pages send people to a provider and away, and brings them back."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http" and scope["path"] in {LOGIN, LOGOUT, CALLBACK}:
            request = Request(scope)
            if _goes_nowhere(request):
                app = RedirectResponse("/", 303)
            else:
                if scope["path"] == LOGOUT:
                    await run_in_threadpool(handover.end_session, cookies.read(request))
                send = _amended(request, send)
        await app(scope, receive, send)


def local_path(text: str) -> str | None:
    """A path of this app with its query, as a browser reads it too; anything else is none."""
    is_plain = text.isascii() and text.isprintable() and not {" ", "\\"} & set(text)
    is_path = text.startswith("/") and not text.startswith("//") and len(text) <= _LONGEST
    is_ours = is_plain and is_path and urlsplit(text).path not in {LOGIN, LOGOUT, CALLBACK}
    return text if is_ours else None


def _goes_nowhere(request: Request) -> bool:
    if request.url.path == CALLBACK:
        return not request.url.query  # back from signing out there
    return request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}


def _amended(request: Request, send: Send) -> Send:
    """Answer as Streamlit does, with our own cookies and the way back."""

    async def amend(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if request.url.path == CALLBACK and headers.get("location") == "/":
                headers["location"] = local_path(request.cookies.get(BACK, "")) or "/"
            for name, value in _cookies(request).raw_headers:
                if name == b"set-cookie":
                    headers.append("set-cookie", value.decode("latin-1"))
        await send(message)

    return amend


def _cookies(request: Request) -> Response:
    """The cookies that go with the answer."""
    response = Response()
    if request.url.path == LOGOUT:
        cookies.take_away(response)
    elif request.url.path == CALLBACK:
        _keep_back(response, "", 0)
    elif back := _came_from(request):
        _keep_back(response, back, _BACK_WITHIN)
    return response


def _keep_back(response: Response, back: str, seconds: int) -> None:
    response.set_cookie(
        BACK,
        back,
        max_age=seconds,
        path=CALLBACK,
        httponly=True,
        samesite="lax",  # it comes along from the provider's page
        secure=settings().secure_cookies,
    )


def _came_from(request: Request) -> str | None:
    """The page of ours that sent the browser here."""
    url = urlsplit(request.headers.get("referer", ""))
    if not is_same_host(f"{url.scheme}://{url.netloc}", request.headers.get("host", "")):
        return None
    return local_path(url.path + (f"?{url.query}" if url.query else ""))
