"""A service that takes messages by HTTP, and what it answers instead of taking one."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """The messages, the keys they came under, and the answers still to be given before a yes."""

    port: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    location: str = "/"
    hold: threading.Event | None = None

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.port}/secret-path"


@contextmanager
def receiving() -> Iterator[Received]:
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if received.hold:
                received.hold.wait(10)
            status = received.answers.pop(0) if received.answers else 200
            received.keys.append(self.headers["Idempotency-Key"])
            if status == 200:
                received.messages.append(json.loads(body))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", received.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: what is received is in `received`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
