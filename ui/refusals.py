"""How a WebSocket is refused: closed before it opens, which a browser sees as 403."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY_VIOLATION = 1008


class ClosedSockets:
    """Closes a WebSocket that is answered with a page: uvicorn would call that a bug."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_or_close(message: Message) -> None:
            if message["type"] == "websocket.http.response.start":
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            elif message["type"] != "websocket.http.response.body":
                await send(message)

        await self.app(scope, receive, send_or_close if scope["type"] == "websocket" else send)
