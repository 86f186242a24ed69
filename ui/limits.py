"""How much a visitor may send: bodies of requests by their size, messages by their pace.

The size of a message is bounded where it is put together: `server.maxWidgetStateSize` in
.streamlit/config.toml, which app.py tells the server too.
"""

import asyncio
import time

import streamlit as st
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

UPLOADS = "/_stcore/upload_file/"
MESSAGES_PER_SECOND, MESSAGES_AT_ONCE = 20.0, 200.0

_KIB, _MIB = 1024, 1024 * 1024
_BODY = 64 * _KIB  # our own routes read no body at all
_DIGITS = 18  # Python reads no number of any length
_FORM = _MIB  # what the form around an uploaded file may take, as Streamlit counts it


class TooLarge(Exception):
    """More has come than may come."""


class BoundedBodies:
    """Answers 413 to a body that is too large, by what it says of itself and by what comes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = largest_body(scope["path"])
        answer = _refusal(Headers(scope=scope).get("content-length", "0"), limit)
        if answer is not None:
            await answer(scope, receive, send)
        else:
            await self._counting(limit)(scope, receive, send)

    def _counting(self, limit: int) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            got, has_begun = 0, False

            async def receive_some() -> Message:
                nonlocal got
                message = await receive()
                got += len(message.get("body", b""))
                if got > limit:
                    raise TooLarge
                return message

            async def send_on(message: Message) -> None:
                nonlocal has_begun
                has_begun = True
                await send(message)

            try:
                await self.app(scope, receive_some, send_on)
            except TooLarge:
                if has_begun:  # nothing more can be said; the server closes the connection
                    raise
                await _too_large()(scope, receive, send)

        return app


class SteadyMessages:
    """Reads a WebSocket no faster than its pace; the network makes whoever hurries wait."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, _paced(receive) if scope["type"] == "websocket" else receive, send)


def largest_body(path: str) -> int:
    """How many bytes a request to that path may bring."""
    if path.startswith(UPLOADS):
        return int(st.get_option("server.maxUploadSize")) * _MIB + _FORM
    return _BODY


def largest_message() -> int:
    """How many bytes one message of a WebSocket may have."""
    return int(st.get_option("server.maxWidgetStateSize")) * _MIB


def _refusal(length: str, limit: int) -> PlainTextResponse | None:
    if not (length.isascii() and length.isdigit()):
        return PlainTextResponse("Bad request", 400)
    is_too_large = len(length) > _DIGITS or int(length) > limit
    return _too_large() if is_too_large else None


def _too_large() -> PlainTextResponse:
    # what is left of the body is not read, so the connection cannot be used again
    return PlainTextResponse("Too large", 413, headers={"Connection": "close"})


def _paced(receive: Receive) -> Receive:
    """`receive` as a bucket of messages, which refills with time."""
    left, counted_at = MESSAGES_AT_ONCE, time.monotonic()

    async def next_message() -> Message:
        nonlocal left, counted_at
        message = await receive()
        now = time.monotonic()
        left = min(MESSAGES_AT_ONCE, left + (now - counted_at) * MESSAGES_PER_SECOND) - 1
        counted_at = now
        if left < 0:
            await asyncio.sleep(-left / MESSAGES_PER_SECOND)
        return message

    return next_message
