"""The headers of every answer: what a page may load and do, what a browser may keep."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from goals_core.config import settings
from ui import doors, index

_ONE_YEAR = 365 * 24 * 60 * 60


class SecurityHeaders:
    """Says what a page may load and do, and marks every cookie Secure where there is TLS."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = security_headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(MutableHeaders(scope=message), scope["path"])
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)

    def _complete(self, headers: MutableHeaders, path: str) -> None:
        # No other site reads anything here; Streamlit would let one on the reader's own machine.
        for name in [name for name in headers if name.startswith("access-control-")]:
            del headers[name]
        headers.update(self.headers)
        if doors.is_personal(path):
            headers["Cache-Control"] = "private, no-store"
        _secure_cookies(headers)


def security_headers() -> dict[str, str]:
    headers = {
        "Content-Security-Policy": content_security_policy(),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if settings().secure_cookies:  # a browser would not believe it without TLS
        headers["Strict-Transport-Security"] = f"max-age={_ONE_YEAR}; includeSubDomains"
    return headers


def content_security_policy() -> str:
    """Only what this server sends may run; scripts inside the page are named by their hash."""
    hashes = " ".join(index.script_hashes())
    return (
        "default-src 'self'; "
        f"script-src 'self' {hashes} blob:; "  # blob: is how inline components are loaded
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


def _secure_cookies(headers: MutableHeaders) -> None:
    if not settings().secure_cookies:
        return
    given = headers.getlist("set-cookie")
    del headers["set-cookie"]
    for cookie in given:
        secure = "secure" in (part.strip().casefold() for part in cookie.split(";"))
        headers.append("set-cookie", cookie if secure else f"{cookie}; Secure")
