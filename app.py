"""The launcher: `streamlit run app.py` serves the app, `ui/main.py` is its script."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import NoReturn

import streamlit as st
import uvicorn

from goals_core import installation, logs
from goals_core.config import PROJECT, BadSettings, settings
from goals_core.installation import Installation, NotReady
from goals_core.jobs.keeper import Keeper
from goals_core.services import setup
from ui import providers
from ui.failures import adopt_streamlits_logs, on_script_error
from ui.limits import largest_message
from ui.server import MIDDLEWARE, ROUTES

log = logs.get("goals")


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """The database is ready before the first visitor is let in, and closed after the last."""
    opened = await asyncio.to_thread(_open_up)
    _say_hello(opened)
    _bound_messages()
    _end_well()
    worker = Keeper() if settings().worker else None
    if worker:
        worker.start()
    try:
        yield
    finally:
        if worker:
            await asyncio.to_thread(worker.stop)
        await asyncio.to_thread(opened.close)


def _open_up() -> Installation:
    try:
        _check_place()
        return installation.open_up(log.info)
    except (NotReady, BadSettings) as error:
        _give_up(error)


def _check_place() -> None:
    """Below another path Streamlit's routes would not be where the doors before them stand."""
    if st.get_option("server.baseUrlPath"):
        raise NotReady("server.baseUrlPath is set, but the app lives at the top of its address.")


def _give_up(error: Exception) -> NoReturn:
    log.critical("Goals cannot start: %s", error)
    # Nothing is open yet; leaving by an exception would bury the sentence in a traceback.
    os._exit(1)


def _say_hello(opened: Installation) -> None:
    log.info("Goals is ready: http://localhost:%s", st.get_option("server.port"))
    _offer_setup()
    if opened.has_demo:
        from goals_core import demo

        log.info(logs.Public(f"Sign in with the password {demo.PASSWORD!r} as one of"))
        for login in demo.LOGINS:
            log.info(logs.Public(f"  {login.email} ({login.role}, {login.tenant})"))


def _offer_setup() -> None:
    """Where there is no company yet, whoever reads the log may begin one."""
    if (token := setup.offer()) is not None:
        begins = settings().url or f"http://localhost:{st.get_option('server.port')}"
        log.info(logs.Public(f"Nobody can sign in yet. Begin here: {begins}/?setup={token}"))


def _server() -> uvicorn.Server | None:
    """The server around this app, unless another one than Streamlit's own runs it."""
    found = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    return found if isinstance(found, uvicorn.Server) else None


def _end_well() -> None:
    """Let Ctrl-C end the server with 0: uvicorn would raise it again, after all is closed."""
    interrupt, server = signal.getsignal(signal.SIGINT), _server()
    if server is None or not callable(interrupt):
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if server.should_exit:  # the second time: at once
            interrupt(number, frame)
        server.should_exit = True

    signal.signal(signal.SIGINT, stop)


def _bound_messages() -> None:
    """Streamlit lets a browser send as much as the server does, and looks at it afterwards."""
    if (server := _server()) is not None:
        server.config.ws_max_size = largest_message()


def _set_up_logs() -> None:
    try:
        logs.set_up(settings().log)
    except BadSettings as error:
        logs.set_up("text")
        _give_up(error)
    adopt_streamlits_logs()


_set_up_logs()
app = st.App(
    PROJECT / "ui" / "main.py",
    secrets=providers.secrets(),
    lifespan=lifespan,
    routes=ROUTES,
    middleware=MIDDLEWARE,
    on_script_error=on_script_error,
)
