"""Asks an app of the server as a browser would, without a network between."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from ui.server import MIDDLEWARE

T = TypeVar("T")

HOST = "localhost:8501"
ORIGIN = "http://localhost:8501"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Headers
    body: bytes


def in_a_loop_of_its_own(talk: Coroutine[Any, Any, T]) -> T:
    """Run it to its end, also where a browser's loop runs in this thread already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, talk).result()


def ask(
    app: ASGIApp,
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | Sequence[tuple[str, str]] = (),
    chunks: Iterable[bytes] = (),
    host: str | None = HOST,
) -> Answer:
    """One request, its body in the chunks given."""
    pairs = list(headers.items() if isinstance(headers, dict) else headers)
    scope = _scope("http", path, [*([("host", host)] if host is not None else []), *pairs])
    coming = [{"type": "http.request", "body": each, "more_body": True} for each in chunks]
    coming.append({"type": "http.request", "body": b"", "more_body": False})
    said = in_a_loop_of_its_own(_converse(app, scope | {"method": method}, coming))
    start = next(each for each in said if each["type"] == "http.response.start")
    body = b"".join(e.get("body", b"") for e in said if e["type"] == "http.response.body")
    return Answer(start["status"], Headers(raw=start["headers"]), body)


def opens(app: ASGIApp, path: str, *, headers: Sequence[tuple[str, str]], host: str = HOST) -> bool:
    """Whether a WebSocket is let in."""
    scope = _scope("websocket", path, [("host", host), *headers])
    extensions = {"extensions": {"websocket.http.response": {}}, "subprotocols": []}
    coming = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
    said = in_a_loop_of_its_own(_converse(app, scope | extensions, coming))
    assert said[0]["type"] in {"websocket.accept", "websocket.close"}  # and no other answer
    return bool(said[0]["type"] == "websocket.accept")


def behind_the_middleware() -> Starlette:
    """An app that answers everything, with all that stands around the real one."""
    return Starlette(
        routes=[
            Route("/{path:path}", _echo, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            WebSocketRoute("/{path:path}", _listen),
        ],
        middleware=MIDDLEWARE,
    )


async def _echo(request: Request) -> Response:
    answer = PlainTextResponse(str(len(await request.body())))
    answer.headers["Access-Control-Allow-Origin"] = "http://localhost:1"
    answer.headers["Access-Control-Allow-Credentials"] = "true"
    answer.set_cookie("_streamlit_xsrf", "1")
    return answer


async def _listen(socket: WebSocket) -> None:
    await socket.accept()
    try:
        await socket.receive_bytes()
    except WebSocketDisconnect:
        return


def _scope(kind: str, path: str, headers: Sequence[tuple[str, str]]) -> dict[str, Any]:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    asked = {"path": path, "query_string": b"", "root_path": "", "headers": raw}
    return {"type": kind, "asgi": {"version": "3.0", "spec_version": "2.4"}, **asked}


async def _converse(app: ASGIApp, scope: dict[str, Any], coming: list[Any]) -> list[Message]:
    said: list[Message] = []

    async def receive() -> Message:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        said.append(message)

    await app(scope, receive, send)
    return said
