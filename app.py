"""The launcher: `streamlit run app.py` serves the app, `ui/main.py` is its script."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

import streamlit as st
import uvicorn

from goals_core import installation
from goals_core.config import PROJECT, BadSettings
from goals_core.installation import Installation, NotReady
from ui.failures import log_errors_once, on_script_error
from ui.server import MIDDLEWARE, ROUTES

log = logging.getLogger("goals")


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """The database is ready before the first visitor is let in, and closed after the last."""
    opened = await asyncio.to_thread(_open_up)
    _say_hello(opened)
    _end_well()
    try:
        yield
    finally:
        await asyncio.to_thread(opened.close)


def _open_up() -> Installation:
    try:
        return installation.open_up(log.info)
    except (NotReady, BadSettings) as error:
        log.critical("Goals cannot start: %s", error)
        # Nothing is open yet; leaving by an exception would bury the sentence in a traceback.
        os._exit(1)


def _say_hello(opened: Installation) -> None:
    log.info("Goals is ready: http://localhost:%s", st.get_option("server.port"))
    if opened.has_demo:
        from goals_core import demo

        log.info("Sign in with the password %r as one of", demo.PASSWORD)
        for login in demo.LOGINS:
            log.info("  %s (%s, %s)", login.email, login.role, login.tenant)


def _end_well() -> None:
    """Let Ctrl-C end the server with 0: uvicorn would raise it again, after all is closed."""
    interrupt = signal.getsignal(signal.SIGINT)
    server = getattr(interrupt, "__self__", None)
    if not isinstance(server, uvicorn.Server) or not callable(interrupt):
        return  # another server runs the app

    def stop(number: int, frame: FrameType | None) -> None:
        if server.should_exit:  # the second time: at once
            interrupt(number, frame)
        server.should_exit = True

    signal.signal(signal.SIGINT, stop)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


_log_to_stderr()
log_errors_once()
app = st.App(
    PROJECT / "ui" / "main.py",
    lifespan=lifespan,
    routes=ROUTES,
    middleware=MIDDLEWARE,
    on_script_error=on_script_error,
)
