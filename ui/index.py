"""The one HTML page that carries the app: Streamlit's, with our name, icon and address in it."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from goals_core.config import PROJECT
from ui import brand, menu

# Streamlit's script would look for its server below the page's own address first, get two
# answers "404" and only then ask here (streamlit/streamlit#7074).
_HERE = "<script>window.__streamlit = { BACKEND_BASE_URL: window.location.origin }</script>"
_NO_CACHE = {"Cache-Control": "no-cache"}


@cache
def page() -> str:
    """The page as every address of the app answers with it."""
    source = Path(streamlit.__file__).parent / "static" / "index.html"
    return (
        source.read_text(encoding="utf-8")
        .replace("<title>Streamlit</title>", f"<title>{brand.NAME}</title>")
        .replace("<script>", f"{_HERE}\n    <script>", 1)
    )


def script_hashes() -> list[str]:
    """The SHA-256 of each script that stands in the page itself, as a policy names it."""
    inline = re.findall(r"<script>(.*?)</script>", page(), re.DOTALL)
    digests = [hashlib.sha256(script.encode()).digest() for script in inline]
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


async def serve(_request: Request) -> Response:
    return HTMLResponse(page(), headers=_NO_CACHE)


async def lead_to_start(request: Request) -> Response:
    """The first page has no address but the app's own; Streamlit says it does not exist."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/{query}", headers=_NO_CACHE)


async def serve_icon(_request: Request) -> Response:
    """Streamlit shows its own icon until a script has named another: this one in its place."""
    return Response(brand.MARK, media_type="image/svg+xml", headers=_NO_CACHE)


_FIRST = menu.START
_OTHERS = sorted(script.stem for script in (PROJECT / "pages").glob("*.py"))

ROUTES = [
    Route("/", serve),
    Route(f"/{_FIRST}", lead_to_start),
    *(Route(f"/{name}", serve) for name in _OTHERS if name != _FIRST),
    Route("/favicon.png", serve_icon),
]
