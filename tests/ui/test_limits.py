"""How much a visitor may send."""

import time

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from tests.ui.asgi import ask, behind_the_middleware, in_a_loop_of_its_own
from ui import limits
from ui.limits import BoundedBodies, TooLarge

KIB = 1024
UPLOAD = "/_stcore/upload_file/s/f"


async def size_of(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def app():
    routes = [Route("/{path:path}", size_of, methods=["POST", "PUT"])]
    return Starlette(routes=routes, middleware=[Middleware(BoundedBodies)])


def test_a_body_up_to_the_limit_is_read(app):
    answer = ask(app, "/x", method="POST", chunks=[b"x" * KIB] * 64)
    assert (answer.status, answer.body) == (200, b"65536")


def test_one_byte_more_is_refused_while_it_comes(app):
    answer = ask(app, "/x", method="POST", chunks=[*[b"x" * KIB] * 64, b"x"])
    assert answer.status == 413
    assert answer.headers["connection"] == "close"


def test_what_says_that_it_is_too_large_is_not_read_at_all(app):
    def never():
        raise AssertionError("somebody read the body")
        yield b""

    for length in ("65537", "9" * 30, "9" * 5000):
        refused = ask(app, "/x", method="POST", headers={"content-length": length})
        assert refused.status == 413


def test_a_length_that_lies_is_found_out(app):
    headers = {"content-length": "1"}
    assert ask(app, "/x", method="POST", headers=headers, chunks=[b"x" * 70_000]).status == 413


@pytest.mark.parametrize("length", ["-1", "x", "1.5", "", "１", "0x10", "1 "])
def test_a_length_that_is_no_number_is_refused(app, length):
    assert ask(app, "/x", method="POST", headers={"content-length": length}).status == 400


def test_an_upload_may_be_as_large_as_streamlit_takes_it(app):
    largest = (streamlit.get_option("server.maxUploadSize") + 1) * KIB * KIB
    assert limits.largest_body(UPLOAD) == largest
    fits = {"content-length": str(largest)}
    assert ask(app, UPLOAD, method="PUT", headers=fits).status == 200
    too_large = {"content-length": str(largest + 1)}
    assert ask(app, UPLOAD, method="PUT", headers=too_large).status == 413


def test_an_answer_that_has_begun_is_cut_off():
    async def answer_and_read(request: Request) -> StreamingResponse:
        return StreamingResponse(request.stream())

    routes = [Route("/x", answer_and_read, methods=["POST"])]
    app = Starlette(routes=routes, middleware=[Middleware(BoundedBodies)])
    with pytest.raises((TooLarge, BaseExceptionGroup)):
        ask(app, "/x", method="POST", chunks=[b"x" * 60_000] * 2)


def test_the_limit_is_around_the_app(given):
    given()
    chunks = [b"x" * 70_000]
    assert ask(behind_the_middleware(), "/x", method="POST", chunks=chunks).status == 413


def test_a_browser_may_send_less_at_once_than_the_server():
    config = (limits_of := streamlit.get_option)("server.maxWidgetStateSize")
    assert limits.largest_message() == config * KIB * KIB
    assert config < limits_of("server.maxMessageSize")


def test_messages_beyond_the_pace_wait(monkeypatch):
    slept, now = [], [time.monotonic()]

    async def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    async def receive():
        return {"type": "websocket.receive"}

    monkeypatch.setattr(limits.asyncio, "sleep", sleep)
    monkeypatch.setattr(limits.time, "monotonic", lambda: now[0])
    next_message = limits._paced(receive)

    async def read(count):
        for _ in range(count):
            assert await next_message() == {"type": "websocket.receive"}

    in_a_loop_of_its_own(read(200))
    assert slept == []
    began = now[0]
    in_a_loop_of_its_own(read(100))
    assert now[0] - began == pytest.approx(100 / limits.MESSAGES_PER_SECOND)
    now[0] += 3600  # an hour of silence fills no more than the bucket
    slept.clear()
    in_a_loop_of_its_own(read(201))
    assert len(slept) == 1
