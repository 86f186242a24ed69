"""The guard: who is signed in, asked of the database once by every run of every page."""

from contextvars import ContextVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from goals_core.actor import Actor
from goals_core.services import signin
from ui import auth
from ui.wording import speak

_admitted: ContextVar[Actor | None] = ContextVar("admitted", default=None)


def admit() -> Actor | None:
    """Who is signed in right now, or None; asked once at the beginning of each whole run.

    `ui/main.py` calls it before the page: what it finds holds for this run and no longer.
    """
    actor = _find_actor()
    _admitted.set(actor)
    return actor


def require_actor() -> Actor:
    """Who is signed in; anyone else sees the sign-in form, and the page goes no further.

    The first call of every page, and of every fragment that reads or writes: a fragment runs
    again without its page, and without `ui/main.py`.
    """
    actor = _find_actor() if _is_fragment_alone() else _admitted.get()
    if actor is None:
        if _is_fragment_alone():
            st.rerun()  # the whole page asks for the sign-in, not the place of a fragment
        auth.sign_in_page()
    return actor


def _find_actor() -> Actor | None:
    token = None if auth.is_handing_over() else auth.token()
    actor = signin.check(token) if token else None
    if actor is not None:
        speak(actor)
    return actor


def _is_fragment_alone() -> bool:
    context = get_script_run_ctx()
    return context is not None and bool(context.fragment_ids_this_run)
